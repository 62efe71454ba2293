using System.Text.RegularExpressions;

namespace EdgeBackup.Core.Devices.Types;

/// <summary>
/// The regular expressions of device types: <c>^</c> and <c>$</c> stand at lines, matching takes time linear in the text
/// whatever the expression (a type may come from somebody else), so that lookarounds and back references are refused.
/// </summary>
internal static class TypePattern
{
    private const RegexOptions Options = RegexOptions.NonBacktracking | RegexOptions.Multiline | RegexOptions.CultureInvariant;

    /// <summary>Says why a text is no such expression.</summary>
    /// <returns>Null for a good one.</returns>
    public static string? FindFault(string pattern)
    {
        try
        {
            _ = Compile(pattern);
            return null;
        }
        catch (ArgumentException exception)
        {
            return exception.Message.TrimEnd('.');
        }
        catch (NotSupportedException)
        {
            return "it looks around or refers back, which is not supported";
        }
    }

    public static Regex Compile(string pattern) => new(pattern, Options);

    public static bool IsMatch(string pattern, string text) => Compile(pattern).IsMatch(text);

    /// <returns>The first group, or the whole match where the expression has no group; null without a match.</returns>
    public static string? Pick(string pattern, string text)
    {
        var match = Compile(pattern).Match(text);
        return !match.Success ? null : match.Groups.Count > 1 ? match.Groups[1].Value : match.Value;
    }
}
