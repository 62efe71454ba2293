using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Bacnet;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Platform;
using EdgeBackup.Core.Schedule;
using EdgeBackup.Simulator.Bacnet;
using NodaTime;
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
    public async Task Records_that_the_device_has_and_does_not_give_are_no_gap_but_an_error()
    {
        await using var device = await SimulatedBacnetDevice.StartAsync();
        device.AddLog(BacnetObjectType.TrendLog, 5, "Odd", 100, Supply).Add(Values(0, 20));
        device.Faults.ReadsFurther = 3;
        await using var connection = Connect(device);

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => ReadTrendAsync(connection, "trend-log-5", null));

        Assert.Equal(ErrorIds.DeviceResponseInvalid, error.ErrorId);
        Assert.Contains("another position", error.Message, StringComparison.Ordinal);
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
        Assert.StartsWith("20:5=4294967295@", cursor, StringComparison.Ordinal);
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

    [Fact]
    public async Task Status_flags_behind_what_a_log_says_of_itself_do_not_stop_it()
    {
        await using var device = await SimulatedBacnetDevice.StartAsync(new SimulatedBacnetOptions { FlagsBehindEveryRecord = true });
        device.AddLog(BacnetObjectType.TrendLog, 5, "Mixed", 100, Supply).Add(
            new SimulatedStatusEntry(Noon, Disabled: true),
            new SimulatedTimeChangeEntry(Noon, -3600),
            new SimulatedFailureEntry(Noon, BacnetErrorClass.Property, BacnetErrorCode.UnknownProperty),
            new SimulatedValueEntry(Noon, BacnetValue.OfBoolean(true), InAlarm: true));
        await using var connection = Connect(device);

        var (records, _, _) = await ReadTrendAsync(connection, "trend-log-5", null);

        Assert.Equal(["log-disabled", "time-change -3600 s", "failure property unknown-property", "in-alarm"], records.Select(record => record.Status));
    }

    [Fact]
    public void What_is_of_a_kind_that_nobody_reads_keeps_its_place_and_says_so()
    {
        // 1 July 2024, 12:00:00.00; then a value of the reserved choice 14, an any-value with the reserved type 13, and 1.5.
        byte[] time = [0x0e, 0xa4, 0x7c, 0x07, 0x01, 0x01, 0xb4, 0x0c, 0x00, 0x00, 0x00, 0x0f];
        byte[] items =
        [
            .. time, 0x1e, 0xe9, 0x05, 0x1f, 0x2a, 0x04, 0x80,
            .. time, 0x1e, 0xae, 0xd1, 0x05, 0xaf, 0x1f,
            .. time, 0x1e, 0x2c, 0x3f, 0xc0, 0x00, 0x00, 0x1f,
        ];

        var records = BacnetLogReader.Read(BacnetObjectType.TrendLog, items);

        Assert.Equal([null, null, "1.5"], records.Select(record => record.Values[0]));
        Assert.Equal(["unreadable,in-alarm", "unreadable", ""], records.Select(record => record.Status[0]));
    }

    [Fact]
    public async Task A_log_that_was_begun_anew_and_has_come_farther_than_before_is_read_from_its_beginning()
    {
        await using var device = await SimulatedBacnetDevice.StartAsync();
        var log = device.AddLog(BacnetObjectType.TrendLog, 5, "Young", 100, Supply);
        log.Add(Values(0, 5));
        await using var connection = Connect(device);
        var (_, cursor, _) = await ReadTrendAsync(connection, "trend-log-5", null);
        Assert.Equal("20:5=5@2024070112040000", cursor);
        log.BeginAnew();
        log.Add(Values(500, 8));

        var (records, _, gaps) = await ReadTrendAsync(connection, "trend-log-5", cursor);

        Assert.Null(Assert.Single(gaps).Lost);
        Assert.Equal(Enumerable.Range(1, 8).Select(number => (long)number), records.Select(record => record.Sequence));

        // A cursor of before has no time, and goes on as it did.
        Assert.Equal(3, (await ReadTrendAsync(connection, "trend-log-5", "20:5=5")).Records.Count);
    }

    [Fact]
    public async Task One_event_log_that_cannot_be_read_keeps_its_place_and_none_of_the_others_from_being_read()
    {
        await using var device = await SimulatedBacnetDevice.StartAsync();
        var broken = device.AddLog(BacnetObjectType.EventLog, 2, "Broken", 10);
        broken.Add(Alarm("before"));
        var behind = device.AddLog(BacnetObjectType.EventLog, 3, "Behind", 10);
        await using var connection = Connect(device);
        var (_, cursor, _) = await ReadEventsAsync(connection, null);
        broken.Add(Alarm("unread"));
        behind.Add(Alarm("behind"));

        // Of the two logs that have something new, the first answers with what nobody can read.
        device.Faults.Add(new SimulatedBacnetFault { Kind = BacnetFaultKind.Garbage, Service = BacnetConfirmedService.ReadRange, Answer = BrokenRange(2), Times = 2 });
        var pages = new List<HistoryPage<DeviceEvent>>();
        var error = await Assert.ThrowsAsync<EdgeBackupException>(async () =>
        {
            await foreach (var page in connection.History!.ReadEventsAsync(cursor, CancellationToken.None))
            {
                pages.Add(page);
            }
        });

        Assert.Equal(["behind"], pages.SelectMany(page => page.Records).Select(record => record.Message));
        Assert.Equal(ErrorIds.DeviceResponseInvalid, error.ErrorId);
        Assert.Contains("EventLog:2", error.Message, StringComparison.Ordinal);
        var (rest, _, gaps) = await ReadEventsAsync(connection, pages[^1].Next);
        Assert.Equal(["unread"], rest.Select(record => record.Message));
        Assert.Empty(gaps);
    }

    [Fact]
    public async Task Both_halves_of_a_year_are_right_where_the_zone_is_known_and_the_repeated_hour_is_in_order()
    {
        var vienna = TimeZones.Find("Europe/Vienna")!;
        await using var device = await SimulatedBacnetDevice.StartAsync(new SimulatedBacnetOptions { UtcOffset = -60, Zone = vienna });
        var change = new DateTimeOffset(2024, 10, 27, 1, 0, 0, TimeSpan.Zero);
        DateTimeOffset[] times =
        [
            new(2024, 1, 15, 12, 0, 0, TimeSpan.Zero), new(2024, 7, 15, 12, 0, 0, TimeSpan.Zero),
            .. Enumerable.Range(-8, 16).Select(quarter => change.AddMinutes(15 * quarter)),
        ];
        device.AddLog(BacnetObjectType.TrendLog, 5, "Quarters", 100, Supply).Add(times.Select(SimulatedLogEntry (time) => new SimulatedValueEntry(time, BacnetValue.OfReal(1))));
        var hours = Enumerable.Range(-5, 10).Select(hour => change.AddHours(hour)).ToList();
        device.AddLog(BacnetObjectType.TrendLog, 6, "Hours", 100, Supply).Add(hours.Select(SimulatedLogEntry (time) => new SimulatedValueEntry(time, BacnetValue.OfReal(1))));
        await using var connection = Connect(device, vienna);

        Assert.Equal(times, (await ReadTrendAsync(connection, "trend-log-5", null)).Records.Select(record => record.Time));
        Assert.Equal(hours, (await ReadTrendAsync(connection, "trend-log-6", null)).Records.Select(record => record.Time));
    }

    [Fact]
    public async Task A_device_whose_clock_does_not_go_by_the_zone_is_taken_at_its_word_and_that_is_said()
    {
        await using var device = await SimulatedBacnetDevice.StartAsync(new SimulatedBacnetOptions { UtcOffset = 300 });
        device.AddLog(BacnetObjectType.TrendLog, 5, "One", 10, Supply).Add(Values(0, 1));
        var warnings = new List<string>();
        await using var connection = Connect(device, TimeZones.Find("Europe/Vienna"), warnings.Add);

        var history = connection.History!;
        var (records, _, _) = await DrainAsync(history.ReadTrendAsync("trend-log-5", null, CancellationToken.None));
        await DrainAsync(history.ReadEventsAsync(null, CancellationToken.None));

        Assert.Equal(Noon, Assert.Single(records).Time);
        Assert.Contains("Europe/Vienna", Assert.Single(warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_order_cannot_decide_in_the_repeated_hour_is_as_the_device_counts_now()
    {
        var vienna = TimeZones.Find("Europe/Vienna")!;

        // One record alone in that hour, in summer and in winter.
        Assert.Equal([Utc(0, 30)], Times(summer: true, [Local(2, 30)]));
        Assert.Equal([Utc(1, 30)], Times(summer: false, [Local(2, 30)]));

        // A page ends in it: what comes behind one of the second hour is of the second hour too.
        var times = new BacnetLogTimes(new BacnetDeviceClock(TimeSpan.FromHours(-2), vienna));
        Assert.Equal([Utc(0, 50), Utc(1, 10)], times.ToUtc(Records(Local(2, 50), Local(2, 10))));
        Assert.Equal([Utc(1, 20), Utc(2, 0)], times.ToUtc(Records(Local(2, 20), Local(3, 0))));

        // The same moment twice is no change of clocks, nor is somebody who sets them to and fro.
        Assert.Equal([Utc(0, 30), Utc(0, 30)], Times(summer: true, [Local(2, 30), Local(2, 30)]));
        Assert.Equal([Utc(1, 50), Utc(1, 10), Utc(1, 40), Utc(1, 5)], Times(summer: false, [Local(2, 50), Local(2, 10), Local(2, 40), Local(2, 5)]));

        // An hour that there is not: as before the change. And a record without a time disturbs nobody.
        Assert.Equal([new DateTimeOffset(2024, 3, 31, 1, 30, 0, TimeSpan.Zero)], Times(summer: true, [new DateTime(2024, 3, 31, 2, 30, 0, DateTimeKind.Unspecified)]));
        Assert.Equal([Utc(0, 50), DateTimeOffset.UnixEpoch, Utc(1, 10)], Times(summer: true, [Local(2, 50), null, Local(2, 10)]));

        IReadOnlyList<DateTimeOffset> Times(bool summer, DateTime?[] locals) =>
            new BacnetLogTimes(new BacnetDeviceClock(TimeSpan.FromHours(summer ? -2 : -1), vienna)).ToUtc(Records(locals));

        static BacnetLogRecord[] Records(params DateTime?[] locals) => [.. locals.Select(local => new BacnetLogRecord(local, ["1"], [""]))];

        static DateTime Local(int hour, int minute) => new(2024, 10, 27, hour, minute, 0, DateTimeKind.Unspecified);

        static DateTimeOffset Utc(int hour, int minute) => new(2024, 10, 27, hour, minute, 0, TimeSpan.Zero);
    }

    /// <summary>An answer to ReadRange with one item that is no record of a log.</summary>
    private static byte[] BrokenRange(uint log)
    {
        var writer = new BacnetWriter(64);
        writer.WriteContextObjectId(0, new BacnetObjectId(BacnetObjectType.EventLog, log));
        writer.WriteContextUnsigned(1, (uint)BacnetProperty.LogBuffer);
        writer.WriteContextBits(3, BacnetBits.Of(3, 0, 1));
        writer.WriteContextUnsigned(4, 1);
        writer.WriteOpening(5);
        writer.WriteUnsigned(7);
        writer.WriteClosing(5);
        writer.WriteContextUnsigned(6, 2);
        return writer.Memory.ToArray();
    }

    private static BacnetDeviceConnection Connect(SimulatedBacnetDevice device, DateTimeZone? zone = null, Action<string>? warn = null) => new(
        new ConnectionOptions { Address = DeviceAddress.Parse(device.Address, "/"), Zone = zone, Warn = warn }, SystemPlatform.Create(), TimeProvider.System, new BacnetProcedureLocks());

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
