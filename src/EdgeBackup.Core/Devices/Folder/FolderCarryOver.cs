using EdgeBackup.Core.Devices.Types;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Files;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Platform;

namespace EdgeBackup.Core.Devices.Folder;

/// <summary>Brings into the stage what stays in the folder: by a second name, so that a program that writes goes on writing the same file.</summary>
internal sealed class FolderCarryOver
{
    private readonly string root;
    private readonly RestoreMode mode;
    private readonly ItemRuleSet rules;
    private readonly HashSet<string> sent;
    private readonly IPlatform platform;
    private readonly FolderTreeWriter writer;

    /// <param name="root">The live folder.</param>
    /// <param name="plan">What is sent.</param>
    /// <param name="rules">The device type's.</param>
    /// <param name="isCaseSensitive">Whether the folder tells names apart that differ only in case.</param>
    /// <param name="writer">The stage.</param>
    /// <param name="platform">The system.</param>
    public FolderCarryOver(string root, RestorePlan plan, ItemRuleSet rules, bool isCaseSensitive, FolderTreeWriter writer, IPlatform platform)
    {
        this.root = root;
        mode = plan.Mode;
        this.rules = rules;
        sent = plan.Items.Select(item => item.Saved.Item.Path)
            .ToHashSet(isCaseSensitive ? StringComparer.Ordinal : StringComparer.OrdinalIgnoreCase);
        this.platform = platform;
        this.writer = writer;
    }

    /// <summary>Carries everything that stays, the transactions file excepted.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        foreach (var found in new FolderWalker(root, platform).Walk())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (sent.Contains(found.Path) || FolderDevice.IsTransactions(found.Path, platform))
            {
                continue;
            }

            if (found.Entry.Type == FileEntryType.Other)
            {
                // A pipe or socket belongs to a running program. It stays as long as its folder does.
                var slash = found.Path.LastIndexOf('/');
                if ((slash < 0 || writer.Exists(found.Path[..slash])) && !writer.TryLink(FullPath(found.Path), found.Path))
                {
                    throw new EdgeBackupException(
                        ErrorIds.RestoreFailed,
                        $"The pipe, socket or device '{FullPath(found.Path)}' cannot be taken over. Stop the program that it belongs to and remove it, then try again.",
                        found.Path);
                }
            }
            else if (mode == RestoreMode.Overlay || FolderDevice.IsIdentity(found.Path, platform) || rules.IsKept(found.Path))
            {
                await CarryAsync(found.Path, found.Entry, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Carries one entry.</summary>
    /// <param name="path">Relative.</param>
    /// <param name="entry">What stands there.</param>
    /// <param name="cancellationToken">Ends a copy.</param>
    public async Task CarryAsync(string path, FileEntry entry, CancellationToken cancellationToken)
    {
        var full = FullPath(path);
        if (entry.Type == FileEntryType.File && writer.TryLink(full, path))
        {
            return;
        }

        var item = new Item
        {
            Path = path,
            Type = entry.Type switch
            {
                FileEntryType.Directory => ItemType.Directory,
                FileEntryType.SymbolicLink => ItemType.SymbolicLink,
                _ => ItemType.File,
            },
            Length = entry.Type == FileEntryType.File ? entry.Length : 0,
            Modified = entry.Modified,
            UnixMode = entry.UnixMode,
            ReadOnly = entry.ReadOnly,
            LinkTarget = entry.Type == FileEntryType.SymbolicLink ? new FileInfo(full).LinkTarget : null,
        };
        if (item.Type != ItemType.File)
        {
            await writer.WriteAsync(new SavedItem { Item = item }, Stream.Null, cancellationToken).ConfigureAwait(false);
            return;
        }

        // No second names here (another kind of file system, or a rule against them): a copy, whole as it was when opened.
        var handle = File.OpenHandle(full, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.SequentialScan);
        var stream = new FolderReadStream(handle, full, entry, platform);
        await using (stream.ConfigureAwait(false))
        {
            await writer.WriteAsync(new SavedItem { Item = item }, stream, cancellationToken).ConfigureAwait(false);
        }
    }

    private string FullPath(string path) => FolderWalker.FullPath(root, path);
}
