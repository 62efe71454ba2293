using EdgeBackup.Core.Devices.Types;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Scheduling;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Schedule;
using NodaTime;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations.Scheduling;

/// <summary>R11: building servers are due outside their site's business hours, as their type says.</summary>
public sealed class BusinessHoursTests
{
    private static BackupWindow Window => BackupWindow.Parse(DeviceTypeCatalog.BuiltIn.Entries.Single(entry => entry.Type.Id == "bms-server").Type.Policy.Window!);

    [Fact]
    public async Task R11_a_building_server_waits_for_the_evening_of_its_site_and_its_own_policy_goes_before()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddSimulatedAsync("bms", isBuilding: true);
        await bench.AddFolderAsync("kiosk");
        await new ChangeDevice(bench.Context, bench.Observer).SetAsync("bms", new ChangeDeviceOptions { Site = "Lisbon" }, default);
        await SetAsync(bench, PolicyScope.Site, "LISBON", new PolicyValues { TimeZone = "Europe/Lisbon" });

        // A Wednesday in summer, when Lisbon is an hour before UTC.
        var wednesday = new LocalDate(bench.Clock.GetUtcNow().Year + 1, 6, 1).Next(IsoDayOfWeek.Wednesday);
        bench.Put(Utc(wednesday, 16, 30));
        var waiting = (await bench.RunScheduleAsync()).ToDictionary(outcome => outcome.Device);
        Assert.Equal(ScheduledResult.Completed, waiting["kiosk"].Result);
        Assert.Equal(ScheduledResult.NotDue, waiting["bms"].Result);
        Assert.Equal(Utc(wednesday, 17, 0), waiting["bms"].NextTry);
        bench.Put(Utc(wednesday, 17, 10));
        Assert.Equal(ScheduledResult.Completed, (await bench.RunScheduleAsync()).Single(outcome => outcome.Device == "bms").Result);

        var book = await PolicyBook.LoadAsync(bench.Context.Repository, default);
        var policy = book.For("bms", "bms-server", [], "Lisbon");
        Assert.Equal(("the device type", "site Lisbon", "Europe/Lisbon"), (policy.Sources["Window"], policy.Sources["TimeZone"], policy.TimeZone));
        Assert.Equal(BackupWindow.Always.ToString(), book.For("kiosk", "kiosk", [], "Lisbon").Window);

