using System.Globalization;
using EdgeBackup.Core.Platform;

namespace EdgeBackup.Core.Repository.Stores;

/// <summary>
/// When folders last changed, where the file system can be believed: on Linux and a file system of this machine. There
/// every entry that comes or goes sets the folder's change time, which no program can set, by the clock that is read here.
/// Network file systems have another clock and cached answers, and FAT does not note such changes at all.
/// </summary>
internal sealed class FolderStamps(IPlatform platform)
{
    /// <summary>
    /// Within a tick of the kernel's clock (10 ms at most) two changes bear the same time. A folder that changed a moment
    /// ago is therefore not vouched for; after this long, a later change cannot bear the time that was seen.
    /// </summary>
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(2);

    private static readonly HashSet<string> Believed = ["ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "tmpfs"];

    /// <summary>Whether stamps can be had below a folder.</summary>
    public static bool AreToldIn(string folder)
    {
        if (!OperatingSystem.IsLinux())
        {
            return false;
        }

        try
        {
            return Believed.Contains(new DriveInfo(folder).DriveFormat);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return false;
        }
    }

    /// <param name="path">The folder.</param>
    /// <param name="now">The time before it is looked at.</param>
    /// <returns>Null for a folder that changed a moment ago, a link, or one that is gone.</returns>
    public string? Read(string path, DateTime now) =>
        platform.Stat(path) is { Type: FileEntryType.Directory, Changed: { } changed, FileId: { } id } && changed.UtcDateTime < now - Settling
            ? string.Create(CultureInfo.InvariantCulture, $"{changed.UtcTicks:x}-{id}")
            : null;
}
