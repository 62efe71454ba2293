using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Platform;

namespace EdgeBackup.Core.Files;

/// <summary>
/// Writes items below a root and nowhere else: refuses bad paths, never writes through a link, sets modes and times.
/// Several files may be written at once, everything else one by one. Every member throws <see cref="EdgeBackupException"/>: ItemPathInvalid for a path that
/// leads out, RestoreFailed for anything else.
/// </summary>
public sealed class FolderTreeWriter
{
    private readonly IPlatform platform;
    private readonly FolderTreeWriterOptions options;
    private readonly ItemFileWriter files;
    private readonly SortedDictionary<string, Item?> folders = new(StringComparer.Ordinal);
    private readonly Lock sync = new();
    private string? checkedParent;

    /// <param name="root">An existing folder.</param>
    /// <param name="platform">The system below it.</param>
    /// <param name="options">How to write.</param>
    public FolderTreeWriter(string root, IPlatform platform, FolderTreeWriterOptions options)
    {
        Root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(root));
        this.platform = platform;
        this.options = options;
        files = new ItemFileWriter(platform, options);
    }

    public string Root { get; }

    /// <summary>Writes one item. Its bytes are checked against its length and digest while they pass.</summary>
    /// <param name="item">The item.</param>
    /// <param name="content">The bytes of a file; not read for folders and links.</param>
    /// <param name="cancellationToken">Leaves no half-written file behind.</param>
    public async Task WriteAsync(SavedItem item, Stream content, CancellationToken cancellationToken)
    {
        try
        {
            switch (item.Item.Type)
            {
                case ItemType.Directory:
                    WriteFolder(item.Item);
                    break;
                case ItemType.SymbolicLink:
                    WriteLink(item.Item);
                    break;
                default:
                    await WriteFileAsync(item, content, cancellationToken).ConfigureAwait(false);
                    break;
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new EdgeBackupException(
                ErrorIds.RestoreFailed,
                $"The item '{item.Item.Path}' cannot be written below '{Root}': {exception.Message.TrimEnd('.')}. Check the free space and the rights there, then try again.",
                item.Item.Path,
                exception);
        }
    }

    /// <summary>
    /// Sets the modes and times of the folders, deepest first, since writing into a folder moves its time and a mode may
    /// forbid writing; call it once, after the last item.
    /// </summary>
    public void Finish()
    {
        try
        {
            foreach (var (path, item) in folders.Reverse())
            {
                // Flushed first: a mode may forbid to open the folder afterwards.
                var full = Locate(path);
                Flush(full);
                if (item is not null)
                {
                    SetModeAndTime(full, item);
                }
            }

            Flush(Root);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new EdgeBackupException(
                ErrorIds.RestoreFailed,
                $"The folders below '{Root}' cannot be finished: {exception.Message.TrimEnd('.')}. Check the rights there, then try again.",
                Root,
                exception);
        }
    }

    /// <summary>Gives an existing file a second name below the root, when nothing stands there.</summary>
    /// <returns>False where the file system cannot; nothing has changed then.</returns>
    internal bool TryLink(string existing, string path)
    {
        var full = PrepareParent(path);
        return platform.Stat(full) is null && platform.TryCreateHardLink(existing, full);
    }

    /// <summary>Makes a folder where none is, without a mode and time of its own.</summary>
    internal void EnsureFolder(string path) => EnsureFolderAt(path, PrepareParent(path));

    /// <summary>Whether anything stands at a path below the root.</summary>
    internal bool Exists(string path) => platform.Stat(Locate(path)) is not null;

    private void WriteFolder(Item item)
    {
        var full = PrepareParent(item.Path);
        if (platform.Stat(full) is { Type: not FileEntryType.Directory })
        {
            RemoveForReplacement(item.Path, full);
        }

        EnsureFolderAt(item.Path, full);
        folders[item.Path] = item;
    }

    private void EnsureFolderAt(string path, string full)
    {
        if (platform.Stat(full) is { } entry)
        {
            if (entry.Type != FileEntryType.Directory)
            {
                throw NotAFolder(path, full);
            }
        }
        else
        {
            Directory.CreateDirectory(full);
            folders.TryAdd(path, null);
        }
    }

    private void WriteLink(Item item)
    {
        var full = PrepareParent(item.Path);
        checkedParent = null;
        if (string.IsNullOrEmpty(item.LinkTarget))
        {
            throw new EdgeBackupException(ErrorIds.RestoreFailed, $"The link '{item.Path}' has no target. Leave it out with -Path.", item.Path);
        }

        if (platform.Stat(full) is not null)
        {
            RemoveForReplacement(item.Path, full);
        }

        // Windows wants to know what a link leads to; elsewhere both calls make the same link.
        if (platform.HasWindowsNames && Directory.Exists(Path.Combine(Path.GetDirectoryName(full)!, item.LinkTarget)))
        {
            Directory.CreateSymbolicLink(full, item.LinkTarget);
        }
        else
        {
            File.CreateSymbolicLink(full, item.LinkTarget);
        }

        if (item.Modified is { } modified)
        {
            File.SetLastWriteTimeUtc(full, modified.UtcDateTime);
        }
    }

    private async Task WriteFileAsync(SavedItem item, Stream content, CancellationToken cancellationToken)
    {
        var full = PrepareParent(item.Item.Path);
        var existing = platform.Stat(full);
        if (existing is { Type: FileEntryType.Directory })
        {
            RemoveForReplacement(item.Item.Path, full);
            existing = null;
        }
        else if (existing is not null && !options.Overwrite)
        {
            throw Occupied(item.Item.Path, full);
        }

        await files.WriteAsync(item, content, full, existing, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Checks a path, makes the folders above it, and makes sure that none of them is a link.</summary>
    /// <returns>The full path.</returns>
    private string PrepareParent(string path)
    {
        var full = Locate(path);
        if (ItemPath.FindFault(path) is { } fault)
        {
            throw new EdgeBackupException(ErrorIds.ItemPathInvalid, $"The item path '{path}' is refused: {fault}. Nothing was written to it.", path);
        }

        var faults = FileNameRules.FindFaults([path], platform.HasWindowsNames, isCaseSensitive: true);
        if (faults.Count > 0)
        {
            throw new EdgeBackupException(
                ErrorIds.RestoreTargetMismatch,
                $"The item path '{path}' {faults[0].Reason}, which this system cannot hold. Restore to a system that can, or leave it out with -Path.",
                path);
        }

        // Files come folder by folder: looking once at the folders above a whole run of them spares most of the looking.
        var parent = path[..Math.Max(0, path.LastIndexOf('/'))];
        lock (sync)
        {
            if (parent == checkedParent)
            {
                return full;
            }

            for (var slash = path.IndexOf('/', StringComparison.Ordinal); slash > 0; slash = path.IndexOf('/', slash + 1))
            {
                EnsureFolderAt(path[..slash], Locate(path[..slash]));
            }

            checkedParent = parent;
        }

        return full;
    }

    private string Locate(string path) =>
        Path.Combine(Root, Path.DirectorySeparatorChar == '/' ? path : path.Replace('/', Path.DirectorySeparatorChar));

    private void RemoveForReplacement(string path, string full)
    {
        if (!options.Overwrite)
        {
            throw Occupied(path, full);
        }

        checkedParent = null;

        // Windows removes a link to a folder like a folder, Unix like a file.
        var isFolder = platform.HasWindowsNames
            ? File.GetAttributes(full).HasFlag(FileAttributes.Directory)
            : platform.Stat(full) is { Type: FileEntryType.Directory };
        if (isFolder)
        {
            // One with contents makes this throw, which is right.
            Directory.Delete(full, recursive: false);
            return;
        }

        if (platform.HasWindowsNames)
        {
            File.SetAttributes(full, FileAttributes.Normal);
        }

        File.Delete(full);
    }

    private void SetModeAndTime(string full, Item item)
    {
        if (!OperatingSystem.IsWindows() && item.UnixMode is { } mode)
        {
            File.SetUnixFileMode(full, (UnixFileMode)mode);
        }

        if (item.Modified is { } modified)
        {
            Directory.SetLastWriteTimeUtc(full, modified.UtcDateTime);
        }

        if (item.ReadOnly && platform.HasWindowsNames)
        {
            File.SetAttributes(full, File.GetAttributes(full) | FileAttributes.ReadOnly);
        }
    }

    private void Flush(string folder)
    {
        if (options.IsDurable)
        {
            platform.FlushDirectory(folder);
        }
    }

    private static EdgeBackupException Occupied(string path, string full) => new(
        ErrorIds.RestoreFailed,
        $"The item '{path}' cannot be written, because something stands at '{full}' already. Choose an empty folder, or give -Force to overwrite by name.",
        path);

    private static EdgeBackupException NotAFolder(string path, string full) => new(
        ErrorIds.RestoreFailed,
        $"Nothing can be written below '{path}', because '{full}' is a link or a file and not a folder; links are never followed. Remove it, then try again.",
        path);
}
