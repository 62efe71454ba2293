using NodaTime;

namespace EdgeBackup.Core.Schedule;

/// <summary>A stretch of time in which a window is open.</summary>
/// <param name="Start">UTC, included.</param>
/// <param name="End">UTC, not included; after <paramref name="Start"/>.</param>
public readonly record struct OpenHours(DateTimeOffset Start, DateTimeOffset End)
{
    public bool Contains(DateTimeOffset time) => Start <= time && time < End;
}

/// <summary>Turns a window's local hours into moments, right across clock changes.</summary>
public static class WindowCalendar
{
    /// <summary>Hours recur every week; a merged stretch of a whole week and a day fits in.</summary>
    private const int DaysBack = 9;
    private const int DaysAhead = 23;

    /// <summary>
    /// The stretches around a moment in which a window is open, in order, none touching another: at least the one that
    /// holds it, where there is one, and the two that come after it. Empty for a window that is always open.
    /// </summary>
    /// <param name="window">Local hours.</param>
    /// <param name="zone">Where they are local.</param>
    /// <param name="around">The moment.</param>
    public static IReadOnlyList<OpenHours> Open(BackupWindow window, DateTimeZone zone, DateTimeOffset around)
    {
        if (window.IsAlways)
        {
            return [];
        }

        var today = Instant.FromDateTimeOffset(around).InZone(zone).Date;
        var stretches = new List<OpenHours>();
        for (var date = today.PlusDays(-DaysBack); date <= today.PlusDays(DaysAhead); date = date.PlusDays(1))
        {
            var day = date.DayOfWeek == IsoDayOfWeek.Sunday ? DayOfWeek.Sunday : (DayOfWeek)(int)date.DayOfWeek;
            stretches.AddRange(window.Hours.Where(hours => hours.Days.Contains(day)).Select(hours => Resolve(hours, date, zone)));
        }

        return Merge(stretches);
    }

    /// <summary>
    /// An hour that the clock leaves out begins when the clock has jumped, and one that it runs through twice lasts for
    /// both. Of a stretch that falls wholly into what is left out, nothing would remain, and a backup that waits for it
    /// would not run that day: it takes place right after the jump, in full length.
    /// </summary>
    private static OpenHours Resolve(WindowHours hours, LocalDate date, DateTimeZone zone)
    {
        var start = At(date, hours.Start, zone, takeLast: false);
        var end = At(hours.End > hours.Start ? date : date.PlusDays(1), hours.End, zone, takeLast: true);
        return new OpenHours(start.ToDateTimeOffset(), (end > start ? end : start + Duration.FromMinutes(hours.Length)).ToDateTimeOffset());
    }

    private static Instant At(LocalDate date, int minutes, DateTimeZone zone, bool takeLast)
    {
        var mapping = zone.MapLocal(date.AtMidnight().PlusMinutes(minutes));
        return mapping.Count switch
        {
            0 => mapping.EarlyInterval.End,
            1 => mapping.Single().ToInstant(),
            _ => (takeLast ? mapping.Last() : mapping.First()).ToInstant(),
        };
    }

    private static List<OpenHours> Merge(List<OpenHours> stretches)
    {
        var merged = new List<OpenHours>();
        foreach (var next in stretches.OrderBy(stretch => stretch.Start))
        {
            if (merged.Count > 0 && next.Start <= merged[^1].End)
            {
                merged[^1] = merged[^1] with { End = next.End > merged[^1].End ? next.End : merged[^1].End };
            }
            else
            {
                merged.Add(next);
            }
        }

        return merged;
    }
}
