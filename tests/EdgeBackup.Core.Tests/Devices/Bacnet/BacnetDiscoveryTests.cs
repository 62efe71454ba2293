using System.Net;
using EdgeBackup.Core.Devices.Bacnet;
using EdgeBackup.Simulator.Bacnet;
using Xunit;

namespace EdgeBackup.Core.Tests.Devices.Bacnet;

public sealed class BacnetDiscoveryTests
{
    private static readonly BacnetClientOptions Options = new() { Timeout = TimeSpan.FromSeconds(20) };

    [Fact]
    public async Task A_device_is_found_with_what_it_is_and_that_it_can_be_backed_up()
    {
        await using var device = await SimulatedBacnetDevice.StartAsync();
        var found = Assert.Single(await FindAsync(new BacnetTarget(device.EndPoint, IsBroadcast: false, BacnetAddress.Everyone)));
        Assert.True(found.CanBackup, found.Reason);
        Assert.Null(found.Reason);
        Assert.Equal((1001u, "SN-4711", "2.4.1", device.Name, 999u), (found.Instance, found.SerialNumber, found.Version, found.Name, found.VendorId));
        Assert.Equal(device.EndPoint, found.Peer.EndPoint);
    }

    [Theory]
    [InlineData(ReinitializeSupport.Missing, "does not have ReinitializeDevice")]
    public async Task What_a_device_lacks_for_a_backup_is_said(ReinitializeSupport support, string reason)
    {
        await using var device = await SimulatedBacnetDevice.StartAsync(new SimulatedBacnetOptions { Reinitialize = support });
        var found = Assert.Single(await FindAsync(new BacnetTarget(device.EndPoint, IsBroadcast: false)));
        Assert.False(found.CanBackup);
        Assert.Contains(reason, found.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Devices_behind_a_router_that_drops_what_is_too_much_are_all_read()
    {
        await using var router = await SimulatedBacnetRouter.StartAsync(7);
        for (byte mac = 1; mac <= 5; mac++)
        {
            router.Add(new SimulatedBacnetOptions { Instance = 2000u + mac, SerialNumber = $"R{mac}", MaxApdu = 480, Segmentation = BacnetSegmentation.None }, mac);
        }

        var found = await FindAsync(new BacnetTarget(router.EndPoint, IsBroadcast: false, BacnetAddress.Everyone), count: 5);
        Assert.Equal([2001u, 2002u, 2003u, 2004u, 2005u], found.Select(one => one.Instance).Order());
        Assert.All(found, one => Assert.Equal(new BacnetAddress(7, [(byte)(one.Instance - 2000)]), one.Peer.Routed));
        Assert.All(found, one => Assert.True(one.CanBackup, one.Reason));
        Assert.Equal(0, router.Crowded);
    }

    [Fact]
    public async Task Only_the_instances_that_are_wanted_are_given()
    {
        await using var device = await SimulatedBacnetDevice.StartAsync();
        Assert.Empty(await FindAsync(new BacnetTarget(device.EndPoint, IsBroadcast: false), low: 5, high: 1000, count: 0));
        Assert.Single(await FindAsync(new BacnetTarget(device.EndPoint, IsBroadcast: false), low: 1001, high: 1001));
    }

    [Fact]
    public async Task A_device_that_answers_the_search_and_no_more_is_given_with_that()
    {
        await using var silent = new UdpResponder(33) { IsMute = true };
        await using var client = await BacnetClient.OpenAsync(Options with { Timeout = TimeSpan.FromMilliseconds(50), Retries = 1 }, CancellationToken.None);
        var found = Assert.Single(await FindAsync(client, new BacnetTarget(silent.EndPoint, IsBroadcast: false), null, null, 1));
        Assert.False(found.CanBackup);
        Assert.Contains("could not be read", found.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_that_answers_no_search_is_asked_directly()
    {
        await using var deaf = new UdpResponder(44) { IsDeaf = true };
        var found = Assert.Single(await FindAsync(new BacnetTarget(deaf.EndPoint, IsBroadcast: false), count: 0));
        Assert.Equal((44u, "Device 44"), (found.Instance, found.Name));
        Assert.False(found.CanBackup);
        Assert.Contains("does not say which services", found.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("127.255.255.255", true)]
    [InlineData("255.255.255.255", true)]
    [InlineData("127.0.0.1", false)]
    [InlineData("203.0.113.255", false)]
    public void A_broadcast_address_is_told_from_a_host(string address, bool isBroadcast)
    {
        Assert.Equal(isBroadcast, BacnetHosts.IsLocalBroadcast(IPAddress.Parse(address)));
    }

    [Theory]
    [InlineData("10.1.2.255", "10.1.2.255", 47808)]
    [InlineData("router.example:1234", "router.example", 1234)]
    [InlineData("host:", null, 0)]
    [InlineData("host:0", null, 0)]
    [InlineData("host:99999", null, 0)]
    [InlineData("a b", null, 0)]
    [InlineData("::1", null, 0)]
    [InlineData("", null, 0)]
    public void A_network_is_a_host_and_a_port(string text, string? host, int port)
    {
        var split = BacnetHosts.Split(text);
        Assert.Equal(host is null ? null : (host, port), split);
    }

    /// <param name="target">Whom to ask.</param>
    /// <param name="low">Lowest instance.</param>
    /// <param name="high">Highest instance.</param>
    /// <param name="count">After so many it ends, however long that takes.</param>
    private static async Task<List<BacnetFoundDevice>> FindAsync(BacnetTarget target, uint? low = null, uint? high = null, int count = 1)
    {
        await using var client = await BacnetClient.OpenAsync(Options, CancellationToken.None);
        return await FindAsync(client, target, low, high, count);
    }

    private static async Task<List<BacnetFoundDevice>> FindAsync(BacnetClient client, BacnetTarget target, uint? low, uint? high, int count)
    {
        var options = new BacnetDiscoveryOptions { Targets = [target], LowInstance = low, HighInstance = high, Wait = count == 0 ? TimeSpan.FromMilliseconds(300) : TimeSpan.FromSeconds(60) };
        var found = new List<BacnetFoundDevice>();
        await foreach (var device in new BacnetDiscovery(client).RunAsync(options, CancellationToken.None))
        {
            found.Add(device);
            if (found.Count == count)
            {
                break;
            }
        }

        return found;
    }
}
