using System.Text.RegularExpressions;

namespace EdgeBackup.Core.Devices;

/// <summary>
/// A device's version: one to four dotted numbers, an optional 'v' in front, an optional '-pre' or '+build' behind.
/// Compared as numbers with missing parts zero; a pre-release is below its release; the build is ignored.
/// </summary>
public sealed partial class DeviceVersion
{
    private readonly string[] numbers;
    private readonly string[] preRelease;

    private DeviceVersion(string text, string[] numbers, string[] preRelease)
    {
        Text = text;
        this.numbers = numbers;
        this.preRelease = preRelease;
    }

    /// <summary>As it was written.</summary>
    public string Text { get; }

    /// <summary>Reads a version; anything else than the form above is unknown, and null is returned.</summary>
    public static DeviceVersion? TryParse(string? text)
    {
        if (text is null)
        {
            return null;
        }

        var match = Form().Match(text);
        if (!match.Success)
        {
            return null;
        }

        var numbers = match.Groups["numbers"].Value.Split('.').Select(number => number.TrimStart('0')).ToArray();
        var preRelease = match.Groups["pre"].Success ? match.Groups["pre"].Value.Split('.') : [];
        return new DeviceVersion(text, numbers, preRelease);
    }

    /// <summary>Whether two version texts mean the same version; texts that are no versions are compared as texts.</summary>
    public static bool Same(string? first, string? second) =>
        TryParse(first) is { } one && TryParse(second) is { } other
            ? one.CompareTo(other) == 0
            : string.Equals(first, second, StringComparison.Ordinal);

    /// <returns>Negative, zero or positive: this version is below, the same as, or above the other.</returns>
    public int CompareTo(DeviceVersion? other)
    {
        if (other is null)
        {
            return 1;
        }

        for (var part = 0; part < Math.Max(numbers.Length, other.numbers.Length); part++)
        {
            var order = CompareNumbers(part < numbers.Length ? numbers[part] : "", part < other.numbers.Length ? other.numbers[part] : "");
            if (order != 0)
            {
                return order;
            }
        }

        return ComparePreReleases(preRelease, other.preRelease);
    }

    public override string ToString() => Text;

    private static int ComparePreReleases(string[] first, string[] second)
    {
        if (first.Length == 0 || second.Length == 0)
        {
            return second.Length.CompareTo(first.Length) switch { < 0 => -1, > 0 => 1, _ => 0 };
        }

        for (var part = 0; part < Math.Min(first.Length, second.Length); part++)
        {
            var firstIsNumber = first[part].All(char.IsAsciiDigit);
            var secondIsNumber = second[part].All(char.IsAsciiDigit);
            var order = firstIsNumber && secondIsNumber ? CompareNumbers(first[part].TrimStart('0'), second[part].TrimStart('0'))
                : firstIsNumber ? -1
                : secondIsNumber ? 1
                : string.CompareOrdinal(first[part], second[part]);
            if (order != 0)
            {
                return Math.Sign(order);
            }
        }

        return first.Length.CompareTo(second.Length);
    }

    /// <summary>Compares two numbers without leading zeros, of any length.</summary>
    private static int CompareNumbers(string first, string second) =>
        first.Length != second.Length ? first.Length.CompareTo(second.Length) : Math.Sign(string.CompareOrdinal(first, second));

    [GeneratedRegex(@"\A[vV]?(?<numbers>[0-9]+(\.[0-9]+){0,3})(-(?<pre>[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*))?(\+[0-9A-Za-z.-]+)?\z", RegexOptions.ExplicitCapture)]
    private static partial Regex Form();
}
