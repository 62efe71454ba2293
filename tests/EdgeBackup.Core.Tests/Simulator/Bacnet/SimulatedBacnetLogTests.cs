using EdgeBackup.Core.Devices.Bacnet;
using EdgeBackup.Simulator.Bacnet;
using Xunit;

namespace EdgeBackup.Core.Tests.Simulator.Bacnet;

/// <summary>ReadRange over the rings of log objects.</summary>
public sealed class SimulatedBacnetLogTests
{
    private static readonly BacnetObjectId Trend = new(BacnetObjectType.TrendLog, 7);
    private static readonly DateTimeOffset Start = new(2026, 2, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(1, 3, 1, 3, true, false)]
    [InlineData(8, 5, 8, 3, false, true)]
    [InlineData(10, -4, 7, 4, false, true)]
    [InlineData(2, -5, 1, 2, true, false)]
    [InlineData(11, 5, 0, 0, false, false)]
    [InlineData(0, 5, 0, 0, false, false)]
    public async Task By_position_counts_from_the_oldest(uint position, int count, int first, uint expected, bool hasFirst, bool hasLast)
    {
        await using var visit = await VisitAsync(bufferSize: 10, entries: 25);

        var range = await ReadAsync(visit, BacnetRangeRequest.ByPosition(position, count));

        Assert.Equal((expected, hasFirst, hasLast, false), (range.Count, range.HasFirst, range.HasLast, range.HasMore));
        Assert.Null(range.FirstSequence);
        Assert.Equal(Enumerable.Range(15 + first, (int)expected).Select(number => (float)number), Values(range));
    }

    [Theory]
    [InlineData(16, 3, 16, 3)]
    [InlineData(15, 3, 0, 0)]
    [InlineData(25, 10, 25, 1)]
    [InlineData(26, 1, 0, 0)]
    [InlineData(20, -3, 18, 3)]
    public async Task By_sequence_knows_what_the_ring_has_forgotten(uint sequence, int count, uint first, uint expected)
    {
        await using var visit = await VisitAsync(bufferSize: 10, entries: 25);

        var range = await ReadAsync(visit, BacnetRangeRequest.BySequence(sequence, count));

        Assert.Equal(expected, range.Count);
        Assert.Equal(expected == 0 ? null : first, range.FirstSequence);
    }

    [Fact]
    public async Task Numbers_go_on_at_one_behind_the_largest()
    {
        await using var visit = await VisitAsync(bufferSize: 10, entries: 0);
        var log = visit.Device.Log(BacnetObjectType.TrendLog, 7);
        log.TotalCount = uint.MaxValue - 2;
        log.Add(Enumerable.Range(1, 5).Select(Entry));

        var range = await ReadAsync(visit, BacnetRangeRequest.BySequence(uint.MaxValue - 1, 10));
        var later = await ReadAsync(visit, BacnetRangeRequest.BySequence(2, 10));

        Assert.Equal(3u, log.TotalCount);
        Assert.Equal((5u, uint.MaxValue - 1), (range.Count, range.FirstSequence!.Value));
        Assert.Equal((2u, 2u), (later.Count, later.FirstSequence!.Value));
        Assert.Equal([4f, 5f], Values(later));
    }

    [Theory]
    [InlineData(20, 2, 21, 2)]
    [InlineData(20, -2, 18, 2)]
    [InlineData(25, 5, 0, 0)]
    [InlineData(3, 2, 16, 2)]
    public async Task By_time_is_after_or_before_a_moment(int minute, int count, uint first, uint expected)
    {
        await using var visit = await VisitAsync(bufferSize: 10, entries: 25, utcOffset: -60);
        var local = Start.AddMinutes(minute).UtcDateTime.AddHours(1);

        var range = await ReadAsync(visit, BacnetRangeRequest.ByTime(local, count));

        Assert.Equal(expected, range.Count);
        Assert.Equal(expected == 0 ? null : first, range.FirstSequence);
    }

    [Fact]
    public async Task What_does_not_fit_one_answer_is_said_to_be_more()
    {
        await using var visit = await VisitAsync(bufferSize: 100, entries: 50, maxApdu: 206);

        var range = await ReadAsync(visit, BacnetRangeRequest.ByPosition(1, 50));
        var backward = await ReadAsync(visit, BacnetRangeRequest.ByPosition(50, -50));

        Assert.True(range.HasMore);
        Assert.True(range.HasFirst);
        Assert.InRange(range.Count, 4u, 20u);
        Assert.True(backward.HasMore);
        Assert.True(backward.HasLast);
        Assert.Equal(50f, Values(backward)[^1]);
    }

