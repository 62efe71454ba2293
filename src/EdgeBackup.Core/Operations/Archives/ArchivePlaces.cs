using System.Security.Cryptography;
using EdgeBackup.Core.Archives;
using EdgeBackup.Core.Platform;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Repository.Stores;

namespace EdgeBackup.Core.Operations.Archives;

/// <summary>Where the archives of runs are, as the repository remembers it.</summary>
internal static class ArchivePlaces
{
    /// <summary>Whether the very archive of a run stands where the run put it.</summary>
    public static bool IsThere(ArchiveRun run)
    {
        var manifest = Path.Combine(run.Parent, run.Folder, ManifestCodec.ManifestName);
        try
        {
            using var stream = File.OpenRead(manifest);
            return Convert.ToHexStringLower(SHA256.HashData(stream)) == run.Manifest;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A drive of another machine, or one that is not plugged in.
            return false;
        }
    }

    /// <summary>Removes an archive: its manifest last, so that what a killed removal leaves is still known for what it is.</summary>
    public static void Remove(string folder)
    {
        foreach (var entry in Directory.EnumerateDirectories(folder).ToList())
        {
            SharingRetry.Run(() => Directory.Delete(entry, recursive: true));
        }

        foreach (var file in Directory.EnumerateFiles(folder).Where(file => Path.GetFileName(file) != ManifestCodec.ManifestName).ToList())
        {
            SharingRetry.Run(() => File.Delete(file));
        }

        SharingRetry.Run(() => Directory.Delete(folder, recursive: true));
    }

    /// <summary>Whether two texts mean the same folder on this system.</summary>
    public static bool IsSame(string first, string second, IPlatform platform) => string.Equals(
        Path.TrimEndingDirectorySeparator(Path.GetFullPath(first)),
        Path.TrimEndingDirectorySeparator(Path.GetFullPath(second)),
        platform.HasWindowsNames ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal);
}
