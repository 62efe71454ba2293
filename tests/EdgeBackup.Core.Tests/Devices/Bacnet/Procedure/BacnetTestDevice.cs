using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Bacnet;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Platform;
using EdgeBackup.Simulator.Bacnet;

namespace EdgeBackup.Core.Tests.Devices.Bacnet.Procedure;

/// <summary>A simulated BACnet device as the conformance suite and the tests here want it. Its id is the registration's.</summary>
internal sealed class BacnetTestDevice(SimulatedBacnetDevice device, string id = "ahu-3") : ITestDevice
{
    /// <summary>As everywhere, but quick about devices that need no time.</summary>
    public static BacnetTimes Times { get; } = new()
    {
        Poll = TimeSpan.FromMilliseconds(20),
        Again = TimeSpan.FromMilliseconds(10),
        Order = TimeSpan.FromMilliseconds(20),
        Abort = TimeSpan.FromMinutes(1),
    };

    /// <summary>For tests in which answers do not come: the real times would be waited for.</summary>
    public static BacnetClientOptions Impatient { get; } = new() { Timeout = TimeSpan.FromMilliseconds(200), Retries = 0 };

    /// <summary>For tests in which something is lost once or twice: soon asked again, and not given up on a busy machine.</summary>
    public static BacnetClientOptions Eager { get; } = Impatient with { Retries = 300 };

    /// <summary>
    /// For tests in which silence must be noticed although answers come too: twenty seconds of a clock that <see cref="PassTimeAsync"/>
    /// puts forward, so that an answer is late only when somebody looked for the end a hundred times meanwhile.
    /// </summary>
    public static BacnetClientOptions Brief { get; } = new() { Timeout = TimeSpan.FromSeconds(20), Retries = 0 };

    /// <summary>So long is silence noticed by <see cref="Brief"/>.</summary>
    public static TimeSpan LongerThanBrief { get; } = Brief.Timeout * 1.2;

    /// <summary>Lets a clock go, quickly, until something has come to its end.</summary>
    public static Task PassTimeAsync(HandClock clock, Task until) => clock.AdvanceUntilAsync(Brief.Timeout / 100, () => until.IsCompleted);

    public SimulatedBacnetDevice Device { get; } = device;

    public BacnetProcedureLocks Locks { get; init; } = new();

    public DeviceCredential? Credential { get; init; }

    public string? IdentityPath => null;

    public bool HasKindsAndLevels => false;

    public bool HasHold => false;

    /// <summary>A BACnet device makes no promise by which a file need not be read.</summary>
    public bool HasStamps => false;

    public bool IsWhole => true;

    public bool HasTransactions => false;

    public static async Task<BacnetTestDevice> StartAsync(SimulatedBacnetOptions? options = null) =>
        new(await SimulatedBacnetDevice.StartAsync((options ?? new SimulatedBacnetOptions()) with { SampleFiles = 0 }));

    public static async Task<ITestDevice> CreateAsync(DeviceSeed seed)
    {
        // Without a serial number, so that the device's id is the one it is registered with.
        var device = await SimulatedBacnetDevice.StartAsync(new SimulatedBacnetOptions { SampleFiles = 0, ChecksContent = false, SerialNumber = null, Firmware = seed.Version });
        var result = new BacnetTestDevice(device, seed.Id);
        foreach (var (path, content) in seed.Items.OrderBy(item => item.Key, StringComparer.Ordinal))
        {
            await result.SetAsync(path, content);
        }

        return result;
    }

    public IDeviceConnection Connect() => Connect(null);

    public BacnetDeviceConnection Connect(BacnetClientOptions? client, TimeProvider? clock = null, BacnetTimes? times = null, Action<string>? warn = null) => new(
        new ConnectionOptions { Address = DeviceAddress.Parse(Device.Address, "/"), Id = id, Credential = Credential, RestartLimit = TimeSpan.FromMinutes(2), Warn = warn },
        SystemPlatform.Create(),
        clock ?? TimeProvider.System,
        Locks,
        client: client,
        times: times ?? Times);

    public Task SetAsync(string path, byte[] content, ItemKind kind = ItemKind.Configuration, RetainLevel retain = RetainLevel.Cold)
    {
        Device.Files.Set(BacnetItemPath.TryParse(path)!.File, SimulatedBacnetFile.Stream(content));
        return Task.CompletedTask;
    }

    public Task RemoveAsync(string path)
    {
        Device.Files.Remove(BacnetItemPath.TryParse(path)!.File);
        return Task.CompletedTask;
    }

    public Task<IReadOnlyDictionary<string, byte[]>> ReadAllAsync()
    {
        var configuration = Device.Files.Configuration;
        return Task.FromResult<IReadOnlyDictionary<string, byte[]>>(configuration
            .Select((file, index) => (Path: new BacnetItemPath(index + 1, file, Device.Files[file].Access).ToPath(configuration.Count), Device.Files[file].Bytes))
            .ToDictionary(file => file.Path, file => file.Bytes, StringComparer.Ordinal));
    }

    public Task StartTransactionAsync() => throw new NotSupportedException("A BACnet device has no transactions.");

    public Task EndTransactionAsync() => throw new NotSupportedException("A BACnet device has no transactions.");

    public ValueTask DisposeAsync() => Device.DisposeAsync();
}

/// <summary>The state of a BACnet device has the paths of its configuration files, the same ones before and after a restore.</summary>
internal static class BacnetConformance
{
    public static ConformanceStates States { get; } = new(
        new Dictionary<string, byte[]>(StringComparer.Ordinal)
        {
            ["files/001-11.stream"] = RestoreTestTools.Bytes("alpha"),
            ["files/002-7.stream"] = RestoreTestTools.Noise(300_000),
            ["files/003-8.stream"] = RestoreTestTools.Bytes("{}"),
            ["files/004-1.stream"] = [],
            ["files/005-5.stream"] = RestoreTestTools.Bytes("gamma"),
        },
        new Dictionary<string, byte[]>(StringComparer.Ordinal)
        {
            ["files/001-11.stream"] = RestoreTestTools.Bytes("old alpha"),
            ["files/002-7.stream"] = RestoreTestTools.Bytes("the same"),
            ["files/003-8.stream"] = RestoreTestTools.Bytes("will be empty"),
            ["files/004-1.stream"] = [],
        },
        new Dictionary<string, byte[]>(StringComparer.Ordinal)
        {
            ["files/001-11.stream"] = RestoreTestTools.Bytes("new"),
            ["files/002-7.stream"] = RestoreTestTools.Bytes("the same"),
            ["files/003-8.stream"] = [],
            ["files/004-1.stream"] = RestoreTestTools.Noise(200_000, seed: 2),
        })
    {
        First = "files/001-11.stream",
        Second = "files/005-5.stream",
        Deep = "files/003-8.stream",
    };
}

public sealed class BacnetConnectionConformanceTests : ConnectionConformanceTests
{
    protected override ConformanceStates States => BacnetConformance.States;

    protected override Task<ITestDevice> CreateDeviceAsync(DeviceSeed seed) => BacnetTestDevice.CreateAsync(seed);
}

public sealed class BacnetRestoreConformanceTests : ConnectionRestoreConformanceTests
{
    protected override ConformanceStates States => BacnetConformance.States;

    protected override Task<ITestDevice> CreateDeviceAsync(DeviceSeed seed) => BacnetTestDevice.CreateAsync(seed);
}
