using System.Net;

namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>
/// Speaks BACnet/IP as a client (ASHRAE 135, annex J and clause 5.4). May be used from several tasks at once. What goes
/// wrong in an exchange is a <see cref="BacnetException"/>.
/// </summary>
public sealed class BacnetClient : IAsyncDisposable
{
    private readonly BacnetClientOptions options;

    private BacnetClient(BacnetClientOptions options) => this.options = options;

    public static Task<BacnetClient> OpenAsync(BacnetClientOptions options, CancellationToken cancellationToken) =>
        Task.FromResult(new BacnetClient(options));

    public Task<BacnetPeer> FindPeerAsync(IPEndPoint host, BacnetAddress? routed, uint instance, CancellationToken cancellationToken) =>
        throw NotYet();

    public Task<IReadOnlyList<BacnetValue>> ReadPropertyAsync(
        BacnetPeer peer, BacnetObjectId target, BacnetProperty property, uint? arrayIndex, CancellationToken cancellationToken) =>
        throw NotYet();

    public Task<IReadOnlyList<BacnetPropertyResult>> ReadPropertiesAsync(
        BacnetPeer peer, IReadOnlyList<(BacnetObjectId Target, BacnetProperty Property)> wanted, CancellationToken cancellationToken) =>
        throw NotYet();

    public Task WritePropertyAsync(
        BacnetPeer peer, BacnetObjectId target, BacnetProperty property, uint? arrayIndex, BacnetValue value, CancellationToken cancellationToken) =>
        throw NotYet();

    public Task<BacnetObjectId> CreateObjectAsync(BacnetPeer peer, BacnetObjectId target, CancellationToken cancellationToken) =>
        throw NotYet();

    public Task<BacnetStreamPart> ReadFileStreamAsync(BacnetPeer peer, uint file, int start, uint count, CancellationToken cancellationToken) =>
        throw NotYet();

    public Task<BacnetRecordPart> ReadFileRecordsAsync(BacnetPeer peer, uint file, int start, uint count, CancellationToken cancellationToken) =>
        throw NotYet();

    public Task<int> WriteFileStreamAsync(BacnetPeer peer, uint file, int start, ReadOnlyMemory<byte> data, CancellationToken cancellationToken) =>
        throw NotYet();

    public Task<int> WriteFileRecordsAsync(
        BacnetPeer peer, uint file, int start, IReadOnlyList<ReadOnlyMemory<byte>> records, CancellationToken cancellationToken) =>
        throw NotYet();

    public Task ReinitializeDeviceAsync(BacnetPeer peer, BacnetReinitializedState state, string? password, CancellationToken cancellationToken) =>
        throw NotYet();

    public Task<BacnetRange> ReadRangeAsync(
        BacnetPeer peer, BacnetObjectId target, BacnetProperty property, BacnetRangeRequest range, CancellationToken cancellationToken) =>
        throw NotYet();

    public IAsyncEnumerable<BacnetAnnouncement> WhoIsAsync(
        BacnetTarget target, uint? low, uint? high, TimeSpan wait, CancellationToken cancellationToken) =>
        throw NotYet();

    /// <summary>Bytes of a file that fit one answer of this peer to AtomicReadFile.</summary>
    public int LargestRead(BacnetPeer peer) => throw NotYet();

    /// <summary>Bytes of a file that fit one AtomicWriteFile request (stream access) to this peer.</summary>
    public int LargestWrite(BacnetPeer peer) => throw NotYet();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private InvalidOperationException NotYet() => new($"The body of this is not written yet ({options}).");
}
