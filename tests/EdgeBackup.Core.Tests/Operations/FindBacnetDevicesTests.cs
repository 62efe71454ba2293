using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations;
using EdgeBackup.Simulator.Bacnet;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations;

/// <summary>Instances are unique in one internetwork only: of two sites both may have a 1001.</summary>
public sealed class FindBacnetDevicesTests
{
    private static void AssertRegistered(string id, ListedBacnetDevice found) => Assert.Equal((id, true), (found.Id, found.IsRegistered));

    private static readonly SimulatedBacnetOptions WithoutSerial = new() { SerialNumber = null };

    [Fact]
    public async Task Another_sites_device_of_the_same_instance_is_not_taken_for_the_registered_one()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await using var here = await SimulatedBacnetDevice.StartAsync(WithoutSerial);
        await using var there = await SimulatedBacnetDevice.StartAsync(WithoutSerial);
        Assert.Equal("bacnet-1001", await RegisterAsync(bench, here.Address));

        var known = await FindAsync(bench, here);
        var other = await FindAsync(bench, there);

        Assert.Equal(("bacnet-1001", true, null), (known.Id, known.IsRegistered, known.Found.Reason));
        Assert.False(other.IsRegistered);
        Assert.NotEqual("bacnet-1001", other.Id);
        Assert.Contains("-Id", other.Found.Reason, StringComparison.Ordinal);
        Assert.Contains(here.Address, other.Found.Reason, StringComparison.Ordinal);
        Assert.True(other.Found.CanBackup);

        // What Reason says: the pipeline fails and says so, and an id of its own makes it known.
        var refused = await Assert.ThrowsAsync<EdgeBackupException>(() => RegisterAsync(bench, there.Address));
        Assert.Equal(ErrorIds.DeviceIdDuplicate, refused.ErrorId);
        Assert.Contains("-Id", refused.Message, StringComparison.Ordinal);
        Assert.Equal(other.Id, await RegisterAsync(bench, there.Address, other.Id));
        AssertRegistered(other.Id, await FindAsync(bench, there));
    }

    [Fact]
    public async Task A_device_that_is_registered_by_its_hosts_name_is_known()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await using var device = await SimulatedBacnetDevice.StartAsync(WithoutSerial);
        await RegisterAsync(bench, $"bacnet://localhost:{device.EndPoint.Port}/1001");

        AssertRegistered("bacnet-1001", await FindAsync(bench, device));
    }

    [Fact]
    public async Task A_device_behind_a_router_is_known_when_the_router_was_registered_for_it()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await using var router = await SimulatedBacnetRouter.StartAsync(network: 5);
        var device = router.Add(WithoutSerial, mac: 9);

        // Unasked: the router, which is no device, would be waited for first.
        await new RegisterDevice(bench.Context, bench.Observer).RunAsync(
            new RegisterDeviceOptions { Address = DeviceAddress.Parse($"bacnet://{router.EndPoint}/1001", bench.Path()), Id = "bacnet-1001", Type = "bacnet-device", SkipContact = true }, default);

        AssertRegistered("bacnet-1001", await FindAsync(bench, device));
    }

    [Fact]
    public async Task A_device_with_a_serial_number_is_known_wherever_it_is()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await using var before = await SimulatedBacnetDevice.StartAsync();
        await RegisterAsync(bench, before.Address);
        await using var moved = await SimulatedBacnetDevice.StartAsync();

        AssertRegistered("bacnet-999-SN-4711", await FindAsync(bench, moved));
    }

    [Fact]
    public async Task New_hardware_at_a_registered_address_is_not_taken_for_the_old_one()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await using var swapped = await SimulatedBacnetDevice.StartAsync(new SimulatedBacnetOptions { SerialNumber = "NEW" });
        await new RegisterDevice(bench.Context, bench.Observer).RunAsync(
            new RegisterDeviceOptions { Address = DeviceAddress.Parse(swapped.Address, bench.Path()), Id = "bacnet-999-OLD", Type = "bacnet-device", SkipContact = true }, default);

        var found = await FindAsync(bench, swapped);

        Assert.Equal(("bacnet-999-NEW", false), (found.Id, found.IsRegistered));
        Assert.Contains("Switch-EdgeDevice -Device 'bacnet-999-NEW' -Replaces 'bacnet-999-OLD'", found.Found.Reason, StringComparison.Ordinal);
        Assert.Equal("bacnet-999-NEW", await RegisterAsync(bench, swapped.Address));
        AssertRegistered("bacnet-999-NEW", await FindAsync(bench, swapped));
    }

    private static Task<string> RegisterAsync(OperationsBench bench, string address, string? id = null) =>
        new RegisterDevice(bench.Context, bench.Observer).RunAsync(new RegisterDeviceOptions { Address = DeviceAddress.Parse(address, bench.Path()), Id = id }, default);

    private static async Task<ListedBacnetDevice> FindAsync(OperationsBench bench, SimulatedBacnetDevice device)
    {
        var options = new FindBacnetDevicesOptions { Networks = [device.EndPoint.ToString()], Timeout = TimeSpan.FromSeconds(30) };
        await foreach (var found in new FindBacnetDevices(bench.Context, bench.Observer, TimeProvider.System).RunAsync(options, error => throw error, default))
        {
            return found;
        }

        throw new InvalidOperationException("Nobody was found.");
    }
}
