using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Bacnet;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Platform;
using EdgeBackup.Simulator.Bacnet;
using Xunit;

namespace EdgeBackup.Core.Tests.Devices.Bacnet;

public sealed class BacnetHistoryTests
{
    private static readonly DateTimeOffset Noon = new(2024, 7, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly BacnetObjectId Supply = new(BacnetObjectType.AnalogInput, 1);

    [Fact]
    public async Task The_logs_of_a_device_are_listed_with_name_unit_and_size()
    {
        await using var device = await SimulatedBacnetDevice.StartAsync();
        await using var connection = Connect(device);
        var listing = await connection.History!.ListAsync(CancellationToken.None);
        Assert.True(listing.HasEvents);
        Assert.Equal(["trend-log-1", "trend-log-multiple-1.1", "trend-log-multiple-1.2"], listing.Trends.Select(trend => trend.Id));
        Assert.Equal(["°C", "°C", "%"], listing.Trends.Select(trend => trend.Unit));
        Assert.Equal([96, 24, 24], listing.Trends.Select(trend => trend.Records));
        Assert.Equal("Supply temperature trend", listing.Trends[0].Name);
    }

    [Theory]
    [InlineData(1476, BacnetSegmentation.Both)]
    [InlineData(206, BacnetSegmentation.None)]
    public async Task A_trend_is_read_whole_and_then_only_what_is_new(int maxApdu, BacnetSegmentation segmentation)
    {
        await using var device = await SimulatedBacnetDevice.StartAsync(new SimulatedBacnetOptions { MaxApdu = maxApdu, Segmentation = segmentation, UtcOffset = -60 });
        var log = device.AddLog(BacnetObjectType.TrendLog, 5, "Many", 5000, Supply);
        log.Add(Values(0, 1000));
        await using var connection = Connect(device);
        var (records, cursor, gaps) = await ReadTrendAsync(connection, "trend-log-5", null);
        Assert.Empty(gaps);
        Assert.Equal(Enumerable.Range(1, 1000).Select(number => (long)number), records.Select(record => record.Sequence));
        Assert.Equal(Enumerable.Range(0, 1000).Select(number => Noon.AddMinutes(number)), records.Select(record => record.Time));
        Assert.Equal("0.5", records[0].Value);

        // Nothing twice: neither when there is nothing new, nor when there is.
        (records, var same, _) = await ReadTrendAsync(connection, "trend-log-5", cursor);
        Assert.Empty(records);
        Assert.Null(same);
        log.Add(Values(1000, 7));
        (records, _, gaps) = await ReadTrendAsync(connection, "trend-log-5", cursor);
        Assert.Empty(gaps);
        Assert.Equal(Enumerable.Range(1001, 7).Select(number => (long)number), records.Select(record => record.Sequence));
    }

    [Fact]
    public async Task What_a_full_buffer_forgot_is_a_gap_with_its_count()
    {
        await using var device = await SimulatedBacnetDevice.StartAsync();
        var log = device.AddLog(BacnetObjectType.TrendLog, 5, "Small", 100, Supply);
        log.Add(Values(0, 50));
        await using var connection = Connect(device);
        var (_, cursor, _) = await ReadTrendAsync(connection, "trend-log-5", null);
        log.Add(Values(50, 175));
        var (records, _, gaps) = await ReadTrendAsync(connection, "trend-log-5", cursor);
        Assert.Equal(75, Assert.Single(gaps).Lost);
        Assert.Equal(Enumerable.Range(126, 100).Select(number => (long)number), records.Select(record => record.Sequence));
    }

    [Fact]
    public async Task An_emptied_buffer_is_a_gap_and_says_that_it_was_emptied()
    {
        await using var device = await SimulatedBacnetDevice.StartAsync();
        var log = device.AddLog(BacnetObjectType.TrendLog, 5, "Small", 100, Supply);
        log.Add(Values(0, 20));
        await using var connection = Connect(device);
        var (_, cursor, _) = await ReadTrendAsync(connection, "trend-log-5", null);
        log.Add(Values(20, 10));
        log.Purge();
        var (records, _, gaps) = await ReadTrendAsync(connection, "trend-log-5", cursor);
        Assert.Equal(10, Assert.Single(gaps).Lost);
        Assert.Equal((null, "buffer-purged"), (records[0].Value, records[0].Status));
    }

    [Fact]
    public async Task A_log_that_was_begun_anew_is_a_gap_of_unknown_size()
    {
        await using var device = await SimulatedBacnetDevice.StartAsync();
        device.AddLog(BacnetObjectType.TrendLog, 5, "New", 100, Supply).Add(Values(0, 3));
        await using var connection = Connect(device);
        var (records, _, gaps) = await ReadTrendAsync(connection, "trend-log-5", "20:5=500");
        Assert.Null(Assert.Single(gaps).Lost);
        Assert.Equal(3, records.Count);
    }

    [Fact]
    public async Task Numbers_go_on_after_the_largest()
    {
        await using var device = await SimulatedBacnetDevice.StartAsync();
        var log = device.AddLog(BacnetObjectType.TrendLog, 5, "Old", 100, Supply);
        log.TotalCount = uint.MaxValue - 2;
        log.Add(Values(0, 2));
        await using var connection = Connect(device);
        var (_, cursor, _) = await ReadTrendAsync(connection, "trend-log-5", null);
        Assert.Equal("20:5=4294967295", cursor);
        log.Add(Values(2, 3));
        var (records, _, gaps) = await ReadTrendAsync(connection, "trend-log-5", cursor);
        Assert.Empty(gaps);
        Assert.Equal([1L, 2L, 3L], records.Select(record => record.Sequence));
    }

    [Fact]
    public async Task What_a_log_says_of_itself_is_kept()
    {
        await using var device = await SimulatedBacnetDevice.StartAsync();
        device.AddLog(BacnetObjectType.TrendLog, 5, "Mixed", 100, Supply).Add(
            new SimulatedStatusEntry(Noon, Disabled: true),
            new SimulatedStatusEntry(Noon, Interrupted: true),
            new SimulatedTimeChangeEntry(Noon, -3600),
            new SimulatedFailureEntry(Noon, BacnetErrorClass.Property, BacnetErrorCode.UnknownProperty),
            new SimulatedValueEntry(Noon, BacnetValue.OfBoolean(true), InAlarm: true),
            new SimulatedValueEntry(Noon, BacnetValue.OfUnsigned(7)),
            new SimulatedValueEntry(Noon, BacnetValue.OfSigned(-7)),
            new SimulatedValueEntry(Noon, BacnetValue.OfEnumerated(3)),
            new SimulatedValueEntry(Noon, BacnetValue.OfBits(BacnetBits.Of(4, 1))),
            new SimulatedValueEntry(Noon, BacnetValue.Null),
            new SimulatedValueEntry(Noon, BacnetValue.OfText("on")));
        await using var connection = Connect(device);
        var (records, _, _) = await ReadTrendAsync(connection, "trend-log-5", null);
        Assert.Equal([null, null, null, null, "true", "7", "-7", "3", "0100", null, "on"], records.Select(record => record.Value));
        Assert.Equal(
            ["log-disabled", "log-interrupted", "time-change -3600 s", "failure property unknown-property", "in-alarm"],
            records.Take(5).Select(record => record.Status));
        Assert.Equal("null", records[9].Status);
    }

    [Fact]
    public async Task Each_member_of_a_log_of_several_values_is_a_trend()
    {
        await using var device = await SimulatedBacnetDevice.StartAsync();
        device.Log(BacnetObjectType.TrendLogMultiple, 1).Add(new SimulatedStatusEntry(Noon, Interrupted: true));
        await using var connection = Connect(device);
        var (first, _, _) = await ReadTrendAsync(connection, "trend-log-multiple-1.1", null);
        var (second, _, _) = await ReadTrendAsync(connection, "trend-log-multiple-1.2", null);
        Assert.Equal(25, first.Count);
        Assert.Equal(("20", "40"), (first[0].Value, second[0].Value));
        Assert.Equal(("log-interrupted", "log-interrupted"), (first[24].Status, second[24].Status));
    }

    [Fact]
    public async Task Several_event_logs_are_one_sequence()
    {
        await using var device = await SimulatedBacnetDevice.StartAsync();
        var other = device.AddLog(BacnetObjectType.EventLog, 2, "More events", 10);
        other.Add(Alarm("first"));
        await using var connection = Connect(device);
        var (events, cursor, gaps) = await ReadEventsAsync(connection, null);
        Assert.Empty(gaps);
        Assert.Equal(21, events.Count);
        Assert.Equal(("EventLog:1/1", "alarm", "AnalogInput:1", "Supply temperature too high", "normal", "high-limit"),
            (events[0].Id, events[0].Category, events[0].Source, events[0].Message, events[0].Old, events[0].New));
        Assert.Equal("first", events[20].Message);
        other.Add(Enumerable.Range(0, 12).Select(number => Alarm($"more {number}")));
        (events, _, gaps) = await ReadEventsAsync(connection, cursor);
        Assert.Equal(2, Assert.Single(gaps).Lost);
        Assert.Equal(10, events.Count);
        Assert.Equal("EventLog:2/4", events[0].Id);
    }

    [Fact]
    public async Task A_cursor_of_another_source_is_refused()
    {
        await using var device = await SimulatedBacnetDevice.StartAsync();
        await using var connection = Connect(device);
        var exception = await Assert.ThrowsAsync<EdgeBackupException>(() => ReadTrendAsync(connection, "trend-log-1", "e:17"));
        Assert.Equal(ErrorIds.DeviceResponseInvalid, exception.ErrorId);
        await Assert.ThrowsAsync<EdgeBackupException>(() => ReadTrendAsync(connection, "no-such", null));
    }

    [Fact]
    public void A_device_without_an_offset_is_told_by_its_clock()
    {
        var clock = new BacnetDeviceClock(TimeSpan.FromHours(-2));
        Assert.Equal(new DateTimeOffset(2024, 7, 1, 10, 0, 0, TimeSpan.Zero), clock.ToUtc(new DateTime(2024, 7, 1, 12, 0, 0, DateTimeKind.Unspecified)));
        Assert.Equal(DateTimeOffset.UnixEpoch, clock.ToUtc(null));
    }

    private static BacnetDeviceConnection Connect(SimulatedBacnetDevice device) => new(
        new ConnectionOptions { Address = DeviceAddress.Parse(device.Address, "/") }, SystemPlatform.Create(), TimeProvider.System, new BacnetProcedureLocks());

    private static IEnumerable<SimulatedLogEntry> Values(int first, int count) => Enumerable.Range(first, count)
        .Select(SimulatedLogEntry (number) => new SimulatedValueEntry(Noon.AddMinutes(number), BacnetValue.OfReal(number + 0.5f)));

    private static SimulatedNotificationEntry Alarm(string message) => new SimulatedNotificationEntry(Noon, Supply, 5, message, 0, 0, 3);

    private static async Task<(List<TrendRecord> Records, string? Cursor, List<HistoryGap> Gaps)> ReadTrendAsync(IDeviceConnection connection, string trend, string? cursor) =>
        await DrainAsync(connection.History!.ReadTrendAsync(trend, cursor, CancellationToken.None));

    private static async Task<(List<DeviceEvent> Records, string? Cursor, List<HistoryGap> Gaps)> ReadEventsAsync(IDeviceConnection connection, string? cursor) =>
        await DrainAsync(connection.History!.ReadEventsAsync(cursor, CancellationToken.None));

    private static async Task<(List<T> Records, string? Cursor, List<HistoryGap> Gaps)> DrainAsync<T>(IAsyncEnumerable<HistoryPage<T>> pages)
    {
        var records = new List<T>();
        var gaps = new List<HistoryGap>();
        string? cursor = null;
        await foreach (var page in pages)
        {
            records.AddRange(page.Records);
            cursor = page.Next;
            if (page.Gap is not null)
            {
                gaps.Add(page.Gap);
            }
        }

        return (records, cursor, gaps);
    }
}
