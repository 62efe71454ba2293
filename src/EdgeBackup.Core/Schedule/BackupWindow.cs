using System.Globalization;
using System.Text;

namespace EdgeBackup.Core.Schedule;

/// <summary>The same hours on some days of the week, in the local time of a site.</summary>
/// <param name="Days">The days on which the hours begin, Monday first; at least one.</param>
/// <param name="Start">Minutes after midnight, 0 to 1439.</param>
/// <param name="End">Minutes after midnight, 0 to 1440; at or before <paramref name="Start"/> it is on the next day.</param>
public sealed record WindowHours(IReadOnlyList<DayOfWeek> Days, int Start, int End)
{
    internal const int DayMinutes = 24 * 60;

    /// <summary>How long the hours are on a day without a clock change; more than 0, at most 1440 minutes.</summary>
    public int Length => End > Start ? End - Start : End + DayMinutes - Start;
}

/// <summary>When automatic backups may be taken (R11): <c>Mon-Fri 19:00-06:00, Sat-Sun 00:00-24:00</c>.</summary>
public sealed class BackupWindow
{
    /// <summary>Every day of the week, Monday first: the order in which people read a window.</summary>
    internal static readonly IReadOnlyList<DayOfWeek> Week =
        [DayOfWeek.Monday, DayOfWeek.Tuesday, DayOfWeek.Wednesday, DayOfWeek.Thursday, DayOfWeek.Friday, DayOfWeek.Saturday, DayOfWeek.Sunday];

    internal const string AlwaysText = "Always";

    /// <summary>At any time.</summary>
    public static readonly BackupWindow Always = new([]);

    private readonly string text;

    internal BackupWindow(IReadOnlyList<WindowHours> hours)
    {
        IsAlways = hours.Count == 0 || CoverWeek(hours);
        Hours = IsAlways ? [] : hours;
        text = IsAlways ? AlwaysText : string.Join(", ", hours.Select(Describe));
    }

    /// <summary>In the order in which they were written; empty for always.</summary>
    public IReadOnlyList<WindowHours> Hours { get; }

    /// <summary>Whether no moment of the week is left out.</summary>
    public bool IsAlways { get; }

    /// <summary>Reads a window.</summary>
    /// <param name="text"><c>Always</c>, or days and times with commas between; see docs, about_EdgeBackup.</param>
    /// <exception cref="FormatException">No window; the message names the character at which it goes wrong.</exception>
    public static BackupWindow Parse(string text) => new WindowParser(text).Parse();

    /// <summary>As it is written down; reading it gives the same window.</summary>
    public override string ToString() => text;

    private static bool CoverWeek(IReadOnlyList<WindowHours> hours)
    {
        var covered = new bool[7 * WindowHours.DayMinutes];
        foreach (var span in hours)
        {
            foreach (var day in span.Days)
            {
                var first = ((int)day * WindowHours.DayMinutes) + span.Start;
                for (var minute = 0; minute < span.Length; minute++)
                {
                    covered[(first + minute) % covered.Length] = true;
                }
            }
        }

        return Array.TrueForAll(covered, minute => minute);
    }

    private static string Describe(WindowHours hours)
    {
        var days = new StringBuilder();
        for (var index = 0; index < Week.Count; index++)
        {
            if (!hours.Days.Contains(Week[index]))
            {
                continue;
            }

            var last = index;
            while (last + 1 < Week.Count && hours.Days.Contains(Week[last + 1]))
            {
                last++;
            }

            days.Append(days.Length > 0 ? ", " : "").Append(Name(index));
            if (last > index)
            {
                days.Append('-').Append(Name(last));
            }

            index = last;
        }

        return $"{days} {Time(hours.Start)}-{Time(hours.End)}";

        static string Name(int index) => Week[index].ToString()[..3];

        static string Time(int minutes) => string.Create(CultureInfo.InvariantCulture, $"{minutes / 60:00}:{minutes % 60:00}");
    }
}
