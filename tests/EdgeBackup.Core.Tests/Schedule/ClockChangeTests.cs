using EdgeBackup.Core.Schedule;
using NodaTime;
using NodaTime.Text;
using Xunit;

namespace EdgeBackup.Core.Tests.Schedule;

/// <summary>R11: windows across both changes of the clock, by the zones that the world has.</summary>
public sealed class ClockChangeTests
{
    [Theory]
    // Berlin leaves out 02:00 to 03:00 on 29 March 2026, and has it twice on 25 October.
    [InlineData("Europe/Berlin", "Sun 01:00-05:00", "2026-03-29", "2026-03-29T00:00Z", "2026-03-29T03:00Z")]
    [InlineData("Europe/Berlin", "Sun 02:00-03:00", "2026-03-29", "2026-03-29T01:00Z", "2026-03-29T02:00Z")]
    [InlineData("Europe/Berlin", "Sun 02:15-02:45", "2026-03-29", "2026-03-29T01:00Z", "2026-03-29T01:30Z")]
    [InlineData("Europe/Berlin", "Sun 02:30-04:00", "2026-03-29", "2026-03-29T01:00Z", "2026-03-29T02:00Z")]
    [InlineData("Europe/Berlin", "Sun 01:30-02:30", "2026-03-29", "2026-03-29T00:30Z", "2026-03-29T01:00Z")]
    [InlineData("Europe/Berlin", "Sat 19:00-06:00", "2026-03-28", "2026-03-28T18:00Z", "2026-03-29T04:00Z")]
    [InlineData("Europe/Berlin", "Sun 02:00-03:00", "2026-10-25", "2026-10-25T00:00Z", "2026-10-25T02:00Z")]
    [InlineData("Europe/Berlin", "Sun 02:15-02:45", "2026-10-25", "2026-10-25T00:15Z", "2026-10-25T01:45Z")]
    [InlineData("Europe/Berlin", "Sun 01:00-02:30", "2026-10-25", "2026-10-24T23:00Z", "2026-10-25T01:30Z")]
    // Santiago leaves out the first hour of a day, Lord Howe half an hour.
    [InlineData("America/Santiago", "Sun 00:00-01:00", "2026-09-06", "2026-09-06T04:00Z", "2026-09-06T05:00Z")]
    [InlineData("America/Santiago", "Sat 23:00-00:00", "2026-09-05", "2026-09-06T03:00Z", "2026-09-06T04:00Z")]
    [InlineData("Australia/Lord_Howe", "Sun 02:00-02:20", "2026-10-04", "2026-10-03T15:30Z", "2026-10-03T15:50Z")]
    // Kathmandu has none.
    [InlineData("Asia/Kathmandu", "Sun 02:00-03:00", "2026-03-29", "2026-03-28T20:15Z", "2026-03-28T21:15Z")]
    public void A_window_opens_and_closes_where_its_people_expect_it(string zone, string window, string day, string opens, string closes)
    {
        var timeZone = TimeZones.Find(zone)!;
        var noon = LocalDatePattern.Iso.Parse(day).Value.At(new LocalTime(12, 0)).InZoneLeniently(timeZone).ToDateTimeOffset();
        var open = WindowCalendar.Open(BackupWindow.Parse(window), timeZone, noon.AddDays(-3));
        Assert.Contains(new OpenHours(DateTimeOffset.Parse(opens, null), DateTimeOffset.Parse(closes, null)), open);
    }

    [Fact]
    public void Hours_that_touch_or_overlap_are_one()
    {
        var berlin = TimeZones.Find("Europe/Berlin")!;
        var open = WindowCalendar.Open(BackupWindow.Parse("Mon-Fri 19:00-06:00, Sat-Sun 00:00-24:00"), berlin, Utc("2026-06-10T12:00Z"));
        Assert.Contains(new OpenHours(Utc("2026-06-12T17:00Z"), Utc("2026-06-14T22:00Z")), open);
        Assert.Contains(new OpenHours(Utc("2026-06-15T17:00Z"), Utc("2026-06-16T04:00Z")), open);
    }

    public static TheoryData<string, string, string> Changes
    {
        get
        {
            var changes = new TheoryData<string, string, string>();
            foreach (var window in new[] { "02:00-03:00", "02:15-02:45", "01:30-02:30", "02:30-03:30", "01:00-04:00", "00:00-01:00", "23:30-00:30", "19:00-06:00", "Always" })
            {
                foreach (var (zone, change) in new[]
                {
                    ("Europe/Berlin", "2026-03-29"), ("Europe/Berlin", "2026-10-25"), ("America/New_York", "2026-03-08"), ("America/New_York", "2026-11-01"),
                    ("America/Santiago", "2026-09-06"), ("America/Santiago", "2026-04-05"), ("Australia/Lord_Howe", "2026-10-04"), ("Australia/Lord_Howe", "2026-04-05"),
                })
                {
                    changes.Add(zone, change, window);
                }
            }

            return changes;
        }
    }

    /// <summary>A run every ten minutes, days before and after a change of the clock: each day has its backup, and none has two.</summary>
    [Theory]
    [MemberData(nameof(Changes))]
    public void A_daily_backup_runs_exactly_once_for_each_opening_of_its_window(string zone, string change, string window)
    {
        var timeZone = TimeZones.Find(zone)!;
        var hours = BackupWindow.Parse(window);
        var day = LocalDatePattern.Iso.Parse(change).Value;
        var begin = day.PlusDays(-4).AtMidnight().PlusHours(12).InZoneLeniently(timeZone).ToDateTimeOffset();
        var end = day.PlusDays(4).AtMidnight().PlusHours(12).InZoneLeniently(timeZone).ToDateTimeOffset();
        var taken = Simulate(hours, timeZone, begin, end, begin.AddHours(-12));
        if (hours.IsAlways)
        {
            // By the clock on the wall it moves; what was promised is 24 hours.
            Assert.All(taken.Zip(taken.Skip(1)), pair => Assert.InRange((pair.Second - pair.First).TotalHours, 24, 24.2));
            Assert.InRange(taken.Count, 7, 9);
            return;
        }

        var openings = WindowCalendar.Open(hours, timeZone, day.AtStartOfDayInZone(timeZone).ToDateTimeOffset()).Where(open => open.Start >= begin && open.End <= end).ToList();
        Assert.Equal(8, openings.Count);
        Assert.All(openings, open => Assert.Single(taken, open.Contains));
        Assert.All(taken, time => Assert.Contains(openings, open => open.Contains(time)));
    }

    private static List<DateTimeOffset> Simulate(BackupWindow window, DateTimeZone zone, DateTimeOffset begin, DateTimeOffset end, DateTimeOffset newest)
    {
        var taken = new List<DateTimeOffset>();
        for (var now = begin; now < end; now = now.AddMinutes(10))
        {
            var decision = new DuePlanner(now, TimeSpan.FromMinutes(5)).Decide(
                new DueSubject { Device = "edge-1", Interval = TimeSpan.FromHours(24), Window = window, Zone = zone, Newest = newest });
            if (decision.State == DueState.Due)
            {
                newest = (decision.At > now ? decision.At : now).AddSeconds(20);
                taken.Add(newest);
            }
        }

        return taken;
    }

    private static DateTimeOffset Utc(string text) => DateTimeOffset.Parse(text, null);
}
