using System.Globalization;
using System.Text.RegularExpressions;
using EdgeBackup.Core.Schedule;

namespace EdgeBackup.Core.Devices.Types.Reading;

/// <summary>The forms of the texts in a device type; docs/device-type.schema.json says the same.</summary>
internal static partial class TypeWords
{
    public static string? FindIdFault(string text) =>
        DeviceTypes.IsWord(text) ? null : "is not a word of up to 64 of a-z, 0-9 and '-', with a letter or digit first";

    public static string? FindVersionFault(string text) =>
        DeviceVersion.TryParse(text) is null ? "is not a version: one to four numbers with dots between" : null;

    public static string? FindUrlFault(string text) =>
        text.StartsWith("https://", StringComparison.Ordinal) || text.StartsWith("http://", StringComparison.Ordinal) ? null : "is not an http:// or https:// address";

    /// <summary>An absolute path as a device writes it.</summary>
    public static string? FindRootFault(string text) =>
        text[0] != '/' ? "is not an absolute path: it must begin with '/'"
        : text != "/" && FindSegmentFault(text[1..]) is { } fault ? fault
        : null;

    /// <summary>A path below the root, without wildcards.</summary>
    public static string? FindPathFault(string text) =>
        text[0] == '/' ? "begins with '/', but is relative to the root"
        : FindSegmentFault(text) is { } fault ? fault
        : text.IndexOfAny(['*', '?']) >= 0 ? "has a wildcard; name the folder, and let the rules in 'items' choose"
        : null;

    /// <summary>A file for a value: below the root, or absolute.</summary>
    public static string? FindFileFault(string text) =>
        text == "/" ? "is no file" : FindPathFault(text[0] == '/' ? text[1..] : text);

    public static string? FindPatternFault(string text) => TypePattern.FindFault(text) is { } fault ? $"is not a regular expression of the kind used here: {fault}" : null;

    public static string? FindPointerFault(string text) => JsonPath.FindFault(text) is { } fault ? $"is not a JSON pointer: it {fault}" : null;

    /// <summary>A pointer to one value.</summary>
    public static string? FindSinglePointerFault(string text) =>
        FindPointerFault(text) ?? (text.Split('/').Contains("*", StringComparer.Ordinal) ? "stands for several values; a '*' is not possible here" : null);

    public static string? FindItemPathFault(string text) => PathPattern.FindFault(text) is { } fault ? $"is not a path pattern: {fault}" : null;

    public static string? FindWindowFault(string text)
    {
        try
        {
            BackupWindow.Parse(text);
            return null;
        }
        catch (FormatException exception)
        {
            return $"is not a window: {exception.Message} One is written like 'Mon-Fri 19:00-06:00, Sat-Sun 00:00-24:00', or 'Always'";
        }
    }

    public static string? FindTimeZoneFault(string text) =>
        TimeZones.Find(text) is null ? "is not a time zone: give an IANA id such as 'Europe/Berlin', or the id that Windows has for it" : null;

    public static bool TryParseSpan(string text, out TimeSpan span) =>
        TimeSpan.TryParseExact(text, "c", CultureInfo.InvariantCulture, out span) && SpanForm().IsMatch(text) && span > TimeSpan.Zero;

    private static string? FindSegmentFault(string text)
    {
        foreach (var segment in text.Split('/'))
        {
            if (segment is "" or "." or "..")
            {
                return segment.Length == 0 ? "has an empty segment; between segments stands one '/', and none at the end" : $"has the segment '{segment}'";
            }
        }

        return text.Any(char.IsControl) ? "has a control character" : null;
    }

    [GeneratedRegex(@"\A([0-9]{1,4}\.)?[0-2][0-9]:[0-5][0-9]:[0-5][0-9]\z", RegexOptions.ExplicitCapture)]
    private static partial Regex SpanForm();
}
