using System.Globalization;
using EdgeBackup.Core.Platform;

namespace EdgeBackup.Core.Operations;

/// <summary>The ids of backups: 24 hex digits that sort by time and do not collide between machines.</summary>
public static class BackupIds
{
    /// <summary>Characters in an id.</summary>
    public const int Length = 24;

    /// <summary>Makes an id: 12 digits of milliseconds since 1970, 12 random ones.</summary>
    public static string New(DateTimeOffset time, IRandomSource random)
    {
        Span<byte> tail = stackalloc byte[6];
        random.Fill(tail);
        return time.ToUnixTimeMilliseconds().ToString("x12", CultureInfo.InvariantCulture) + Convert.ToHexStringLower(tail);
    }

    /// <summary>Whether a text has the form of an id.</summary>
    public static bool IsId(string text) => text.Length == Length && text.All(char.IsAsciiHexDigitLower);
}
