using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;

namespace EdgeBackup.Core.Devices.Http;

/// <summary>The events and trends of docs/device-api.md, a page at a time.</summary>
internal sealed class HttpDeviceHistory(DeviceHttpClient client) : IDeviceHistory
{
    /// <summary>Records that are asked for at once; the device may give fewer.</summary>
    private const int PageSize = 1000;

    /// <summary>Times that a buffer may overflow between two calls for its oldest record.</summary>
    private const int Patience = 16;

    private const string Overflow = "the device's buffer overflowed before these records were read";

    public async Task<HistoryListing> ListAsync(CancellationToken cancellationToken)
    {
        bool hasEvents;
        using (var answer = await client.GetAsync("events?limit=1", cancellationToken).ConfigureAwait(false))
        {
            hasEvents = answer.Status switch
            {
                HttpStatusCode.NotFound => false,
                HttpStatusCode.OK or HttpStatusCode.Gone => true,
                _ => throw client.Fault.Status("GET events", answer),
            };
        }

        using (var answer = await client.GetAsync("trends", cancellationToken, DeviceHttpClient.ListBodyLimit).ConfigureAwait(false))
        {
            return new HistoryListing(hasEvents, answer.Status switch
            {
                HttpStatusCode.NotFound => [],
                HttpStatusCode.OK => DeviceAnswers.ReadTrends(client.Fault, "GET trends", answer.Body),
                _ => throw client.Fault.Status("GET trends", answer),
            });
        }
    }

    public IAsyncEnumerable<HistoryPage<DeviceEvent>> ReadEventsAsync(string? cursor, CancellationToken cancellationToken) =>
        ReadAsync("events", "GET events", cursor, (reader, body) => reader.ReadEvents(body), cancellationToken);

    public IAsyncEnumerable<HistoryPage<TrendRecord>> ReadTrendAsync(string trend, string? cursor, CancellationToken cancellationToken) =>
        ReadAsync($"trends/{DevicePath.Segment(trend)}/records", $"GET trends/{trend}/records", cursor, (reader, body) => reader.ReadTrend(body), cancellationToken);

    private async IAsyncEnumerable<HistoryPage<T>> ReadAsync<T>(
        string path,
        string call,
        string? cursor,
        Func<HistoryPageReader, ReadOnlyMemory<byte>, HistoryPage<T>> read,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var reader = new HistoryPageReader(client.Fault, call);
        HistoryGap? gap = null;
        var overflows = 0;
        while (true)
        {
            var place = string.Create(CultureInfo.InvariantCulture, $"{path}?limit={PageSize}{(cursor is null ? "" : $"&after={Uri.EscapeDataString(cursor)}")}");
            HistoryPage<T> page;
            using (var answer = await client.GetAsync(place, cancellationToken).ConfigureAwait(false))
            {
                // A device that is busy writing may have lost more before it is asked again.
                if (answer.Status == HttpStatusCode.Gone && overflows++ < Patience)
                {
                    // The oldest that is left; a device that does not name it is asked from its beginning.
                    cursor = DeviceFault.Member(answer, "oldest");
                    gap = new HistoryGap(Lost: null, Overflow);
                    continue;
                }

                page = answer.Status == HttpStatusCode.OK ? read(reader, answer.Body) : throw client.Fault.Status(call, answer);
            }

            if (page.Records.Count > 0 && page.Next == cursor)
            {
                throw client.Fault.InvalidAnswer(call, "'next' is the cursor that was asked for, so that the reading would never end");
            }

            yield return page with { Gap = gap };
            if (page.Records.Count == 0)
            {
                yield break;
            }

            cursor = page.Next;
            gap = null;
            overflows = 0;
        }
    }
}
