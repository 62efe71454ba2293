using System.Globalization;
using EdgeBackup.Core.Tests.Devices.Ssh;
using Xunit;

namespace EdgeBackup.Core.Tests.Durability.FullDisk;

/// <summary>A file system of its own over an empty folder, so small that it is really full when a test wants it to be.</summary>
internal sealed class SmallDisk : IDisposable
{
    /// <summary>What the file system gives out: nothing smaller makes a difference.</summary>
    public const int Page = 4096;

    private const int Pages = 2048;
    private static readonly Lazy<string?> Refused = new(Try);

    private SmallDisk(string path) => Path = path;

    /// <summary>Why there can be none here; null where there can.</summary>
    public static string? Missing => !OperatingSystem.IsLinux() ? "Small file systems are mounted on Linux."
        : !Programs.IsSuperuser ? "Only root may mount a file system."
        : Refused.Value;

    public string Path { get; }

    /// <summary>Holds the room that nobody is to have.</summary>
    private string Ballast => System.IO.Path.Combine(Path, "ballast");

    public static SmallDisk Mount(string path)
    {
        Programs.Run("mount", "-t", "tmpfs", "-o", string.Create(CultureInfo.InvariantCulture, $"size={Pages * Page}"), "tmpfs", path);
        return new SmallDisk(path);
    }

    /// <summary>Fills the disk up to some pages.</summary>
    public void LeaveFree(int pages)
    {
        File.Delete(Ballast);
        var free = new DriveInfo(Path).AvailableFreeSpace - ((long)pages * Page);
        using var ballast = new FileStream(Ballast, FileMode.CreateNew);
        var page = new byte[Page];
        for (; free >= Page; free -= Page)
        {
            ballast.Write(page);
        }
    }

    /// <summary>Makes room again.</summary>
    public void Clear() => File.Delete(Ballast);

    public void Dispose() => Programs.Run("umount", "-l", Path);

    private static string? Try()
    {
        var folder = Directory.CreateTempSubdirectory("edgebackup-disk-");
        try
        {
            var (code, _, words) = Programs.TryRun("mount", "-t", "tmpfs", "-o", "size=4096", "tmpfs", folder.FullName);
            if (code != 0)
            {
                return $"No file system can be mounted here: {words.Trim()}";
            }

            Programs.Run("umount", folder.FullName);
            return null;
        }
        finally
        {
            folder.Delete();
        }
    }
}

/// <summary>A fact that is reported as skipped, with the reason, where no small disk can be had.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SmallDiskFactAttribute : FactAttribute
{
    public SmallDiskFactAttribute() => Skip = SmallDisk.Missing;
}