        // A day later at noon it would be too old: only its own policy lets it be taken then.
        bench.Put(Utc(wednesday.PlusDays(2), 12, 0));
        Assert.Equal(ScheduledResult.NotDue, (await bench.RunScheduleAsync(devices: ["bms"])).Single().Result);
        await SetAsync(bench, PolicyScope.Device, "bms", new PolicyValues { Window = "12:00-13:00", TimeZone = "UTC" });
        Assert.Equal(ScheduledResult.Completed, (await bench.RunScheduleAsync(devices: ["bms"])).Single().Result);
    }

    [Fact]
    public async Task A_building_server_whose_zone_nobody_has_set_is_warned_of_when_it_is_registered_and_at_each_run()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("kiosk");
        await bench.AddSimulatedAsync("bms", isBuilding: true);
        await new ChangeDevice(bench.Context, bench.Observer).SetAsync("bms", new ChangeDeviceOptions { Site = "Lisbon" }, default);
        await bench.RunScheduleAsync();
        Assert.Equal(2, bench.Observer.Warnings.Count);
        Assert.All(bench.Observer.Warnings, warning => Assert.StartsWith("bms: the hours in which the type wants automatic backups are taken in the time zone of this machine", warning, StringComparison.Ordinal));
        Assert.EndsWith("Set-EdgeBackupPolicy -Site 'Lisbon' -TimeZone.", bench.Observer.Warnings[^1], StringComparison.Ordinal);

        await SetAsync(bench, PolicyScope.Site, "Lisbon", new PolicyValues { TimeZone = "Europe/Lisbon" });
        await bench.RunScheduleAsync();
        await SetAsync(bench, PolicyScope.Device, "bms", new PolicyValues { Window = "12:00-13:00" });
        await bench.RunScheduleAsync();
        Assert.Equal(2, bench.Observer.Warnings.Count);
    }

    [Fact]
    public async Task A_site_goes_before_the_type_and_a_tag_before_the_site()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await SetAsync(bench, PolicyScope.Tag, "shop", new PolicyValues { KeepLast = 3 });
        await SetAsync(bench, PolicyScope.Site, "North", new PolicyValues { KeepLast = 2, ManualLimit = 2 });
        await SetAsync(bench, PolicyScope.Type, "kiosk", new PolicyValues { KeepLast = 1, ManualLimit = 1, RetentionMonths = 1 });
        var policy = (await PolicyBook.LoadAsync(bench.Context.Repository, default)).For("k", "kiosk", ["shop"], "north");
        Assert.Equal((3, 2, 1), (policy.KeepLast, policy.ManualLimit, policy.RetentionMonths));
        Assert.Equal(10, (await PolicyBook.LoadAsync(bench.Context.Repository, default)).For("k", "other", [], site: null).ManualLimit);
    }

    [Theory]
    [InlineData("Europe/Berlin", "2026-03-29")]
    [InlineData("Europe/Berlin", "2026-10-25")]
    [InlineData("America/New_York", "2026-03-08")]
    [InlineData("America/New_York", "2026-11-01")]
    [InlineData("Asia/Kathmandu", "2026-03-29")]
    public void Every_night_has_its_backup_and_no_business_hour_has_one_whatever_the_clock_does(string zone, string change)
    {
        var timeZone = TimeZones.Find(zone)!;
        var day = NodaTime.Text.LocalDatePattern.Iso.Parse(change).Value;
        var begin = day.PlusDays(-6).At(new LocalTime(12, 0)).InZoneLeniently(timeZone).ToDateTimeOffset();
        var taken = Simulate(timeZone, begin, begin.AddDays(12), newest: null);
        Assert.InRange(taken.Count, 11, 13);
        Assert.All(taken.Zip(taken.Skip(1)), pair => Assert.InRange((pair.Second - pair.First).TotalHours, 22.5, 25.5));
        Assert.All(taken, time =>
        {
            var local = Instant.FromDateTimeOffset(time).InZone(timeZone);
            Assert.True(local.DayOfWeek is IsoDayOfWeek.Saturday or IsoDayOfWeek.Sunday || local.Hour is < 6 or >= 18, $"{local} is a business hour.");
        });
    }

    [Fact]
    public void What_was_missed_while_the_machine_was_off_is_caught_up_once_in_the_next_night()
    {
        var berlin = TimeZones.Find("Europe/Berlin")!;
        var monday = new LocalDateTime(2026, 6, 8, 18, 5).InZoneLeniently(berlin).ToDateTimeOffset();
        var back = monday.AddDays(3).AddHours(-8);
        var decision = Decide(berlin, back, monday);
        Assert.Equal((DueState.WaitingForWindow, monday.AddDays(3).AddMinutes(-5)), (decision.State, decision.At));
        var taken = Simulate(berlin, back, back.AddHours(24), monday);
        Assert.InRange(Assert.Single(taken), monday.AddDays(3).AddMinutes(-5), monday.AddDays(3).AddMinutes(20));
    }

    private static DueDecision Decide(DateTimeZone zone, DateTimeOffset now, DateTimeOffset? newest) => new DuePlanner(now, TimeSpan.FromMinutes(5)).Decide(
        new DueSubject { Device = "bms", Interval = TimeSpan.FromHours(24), Window = Window, Zone = zone, Newest = newest });

    private static List<DateTimeOffset> Simulate(DateTimeZone zone, DateTimeOffset begin, DateTimeOffset end, DateTimeOffset? newest)
    {
        var taken = new List<DateTimeOffset>();
        for (var now = begin; now < end; now = now.AddMinutes(10))
        {
            var decision = Decide(zone, now, newest);
            if (decision.State == DueState.Due)
            {
                newest = (decision.At > now ? decision.At : now).AddSeconds(20);
                taken.Add(newest.Value);
            }
        }

        return taken;
    }

    private static DateTimeOffset Utc(LocalDate date, int hour, int minute) => new(date.Year, date.Month, date.Day, hour, minute, 0, TimeSpan.Zero);

    private static Task SetAsync(OperationsBench bench, PolicyScope scope, string key, PolicyValues values) =>
        PolicyBook.SetAsync(bench.Context.Repository, new PolicyEntry { Scope = scope, Key = key, Values = PolicyCheck.Normalize(values), Time = bench.Clock.GetUtcNow(), Author = "tester@bench" }, default);
}
