using EdgeBackup.Core.Devices.Bacnet;
using EdgeBackup.Simulator.Bacnet;
using Xunit;

namespace EdgeBackup.Core.Tests.Simulator.Bacnet;

/// <summary>A simulated device, and a client that has found it.</summary>
internal sealed class BacnetVisit : IAsyncDisposable
{
    /// <summary>A busy machine may be slow; what is lost on purpose is asked for again soon enough.</summary>
    public static readonly BacnetClientOptions Patient = new() { Timeout = TimeSpan.FromSeconds(10), Retries = 5 };

    /// <summary>For wires that lose things: many tries, none of them long.</summary>
    public static readonly BacnetClientOptions Eager = new()
    {
        Timeout = TimeSpan.FromMilliseconds(150),
        SegmentTimeout = TimeSpan.FromMilliseconds(150),
        Retries = 100,
    };

    private BacnetVisit(SimulatedBacnetDevice device, BacnetClient client, BacnetPeer peer)
    {
        Device = device;
        Client = client;
        Peer = peer;
    }

    public SimulatedBacnetDevice Device { get; }

    public BacnetClient Client { get; }

    public BacnetPeer Peer { get; }

    public BacnetObjectId DeviceId => Device.ObjectId;

    public static async Task<BacnetVisit> PayAsync(SimulatedBacnetOptions? options = null, BacnetClientOptions? speaking = null)
    {
        var device = await SimulatedBacnetDevice.StartAsync(options);
        var client = await BacnetClient.OpenAsync(speaking ?? Patient, default);
        var peer = await client.FindPeerAsync(device.EndPoint, null, device.Options.Instance, default);
        device.ClearRequests();
        return new BacnetVisit(device, client, peer);
    }

    /// <summary>Sees that something is not answered, without waiting for long; what is answered is never asked so hurriedly.</summary>
    public static async Task AssertSilentAsync(Func<BacnetClient, Task> ask)
    {
        await using var hurried = await BacnetClient.OpenAsync(Patient with { Timeout = TimeSpan.FromMilliseconds(50), Retries = 0 }, default);
        await Assert.ThrowsAsync<BacnetTimeoutException>(() => ask(hurried));
    }

    public Task AssertSilentAsync() => AssertSilentAsync(
        client => client.ReadPropertyAsync(Peer, DeviceId, BacnetProperty.SystemStatus, null, default));

    public Task ReinitializeAsync(BacnetReinitializedState state, string? password = null) =>
        Client.ReinitializeDeviceAsync(Peer, state, password, default);

    public async Task<BacnetValue> ReadAsync(BacnetObjectId target, BacnetProperty property, uint? index = null) =>
        Assert.Single(await Client.ReadPropertyAsync(Peer, target, property, index, default));

    public Task<BacnetValue> ReadAsync(BacnetProperty property) => ReadAsync(DeviceId, property);

    public async Task<BacnetBackupState> StateAsync() =>
        (BacnetBackupState)(await ReadAsync(BacnetProperty.BackupAndRestoreState)).AsEnumerated!.Value;

    public async Task<IReadOnlyList<uint>> FilesAsync() =>
        [.. (await Client.ReadPropertyAsync(Peer, DeviceId, BacnetProperty.ConfigurationFiles, null, default)).Select(value => value.AsObjectId!.Value.Instance)];

    public Task WriteAsync(uint file, BacnetProperty property, BacnetValue value) =>
        Client.WritePropertyAsync(Peer, new BacnetObjectId(BacnetObjectType.File, file), property, null, value, default);

    /// <summary>Reads a file of stream access to its end, in pieces as large as fit.</summary>
    public async Task<byte[]> ReadStreamAsync(uint file)
    {
        var bytes = new List<byte>();
        while (true)
        {
            var part = await Client.ReadFileStreamAsync(Peer, file, bytes.Count, (uint)Client.LargestRead(Peer), default);
            bytes.AddRange(part.Data.ToArray());
            if (part.EndOfFile)
            {
                return [.. bytes];
            }
        }
    }

    /// <summary>Reads a file of record access to its end, one record at a time.</summary>
    public async Task<IReadOnlyList<byte[]>> ReadRecordsAsync(uint file)
    {
        var records = new List<byte[]>();
        while (true)
        {
            var part = await Client.ReadFileRecordsAsync(Peer, file, records.Count, 1, default);
            records.AddRange(part.Records.Select(record => record.ToArray()));
            if (part.EndOfFile)
            {
                return records;
            }
        }
    }

    /// <summary>Empties a file of stream access and writes it, in pieces as large as fit.</summary>
    public async Task RewriteStreamAsync(uint file, byte[] content)
    {
        await WriteAsync(file, BacnetProperty.FileSize, BacnetValue.OfUnsigned(0));
        await WriteStreamAsync(file, content);
    }

    public async Task WriteStreamAsync(uint file, byte[] content)
    {
        var step = Client.LargestWrite(Peer);
        for (var at = 0; at < content.Length; at += step)
        {
            Assert.Equal(at, await Client.WriteFileStreamAsync(Peer, file, at, content.AsMemory(at, Math.Min(step, content.Length - at)), default));
        }
    }

    public async Task RewriteRecordsAsync(uint file, IReadOnlyList<byte[]> records)
    {
        await WriteAsync(file, BacnetProperty.RecordCount, BacnetValue.OfUnsigned(0));
        for (var number = 0; number < records.Count; number++)
        {
            await Client.WriteFileRecordsAsync(Peer, file, number, [records[number]], default);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Client.DisposeAsync();
        await Device.DisposeAsync();
    }
}
