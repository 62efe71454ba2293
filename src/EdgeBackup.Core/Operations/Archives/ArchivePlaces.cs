using System.Globalization;
using System.Security.Cryptography;
using EdgeBackup.Core.Archives;
using EdgeBackup.Core.Platform;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Repository.Stores;

namespace EdgeBackup.Core.Operations.Archives;

/// <summary>Where the archives of runs are, as the repository remembers it.</summary>
internal static class ArchivePlaces
{
    /// <summary>Where the very archive of a run stands: where the run put it, or beside that with a number where the name was taken.</summary>
    /// <returns>Null where it does not.</returns>
    public static string? Find(ArchiveRun run)
    {
        var wanted = Path.Combine(run.Parent, run.Folder);
        for (var number = 1; ; number++)
        {
            var place = number == 1 ? wanted : string.Create(CultureInfo.InvariantCulture, $"{wanted}-{number}");
            if (IsAt(run, place))
            {
                return place;
            }

            // One that is away leaves its name free; what was named after it keeps its number.
            if (number > 1 && !Directory.Exists(place))
            {
                return null;
            }
        }
    }

    /// <summary>Whether the very archive of a run stands where it should, or has not got its name yet.</summary>
    public static bool IsThere(ArchiveRun run) => Find(run) is not null || FindStages(run).Exists(stage => IsAt(run, stage));

    /// <summary>
    /// Whether the folder in which a run put its archive cannot be looked into now: it is missing, or holds no archive at
    /// all, as the mount point of a drive that is away. What does not stand there is not gone by that.
    /// </summary>
    public static bool IsAway(ArchiveRun run)
    {
        try
        {
            // A stage, which is hidden, is what a run of now writes, also into a mount point.
            return !Directory.EnumerateDirectories(run.Parent).Any(folder => !Path.GetFileName(folder).StartsWith('.') && File.Exists(Path.Combine(folder, ManifestCodec.ManifestName)));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return true;
        }
    }

    /// <summary>The hidden folders in which a run wrote, and that did not get their name yet; whichever copy of the repository it used.</summary>
    public static List<string> FindStages(ArchiveRun run)
    {
        try
        {
            return [.. Directory.EnumerateDirectories(run.Parent, ArchiveNames.StageOfAny(run.Id), new EnumerationOptions { AttributesToSkip = 0 })];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return [];
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

    private static bool IsAt(ArchiveRun run, string place)
    {
        try
        {
            using var stream = File.OpenRead(Path.Combine(place, ManifestCodec.ManifestName));
            return Convert.ToHexStringLower(SHA256.HashData(stream)) == run.Manifest;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A drive of another machine, or one that is not plugged in.
            return false;
        }
    }
}