    [Fact]
    public async Task Every_kind_of_entry_can_be_read()
    {
        await using var visit = await VisitAsync(bufferSize: 100, entries: 0);
        visit.Device.Log(BacnetObjectType.TrendLog, 7).Add(
            new SimulatedStatusEntry(Start, Interrupted: true),
            new SimulatedTimeChangeEntry(Start, 3600),
            new SimulatedFailureEntry(Start, BacnetErrorClass.Object, BacnetErrorCode.UnknownObject),
            new SimulatedValueEntry(Start, BacnetValue.OfBoolean(true)),
            new SimulatedValueEntry(Start, BacnetValue.OfUnsigned(7)),
            new SimulatedValueEntry(Start, BacnetValue.OfSigned(-7)),
            new SimulatedValueEntry(Start, BacnetValue.OfEnumerated(1)),
            new SimulatedValueEntry(Start, BacnetValue.Null),
            new SimulatedValueEntry(Start, BacnetValue.OfText("open")));

        var range = await ReadAsync(visit, BacnetRangeRequest.ByPosition(1, 100));
        var events = await visit.Client.ReadRangeAsync(
            visit.Peer, new(BacnetObjectType.EventLog, 1), BacnetProperty.LogBuffer, BacnetRangeRequest.ByPosition(1, 5), default);
        var multiple = await visit.Client.ReadRangeAsync(
            visit.Peer, new(BacnetObjectType.TrendLogMultiple, 1), BacnetProperty.LogBuffer, BacnetRangeRequest.ByPosition(1, 5), default);

        Assert.Equal(9u, range.Count);
        Assert.Equal(9, Items(range).Count(raw => raw.Length > 0));
        Assert.Equal((5u, 5u), (events.Count, multiple.Count));
    }

    [Fact]
    public async Task Writing_no_records_purges_and_leaves_word_of_it()
    {
        await using var visit = await VisitAsync(bufferSize: 10, entries: 25);

        await visit.Client.WritePropertyAsync(visit.Peer, Trend, BacnetProperty.RecordCount, null, BacnetValue.OfUnsigned(0), default);

        Assert.Equal(1u, (await visit.ReadAsync(Trend, BacnetProperty.RecordCount)).AsUnsigned);
        Assert.Equal(26u, (await visit.ReadAsync(Trend, BacnetProperty.TotalRecordCount)).AsUnsigned);
    }

    [Fact]
    public async Task The_buffer_is_no_property_to_read_and_others_are_no_lists()
    {
        await using var visit = await VisitAsync(bufferSize: 10, entries: 1);

        var whole = await Assert.ThrowsAsync<BacnetErrorException>(() => visit.ReadAsync(Trend, BacnetProperty.LogBuffer));
        var single = await Assert.ThrowsAsync<BacnetErrorException>(() => visit.Client.ReadRangeAsync(
            visit.Peer, Trend, BacnetProperty.ObjectName, BacnetRangeRequest.ByPosition(1, 1), default));

        Assert.Equal(BacnetErrorCode.ReadAccessDenied, whole.Code);
        Assert.Equal(22, (int)single.Code);
    }

    private static async Task<BacnetVisit> VisitAsync(int bufferSize, int entries, int utcOffset = 0, int maxApdu = 1476)
    {
        var visit = await BacnetVisit.PayAsync(new() { UtcOffset = utcOffset, MaxApdu = maxApdu, Segmentation = BacnetSegmentation.None });
        visit.Device.AddLog(BacnetObjectType.TrendLog, 7, "Trend", bufferSize).Add(Enumerable.Range(1, entries).Select(Entry));
        return visit;
    }

    /// <summary>Entry n has the value n, at minute n.</summary>
    private static SimulatedLogEntry Entry(int number) => new SimulatedValueEntry(Start.AddMinutes(number), BacnetValue.OfReal(number));

    private static Task<BacnetRange> ReadAsync(BacnetVisit visit, BacnetRangeRequest request) =>
        visit.Client.ReadRangeAsync(visit.Peer, Trend, BacnetProperty.LogBuffer, request, default);

    private static List<float> Values(BacnetRange range)
    {
        var values = new List<float>();
        var reader = new BacnetReader(range.Items.Span);
        while (!reader.AtEnd)
        {
            Assert.True(reader.TryReadRaw(out _));
            Assert.True(reader.TryReadOpening(1) && reader.TryReadContextReal(2, out var value) && Add(value) && reader.TryReadClosing(1));
            Assert.True(reader.TryReadContextBits(2, out _));
        }

        return values;

        bool Add(float value)
        {
            values.Add(value);
            return true;
        }
    }

    /// <summary>The logged part of each entry.</summary>
    private static List<byte[]> Items(BacnetRange range)
    {
        var items = new List<byte[]>();
        var reader = new BacnetReader(range.Items.Span);
        while (!reader.AtEnd)
        {
            Assert.True(reader.TryReadRaw(out _));
            Assert.True(reader.TryReadRaw(out var datum));
            items.Add(datum.ToArray());
            if (reader.IsContext(2))
            {
                reader.TryReadContextBits(2, out _);
            }
        }

        return items;
    }
}
