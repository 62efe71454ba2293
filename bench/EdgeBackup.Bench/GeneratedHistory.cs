using System.Globalization;
using System.Runtime.CompilerServices;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Items;

namespace EdgeBackup.Bench;

/// <summary>Connections to one device that only has a generated history.</summary>
internal sealed class GeneratedConnections(int events, int records, int trendLogs) : IConnectionFactory
{
    public IDeviceConnection Connect(ConnectionOptions options) => new Connection(new GeneratedHistory(events, records, trendLogs));

    private sealed class Connection(IDeviceHistory history) : IDeviceConnection
    {
        public IDeviceHistory? History => history;

        public Task<DeviceStatus> GetStatusAsync(CancellationToken cancellationToken) => Task.FromResult(new DeviceStatus
        {
            Identity = new DeviceIdentity { Id = "bms-1", Type = DeviceTypes.BmsServerId, Version = "7.0.2", Time = DateTimeOffset.UtcNow },
            ChargePoints = [],
        });

        public Task<IDeviceHold?> TakeHoldAsync(TimeSpan duration, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<ICapture> BeginCaptureAsync(BackupContent content, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<IRestoreSession> BeginRestoreAsync(RestorePlan plan, IRestoreJournal journal, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task StopTransactionAsync(string chargePoint, int connector, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}

/// <summary>As many records as wanted, made page by page; the texts of values exist already, as those of a device do.</summary>
internal sealed class GeneratedHistory(int events, int records, int trendLogs) : IDeviceHistory
{
    private const int PageSize = 1000;

    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly string[] Categories = ["alarm", "system", "user-activity", "setpoint", "access"];
    private static readonly string[] Users = ["ann", "bob", "operator"];
    private static readonly string[] Values = [.. Enumerable.Range(0, 1000).Select(number => (15 + (number / 100.0)).ToString(CultureInfo.InvariantCulture))];

    public Task<HistoryListing> ListAsync(CancellationToken cancellationToken) =>
        Task.FromResult(new HistoryListing(HasEvents: true, [.. Enumerable.Range(1, trendLogs).Select(number => new TrendLog($"trend-{number:000}", $"Trend {number}", "°C", records / trendLogs, Extended: false))]));

    public IAsyncEnumerable<HistoryPage<DeviceEvent>> ReadEventsAsync(string? cursor, CancellationToken cancellationToken) => PagesAsync(events, Event, cancellationToken);

    public IAsyncEnumerable<HistoryPage<TrendRecord>> ReadTrendAsync(string trend, string? cursor, CancellationToken cancellationToken) => PagesAsync(records / trendLogs, Trend, cancellationToken);

    /// <summary>The record of a number.</summary>
    public static TrendRecord Trend(int number) => new(number, Start.AddSeconds(number * 60.0), Values[number % Values.Length], "ok");

    private static DeviceEvent Event(int number) => new(
        $"e{number}",
        Start.AddSeconds(number * 30.0),
        Categories[number % Categories.Length],
        "bms-1/controller",
        number % 5 < 2 ? null : Users[number % Users.Length],
        "Supply temperature of air handling unit 1 was changed by hand",
        Values[number % Values.Length],
        Values[(number + 7) % Values.Length]);

    private static async IAsyncEnumerable<HistoryPage<T>> PagesAsync<T>(int count, Func<int, T> make, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.Yield();
        for (var start = 0; start < count; start += PageSize)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var page = new T[Math.Min(PageSize, count - start)];
            for (var index = 0; index < page.Length; index++)
            {
                page[index] = make(start + index);
            }

            yield return new HistoryPage<T>(page, (start + page.Length).ToString(CultureInfo.InvariantCulture));
        }
    }
}
