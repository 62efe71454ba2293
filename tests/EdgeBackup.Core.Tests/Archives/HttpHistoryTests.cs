using System.Text;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Http;
using EdgeBackup.Core.Errors;
using EdgeBackup.Simulator.Devices;
using Xunit;

namespace EdgeBackup.Core.Tests.Archives;

/// <summary>Events and trends over HTTP, from the simulator and from devices that answer badly.</summary>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Reliability", "CA1001", Justification = "xunit calls DisposeAsync.")]
public sealed class HttpHistoryTests : IAsyncLifetime
{
    private SimulatedDevice device = null!;
    private HttpDeviceConnection connection = null!;

    public async Task InitializeAsync()
    {
        device = await SimulatedDevice.StartAsync(new SimulatedDeviceOptions { Id = "bms-1", Type = "bms-server" });
        connection = new HttpDeviceConnection(new ConnectionOptions { Address = DeviceAddress.Parse(device.Address.AbsoluteUri, Path.GetTempPath()), Id = "bms-1" }, TimeProvider.System);
    }

    public async Task DisposeAsync()
    {
        await connection.DisposeAsync();
        await device.DisposeAsync();
    }

    /// <summary>What the simulator tells of a time.</summary>
    private static DateTimeOffset Milliseconds(DateTimeOffset time) => time.AddTicks(-(time.Ticks % TimeSpan.TicksPerMillisecond));

    [Fact]
    public async Task All_records_come_in_order_and_a_cursor_goes_on_behind_them()
    {
        var listing = await connection.History.ListAsync(default);
        Assert.True(listing.HasEvents);
        Assert.Equal("e1", listing.OldestEvent?.Id);
        Assert.Equal(new TrendLog("supply", "Supply temperature", "°C", 96, true), Assert.Single(listing.Trends));
        var pages = await connection.History.ReadEventsAsync(null, default).ToListAsync();
        Assert.Equal(Enumerable.Range(1, 50).Select(number => $"e{number}"), pages.SelectMany(page => page.Records).Select(record => record.Id));
        var third = pages[0].Records[2];
        Assert.Equal((Milliseconds(device.Events[2].Time), "setpoint", "operator", "21.0", "21.5"), (third.Time, third.Category, third.User, third.Old, third.New));
        Assert.Equal(TimeSpan.Zero, third.Time.Offset);
        device.AddEvent(device.Events[0] with { Id = "more" });
        var later = await connection.History.ReadEventsAsync(pages[^1].Next, default).ToListAsync();
        Assert.Equal("more", Assert.Single(later.SelectMany(page => page.Records)).Id);
        var values = await connection.History.ReadTrendAsync("supply", null, default).ToListAsync();
        Assert.Equal(96, values.Sum(page => page.Records.Count));
        Assert.Equal(new TrendRecord(1, Milliseconds(device.Trends[0].Records[0].Time), "20.1", "ok"), values[0].Records[0]);
    }

