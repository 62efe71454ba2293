using EdgeBackup.Core.Platform;

namespace EdgeBackup.Core.Devices.Folder;

/// <summary>Removes a tree of ours without following links.</summary>
internal static class FolderRemoval
{
    /// <summary>Removes a tree; nothing happens when there is none.</summary>
    /// <param name="tree">A stage or an old tree.</param>
    /// <param name="sibling">The live folder, some files of which may be the same files under another name.</param>
    /// <param name="platform">The system.</param>
    public static void RemoveTree(string tree, string sibling, IPlatform platform)
    {
        if (platform.Stat(tree) is null)
        {
            return;
        }

        RemoveFolder(tree, sibling, platform);
    }

    private static void RemoveFolder(string folder, string sibling, IPlatform platform)
    {
        // A restored mode may forbid to look into a folder or to change it.
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        else
        {
            File.SetAttributes(folder, FileAttributes.Normal);
        }

        foreach (var path in Directory.GetFileSystemEntries(folder))
        {
            var twin = Path.Combine(sibling, Path.GetFileName(path));
            var entry = platform.Stat(path);
            if (entry is { Type: FileEntryType.Directory })
            {
                RemoveFolder(path, twin, platform);
            }
            else if (platform.HasWindowsNames && entry is { Type: FileEntryType.SymbolicLink } && File.GetAttributes(path).HasFlag(FileAttributes.Directory))
            {
                Directory.Delete(path, recursive: false);
            }
            else
            {
                RemoveFile(path, twin, entry, platform);
            }
        }

        Directory.Delete(folder, recursive: false);
    }

    private static void RemoveFile(string path, string twin, FileEntry? entry, IPlatform platform)
    {
        if (entry is not { ReadOnly: true })
        {
            File.Delete(path);
            return;
        }

        // Windows deletes no read-only file, and the attribute belongs to the file and not to the name: the live folder's
        // name for the same file must not lose it.
        File.SetAttributes(path, FileAttributes.Normal);
        File.Delete(path);
        if (platform.Stat(twin) is { Type: FileEntryType.File } other && other.FileId is not null && other.FileId == entry.FileId)
        {
            File.SetAttributes(twin, File.GetAttributes(twin) | FileAttributes.ReadOnly);
        }
    }
}
