using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Files;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Platform;

namespace EdgeBackup.Core.Devices.Folder;

/// <summary>Checks a restore's plan against a folder before anything is staged.</summary>
internal static class FolderRestorePlan
{
    /// <exception cref="EdgeBackupException">ItemPathInvalid or RestoreTargetMismatch, with the list.</exception>
    public static void Check(RestorePlan plan, string root, bool isCaseSensitive, IPlatform platform)
    {
        var leaves = new HashSet<string>(StringComparer.Ordinal);
        foreach (var item in plan.Items.Select(item => item.Saved.Item))
        {
            if (ItemPath.FindFault(item.Path) is { } fault)
            {
                throw new EdgeBackupException(ErrorIds.ItemPathInvalid, $"The item path '{item.Path}' is refused: {fault}. Nothing was restored.", item.Path);
            }

            if (item.Type != ItemType.Directory)
            {
                leaves.Add(item.Path);
            }
        }

        var faults = new List<FileNameFault>();
        faults.AddRange(FileNameRules.FindFaults(plan.Items.Select(item => item.Saved.Item.Path), platform.HasWindowsNames, isCaseSensitive));
        var comparison = isCaseSensitive ? StringComparison.Ordinal : StringComparison.OrdinalIgnoreCase;
        foreach (var item in plan.Items.Select(item => item.Saved.Item))
        {
            if (string.Equals(item.Path, FolderDevice.TransactionsFile, comparison))
            {
                faults.Add(new FileNameFault(item.Path, "is the device's list of running transactions, which is never restored"));
            }
            else if (FindObstacle(item, plan.Mode, leaves, root, platform) is { } obstacle)
            {
                faults.Add(new FileNameFault(item.Path, obstacle));
            }
        }

        if (faults.Count > 0)
        {
            throw new EdgeBackupException(
                ErrorIds.RestoreTargetMismatch,
                $"Nothing was restored, because the folder '{root}' cannot take these items: "
                + string.Join("; ", faults.Select(fault => $"'{fault.Path}' {fault.Reason}"))
                + ". Leave them out with -Path, or restore everything.",
                root);
        }
    }

    private static string? FindObstacle(Item item, RestoreMode mode, HashSet<string> leaves, string root, IPlatform platform)
    {
        for (var slash = item.Path.IndexOf('/', StringComparison.Ordinal); slash > 0; slash = item.Path.IndexOf('/', slash + 1))
        {
            var parent = item.Path[..slash];
            if (leaves.Contains(parent))
            {
                return $"lies below '{parent}', which the backup holds as a file or a link";
            }

            // An overlay removes nothing that it does not send.
            if (mode == RestoreMode.Overlay
                && platform.Stat(FolderWalker.FullPath(root, parent)) is { Type: not FileEntryType.Directory })
            {
                return $"lies below '{parent}', which is a file or a link in the folder and would be lost";
            }
        }

        var full = FolderWalker.FullPath(root, item.Path);
        return mode == RestoreMode.Overlay
            && item.Type != ItemType.Directory
            && platform.Stat(full) is { Type: FileEntryType.Directory }
            && Directory.EnumerateFileSystemEntries(full).Any()
                ? "is a folder with contents there, which would be lost"
                : null;
    }
}