    [Theory]
    [InlineData("events*")]
    [InlineData("trends")]
    public async Task A_device_that_falls_silent_while_its_logs_are_listed_is_given_up_at_once(string path)
    {
        device.Faults.Add(new SimulatedFault { Kind = FaultKind.Silent, Path = path, Times = -1 });
        await using var impatient = new HttpDeviceConnection(new ConnectionOptions { Address = DeviceAddress.Parse(device.Address.AbsoluteUri, Path.GetTempPath()), Id = "bms-1", SilenceLimit = TimeSpan.FromMilliseconds(300) }, TimeProvider.System);

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => impatient.History.ListAsync(default));
        Assert.Equal(ErrorIds.DeviceUnreachable, error.ErrorId);
        Assert.DoesNotContain(device.Calls, call => path != "trends" && call.Path == "trends");
    }

    [Fact]
    public async Task What_fell_out_of_the_buffer_is_a_gap_before_the_oldest_that_is_left()
    {
        device.Faults.OldestRecord = 10;
        var pages = await connection.History.ReadEventsAsync("c3", default).ToListAsync();
        Assert.Contains("overflowed", pages[0].Gap!.Reason, StringComparison.Ordinal);
        Assert.Equal("e11", pages[0].Records[0].Id);
        Assert.All(pages.Skip(1), page => Assert.Null(page.Gap));
    }

    [Fact]
    public async Task A_page_that_is_too_long_is_asked_for_in_smaller_ones()
    {
        foreach (var number in Enumerable.Range(1, 900))
        {
            device.AddEvent(device.Events[0] with { Id = $"long{number}", Message = new string('x', 10_000) });
        }

        Assert.Equal(950, (await connection.History.ReadEventsAsync(null, default).ToListAsync()).Sum(page => page.Records.Count));
    }

    [Fact]
    public async Task A_device_that_logs_each_call_is_read_to_an_end()
    {
        var pages = 0;
        await foreach (var page in connection.History.ReadEventsAsync(null, default))
        {
            device.AddEvent(device.Events[0] with { Id = "call" });
            Assert.InRange(++pages, 1, 5);
        }
    }

    [Fact]
    public async Task A_device_that_gives_fewer_at_once_than_it_is_asked_for_is_read_to_its_end()
    {
        // As many as its own limit allows, again and again, is not the end.
        for (var start = 0; start < 50; start += 20)
        {
            var records = string.Join(',', Enumerable.Range(0, Math.Min(20, 50 - start)).Select(_ => """{"time":"2026-11-01T10:00:00Z","category":"x"}"""));
            device.Faults.Add(new SimulatedFault { Kind = FaultKind.ReplaceBody, Path = "events*", Body = $$"""{"records":[{{records}}],"next":"c{{Math.Min(start + 20, 50)}}"}""" });
        }

        Assert.Equal(50, (await connection.History.ReadEventsAsync(null, default).ToListAsync()).Sum(page => page.Records.Count));
    }

    [Fact]
    public async Task A_device_without_events_or_trends_says_so()
    {
        device.Features = [];
        var listing = await connection.History.ListAsync(default);
        Assert.Equal((false, 0), (listing.HasEvents, listing.Trends.Count));
    }

    [Theory]
    [InlineData("<html>", "page and no JSON")]
    [InlineData("{", "no JSON")]
    [InlineData("[]", "no object")]
    [InlineData("{}", "'records' is missing")]
    [InlineData("""{"records":[]}""", "'next' is missing")]
    [InlineData("""{"records":[],"next":""}""", "cannot be a cursor")]
    [InlineData("""{"records":[],"next":7}""", "no text")]
    [InlineData("""{"records":{},"next":"c"}""", "no list")]
    [InlineData("""{"records":[7],"next":"c"}""", "records[0]")]
    [InlineData("""{"records":[{"category":"x"}],"next":"c"}""", "'records[0].time' is missing")]
    [InlineData("""{"records":[{"time":"2026-11-01T10:00:00","category":"x"}],"next":"c"}""", "no time with an offset")]
    [InlineData("""{"records":[{"time":"2026-11-01T10:00:00Z"}],"next":"c"}""", "'records[0].category' is missing")]
    [InlineData("""{"records":[{"time":"2026-11-01T10:00:00Z","category":{}}],"next":"c"}""", "neither a text nor a number")]
    [InlineData("""{"records":[],"next":"c"} {}""", "no JSON")]
    [InlineData("""{"records":[],"records":[],"next":"c"}""", "twice")]
    [InlineData("""{"records":[{"time":"2026-11-01T10:00:00Z","category":"\ud800"}],"next":"c"}""", "Unicode")]
    public async Task A_bad_page_is_named(string body, string what)
    {
        device.Faults.Add(new SimulatedFault { Kind = FaultKind.ReplaceBody, Path = "events*", Body = body });
        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => connection.History.ReadEventsAsync(null, default).ToListAsync().AsTask());
        Assert.Equal(ErrorIds.DeviceResponseInvalid, error.ErrorId);
        Assert.Contains("GET events", error.Message, StringComparison.Ordinal);
        Assert.Contains(what, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_device_that_gives_the_same_page_for_ever_is_stopped()
    {
        device.Faults.Add(new SimulatedFault { Kind = FaultKind.ReplaceBody, Path = "events*", Times = -1, Body = """{"records":[{"time":"2026-11-01T10:00:00Z","category":"x"}],"next":"c1"}""" });
        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => connection.History.ReadEventsAsync(null, default).ToListAsync().AsTask());
        Assert.Contains("never end", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Values_keep_the_digits_that_the_device_gave_and_members_that_are_not_known_are_passed_over()
    {
        var reader = new HistoryPageReader(new DeviceFault(new ConnectionOptions { Address = DeviceAddress.Parse("http://x/", Path.GetTempPath()) }), "GET x");
        var page = reader.ReadTrend(Encoding.UTF8.GetBytes(
            """
            {"more":{"deep":[1,{"a":2}]},"records":[
            {"seq":1,"time":"2026-11-01T12:00:00+02:00","value":20.500,"status":"ok","unknown":[1,2]},
            {"seq":2,"time":"2026-11-01T10:00:00.123456789Z","value":1e400},
            {"seq":3,"time":"2026-11-01T10:00:00Z","value":true,"status":null},
            {"seq":4,"time":"2026-11-01T10:00:00Z","value":null,"status":"log-disabled"},
            {"seq":5,"time":"2026-11-01T10:00:00z","value":"occupied"}],"next":"c5"}
            """));
        Assert.Equal(["20.500", "1e400", "true", null, "occupied"], page.Records.Select(record => record.Value));
        Assert.Equal(["ok", "", "", "log-disabled", ""], page.Records.Select(record => record.Status));
        Assert.Equal(new DateTimeOffset(2026, 11, 1, 10, 0, 0, TimeSpan.Zero), page.Records[0].Time);
        Assert.Equal("c5", page.Next);
    }
}
