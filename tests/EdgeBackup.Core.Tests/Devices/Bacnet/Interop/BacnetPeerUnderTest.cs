using System.Globalization;
using System.Net;
using System.Reflection;
using EdgeBackup.Core.Devices.Bacnet;
using EdgeBackup.Simulator.Bacnet;
using Xunit;
using Xunit.Sdk;

namespace EdgeBackup.Core.Tests.Devices.Bacnet.Interop;

/// <summary>Which device a test of this suite talks to.</summary>
public enum BacnetPeerKind
{
    Simulated,

    /// <summary>One that nobody here wrote: named by the environment, see docs/interop.md.</summary>
    Real,
}

/// <summary>Runs a theory against the simulated device, always.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SimulatedPeerAttribute : DataAttribute
{
    public override IEnumerable<object[]> GetData(MethodInfo testMethod) => [[BacnetPeerKind.Simulated]];
}

/// <summary>Runs a theory against the device that the environment names; without one it is skipped, and counted as skipped.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RealPeerAttribute : DataAttribute
{
    /// <summary>As <c>127.0.0.1:47808/1234</c>.</summary>
    public const string ServerVariable = "EDGEBACKUP_BACNET_SERVER";

    /// <summary>Its password; not set: it asks for none.</summary>
    public const string PasswordVariable = "EDGEBACKUP_BACNET_PASSWORD";

    public override string? Skip => string.IsNullOrEmpty(Environment.GetEnvironmentVariable(ServerVariable))
        ? $"{ServerVariable} names no device (docs/interop.md says how to run one)."
        : null;

    public override IEnumerable<object[]> GetData(MethodInfo testMethod) => [[BacnetPeerKind.Real]];
}

