using System.Globalization;
using System.Text.RegularExpressions;
using EdgeBackup.Core.Errors;

namespace EdgeBackup.Core.Operations.SystemSchedules;

/// <summary>
/// When a schedule runs: every so many minutes or hours, counted from midnight, so that each of the schedulers can say it
/// exactly. Local time; a run more or less at a clock change does no harm, since a run does only what is due.
/// </summary>
/// <param name="Every">Minutes that divide an hour, hours that divide a day, or a day.</param>
/// <param name="Offset">Of the first run after midnight; whole minutes below <paramref name="Every"/>.</param>
public sealed partial record RunCalendar(TimeSpan Every, TimeSpan Offset)
{
    private const int MinutesOfHour = 60;
    private const int HoursOfDay = 24;

    /// <param name="every">How often.</param>
    /// <param name="at">A time of day at which a run begins.</param>
    /// <exception cref="EdgeBackupException">ScheduleInvalid.</exception>
    public static RunCalendar Create(TimeSpan every, TimeSpan at)
    {
        if (at < TimeSpan.Zero || at >= TimeSpan.FromDays(1) || at.Ticks % TimeSpan.TicksPerMinute != 0)
        {
            throw new EdgeBackupException(ErrorIds.ScheduleInvalid, $"{at:c} is no time of day in hours and minutes. Give one such as 01:30.", at.ToString("c"));
        }

        return IsPossible(every)
            ? new RunCalendar(every, new TimeSpan(at.Ticks % every.Ticks))
            : throw new EdgeBackupException(
                ErrorIds.ScheduleInvalid,
                $"No scheduler can run something exactly every {every:c}. Give minutes that divide an hour (00:05:00, 00:15:00, 00:30:00), hours that divide a day (01:00:00, 06:00:00), or 1.00:00:00.",
                every.ToString("c"));
    }

    /// <summary>For OnCalendar= (systemd.time(7)).</summary>
    public string ToSystemd() =>
        Every < TimeSpan.FromHours(1) ? $"*-*-* *:{Offset.Minutes:00}/{Every.Minutes}:00"
        : Every < TimeSpan.FromDays(1) ? $"*-*-* {Offset.Hours:00}/{Every.Hours}:{Offset.Minutes:00}:00"
        : $"*-*-* {Offset.Hours:00}:{Offset.Minutes:00}:00";

    /// <summary>The first five fields of a line in crontab(5).</summary>
    public string ToCron() =>
        Every < TimeSpan.FromHours(1) ? $"{Series(Offset.Minutes, Every.Minutes, MinutesOfHour)} * * * *"
        : Every < TimeSpan.FromDays(1) ? $"{Offset.Minutes} {Series(Offset.Hours, Every.Hours, HoursOfDay)} * * *"
        : $"{Offset.Minutes} {Offset.Hours} * * *";

    /// <returns>Null for what <see cref="ToSystemd"/> does not write.</returns>
    public static RunCalendar? FromSystemd(string text) =>
        SystemdMinutes().Match(text) is { Success: true } minutes ? Read(Number(minutes, 2), 0, Number(minutes, 1), MinutesOfHour)
        : SystemdHours().Match(text) is { Success: true } hours ? Read(Number(hours, 2) * MinutesOfHour, Number(hours, 1), Number(hours, 3), HoursOfDay * MinutesOfHour)
        : SystemdDay().Match(text) is { Success: true } day ? Read(HoursOfDay * MinutesOfHour, Number(day, 1), Number(day, 2), HoursOfDay * MinutesOfHour)
        : null;

    /// <returns>Null for what <see cref="ToCron"/> does not write.</returns>
    public static RunCalendar? FromCron(string text) =>
        CronMinutes().Match(text) is { Success: true } minutes ? Read(Number(minutes, 2, 1), 0, Number(minutes, 1), MinutesOfHour)
        : CronHours().Match(text) is { Success: true } hours ? Read(Number(hours, 3, 1) * MinutesOfHour, Number(hours, 2), Number(hours, 1), HoursOfDay * MinutesOfHour)
        : CronDay().Match(text) is { Success: true } day ? Read(HoursOfDay * MinutesOfHour, Number(day, 2), Number(day, 1), HoursOfDay * MinutesOfHour)
        : null;

    /// <summary>The first run after a moment.</summary>
    public DateTimeOffset Next(DateTimeOffset now, TimeZoneInfo zone)
    {
        // From midnight on, since a clock change moves the runs with the clock; a minute at a time over at most two days.
        var local = TimeZoneInfo.ConvertTime(now, zone).DateTime;
        var candidate = local.Date + Offset;
        while (candidate <= local || zone.IsInvalidTime(candidate) || ToInstant(candidate) <= now)
        {
            candidate += Every;
        }

        return ToInstant(candidate);

        DateTimeOffset ToInstant(DateTime time) => new(time, zone.GetUtcOffset(time));
    }

    private static bool IsPossible(TimeSpan every) =>
        every == TimeSpan.FromDays(1)
        || (every >= TimeSpan.FromHours(1) && every.Ticks % TimeSpan.TicksPerHour == 0 && TimeSpan.TicksPerDay % every.Ticks == 0)
        || (every >= TimeSpan.FromMinutes(1) && every.Ticks % TimeSpan.TicksPerMinute == 0 && TimeSpan.TicksPerHour % every.Ticks == 0);

    private static RunCalendar? Read(int everyMinutes, int offsetHours, int offsetMinutes, int limit)
    {
        var every = TimeSpan.FromMinutes(everyMinutes);
        var offset = new TimeSpan(offsetHours, offsetMinutes, 0);
        return IsPossible(every) && offset < every && everyMinutes <= limit ? new RunCalendar(every, offset) : null;
    }

    /// <summary>From the first to the end of the hour or day. A step alone would begin at zero.</summary>
    private static string Series(int first, int step, int count) =>
        step == 1 ? "*" : first == 0 ? $"*/{step}" : $"{first}-{count - 1}/{step}";

    private static int Number(Match match, int group, int otherwise = 0) =>
        match.Groups[group].Success ? int.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture) : otherwise;

    [GeneratedRegex(@"^\*-\*-\* \*:(\d\d)/(\d{1,2}):00$")]
    private static partial Regex SystemdMinutes();

    [GeneratedRegex(@"^\*-\*-\* (\d\d)/(\d{1,2}):(\d\d):00$")]
    private static partial Regex SystemdHours();

    [GeneratedRegex(@"^\*-\*-\* (\d\d):(\d\d):00$")]
    private static partial Regex SystemdDay();

    [GeneratedRegex(@"^(?:\*|(\d{1,2})-59)(?:/(\d{1,2}))? \* \* \* \*$")]
    private static partial Regex CronMinutes();

    [GeneratedRegex(@"^(\d{1,2}) (?:\*|(\d{1,2})-23)(?:/(\d{1,2}))? \* \* \*$")]
    private static partial Regex CronHours();

    [GeneratedRegex(@"^(\d{1,2}) (\d{1,2}) \* \* \*$")]
    private static partial Regex CronDay();
}
