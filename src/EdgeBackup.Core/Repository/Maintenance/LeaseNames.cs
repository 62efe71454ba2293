using System.Globalization;

namespace EdgeBackup.Core.Repository.Maintenance;

/// <summary>What stands in <c>leases/</c>.</summary>
internal static class LeaseNames
{
    public const string Folder = "leases/";

    private const string MaintainPrefix = Folder + "maintain-";
    private const string GonePrefix = Folder + "gone-";
    private const string SeenPrefix = Folder + "seen-";

    /// <summary>The lease of the n-th maintainer; of two who want the same number one gets it.</summary>
    public static string ToMaintainer(long number) => string.Create(CultureInfo.InvariantCulture, $"{MaintainPrefix}{number:x16}");

    /// <returns>Null when this is no maintainer's lease.</returns>
    public static long? ToNumber(string name) =>
        name.StartsWith(MaintainPrefix, StringComparison.Ordinal)
        && long.TryParse(name.AsSpan(MaintainPrefix.Length), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number)
        && number >= 0
            ? number
            : null;

    /// <summary>Says of a lease that others have given its owner up.</summary>
    public static string ToGone(string lease) => GonePrefix + lease[Folder.Length..];

    /// <returns>The lease that was given up; null when the name says no such thing.</returns>
    public static string? FromGone(string name) => name.StartsWith(GonePrefix, StringComparison.Ordinal) ? Folder + name[GonePrefix.Length..] : null;

    /// <summary>What one machine has seen of the leases.</summary>
    /// <param name="scope">Shortened.</param>
    public static string ToSeen(string scope) => SeenPrefix + scope;

    public static bool IsSeen(string name) => name.StartsWith(SeenPrefix, StringComparison.Ordinal);
}
