using System.Globalization;

namespace EdgeBackup.PowerShell.Formatting;

/// <summary>
/// Figures as people say them, for EdgeBackup.Format.ps1xml. Public because a view can call public types only; objects
/// keep their raw values. Arguments are objects, since what comes back from a job may be a number of another type.
/// </summary>
public static class DisplayText
{
    private static readonly string[] Units = ["B", "KB", "MB", "GB", "TB", "PB", "EB"];

    /// <summary>An age: "just now", "5 min", "3 h", "2 d", "7 mo", "2 y"; rounded down, as ages are.</summary>
    /// <param name="age">A TimeSpan; null gives nothing. An age below zero (a clock that stands behind) is "just now".</param>
    public static string Age(object? age) => Unwrap<TimeSpan>(age) is not { } span ? ""
        : span < TimeSpan.FromMinutes(1) ? "just now"
        : span < TimeSpan.FromHours(1) ? Whole(span.TotalMinutes, "min")
        : span < TimeSpan.FromDays(2) ? Whole(span.TotalHours, "h")
        : span < TimeSpan.FromDays(61) ? Whole(span.TotalDays, "d")
        : span < TimeSpan.FromDays(730) ? Whole(span.TotalDays / 30.44, "mo")
        : Whole(span.TotalDays / 365.25, "y");

    /// <summary>How long ago a time was, as <see cref="Age"/>.</summary>
    /// <param name="time">A DateTime; null gives nothing.</param>
    public static string Since(object? time) =>
        Unwrap<DateTime>(time) is { } moment ? Age(DateTime.UtcNow - moment.ToUniversalTime()) : "";

    /// <summary>A size with three figures at most: "512 B", "4.2 MB", "1.0 GB". A KB has 1,024 bytes, as in PowerShell.</summary>
    /// <param name="bytes">A whole number; null gives nothing.</param>
    public static string Size(object? bytes)
    {
        if (Number(bytes) is not { } size)
        {
            return "";
        }

        var unit = 0;
        var value = Math.Abs(size);
        while (value >= 999.5m && unit < Units.Length - 1)
        {
            value /= 1024;
            unit++;
        }

        var text = unit == 0 || value >= 99.95m
            ? Math.Round(value, MidpointRounding.AwayFromZero).ToString("0", CultureInfo.CurrentCulture)
            : value.ToString("0.0", CultureInfo.CurrentCulture);
        return $"{(size < 0 ? "-" : "")}{text} {Units[unit]}";
    }

    /// <summary>A duration: "85 ms", "4.2 s", "3 min 20 s", "2 h 5 min".</summary>
    /// <param name="duration">A TimeSpan; null gives nothing.</param>
    public static string Duration(object? duration)
    {
        if (Unwrap<TimeSpan>(duration) is not { } span)
        {
            return "";
        }

        return span < TimeSpan.FromSeconds(1) ? Whole(span.TotalMilliseconds, "ms")
            : span < TimeSpan.FromMinutes(1) ? $"{(Math.Floor(span.TotalSeconds * 10) / 10).ToString("0.0", CultureInfo.CurrentCulture)} s"
            : span < TimeSpan.FromHours(1) ? $"{span.Minutes} min {span.Seconds} s"
            : $"{Whole(span.TotalHours, "h")} {span.Minutes} min";
    }

    /// <summary>A time, in the culture's short form: "22.11.2026 03:10"; null gives nothing.</summary>
    /// <param name="time">A DateTime.</param>
    public static string Time(object? time) =>
        Unwrap<DateTime>(time) is { } moment ? moment.ToLocalTime().ToString("g", CultureInfo.CurrentCulture) : "";

    /// <summary>How many there are: "none", "1 item", "3 items".</summary>
    /// <param name="list">A list; null is none.</param>
    /// <param name="one">What one is called.</param>
    /// <param name="many">What several are called.</param>
    public static string Count(object? list, string one, string many)
    {
        var count = list switch
        {
            null => 0,
            System.Collections.ICollection collection => collection.Count,
            _ => 1,
        };
        return count switch
        {
            0 => "none",
            1 => $"1 {one}",
            _ => $"{count.ToString("N0", CultureInfo.CurrentCulture)} {many}",
        };
    }

    /// <summary>Puts a colour around a word, where there are colours.</summary>
    /// <param name="text">The word.</param>
    /// <param name="colour">The escape sequence of the colour, from $PSStyle; null or empty for none.</param>
    /// <param name="reset">The escape sequence that ends it.</param>
    public static string Coloured(string? text, string? colour, string? reset) =>
        string.IsNullOrEmpty(text) || string.IsNullOrEmpty(colour) ? text ?? "" : $"{colour}{text}{reset}";

    private static string Whole(double value, string unit) =>
        $"{Math.Floor(value).ToString("0", CultureInfo.CurrentCulture)} {unit}";

    private static T? Unwrap<T>(object? value)
        where T : struct => value is T found ? found : null;

    private static decimal? Number(object? value) => value switch
    {
        null => null,
        byte or short or int or long or uint or ulong or decimal => Convert.ToDecimal(value, CultureInfo.InvariantCulture),
        double real when Math.Abs(real) < 1e27 => (decimal)real,
        _ => null,
    };
}
