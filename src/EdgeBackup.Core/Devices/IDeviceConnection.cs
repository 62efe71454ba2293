using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Devices;

/// <summary>
/// A live conversation with one device. Every member may throw <see cref="Errors.EdgeBackupException"/> with
/// DeviceUnreachable, DeviceAuthenticationFailed or DeviceResponseInvalid; the further ids are named at each.
/// </summary>
public interface IDeviceConnection : IAsyncDisposable
{
    /// <summary>Identity, version, charge points and their transactions, at this moment.</summary>
    Task<DeviceStatus> GetStatusAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Takes the device's hold, renews it at half its time and releases it when disposed: until then no new transaction
    /// starts.
    /// </summary>
    /// <returns>Null where the device has no hold.</returns>
    /// <exception cref="Errors.EdgeBackupException">DeviceBusy: a transaction runs.</exception>
    Task<IDeviceHold?> TakeHoldAsync(TimeSpan duration, CancellationToken cancellationToken);

    /// <summary>Begins a capture of the given content. Dispose without <see cref="ICapture.CompleteAsync"/> gives it up.</summary>
    Task<ICapture> BeginCaptureAsync(BackupContent content, CancellationToken cancellationToken);

    /// <summary>Whether such a device takes a restore of everything only, and never of some items (<see cref="RestoreMode.Replace"/>).</summary>
    bool RestoresWhole => false;

    /// <summary>
    /// Whether a restore changes such a device piece by piece, so that one that was given up may leave half a configuration.
    /// </summary>
    bool RestoresInPlace => false;

    /// <summary>
    /// Whether a capture is a procedure on the device, which changes its state and may stop some of its work: who only wants
    /// to look leaves it out.
    /// </summary>
    bool IsDisturbedByCapture => false;

    /// <summary>
    /// Why this device can never be captured by this connection, as far as it tells when asked; it takes nothing and changes
    /// nothing. Not asked for where nothing but a capture can tell.
    /// </summary>
    /// <returns>The error that a capture would end with; null where nothing stands against one.</returns>
    /// <exception cref="EdgeBackupException">DeviceUnreachable, DeviceBusy, DeviceResponseInvalid.</exception>
    Task<EdgeBackupException?> FindCaptureObstacleAsync(CancellationToken cancellationToken) => Task.FromResult<EdgeBackupException?>(null);

    /// <summary>Whether a restore that was left open on such a device makes it busy, so that <see cref="DropLeftoversAsync"/> comes before everything else.</summary>
    bool IsBusyWithLeftovers => false;

    /// <summary>
    /// Takes the device out of a restore that a killed command of ours left open on it, where such a restore keeps
    /// captures from beginning too.
    /// </summary>
    /// <returns>Whether there was one: the device looks different now.</returns>
    /// <exception cref="Errors.EdgeBackupException">DeviceBusy: somebody else's restore is open.</exception>
    Task<bool> DropLeftoversAsync(IRestoreJournal journal, CancellationToken cancellationToken) => Task.FromResult(false);

    /// <summary>Begins a restore session; nothing on the device changes before its commit.</summary>
    /// <param name="plan">What will be sent.</param>
    /// <param name="journal">Remembers the session's id, so that a killed command's session can be told from somebody else's.</param>
    /// <param name="cancellationToken">Gives the session up.</param>
    /// <exception cref="Errors.EdgeBackupException">
    /// DeviceBusy: a transaction runs, or somebody else's restore is open. RestoreTargetMismatch: names the target cannot
    /// hold, with the list. RestoreFailed: anything else.
    /// </exception>
    Task<IRestoreSession> BeginRestoreAsync(RestorePlan plan, IRestoreJournal journal, CancellationToken cancellationToken);

    /// <summary>Asks the device to stop the transaction on a connector. Accepted does not mean stopped.</summary>
    /// <exception cref="Errors.EdgeBackupException">DeviceResponseInvalid: the device cannot stop transactions.</exception>
    Task StopTransactionAsync(string chargePoint, int connector, CancellationToken cancellationToken);

    /// <summary>The device's event and trend logs, for archives; null where such a connection has none to read.</summary>
    IDeviceHistory? History => null;

    /// <summary>What the device offers as a server; null where its kind of connection knows no servers.</summary>
    IServerConnection? Server => null;
}

/// <summary>A hold on new transactions; disposing releases it.</summary>
public interface IDeviceHold : IAsyncDisposable
{
    /// <summary>True once a renewal failed or came too late; the second look at the charge points decides then (R3).</summary>
    bool IsLost { get; }
}

/// <summary>A capture in progress.</summary>
public interface ICapture : IAsyncDisposable
{
    /// <summary>
    /// What stands on the device and cannot be saved, with the reasons; filled while listing and reading, complete after
    /// <see cref="CompleteAsync"/>. Items of retain level None are not among them.
    /// </summary>
    IReadOnlyList<NotSavedItem> NotSaved { get; }

    /// <summary>
    /// Of <see cref="NotSaved"/>: the paths of values of level Cold that an application of the device has written and the
    /// device has not written down (R12).
    /// </summary>
    IReadOnlyList<string> Unwritten => [];

