using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Http;
using EdgeBackup.Core.Items;
using EdgeBackup.Simulator.Devices;

namespace EdgeBackup.Core.Tests.Devices.Http;

/// <summary>A simulated device as the conformance suite wants it.</summary>
internal sealed class SimulatedTestDevice(SimulatedDevice device) : ITestDevice
{
    public string IdentityPath => "identity/hardware.json";

    public bool HasKindsAndLevels => true;

    public bool HasHold => true;

    public static async Task<ITestDevice> CreateAsync(DeviceSeed seed)
    {
        var device = await SimulatedDevice.StartAsync(new SimulatedDeviceOptions { Id = seed.Id, Version = seed.Version, WithSampleItems = false });
        var result = new SimulatedTestDevice(device);
        device.Items.Set(result.IdentityPath, RestoreTestTools.Bytes("{\"serial\":1}"), ItemKind.Identity);
        foreach (var (path, content) in seed.Items)
        {
            device.Items.Set(path, content);
        }

        return result;
    }

    public IDeviceConnection Connect() => HttpTests.Connect(device);

    public Task SetAsync(string path, byte[] content, ItemKind kind, RetainLevel retain)
    {
        device.Items.Set(path, content, kind, retain);
        return Task.CompletedTask;
    }

    public Task RemoveAsync(string path)
    {
        device.Items.Remove(path);
        return Task.CompletedTask;
    }

    public Task<IReadOnlyDictionary<string, byte[]>> ReadAllAsync() =>
        Task.FromResult<IReadOnlyDictionary<string, byte[]>>(
            device.Items.List().ToDictionary(item => item.Path, item => item.Content, StringComparer.Ordinal));

    public Task StartTransactionAsync()
    {
        device.ChargePoints[0].StartTransaction();
        return Task.CompletedTask;
    }

    public Task EndTransactionAsync()
    {
        device.ChargePoints[0].EndTransaction();
        return Task.CompletedTask;
    }

    public ValueTask DisposeAsync() => device.DisposeAsync();
}

public sealed class HttpConnectionConformanceTests : ConnectionConformanceTests
{
    protected override Task<ITestDevice> CreateDeviceAsync(DeviceSeed seed) => SimulatedTestDevice.CreateAsync(seed);
}

public sealed class HttpRestoreConformanceTests : ConnectionRestoreConformanceTests
{
    protected override Task<ITestDevice> CreateDeviceAsync(DeviceSeed seed) => SimulatedTestDevice.CreateAsync(seed);
}
