using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations.SystemSchedules;
using EdgeBackup.Core.Tests.Devices.Ssh;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations.SystemSchedules;

public sealed class RunCalendarTests
{
    private static readonly int[] Minutes = [1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60, 120, 180, 240, 360, 480, 720, 1440];

    [Fact]
    public void Every_possible_calendar_is_read_back_from_what_is_written()
    {
        foreach (var calendar in All())
        {
            Assert.Equal(calendar, RunCalendar.FromSystemd(calendar.ToSystemd()));
            Assert.Equal(calendar, RunCalendar.FromCron(calendar.ToCron()));
        }
    }

    [Fact]
    public void A_line_of_cron_means_the_same_minutes_of_the_day()
    {
        foreach (var calendar in All())
        {
            var fields = calendar.ToCron().Split(' ');
            var expected = Enumerable.Range(0, 1440).Where(minute => minute % (int)calendar.Every.TotalMinutes == (int)calendar.Offset.TotalMinutes);
            var meant = Enumerable.Range(0, 1440).Where(minute => Matches(fields[0], minute % 60, 60) && Matches(fields[1], minute / 60, 24));
            Assert.Equal(expected, meant);
            Assert.Equal(["*", "*", "*"], fields[2..]);
        }
    }

    [Theory]
    [InlineData("00:25:00")]
    [InlineData("00:00:30")]
    [InlineData("00:00:00")]
    [InlineData("05:00:00")]
    [InlineData("01:30:00")]
    [InlineData("2.00:00:00")]
    public void What_no_scheduler_can_say_exactly_is_refused(string every)
    {
        var error = Assert.Throws<EdgeBackupException>(() => RunCalendar.Create(TimeSpan.Parse(every, null), TimeSpan.Zero));
        Assert.Equal(ErrorIds.ScheduleInvalid, error.ErrorId);
    }

    [Theory]
    [InlineData("-00:01:00")]
    [InlineData("1.00:00:00")]
    [InlineData("00:00:30")]
    public void What_is_no_time_of_day_is_refused(string at) =>
        Assert.Throws<EdgeBackupException>(() => RunCalendar.Create(TimeSpan.FromDays(1), TimeSpan.Parse(at, null)));

    [Theory]
    [InlineData("*-*-* *:*:00")]
    [InlineData("Mon *-*-* 03:00:00")]
    [InlineData("*-*-* *:20/15:00")]
    public void What_somebody_wrote_by_hand_is_not_taken_for_ours(string calendar) => Assert.Null(RunCalendar.FromSystemd(calendar));

    [Fact]
    public void The_next_run_keeps_its_hour_across_both_clock_changes()
    {
        var zone = TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin");
        var daily = RunCalendar.Create(TimeSpan.FromDays(1), new TimeSpan(1, 30, 0));
        Assert.Equal(new DateTimeOffset(2026, 3, 29, 0, 30, 0, TimeSpan.Zero), daily.Next(new DateTimeOffset(2026, 3, 28, 12, 0, 0, TimeSpan.Zero), zone));
        Assert.Equal(new DateTimeOffset(2026, 3, 29, 23, 30, 0, TimeSpan.Zero), daily.Next(new DateTimeOffset(2026, 3, 29, 12, 0, 0, TimeSpan.Zero), zone));
        Assert.Equal(new DateTimeOffset(2026, 10, 26, 0, 30, 0, TimeSpan.Zero), daily.Next(new DateTimeOffset(2026, 10, 25, 12, 0, 0, TimeSpan.Zero), zone));

        // 02:30 is not there on the night of spring.
        var inTheGap = RunCalendar.Create(TimeSpan.FromDays(1), new TimeSpan(2, 30, 0));
        Assert.Equal(new DateTimeOffset(2026, 3, 30, 0, 30, 0, TimeSpan.Zero), inTheGap.Next(new DateTimeOffset(2026, 3, 28, 12, 0, 0, TimeSpan.Zero), zone));
    }

    [ProgramFact("systemd-analyze")]
    public void Systemd_understands_each_as_it_is_meant()
    {
        var calendars = All().Where(calendar => calendar.Offset == TimeSpan.Zero || calendar.Offset + TimeSpan.FromMinutes(1) == calendar.Every).ToList();
        var now = DateTimeOffset.Parse("2026-03-01T10:04:30Z", null);
        var output = Programs.Run("env", ["TZ=UTC", "LC_ALL=C", "systemd-analyze", "calendar", "--base-time=2026-03-01 10:04:30 UTC", .. calendars.Select(calendar => calendar.ToSystemd())]);
        var next = output.Split('\n').Where(line => line.Contains("Next elapse:", StringComparison.Ordinal)).Select(line => line.Split(": ", 2)[1].Trim()).ToList();
        Assert.Equal(calendars.Select(calendar => calendar.Next(now, TimeZoneInfo.Utc).ToString("ddd yyyy-MM-dd HH:mm:ss 'UTC'", System.Globalization.CultureInfo.InvariantCulture)), next);
    }

    private static IEnumerable<RunCalendar> All() =>
        from every in Minutes
        from offset in new[] { 0, 1, 7, every - 1 }
        where offset < every
        select RunCalendar.Create(TimeSpan.FromMinutes(every), TimeSpan.FromMinutes(offset));

    private static bool Matches(string field, int value, int count)
    {
        var parts = field.Split('/');
        var step = parts.Length > 1 ? int.Parse(parts[1], null) : 1;
        var range = parts[0] == "*" ? [0, count - 1] : parts[0].Split('-').Select(part => int.Parse(part, null)).ToArray();
        return value >= range[0] && value <= range[^1] && (value - range[0]) % step == 0;
    }
}
