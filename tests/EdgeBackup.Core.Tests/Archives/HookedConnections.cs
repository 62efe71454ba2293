using System.Runtime.CompilerServices;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Tests.Archives;

/// <summary>Real connections whose history a test may replace, or hold up before a page.</summary>
internal sealed class HookedConnections(IConnectionFactory inner) : IConnectionFactory
{
    /// <summary>The history instead of the device's own; null for the device's.</summary>
    public IDeviceHistory? History { get; init; }

    /// <summary>Called once, before the first page of events is given.</summary>
    public Func<Task> BeforePage { get; set; } = () => Task.CompletedTask;

    public IDeviceConnection Connect(ConnectionOptions options) => new Connection(inner.Connect(options), this);

    private sealed class Connection(IDeviceConnection inner, HookedConnections owner) : IDeviceConnection
    {
        public IDeviceHistory? History => new Hooked(owner.History ?? inner.History!, owner);

        public Task<DeviceStatus> GetStatusAsync(CancellationToken cancellationToken) => inner.GetStatusAsync(cancellationToken);

        public Task<IDeviceHold?> TakeHoldAsync(TimeSpan duration, CancellationToken cancellationToken) => inner.TakeHoldAsync(duration, cancellationToken);

        public Task<ICapture> BeginCaptureAsync(BackupContent content, CancellationToken cancellationToken) => inner.BeginCaptureAsync(content, cancellationToken);

        public Task<IRestoreSession> BeginRestoreAsync(RestorePlan plan, IRestoreJournal journal, CancellationToken cancellationToken) => inner.BeginRestoreAsync(plan, journal, cancellationToken);

        public Task StopTransactionAsync(string chargePoint, int connector, CancellationToken cancellationToken) => inner.StopTransactionAsync(chargePoint, connector, cancellationToken);

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }

    private sealed class Hooked(IDeviceHistory inner, HookedConnections owner) : IDeviceHistory
    {
        public Task<HistoryListing> ListAsync(CancellationToken cancellationToken) => inner.ListAsync(cancellationToken);

        public async IAsyncEnumerable<HistoryPage<DeviceEvent>> ReadEventsAsync(string? cursor, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await foreach (var page in inner.ReadEventsAsync(cursor, cancellationToken))
            {
                var hook = owner.BeforePage;
                owner.BeforePage = () => Task.CompletedTask;
                await hook();
                yield return page;
            }
        }

        public IAsyncEnumerable<HistoryPage<TrendRecord>> ReadTrendAsync(string trend, string? cursor, CancellationToken cancellationToken) =>
            inner.ReadTrendAsync(trend, cursor, cancellationToken);
    }
}

/// <summary>A log that drops its oldest events and keeps its cursors.</summary>
internal sealed class DroppingHistory : IDeviceHistory
{
    private int dropped;

    public List<DeviceEvent> Events { get; } = [];

    public void Drop(int count)
    {
        Events.RemoveRange(0, count);
        dropped += count;
    }

    public Task<HistoryListing> ListAsync(CancellationToken cancellationToken) => Task.FromResult(new HistoryListing(true, []) { OldestEvent = Events.FirstOrDefault() });

    public async IAsyncEnumerable<HistoryPage<DeviceEvent>> ReadEventsAsync(string? cursor, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.Yield();
        var page = Events.Skip(int.Parse(cursor ?? "0", System.Globalization.CultureInfo.InvariantCulture) - dropped).ToList();
        yield return new HistoryPage<DeviceEvent>(page, (dropped + Events.Count).ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    public IAsyncEnumerable<HistoryPage<TrendRecord>> ReadTrendAsync(string trend, string? cursor, CancellationToken cancellationToken) => throw new NotSupportedException();
}

/// <summary>A history out of lists; a cursor is the number of records that came before.</summary>
internal sealed class ListedHistory : IDeviceHistory
{
    public const int PageSize = 3;

    public List<DeviceEvent> Events { get; } = [];

    /// <summary>So many pages are given before a reading ends, as a source ends it that took few records for the end.</summary>
    public int PagesAtOnce { get; set; } = int.MaxValue;

    /// <summary>The next reading of a trend log gives one page: empty, with this gap, and from the log's beginning on.</summary>
    public HistoryGap? TrendGap { get; set; }

    public SortedDictionary<string, List<TrendRecord>> Trends { get; } = new(StringComparer.Ordinal);

    public Task<HistoryListing> ListAsync(CancellationToken cancellationToken) =>
        Task.FromResult(new HistoryListing(true, [.. Trends.Select(trend => new TrendLog(trend.Key, $"Log {trend.Key}", null, trend.Value.Count, null))]) { OldestEvent = Events.FirstOrDefault() });

    public IAsyncEnumerable<HistoryPage<DeviceEvent>> ReadEventsAsync(string? cursor, CancellationToken cancellationToken) => ReadAsync(Events, cursor).Take(PagesAtOnce);

    public IAsyncEnumerable<HistoryPage<TrendRecord>> ReadTrendAsync(string trend, string? cursor, CancellationToken cancellationToken)
    {
        if (TrendGap is { } gap)
        {
            TrendGap = null;
            return new[] { new HistoryPage<TrendRecord>([], "0", gap) }.ToAsyncEnumerable();
        }

        return ReadAsync(Trends[trend], cursor).Take(PagesAtOnce);
    }

    private static async IAsyncEnumerable<HistoryPage<T>> ReadAsync<T>(List<T> records, string? cursor)
    {
        await Task.Yield();
        for (var start = int.Parse(cursor ?? "0", System.Globalization.CultureInfo.InvariantCulture); start < records.Count; start += PageSize)
        {
            var page = records.GetRange(start, Math.Min(PageSize, records.Count - start));
            yield return new HistoryPage<T>(page, (start + page.Count).ToString(System.Globalization.CultureInfo.InvariantCulture));
        }
    }
}
