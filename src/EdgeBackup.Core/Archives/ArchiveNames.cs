using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using EdgeBackup.Core.Files;

namespace EdgeBackup.Core.Archives;

/// <summary>What the folders and files of archives are called, so that every system can hold them.</summary>
internal static class ArchiveNames
{
    /// <summary>Of a device's or a trend log's part in a name.</summary>
    private const int LongestPart = 80;

    public const string TrendFolder = "trends";

    private const string TimeForm = "yyyyMMdd'T'HHmmss'Z'";

    /// <summary>What an archive that is being written is called: hidden, and told apart by repository and device.</summary>
    private const string StagePrefix = ".edge-archive-";

    public static string Extension(ArchiveFormat format) => format == ArchiveFormat.Csv ? ".csv" : ".xml";

    /// <summary>A folder's name: <c>device_from_to</c>.</summary>
    public static string Folder(string device, DateTimeOffset from, DateTimeOffset to) =>
        string.Create(CultureInfo.InvariantCulture, $"{FileNameRules.ToSafeName(device, LongestPart)}_{from.UtcDateTime.ToString(TimeForm, CultureInfo.InvariantCulture)}_{to.UtcDateTime.ToString(TimeForm, CultureInfo.InvariantCulture)}");

    public static string Events(ArchiveFormat format) => $"events{Extension(format)}";

    /// <summary>A trend log's file.</summary>
    /// <param name="trend">The trend log's id.</param>
    /// <param name="format">How records are written.</param>
    /// <param name="taken">What the archive's files are called already, in any letter case; the new one is added.</param>
    public static string Trend(string trend, ArchiveFormat format, HashSet<string> taken)
    {
        var path = $"{TrendFolder}/{FileNameRules.ToSafeName(trend, LongestPart)}{Extension(format)}";
        if (!taken.Add(path))
        {
            path = $"{TrendFolder}/{FileNameRules.ToMarkedName(trend, LongestPart)}{Extension(format)}";
            taken.Add(path);
        }

        return path;
    }

    /// <summary>The folder that a run of a device writes into before it is committed.</summary>
    public static string Stage(string repository, string device, string run) => StagesOf(repository, device) + run;

    /// <summary>The pattern of the folder of a run, of whichever repository.</summary>
    public static string StageOfAny(string run) => $"{StagePrefix}*-{run}";

    /// <summary>How the folders of a device's unfinished runs begin; behind it comes the run's id.</summary>
    public static string StagesOf(string repository, string device)
    {
        var tag = SHA256.HashData(Encoding.UTF8.GetBytes($"{repository}\n{device}"));
        return $"{StagePrefix}{Convert.ToHexStringLower(tag.AsSpan(0, 8))}-";
    }
}