/// <summary>A device that can be backed up and restored, whoever made it, and a client that talks to it.</summary>
internal sealed class BacnetPeerUnderTest : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly SimulatedBacnetDevice? simulated;

    private BacnetPeerUnderTest(IPEndPoint endPoint, uint instance, string? password, SimulatedBacnetDevice? simulated, BacnetClient client, BacnetPeer peer)
    {
        EndPoint = endPoint;
        Instance = instance;
        Password = password;
        this.simulated = simulated;
        Client = client;
        Peer = peer;
    }

    public IPEndPoint EndPoint { get; }

    public uint Instance { get; }

    public string? Password { get; }

    public BacnetClient Client { get; }

    public BacnetPeer Peer { get; }

    public string Address => $"bacnet://{EndPoint}/{Instance}";

    public BacnetObjectId DeviceId => new(BacnetObjectType.Device, Instance);

    /// <summary>Finds the device, and takes it out of whatever the last test left it in.</summary>
    public static async Task<BacnetPeerUnderTest> OpenAsync(BacnetPeerKind kind)
    {
        SimulatedBacnetDevice? simulated = null;
        IPEndPoint endPoint;
        uint instance;
        string? password;
        if (kind == BacnetPeerKind.Simulated)
        {
            simulated = await SimulatedBacnetDevice.StartAsync(new() { Password = "filister", Segmentation = BacnetSegmentation.None });
            (endPoint, instance, password) = (simulated.EndPoint, simulated.Options.Instance, simulated.Options.Password);
        }
        else
        {
            var named = Environment.GetEnvironmentVariable(RealPeerAttribute.ServerVariable)!.Split('/');
            endPoint = IPEndPoint.Parse(named[0]);
            instance = uint.Parse(named[1], CultureInfo.InvariantCulture);
            password = Environment.GetEnvironmentVariable(RealPeerAttribute.PasswordVariable);
        }

        var client = await BacnetClient.OpenAsync(new BacnetClientOptions(), default);
        var peer = await client.FindPeerAsync(endPoint, null, instance, default);
        var result = new BacnetPeerUnderTest(endPoint, instance, password, simulated, client, peer);
        await result.LeaveProcedureAsync();
        return result;
    }

    public Task ReinitializeAsync(BacnetReinitializedState state) => Client.ReinitializeDeviceAsync(Peer, state, Password, default);

    public async Task<BacnetBackupState> StateAsync() => (BacnetBackupState)Assert.Single(
        await Client.ReadPropertyAsync(Peer, DeviceId, BacnetProperty.BackupAndRestoreState, null, default)).AsEnumerated!.Value;

    /// <summary>Polls until the device is in one of these states.</summary>
    public async Task<BacnetBackupState> AwaitAsync(params BacnetBackupState[] states)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var state = await StateAsync();
            if (states.Contains(state))
            {
                return state;
            }

            Assert.True(TimeProvider.System.GetElapsedTime(began) < Patience, $"The device stays in {state}.");
            await Task.Delay(20);
        }
    }

    public async Task<IReadOnlyList<uint>> FilesAsync() =>
        [.. (await Client.ReadPropertyAsync(Peer, DeviceId, BacnetProperty.ConfigurationFiles, null, default)).Select(value => value.AsObjectId!.Value.Instance)];

    public async Task<uint> ReadNumberAsync(uint file, BacnetProperty property)
    {
        var value = Assert.Single(await Client.ReadPropertyAsync(Peer, new BacnetObjectId(BacnetObjectType.File, file), property, null, default));
        return (uint)(value.AsUnsigned ?? value.AsEnumerated!.Value);
    }

    /// <summary>Something that a backup contains and a restore brings back: of a device of ours its first file, of another its Location.</summary>
    public async Task<string> ConfigurationAsync() => simulated is not null
        ? Convert.ToHexString(simulated.Files[1].Bytes)
        : Assert.Single(await Client.ReadPropertyAsync(Peer, DeviceId, BacnetProperty.Location, null, default)).AsText!;

    /// <summary>Changes it, as somebody would who works on the device after the backup.</summary>
    public async Task ChangeAsync()
    {
        if (simulated is not null)
        {
            simulated.Files.Set(1, SimulatedBacnetFile.SealedStream([1, 2, 3]));
        }
        else
        {
            await Client.WritePropertyAsync(Peer, DeviceId, BacnetProperty.Location, null, BacnetValue.OfText("elsewhere"), default);
        }
    }

    /// <summary>
    /// The files of two backups are the same where the device is one of ours. Another's files may hold what changes by
    /// itself: bacnet-stack's hold the present values of some objects, and the length of the file itself.
    /// </summary>
    public void AssertSame(IReadOnlyDictionary<uint, IReadOnlyList<byte[]>> expected, IReadOnlyDictionary<uint, IReadOnlyList<byte[]>> actual)
    {
        Assert.Equal(expected.Keys, actual.Keys);
        foreach (var (file, content) in expected)
        {
            if (simulated is not null)
            {
                Assert.Equal(content, actual[file]);
            }

            Assert.NotEmpty(actual[file]);
        }
    }

    /// <summary>A whole backup: every configuration file as its records, one of stream access as a single one.</summary>
    public async Task<IReadOnlyDictionary<uint, IReadOnlyList<byte[]>>> BackUpAsync()
    {
        await ReinitializeAsync(BacnetReinitializedState.StartBackup);
        await AwaitAsync(BacnetBackupState.PerformingBackup);
        var backup = new Dictionary<uint, IReadOnlyList<byte[]>>();
        foreach (var file in await FilesAsync())
        {
            var isStream = await ReadNumberAsync(file, BacnetProperty.FileAccessMethod) == (uint)BacnetFileAccess.Stream;
            backup.Add(file, isStream ? [await ReadStreamAsync(file)] : await ReadRecordsAsync(file));
        }

        await ReinitializeAsync(BacnetReinitializedState.EndBackup);
        await AwaitAsync(BacnetBackupState.Idle);
        return backup;
    }

    /// <returns>How the restore ended.</returns>
    public async Task<BacnetBackupState> RestoreAsync(IReadOnlyDictionary<uint, IReadOnlyList<byte[]>> backup)
    {
        await BeginRestoreAsync();
        foreach (var (file, content) in backup)
        {
            await WriteFileAsync(file, content);
        }

        await ReinitializeAsync(BacnetReinitializedState.EndRestore);
        return await AwaitAsync(BacnetBackupState.Idle, BacnetBackupState.RestoreFailure);
    }

    public async Task BeginRestoreAsync()
    {
        await ReinitializeAsync(BacnetReinitializedState.StartRestore);
        await AwaitAsync(BacnetBackupState.PerformingRestore);
    }

    public async Task WriteFileAsync(uint file, IReadOnlyList<byte[]> content)
    {
        var isStream = await ReadNumberAsync(file, BacnetProperty.FileAccessMethod) == (uint)BacnetFileAccess.Stream;
        await EmptyAsync(file, isStream);
        var step = Client.LargestWrite(Peer);
        for (var at = 0; isStream && at < content[0].Length; at += step)
        {
            await Client.WriteFileStreamAsync(Peer, file, at, content[0].AsMemory(at, Math.Min(step, content[0].Length - at)), default);
        }

        for (var number = 0; !isStream && number < content.Count; number++)
        {
            await Client.WriteFileRecordsAsync(Peer, file, number, [content[number]], default);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (simulated is null)
        {
            await LeaveProcedureAsync();
        }

        await Client.DisposeAsync();
        if (simulated is not null)
        {
            await simulated.DisposeAsync();
        }
    }

    private async Task EmptyAsync(uint file, bool isStream)
    {
        try
        {
            await Client.WritePropertyAsync(
                Peer,
                new BacnetObjectId(BacnetObjectType.File, file),
                isStream ? BacnetProperty.FileSize : BacnetProperty.RecordCount,
                null,
                BacnetValue.OfUnsigned(0),
                default);
        }
        catch (BacnetErrorException refusal) when (refusal.Code == BacnetErrorCode.WriteAccessDenied)
        {
            // bacnet-stack's server refuses this, and empties a file that is written at its start.
        }
    }

    private async Task LeaveProcedureAsync()
    {
        foreach (var state in new[] { BacnetReinitializedState.AbortRestore, BacnetReinitializedState.EndBackup })
        {
            try
            {
                await ReinitializeAsync(state);
            }
            catch (BacnetErrorException)
            {
                // There was nothing of that kind to leave.
            }
        }
    }

    private async Task<byte[]> ReadStreamAsync(uint file)
    {
        var bytes = new List<byte>();
        while (true)
        {
            var part = await Client.ReadFileStreamAsync(Peer, file, bytes.Count, (uint)Client.LargestRead(Peer), default);
            Assert.Equal(bytes.Count, part.Start);
            bytes.AddRange(part.Data.ToArray());
            if (part.EndOfFile)
            {
                return [.. bytes];
            }

            Assert.NotEqual(0, part.Data.Length);
        }
    }

    private async Task<IReadOnlyList<byte[]>> ReadRecordsAsync(uint file)
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
}
