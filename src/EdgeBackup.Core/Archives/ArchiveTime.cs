using System.Globalization;

namespace EdgeBackup.Core.Archives;

/// <summary>Times in the files of archives: UTC as <c>2026-11-01T10:00:00Z</c>, with three or seven digits of a second where there are parts of one.</summary>
internal static class ArchiveTime
{
    /// <summary>Bytes of the longest form.</summary>
    public const int Longest = 28;

    private const int Whole = 19;

    /// <summary>Writes a time.</summary>
    /// <returns>How many bytes.</returns>
    public static int Write(DateTimeOffset time, Span<byte> target)
    {
        var ticks = time.UtcTicks;
        new DateTime(ticks, DateTimeKind.Utc).TryFormat(target, out var written, "O", CultureInfo.InvariantCulture);
        var kept = ticks % TimeSpan.TicksPerSecond == 0 ? Whole : ticks % TimeSpan.TicksPerMillisecond == 0 ? Whole + 4 : written - 1;
        target[kept] = (byte)'Z';
        return kept + 1;
    }

    public static string ToText(DateTimeOffset time)
    {
        Span<byte> text = stackalloc byte[Longest];
        return System.Text.Encoding.ASCII.GetString(text[..Write(time, text)]);
    }

    /// <summary>Reads what <see cref="Write"/> writes, and no other form.</summary>
    public static bool TryRead(ReadOnlySpan<byte> text, out DateTime time)
    {
        time = default;
        if (text.Length is not (20 or 24 or 28) || text[^1] != (byte)'Z'
            || text[4] != (byte)'-' || text[7] != (byte)'-' || text[10] != (byte)'T' || text[13] != (byte)':' || text[16] != (byte)':')
        {
            return false;
        }

        var year = Digits(text[..4]);
        var month = Digits(text.Slice(5, 2));
        var day = Digits(text.Slice(8, 2));
        var hour = Digits(text.Slice(11, 2));
        var minute = Digits(text.Slice(14, 2));
        var second = Digits(text.Slice(17, 2));
        var fraction = text.Length == 20 ? 0 : text[19] == (byte)'.' ? Digits(text[20..^1]) : -1;
        if ((year | month | day | hour | minute | second | fraction) < 0
            || year == 0 || month is 0 or > 12 || day == 0 || day > DateTime.DaysInMonth(year, month) || hour > 23 || minute > 59 || second > 59)
        {
            return false;
        }

        time = new DateTime(year, month, day, hour, minute, second, DateTimeKind.Utc).AddTicks(text.Length == 24 ? fraction * TimeSpan.TicksPerMillisecond : fraction);
        return true;
    }

    private static int Digits(ReadOnlySpan<byte> text)
    {
        var number = 0;
        foreach (var digit in text)
        {
            if (!char.IsAsciiDigit((char)digit))
            {
                return -1;
            }

            number = (number * 10) + (digit - '0');
        }

        return number;
    }
}
