using System.Globalization;
using EdgeBackup.Core.Devices.Types;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Platform;

namespace EdgeBackup.Core.Devices.Folder;

/// <summary>
/// Lists a tree in ascending ordinal order of full paths, depth first, one folder at a time in memory. A folder's
/// contents sort as its name with a '/' behind, so that 'a-b' comes between 'a' and 'a/x'.
/// </summary>
/// <param name="root">The folder.</param>
/// <param name="platform">The system it is on.</param>
/// <param name="notSaved">Told of what cannot be saved.</param>
/// <param name="rules">Folders that these exclude with everything in them are not looked into, so that they need not be readable.</param>
internal sealed class FolderWalker(string root, IPlatform platform, Action<NotSavedItem>? notSaved = null, ItemRuleSet? rules = null)
{
    private static readonly EnumerationOptions Everything = new()
    {
        AttributesToSkip = 0,
        IgnoreInaccessible = false,
        RecurseSubdirectories = false,
        ReturnSpecialDirectories = false,
    };

    /// <summary>Lists everything below the root, the entries that cannot be saved included.</summary>
    /// <exception cref="EdgeBackupException">CaptureFailed: a folder or name cannot be read. ItemPathInvalid: a name that is refused.</exception>
    public IEnumerable<FolderEntry> Walk()
    {
        var folders = new Stack<IEnumerator<Step>>();
        folders.Push(Steps(Load("")).GetEnumerator());
        while (folders.TryPeek(out var steps))
        {
            if (!steps.MoveNext())
            {
                steps.Dispose();
                folders.Pop();
                continue;
            }

            var step = steps.Current;
            if (step.Descend)
            {
                folders.Push(Steps(step.Children!.Value).GetEnumerator());
            }
            else
            {
                yield return new FolderEntry(step.Path, step.Entry, HasChildren: step.Children?.Value.Exists(child => child.Entry.Type != FileEntryType.Other) ?? false);
            }
        }
    }

    private List<Step> Steps(List<Child> children)
    {
        var steps = new List<Step>(children.Count);
        foreach (var child in children)
        {
            if (child.Entry.Type != FileEntryType.Directory)
            {
                steps.Add(new Step(child.Path, child.Path, child.Entry, Children: null, Descend: false));
                continue;
            }

            if (rules?.ExcludesTree(child.Path) == true)
            {
                continue;
            }

            // One look serves both steps, so that a folder is called empty exactly when nothing follows it.
            var below = new Lazy<List<Child>>(() => Load(child.Path), isThreadSafe: false);
            steps.Add(new Step(child.Path, child.Path, child.Entry, below, Descend: false));
            steps.Add(new Step(child.Path + "/", child.Path, child.Entry, below, Descend: true));
        }

        steps.Sort((first, second) => string.CompareOrdinal(first.Key, second.Key));
        return steps;
    }

    private List<Child> Load(string folder)
    {
        var children = new List<Child>();
        try
        {
            foreach (var full in Directory.EnumerateFileSystemEntries(FullPath(root, folder), "*", Everything))
            {
                var name = Path.GetFileName(full);
                var path = folder.Length == 0 ? name : folder + "/" + name;
                if (ItemPath.FindFault(path) is { } fault)
                {
                    throw new EdgeBackupException(
                        ErrorIds.ItemPathInvalid,
                        $"The name of '{full}' cannot be in a backup: {fault}. Rename it, then try again.",
                        full);
                }

                if (platform.Stat(full) is { } entry)
                {
                    children.Add(new Child(path, entry));
                }
                else if (name.Contains('\uFFFD', StringComparison.Ordinal))
                {
                    // Names are bytes on Unix. One that is no UTF-8 was read with replacement characters and leads nowhere.
                    throw new EdgeBackupException(
                        ErrorIds.CaptureFailed,
                        $"The name of '{full}' is not valid UTF-8, so that it cannot be saved. Rename it, then try again.",
                        full);
                }
            }
        }
        catch (DirectoryNotFoundException) when (folder.Length > 0)
        {
            // It vanished after its own folder was read; so did everything in it.
            return [];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new EdgeBackupException(
                ErrorIds.CaptureFailed,
                $"The folder '{FullPath(root, folder)}' cannot be listed: {exception.Message.TrimEnd('.')}. Give the user who takes backups the right to read it, then try again.",
                FullPath(root, folder),
                exception);
        }

        return children;
    }

