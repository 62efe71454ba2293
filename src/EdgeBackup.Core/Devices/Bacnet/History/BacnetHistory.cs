using System.Globalization;
using System.Runtime.CompilerServices;
using EdgeBackup.Core.Errors;

namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>
/// The Trend_Log, Trend_Log_Multiple and Event_Log objects of a device, read by ReadRange by sequence number. What a log
/// says of itself (disabled, interrupted, purged, its clock set) stands among its records.
/// </summary>
internal sealed class BacnetHistory(BacnetConversation link) : IDeviceHistory
{
    private static readonly string[] States = ["normal", "fault", "offnormal", "high-limit", "low-limit", "life-safety-alarm"];

    private BacnetDeviceClock? known;

    /// <inheritdoc/>
    public Task<HistoryListing> ListAsync(CancellationToken cancellationToken) => GuardAsync("reading which logs it has", async () =>
    {
        var (client, peer) = await link.OpenAsync(cancellationToken).ConfigureAwait(false);
        var objects = await ListLogsAsync(cancellationToken).ConfigureAwait(false);
        var trends = new List<TrendLog>();
        foreach (var log in objects.Where(log => log.Type is BacnetObjectType.TrendLog or BacnetObjectType.TrendLogMultiple))
        {
            var results = await client.ReadPropertiesAsync(
                peer,
                [(log, BacnetProperty.ObjectName), (log, BacnetProperty.RecordCount), (log, BacnetProperty.LogDeviceObjectProperty)],
                cancellationToken).ConfigureAwait(false);
            var name = results[0].Value?.AsText is { Length: > 0 } text ? text : log.ToString();
            var logged = BacnetLoggedProperty.Read(results[2].Values);
            for (var member = 0; member < (log.Type == BacnetObjectType.TrendLog ? 1 : logged.Count); member++)
            {
                trends.Add(new TrendLog(
                    BacnetTrendId.Of(log, member),
                    log.Type == BacnetObjectType.TrendLog ? name : $"{name}: {logged[member].Target}",
                    member < logged.Count ? await ReadUnitAsync(logged[member], cancellationToken).ConfigureAwait(false) : null,
                    (long?)results[1].Value?.AsUnsigned,
                    Extended: null));
            }
        }

        return new HistoryListing(objects.Any(log => log.Type == BacnetObjectType.EventLog), trends);
    });