    /// <summary>
    /// The device's items in ascending ordinal order of their paths, those of retain level None included (they are listed
    /// and never read). Checked: paths (ItemPathInvalid), duplicates (DeviceResponseInvalid).
    /// </summary>
    IAsyncEnumerable<Item> ListAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Opens an item's bytes. Reading to the end proves that they are whole: a short, long or changed body throws
    /// CaptureFailed from the stream's Read. May be called for several items at once.
    /// </summary>
    /// <returns>The stream, and the item with the stamp, length and times that belong to these very bytes; null when the item has vanished.</returns>
    Task<CapturedItem?> OpenReadAsync(Item item, CancellationToken cancellationToken);

    /// <summary>Ends the capture after the last item was read; throws CaptureFailed when it cannot stand.</summary>
    Task CompleteAsync(CancellationToken cancellationToken);
}

/// <summary>An item being read.</summary>
/// <param name="Stream">Its bytes; disposing releases it.</param>
/// <param name="Describe">After the stream was read to its end: the item as it was read (length, stamp, times).</param>
public sealed record CapturedItem(Stream Stream, Func<Item> Describe);

/// <summary>What becomes of configuration items that are not sent.</summary>
public enum RestoreMode
{
    /// <summary>They are removed, save those of retain level None.</summary>
    Replace,

    /// <summary>They stay.</summary>
    Overlay,
}

/// <summary>What a restore will send.</summary>
/// <param name="Mode">What becomes of the rest.</param>
/// <param name="Items">Ascending ordinal order of paths. Items already on the device with the same bytes may be among them.</param>
public sealed record RestorePlan(RestoreMode Mode, IReadOnlyList<RestoreItem> Items)
{
    /// <summary>Sum of the lengths in bytes.</summary>
    public long Length => Items.Sum(item => item.Saved.Item.Length);
}

/// <summary>One item of a restore.</summary>
/// <param name="Saved">The item with its length and SHA-256.</param>
public sealed record RestoreItem(SavedItem Saved);

/// <summary>A restore session; disposing without a commit aborts it.</summary>
public interface IRestoreSession : IAsyncDisposable
{
    /// <summary>Stages one item. Folders and links are staged with an empty stream.</summary>
    Task WriteAsync(SavedItem item, Stream content, CancellationToken cancellationToken);

    /// <summary>
    /// Makes the staged state the device's state, all or nothing, and returns when the device says that it is done, or
    /// when it has forgotten the session after a restart (then only the read-back tells).
    /// </summary>
    /// <exception cref="Errors.EdgeBackupException">RestoreFailed, DeviceBusy (a transaction began).</exception>
    Task<RestoreCommitOutcome> CommitAsync(CancellationToken cancellationToken);

    /// <summary>Drops what was staged.</summary>
    Task AbortAsync(CancellationToken cancellationToken);
}

public enum RestoreCommitOutcome
{
    Completed,

    /// <summary>The device restarted and no longer knows the session; read back to learn what it holds.</summary>
    Unknown,

    /// <summary>
    /// The device took everything and does not say that it put it into force, as others of its kind do. It may give back
    /// what it does not use: reading it back tells what it holds, and proves no restore.
    /// </summary>
    Undeclared,
}

/// <summary>The memory of restore sessions that this product opened and has not closed.</summary>
public interface IRestoreJournal
{
    /// <summary>Whether a session was opened by a command of ours, perhaps one that was killed.</summary>
    Task<bool> IsOwnAsync(string sessionId, CancellationToken cancellationToken);

    /// <summary>As <see cref="IsOwnAsync(string, CancellationToken)"/>, where it was noted no longer ago than <paramref name="life"/>: for devices that give sessions no names, or the same ones again.</summary>
    Task<bool> IsOwnAsync(string sessionId, TimeSpan life, CancellationToken cancellationToken) => IsOwnAsync(sessionId, cancellationToken);

    /// <summary>
    /// Forgets the sessions of killed commands of which nothing is left: the device has shown which ones there are. One whose
    /// command may still run keeps its note.
    /// </summary>
    /// <param name="left">Those of which something is left on the device.</param>
    /// <param name="cancellationToken">Stops.</param>
    Task ClosedAllButAsync(IReadOnlyCollection<string> left, CancellationToken cancellationToken);

    /// <summary>Notes a session; durable when it returns.</summary>
    Task OpenedAsync(string sessionId, CancellationToken cancellationToken);

    /// <summary>Notes a session that changes the device piece by piece: until a restore onto it is proven, nobody knows what it holds.</summary>
    Task OpenedInPlaceAsync(string sessionId, CancellationToken cancellationToken) => OpenedAsync(sessionId, cancellationToken);

    /// <summary>Forgets a session that the device has never taken up: it holds what it held.</summary>
    Task ClosedUntouchedAsync(string sessionId, CancellationToken cancellationToken) => ClosedAsync(sessionId, cancellationToken);

    /// <summary>Forgets a session that was committed or dropped.</summary>
    Task ClosedAsync(string sessionId, CancellationToken cancellationToken);
}