    /// <summary>The items of a listing, without the transactions file and what cannot be saved.</summary>
    /// <param name="staleBefore">Files changed later than this get no stamp: their clock may not have ticked since.</param>
    /// <param name="cancellationToken">Ends the listing.</param>
    public IEnumerable<Item> Items(DateTimeOffset staleBefore, CancellationToken cancellationToken)
    {
        foreach (var found in Walk())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (found.Entry.Type == FileEntryType.Other)
            {
                notSaved?.Invoke(new NotSavedItem(found.Path, "it is a socket, a pipe or a device, which has no bytes to save"));
            }
            else if (!FolderDevice.IsTransactions(found.Path, platform) && ToItem(found, staleBefore) is { } item)
            {
                yield return item;
            }
        }
    }

    /// <returns>Null for a link that vanished.</returns>
    private Item? ToItem(FolderEntry found, DateTimeOffset staleBefore)
    {
        var entry = found.Entry;
        var item = new Item
        {
            Path = found.Path,
            Modified = entry.Modified,
            Kind = FolderDevice.IsIdentity(found.Path, platform) ? ItemKind.Identity : ItemKind.Configuration,
        };
        switch (entry.Type)
        {
            case FileEntryType.Directory:
                return item with { Type = ItemType.Directory, UnixMode = entry.UnixMode, ReadOnly = entry.ReadOnly, IsContainer = found.HasChildren };
            case FileEntryType.SymbolicLink:
                return ReadLink(found.Path) is { } target ? item with { Type = ItemType.SymbolicLink, LinkTarget = target } : null;
            default:
                return item with { Length = entry.Length, UnixMode = entry.UnixMode, ReadOnly = entry.ReadOnly, Stamp = StampOf(entry, staleBefore) };
        }
    }

    private string? ReadLink(string path)
    {
        var full = FullPath(root, path);
        var target = new FileInfo(full).LinkTarget;
        return target?.Contains('\uFFFD', StringComparison.Ordinal) == true
            ? throw new EdgeBackupException(
                ErrorIds.CaptureFailed,
                $"The link '{full}' points to a name that is not valid UTF-8, so that it cannot be saved. Make it anew, then try again.",
                full)
            : target;
    }

    /// <returns>Null where an unchanged stamp would not prove unchanged bytes.</returns>
    internal static string? StampOf(FileEntry entry, DateTimeOffset staleBefore)
    {
        if (entry.Changed is null && entry.FileId is null)
        {
            return null;
        }

        return entry.Modified > staleBefore || entry.Changed > staleBefore
            ? null
            : string.Create(CultureInfo.InvariantCulture, $"{entry.Length}:{entry.Modified.UtcTicks}:{entry.Changed?.UtcTicks}:{entry.FileId}");
    }

    internal static string FullPath(string root, string path) =>
        path.Length == 0 ? root : Path.Combine(root, Path.DirectorySeparatorChar == '/' ? path : path.Replace('/', Path.DirectorySeparatorChar));

    private readonly record struct Child(string Path, FileEntry Entry);

    /// <param name="Key">What it is sorted by.</param>
    /// <param name="Path">The item's path.</param>
    /// <param name="Entry">What stands there.</param>
    /// <param name="Children">A folder's entries.</param>
    /// <param name="Descend">False for the entry itself, true for what is in it.</param>
    private readonly record struct Step(string Key, string Path, FileEntry Entry, Lazy<List<Child>>? Children, bool Descend);
}

/// <summary>An entry of a tree.</summary>
/// <param name="Path">Relative, with '/'.</param>
/// <param name="Entry">What stands there.</param>
/// <param name="HasChildren">Whether a folder holds anything that can be saved.</param>
internal readonly record struct FolderEntry(string Path, FileEntry Entry, bool HasChildren);
