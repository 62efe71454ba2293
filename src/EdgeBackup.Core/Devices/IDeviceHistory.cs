using EdgeBackup.Core.Errors;

namespace EdgeBackup.Core.Devices;

/// <summary>
/// The event log and the trend logs that a device keeps, read forwards from a place that was reached before. Every member
/// may throw <see cref="EdgeBackupException"/> with DeviceUnreachable, DeviceAuthenticationFailed, DeviceBusy or
/// DeviceResponseInvalid.
/// </summary>
/// <remarks>
/// A cursor is text that only its source understands, of at most <see cref="LongestCursor"/> characters; it is never a
/// time, so that a clock that was set back loses and doubles nothing. Reading again after the same cursor gives the same
/// records, as long as the device still has them.
/// </remarks>
public interface IDeviceHistory
{
    /// <summary>The most characters that a cursor may have: it is kept in the repository after every run.</summary>
    const int LongestCursor = 4096;

    /// <summary>What the device keeps at this moment.</summary>
    Task<HistoryListing> ListAsync(CancellationToken cancellationToken);

    /// <summary>
    /// The events behind a cursor in the device's order, until there are none for now. A page may be empty: its cursor
    /// counts all the same. Several event logs of a device are one sequence here, under one cursor.
    /// </summary>
    /// <param name="cursor">Of the last page that was kept; null: from the oldest event that the device has.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    IAsyncEnumerable<HistoryPage<DeviceEvent>> ReadEventsAsync(string? cursor, CancellationToken cancellationToken);

    /// <summary>The records of one trend log behind a cursor, as with the events.</summary>
    /// <param name="trend">A <see cref="TrendLog.Id"/>.</param>
    /// <param name="cursor">Of the last page that was kept; null: from the oldest record that the device has.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    IAsyncEnumerable<HistoryPage<TrendRecord>> ReadTrendAsync(string trend, string? cursor, CancellationToken cancellationToken);
}

/// <summary>What history a device keeps.</summary>
/// <param name="HasEvents">Whether there is an event log; without one <see cref="IDeviceHistory.ReadEventsAsync"/> is not called.</param>
/// <param name="Trends">The trend logs, each id once; empty where it has none.</param>
public sealed record HistoryListing(bool HasEvents, IReadOnlyList<TrendLog> Trends)
{
    /// <summary>The oldest event that the device still has, where its source knows that without asking more; null where it does not, or there is none.</summary>
    public DeviceEvent? OldestEvent { get; init; }

    /// <summary>Why it could not be found out what the event log is like, which counts as there; null where it could.</summary>
    public EdgeBackupException? EventsFault { get; init; }

    /// <summary>Why the trend logs could not be listed; null where they could.</summary>
    public EdgeBackupException? TrendsFault { get; init; }
}

/// <summary>A trend log.</summary>
/// <param name="Id">As the device names it, and as it stays.</param>
/// <param name="Name">For people; the id where it has none.</param>
/// <param name="Unit">Null where it has none.</param>
/// <param name="Records">How many it holds now; null where that is not known.</param>
/// <param name="Extended">Whether it is kept beyond the device's own buffer (an extended trend log); null where that is not known.</param>
public sealed record TrendLog(string Id, string Name, string? Unit, long? Records, bool? Extended);

/// <summary>Records that were read in one piece.</summary>
/// <typeparam name="T"><see cref="DeviceEvent"/> or <see cref="TrendRecord"/>.</typeparam>
/// <param name="Records">In the device's order; perhaps empty. The source does not touch the list again.</param>
/// <param name="Next">The cursor behind the last of them.</param>
/// <param name="Gap">What was lost before the first of them; null where nothing was.</param>
public sealed record HistoryPage<T>(IReadOnlyList<T> Records, string Next, HistoryGap? Gap = null);

/// <summary>Records that the device no longer had when they were asked for.</summary>
/// <param name="Lost">How many; null where that cannot be known.</param>
/// <param name="Reason">What happened, as the middle of a sentence: "the device's buffer overflowed".</param>
public sealed record HistoryGap(long? Lost, string Reason);

/// <summary>An entry of a device's event log.</summary>
/// <param name="Id">As the device numbers it; null where it does not.</param>
/// <param name="Time">In UTC.</param>
/// <param name="Category">In the device's words; device-api.md names <c>alarm</c>, <c>system</c>, <c>user-activity</c>, <c>setpoint</c>, <c>access</c>.</param>
/// <param name="Source">What it is about; empty where that is not said.</param>
/// <param name="User">Who did it; null where nobody did or it is not said.</param>
/// <param name="Message">In the device's words; perhaps empty.</param>
/// <param name="Old">The value before; null where there is none.</param>
/// <param name="New">The value after; null where there is none.</param>
public sealed record DeviceEvent(
    string? Id, DateTimeOffset Time, string Category, string Source, string? User, string Message, string? Old, string? New);

/// <summary>One record of a trend log.</summary>
/// <param name="Sequence">The device's number for it.</param>
/// <param name="Time">In UTC.</param>
/// <param name="Value">
/// The value as text, independent of any culture; a number keeps the digits that the device gave. Null where the record
/// holds none (the log was stopped, the value could not be read).
/// </param>
/// <param name="Status">In the device's words; empty where it says nothing.</param>
public readonly record struct TrendRecord(long Sequence, DateTimeOffset Time, string? Value, string Status);
