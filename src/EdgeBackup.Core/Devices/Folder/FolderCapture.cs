using System.Runtime.CompilerServices;
using EdgeBackup.Core.Devices.Types;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Platform;
using Microsoft.Win32.SafeHandles;

namespace EdgeBackup.Core.Devices.Folder;

/// <summary>A capture of a folder: nothing is locked, so every file proves by itself that it held still.</summary>
internal sealed class FolderCapture : ICapture
{
    /// <summary>As long as this after a change, a coarse file-system clock may hide another one.</summary>
    private static readonly TimeSpan ClockMargin = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan[] Waits = [.. new[] { 50, 100, 200, 400, 800 }.Select(wait => TimeSpan.FromMilliseconds(wait))];

    private readonly string root;
    private readonly FileEntry opened;
    private readonly IPlatform platform;
    private readonly TimeProvider timeProvider;
    private readonly ItemRuleSet rules;
    private readonly List<NotSavedItem> notSaved = [];

    public FolderCapture(string root, FileEntry opened, IPlatform platform, TimeProvider timeProvider, ItemRuleSet rules)
    {
        this.root = root;
        this.opened = opened;
        this.platform = platform;
        this.timeProvider = timeProvider;
        this.rules = rules;
    }

    public IReadOnlyList<NotSavedItem> NotSaved => notSaved;

    public async IAsyncEnumerable<Item> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        notSaved.Clear();
        var walker = new FolderWalker(root, platform, notSaved.Add, rules);
        var count = 0;
        foreach (var item in walker.Items(timeProvider.GetUtcNow() - ClockMargin, cancellationToken))
        {
            if ((++count & 0xFF) == 0)
            {
                await Task.Yield();
            }

            yield return item;
        }
    }

    public async Task<CapturedItem?> OpenReadAsync(Item item, CancellationToken cancellationToken)
    {
        var path = FolderWalker.FullPath(root, item.Path);
        for (var attempt = 0; ; attempt++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Exception cause;
            try
            {
                return Open(item, path);
            }
            catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
            {
                return null;
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                cause = exception;
            }

            if (attempt == Waits.Length)
            {
                throw new EdgeBackupException(
                    ErrorIds.CaptureFailed,
                    $"The file '{path}' cannot be opened: {cause.Message.TrimEnd('.')}. Close the program that keeps it to itself, or give the user who takes backups the right to read it, then try again.",
                    path,
                    cause);
            }

            await Task.Delay(Waits[attempt], timeProvider, cancellationToken).ConfigureAwait(false);
        }
    }

    public Task CompleteAsync(CancellationToken cancellationToken)
    {
        var now = platform.Stat(root);
        if (now is not { Type: FileEntryType.Directory } || now.FileId != opened.FileId)
        {
            throw new EdgeBackupException(
                ErrorIds.CaptureFailed,
                $"The folder '{root}' was replaced while it was captured, perhaps by a restore, so that the capture would mix two states. Try again.",
                root);
        }

        return Task.CompletedTask;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private CapturedItem? Open(Item item, string path)
    {
        RefuseLinkedParents(item.Path);
        var staleBefore = timeProvider.GetUtcNow() - ClockMargin;
        var entry = platform.Stat(path);
        if (entry is not { Type: FileEntryType.File })
        {
            // Gone, or something else now, which the next capture will see as what it is.
            return null;
        }

        var options = FileOptions.SequentialScan | (OperatingSystem.IsWindows() ? FileOptions.Asynchronous : FileOptions.None);
        SafeFileHandle handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, options);
        var stream = new FolderReadStream(handle, path, entry, platform);
        return new CapturedItem(stream, () => stream.IsWhole
            ? item with
            {
                Length = entry.Length,
                Modified = entry.Modified,
                UnixMode = entry.UnixMode,
                ReadOnly = entry.ReadOnly,
                Stamp = stream.IsUnchanged ? FolderWalker.StampOf(entry, staleBefore) : null,
            }
            : throw new InvalidOperationException("An item is described after its stream was read to the end."));
    }

    /// <summary>A folder that became a link since it was listed would lead out of the device.</summary>
    private void RefuseLinkedParents(string path)
    {
        for (var slash = path.IndexOf('/', StringComparison.Ordinal); slash > 0; slash = path.IndexOf('/', slash + 1))
        {
            var parent = FolderWalker.FullPath(root, path[..slash]);
            if (platform.Stat(parent) is { Type: FileEntryType.SymbolicLink })
            {
                throw new EdgeBackupException(
                    ErrorIds.CaptureFailed,
                    $"The folder '{parent}' became a link while it was captured. Try again when nothing changes the folder.",
                    parent);
            }
        }
    }
}
