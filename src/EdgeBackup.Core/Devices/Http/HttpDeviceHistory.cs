using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text.Json;
using EdgeBackup.Core.Errors;

namespace EdgeBackup.Core.Devices.Http;

/// <summary>The events and trends of docs/device-api.md, a page at a time.</summary>
internal sealed class HttpDeviceHistory(DeviceHttpClient client) : IDeviceHistory
{
    /// <summary>Records that are asked for at once; the device may give fewer.</summary>
    private const int LargestPage = 1000;

    /// <summary>A page of fewer, where more were asked for, is near the end whatever the device's own limit is.</summary>
    private const int FewRecords = 10;

    /// <summary>Pages that a device did not fill, after which a reading ends: the next goes on.</summary>
    private const int MostPartialPages = 10_000;

    /// <summary>Times that a buffer may overflow between two calls for its oldest record.</summary>
    private const int Patience = 16;

    private const string Overflow = "the device's buffer overflowed before these records were read";
    private const string BegunAnew = "the device has begun its log anew since the last run";

    /// <summary>Fewer once a page was too long to be read.</summary>
    private int pageSize = LargestPage;

    public async Task<HistoryListing> ListAsync(CancellationToken cancellationToken)
    {
        var listing = new HistoryListing(HasEvents: true, Trends: []);
        try
        {
            var (hasEvents, oldest) = await FindEventsAsync(cancellationToken).ConfigureAwait(false);
            listing = listing with { HasEvents = hasEvents, OldestEvent = oldest };
        }
        catch (EdgeBackupException exception) when (!IsSilence(exception))
        {
            listing = listing with { EventsFault = exception };
        }

        try
        {
            return listing with { Trends = await ListTrendsAsync(cancellationToken).ConfigureAwait(false) };
        }
        catch (EdgeBackupException exception) when (!IsSilence(exception))
        {
            return listing with { TrendsFault = exception };
        }
    }

    /// <summary>A device that was waited for in vain for so long is not asked again.</summary>
    private static bool IsSilence(EdgeBackupException exception) => exception.InnerException is NoAnswerException { Kind: NoAnswerKind.Silent };

    private async Task<(bool HasEvents, DeviceEvent? Oldest)> FindEventsAsync(CancellationToken cancellationToken)
    {
        using var answer = await client.GetAsync("events?limit=1", cancellationToken).ConfigureAwait(false);
        return answer.Status switch
        {
            HttpStatusCode.NotFound => (false, null),
            HttpStatusCode.OK => (true, ReadOldest(answer.Body)),
            HttpStatusCode.Gone => (true, null),
            _ => throw client.Fault.Status("GET events", answer),
        };
    }

    private async Task<IReadOnlyList<TrendLog>> ListTrendsAsync(CancellationToken cancellationToken)
    {
        using var answer = await client.GetAsync("trends", cancellationToken, DeviceHttpClient.ListBodyLimit).ConfigureAwait(false);
        return answer.Status switch
        {
            HttpStatusCode.NotFound => [],
            HttpStatusCode.OK => DeviceAnswers.ReadTrends(client.Fault, "GET trends", answer.Body),
            _ => throw client.Fault.Status("GET trends", answer),
        };
    }

    /// <summary>What it holds that is wrong, the reading of the log says: it is no reason to list nothing.</summary>
    private DeviceEvent? ReadOldest(ReadOnlyMemory<byte> body)
    {
        try
        {
            return new HistoryPageReader(client.Fault, "GET events").ReadEvents(body).Records is [var first, ..] ? first : null;
        }
        catch (EdgeBackupException)
        {
            return null;
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
        var bound = new ReadingBound();
        while (true)
        {
            HistoryPage<T> page;
            var (answer, asked) = await GetPageAsync(path, cursor, cancellationToken).ConfigureAwait(false);
            using (answer)
            {
                // A device that is busy writing may have lost more before it is asked again.
                if (answer.Status == HttpStatusCode.Gone && overflows++ < Patience)
                {
                    // The oldest that is left; a device that does not name it is asked from its beginning.
                    cursor = DeviceFault.Member(answer, "oldest");
                    gap = new HistoryGap(Lost: null, IsAnew(answer) ? BegunAnew : Overflow);
                    continue;
                }

                page = answer.Status == HttpStatusCode.OK ? read(reader, answer.Body) : throw client.Fault.Status(call, answer);
            }

            if (page.Records.Count > 0 && page.Next == cursor)
            {
                throw client.Fault.InvalidAnswer(call, "'next' is the cursor that was asked for, so that the reading would never end");
            }

            yield return page with { Gap = gap };
            if (bound.IsReached(page.Records.Count, asked))
            {
                yield break;
            }

            cursor = page.Next;
            gap = null;
            overflows = 0;
        }
    }

    /// <summary>A device whose records are long gets its pages smaller, once and for all logs.</summary>
    private async Task<(DeviceAnswer Answer, int Asked)> GetPageAsync(string path, string? cursor, CancellationToken cancellationToken)
    {
        while (true)
        {
            var asked = pageSize;
            try
            {
                var place = string.Create(CultureInfo.InvariantCulture, $"{path}?limit={asked}{(cursor is null ? "" : $"&after={Uri.EscapeDataString(cursor)}")}");
                return (await client.GetAsync(place, cancellationToken).ConfigureAwait(false), asked);
            }
            catch (EdgeBackupException exception) when (exception.InnerException is AnswerTooLongException && asked > 1)
            {
                pageSize = Math.Max(1, asked / 4);
            }
        }
    }

    /// <summary>Whether a device says with 410 that the cursor is not of its log as it is now.</summary>
    private static bool IsAnew(DeviceAnswer answer)
    {
        try
        {
            using var document = JsonDocument.Parse(answer.Body);
            return document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("anew", out var value)
                && value.ValueKind == JsonValueKind.True;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>
    /// Where a reading ends although the device has more each time it is asked, since it logs the asking itself: one look
    /// after a page that was all there was. What comes later is for the next reading.
    /// </summary>
    private sealed class ReadingBound
    {
        private int largest;
        private int partial;
        private bool isLastLook;

        public bool IsReached(int count, int asked)
        {
            if (count == 0 || isLastLook)
            {
                return true;
            }

            if (count < asked)
            {
                // Fewer than were asked for may be the device's own limit; far fewer than it has given before is not.
                largest = Math.Max(largest, count);
                isLastLook = ++partial >= MostPartialPages || count < FewRecords || count * 2 < largest;
            }
            else
            {
                largest = Math.Max(largest, count);
            }

            return false;
        }
    }
}