    /// <inheritdoc/>
    /// <remarks>
    /// One event log after the other; the cursor says for each how far it was read. One that cannot be read stays where it
    /// is and keeps none of the others from being read: it is the error at the end.
    /// </remarks>
    public async IAsyncEnumerable<HistoryPage<DeviceEvent>> ReadEventsAsync(string? cursor, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var gone = new HashSet<BacnetObjectId>();
        var reached = new SortedDictionary<BacnetObjectId, BacnetLogPlace>(ReadCursor(cursor, gone), Comparer<BacnetObjectId>.Create((one, other) => one.ToBits().CompareTo(other.ToBits())));
        var logs = await GuardAsync("reading which logs it has", () => ListLogsAsync(cancellationToken)).ConfigureAwait(false);
        var clock = await ReadClockAsync(cancellationToken).ConfigureAwait(false);
        gone.ExceptWith(logs);
        foreach (var missing in reached.Keys.Except(logs).Where(gone.Add).ToList())
        {
            // Told once; its place is kept, since it may come back.
            yield return new HistoryPage<DeviceEvent>([], BacnetCursor.Write(reached, gone), new HistoryGap(null, $"the device has its {missing} no more"));
        }

        var faults = new List<EdgeBackupException>();
        foreach (var log in logs.Where(log => log.Type == BacnetObjectType.EventLog))
        {
            BacnetLogPlace? last = reached.TryGetValue(log, out var place) ? place : null;
            var times = new BacnetLogTimes(clock);
            var pages = PagesAsync(log, last, cancellationToken).GetAsyncEnumerator(cancellationToken);
            await using var ending = pages.ConfigureAwait(false);
            while (await MoveNextAsync(pages, faults).ConfigureAwait(false))
            {
                var page = pages.Current;
                reached[log] = page.Place;
                var utc = times.ToUtc(page.Records);
                yield return new HistoryPage<DeviceEvent>(
                    [.. page.Records.Select((record, index) => ToEvent(log, BacnetSequence.Next(page.First, index), record, utc[index]))],
                    BacnetCursor.Write(reached, gone),
                    page.Gap);
            }
        }

        if (faults.Count > 0)
        {
            throw faults.Count == 1 ? faults[0] : link.Errors.Create(
                faults[0].ErrorId,
                $"{faults.Count} of its event logs cannot be read: {string.Join(" ", faults.Select(fault => fault.Message)).TrimEnd('.')}",
                faults[0]);
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<HistoryPage<TrendRecord>> ReadTrendAsync(
        string trend, string? cursor, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (BacnetTrendId.Parse(trend) is not var (log, member))
        {
            throw link.Errors.Create(ErrorIds.DeviceResponseInvalid, $"'{trend}' is no trend log of a BACnet device");
        }

        BacnetLogPlace? last = ReadCursor(cursor).TryGetValue(log, out var place) ? place : null;
        var clock = await ReadClockAsync(cancellationToken).ConfigureAwait(false);
        var times = new BacnetLogTimes(clock);
        await foreach (var page in PagesAsync(log, last, cancellationToken).ConfigureAwait(false))
        {
            var utc = times.ToUtc(page.Records);
            yield return new HistoryPage<TrendRecord>(
                [.. page.Records.Select((record, index) => ToTrend(BacnetSequence.Next(page.First, index), member, record, utc[index]))],
                BacnetCursor.Write([new(log, page.Place)]),
                page.Gap);
        }
    }

    /// <summary>Goes on to the next page of an event log.</summary>
    /// <returns>False at its end, and where it cannot be read on; the fault is put to the others then.</returns>
    /// <exception cref="EdgeBackupException">The device as a whole does not answer.</exception>
    private static async Task<bool> MoveNextAsync(IAsyncEnumerator<BacnetLogPage> pages, List<EdgeBackupException> faults)
    {
        try
        {
            return await pages.MoveNextAsync().ConfigureAwait(false);
        }
        catch (EdgeBackupException exception) when (exception.ErrorId != ErrorIds.DeviceUnreachable)
        {
            faults.Add(exception);
            return false;
        }
    }

    private static TrendRecord ToTrend(uint sequence, int member, BacnetLogRecord record, DateTimeOffset time)
    {
        // What the log says of itself counts for all of its members.
        var value = member < record.Values.Count ? record.Values[member] : null;
        var status = record.Values.Count == 0 ? LogWord(record) : member < record.Status.Count ? record.Status[member] : "";
        return new TrendRecord(sequence, time, value, WithTime(status, record));
    }

    private static DeviceEvent ToEvent(BacnetObjectId log, uint sequence, BacnetLogRecord record, DateTimeOffset time)
    {
        var id = string.Create(CultureInfo.InvariantCulture, $"{log}/{sequence}");
        if (record.Event is not { } logged)
        {
            return new DeviceEvent(id, time, "system", log.ToString(), null, WithTime(LogWord(record), record), null, null);
        }

        var category = logged switch
        {
            { EventType: 13 } => "access",
            { NotifyType: 0 } => "alarm",
            { NotifyType: 2 } => "acknowledgement",
            _ => "event",
        };
        return new DeviceEvent(id, time, category, logged.Source.ToString(), null, WithTime(logged.Message ?? "", record), State(logged.From), State(logged.To));
    }

    private static string LogWord(BacnetLogRecord record) => record.Status is [var word, ..] ? word : "";

    /// <summary>A record without a time keeps its place among the others, and says so.</summary>
    private static string WithTime(string text, BacnetLogRecord record) =>
        record.Local is not null ? text : text.Length == 0 ? "time-unknown" : $"{text},time-unknown";

    private static string? State(uint? state) =>
        state is not { } number ? null : number < States.Length ? States[number] : number.ToString(CultureInfo.InvariantCulture);

    private Dictionary<BacnetObjectId, BacnetLogPlace> ReadCursor(string? cursor, HashSet<BacnetObjectId>? gone = null)
    {
        try
        {
            return BacnetCursor.Read(cursor, gone);
        }
        catch (FormatException exception)
        {
            throw link.Errors.Create(ErrorIds.DeviceResponseInvalid, $"{exception.Message}: the archive went on from another kind of device", exception);
        }
    }

    private async IAsyncEnumerable<BacnetLogPage> PagesAsync(BacnetObjectId log, BacnetLogPlace? last, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var pages = new BacnetLogBuffer(link, log).ReadAsync(last, cancellationToken).GetAsyncEnumerator(cancellationToken);
        await using var ending = pages.ConfigureAwait(false);
        while (await GuardAsync($"reading its log {log}", async () => await pages.MoveNextAsync().ConfigureAwait(false)).ConfigureAwait(false))
        {
            yield return pages.Current;
        }
    }

    /// <summary>Once for all logs: what is to be said of it is said once.</summary>
    private async Task<BacnetDeviceClock> ReadClockAsync(CancellationToken cancellationToken) =>
        known ??= await GuardAsync("reading its clock", () => BacnetDeviceClock.ReadAsync(link, cancellationToken)).ConfigureAwait(false);

    /// <summary>The log objects, in the order of their kinds and instances.</summary>
    private async Task<List<BacnetObjectId>> ListLogsAsync(CancellationToken cancellationToken)
    {
        var (client, peer) = await link.OpenAsync(cancellationToken).ConfigureAwait(false);
        var objects = await client.ReadArrayAsync(peer, link.DeviceObject, BacnetProperty.ObjectList, cancellationToken).ConfigureAwait(false);
        return [.. objects
            .Select(value => value.AsObjectId)
            .OfType<BacnetObjectId>()
            .Where(id => id.Type is BacnetObjectType.TrendLog or BacnetObjectType.TrendLogMultiple or BacnetObjectType.EventLog)
            .Distinct()
            .OrderBy(id => id.ToBits())];
    }

    /// <summary>The unit of what is logged, where that is in this device and has one.</summary>
    private async Task<string?> ReadUnitAsync(BacnetLoggedProperty logged, CancellationToken cancellationToken)
    {
        if (logged.IsElsewhere || logged.Property != (uint)BacnetProperty.PresentValue)
        {
            return null;
        }

        var (client, peer) = await link.OpenAsync(cancellationToken).ConfigureAwait(false);
        var results = await client.ReadPropertiesAsync(peer, [(logged.Target, BacnetProperty.Units)], cancellationToken).ConfigureAwait(false);
        return results[0].Value?.AsEnumerated is { } unit ? BacnetUnits.Of(unit) : null;
    }

    private async Task<T> GuardAsync<T>(string call, Func<Task<T>> action)
    {
        try
        {
            return await action().ConfigureAwait(false);
        }
        catch (BacnetException exception)
        {
            throw link.Errors.From(exception, call);
        }
    }
}
