using System.Net;
using System.Net.Sockets;
using EdgeBackup.Core.Devices.Bacnet;
using Xunit;

namespace EdgeBackup.Core.Tests.Devices.Bacnet;

/// <summary>The client over real sockets.</summary>
public sealed class BacnetLoopbackTests
{
    private static readonly BacnetClientOptions Options = new()
    {
        Local = new IPEndPoint(IPAddress.Loopback, 0),
        Timeout = TimeSpan.FromSeconds(20),
    };

    [Fact]
    public async Task A_device_is_found_and_read_over_a_socket()
    {
        await using var device = new UdpResponder(1234);
        await using var client = await BacnetClient.OpenAsync(Options, CancellationToken.None);
        var peer = await client.FindPeerAsync(device.EndPoint, null, 1234, CancellationToken.None);
        Assert.Equal((480u, BacnetSegmentation.Both, 16u), (peer.MaxApdu, peer.Segmentation, peer.MaxSegments));
        var name = await client.ReadPropertyAsync(peer, new BacnetObjectId(BacnetObjectType.Device, 1234), BacnetProperty.ObjectName, null, CancellationToken.None);
        Assert.Equal("Device 1234", name[0].AsText);
    }

    [Fact]
    public async Task Another_device_than_the_one_wanted_is_told_from_silence()
    {
        await using var device = new UdpResponder(1234);
        await using var client = await BacnetClient.OpenAsync(Options with { Timeout = TimeSpan.FromSeconds(2) }, CancellationToken.None);
        var exception = await Assert.ThrowsAsync<BacnetUnreachableException>(() => client.FindPeerAsync(device.EndPoint, null, 77, CancellationToken.None));
        Assert.Contains("is not device 77", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_is_there_is_heard()
    {
        await using var device = new UdpResponder(1234);
        await using var client = await BacnetClient.OpenAsync(Options, CancellationToken.None);
        await foreach (var heard in client.WhoIsAsync(
            new BacnetTarget(device.EndPoint, IsBroadcast: false), null, null, TimeSpan.FromSeconds(60), CancellationToken.None))
        {
            Assert.Equal((1234u, 480u, BacnetSegmentation.Both, 260u, device.EndPoint), (heard.Instance, heard.MaxApdu, heard.Segmentation, heard.VendorId, heard.EndPoint));
            return;
        }

        Assert.Fail("nobody was heard");
    }

    [Fact]
    public async Task A_device_that_answers_a_broadcast_with_a_broadcast_is_heard()
    {
        if (!OperatingSystem.IsLinux())
        {
            // Elsewhere loopback has no broadcast address that can be bound beside another program.
            return;
        }

        await using var device = new UdpResponder(1234, isOnBroadcast: true);
        await using var client = await BacnetClient.OpenAsync(Options, CancellationToken.None);
        var target = new BacnetTarget(new IPEndPoint(UdpResponder.LoopbackBroadcast, device.EndPoint.Port), IsBroadcast: true);
        await foreach (var heard in client.WhoIsAsync(target, null, null, TimeSpan.FromSeconds(60), CancellationToken.None))
        {
            Assert.Equal((1234u, device.EndPoint.Port), (heard.Instance, heard.EndPoint.Port));
            return;
        }

        Assert.Fail("nobody was heard");
    }

    [Fact]
    public async Task A_port_that_nobody_listens_on_is_a_timeout()
    {
        using var closed = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        closed.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var nobody = (IPEndPoint)closed.LocalEndPoint!;

        // Bound, and connected to somebody else: it takes nothing from us, and no other test gets the port meanwhile.
        closed.Connect(new IPEndPoint(IPAddress.Loopback, 9));
        await using var client = await BacnetClient.OpenAsync(Options with { Timeout = TimeSpan.FromMilliseconds(50), Retries = 1 }, CancellationToken.None);
        var peer = new BacnetPeer(nobody, null, 1476, BacnetSegmentation.None, 1);
        await Assert.ThrowsAsync<BacnetTimeoutException>(
            () => client.ReadPropertyAsync(peer, new BacnetObjectId(BacnetObjectType.Device, 1), BacnetProperty.ObjectName, null, CancellationToken.None));
    }

    [Fact]
    public async Task Disposal_ends_whoever_waits()
    {
        using var silent = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        silent.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var client = await BacnetClient.OpenAsync(Options with { Timeout = TimeSpan.FromMinutes(5) }, CancellationToken.None);
        var peer = new BacnetPeer((IPEndPoint)silent.LocalEndPoint!, null, 1476, BacnetSegmentation.None, 1);
        var reading = client.ReadPropertyAsync(peer, new BacnetObjectId(BacnetObjectType.Device, 1), BacnetProperty.ObjectName, null, CancellationToken.None);
        await client.DisposeAsync();
        await Assert.ThrowsAsync<BacnetUnreachableException>(() => reading);
        await Assert.ThrowsAsync<BacnetUnreachableException>(
            () => client.ReadPropertyAsync(peer, new BacnetObjectId(BacnetObjectType.Device, 1), BacnetProperty.ObjectName, null, CancellationToken.None));
    }

    [Fact]
    public async Task A_local_address_that_is_taken_is_said()
    {
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var exception = await Assert.ThrowsAsync<BacnetUnreachableException>(
            () => BacnetClient.OpenAsync(new BacnetClientOptions { Local = (IPEndPoint)taken.LocalEndPoint! }, CancellationToken.None));
        Assert.Contains("not to be had", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_registration_with_a_management_device_is_made_used_renewed_and_taken_back()
    {
        await using var bbmd = new UdpResponder(9);
        var options = Options with { Bbmd = bbmd.EndPoint, BbmdTimeToLive = TimeSpan.FromSeconds(1) };
        var client = await BacnetClient.OpenAsync(options, CancellationToken.None);
        await foreach (var announcement in client.WhoIsAsync(
            new BacnetTarget(new IPEndPoint(IPAddress.Broadcast, 47808), IsBroadcast: true), null, null, TimeSpan.FromSeconds(30), CancellationToken.None))
        {
            // The management device passes the answer of another on: that one's address is the device's.
            Assert.Equal(UdpResponder.Forwarded, announcement.EndPoint);
            break;
        }

        await bbmd.WaitForAsync(BvlcFunction.RegisterForeignDevice, 3);
        await client.DisposeAsync();
        await bbmd.WaitForAsync(BvlcFunction.DeleteForeignEntry, 1);
        Assert.Contains(BvlcFunction.DistributeBroadcast, bbmd.Seen);
    }

    [Fact]
    public async Task A_management_device_that_forgot_the_registration_is_registered_with_again_and_asked_once_more()
    {
        await using var bbmd = new UdpResponder(9);
        await using var client = await BacnetClient.OpenAsync(Options with { Bbmd = bbmd.EndPoint, BbmdTimeToLive = TimeSpan.FromHours(1) }, CancellationToken.None);
        bbmd.Forget();
        await foreach (var announcement in client.WhoIsAsync(
            new BacnetTarget(new IPEndPoint(IPAddress.Broadcast, 47808), IsBroadcast: true), null, null, TimeSpan.FromMinutes(1), CancellationToken.None))
        {
            Assert.Equal(UdpResponder.Forwarded, announcement.EndPoint);
            Assert.Equal(2, bbmd.Seen.Count(function => function == BvlcFunction.RegisterForeignDevice));
            return;
        }

        Assert.Fail("nobody was heard");
    }

    [Fact]
    public async Task A_registration_that_is_lost_is_made_again()
    {
        await using var bbmd = new UdpResponder(9) { LostRegistrations = 1 };
        await using var client = await BacnetClient.OpenAsync(
            Options with { Bbmd = bbmd.EndPoint, Timeout = TimeSpan.FromMilliseconds(500), Retries = 10 }, CancellationToken.None);
        await bbmd.WaitForAsync(BvlcFunction.RegisterForeignDevice, 2);
    }

    [Fact]
    public async Task A_result_of_another_kind_is_not_the_answer_to_a_registration()
    {
        var bbmd = new IPEndPoint(IPAddress.Loopback, 1);
        BacnetForeignDevice? registration = null;
        registration = new BacnetForeignDevice(bbmd, ScriptedPeer.Patient, (_, to) =>
        {
            registration!.Take(0x0050, to);
            registration.Take(0x0060, to);
            registration.Take(0, to);
        });
        await registration.RegisterAsync(CancellationToken.None);
        await registration.DisposeAsync();
    }

    [Fact]
    public async Task A_management_device_that_refuses_is_an_error_at_once()
    {
        await using var bbmd = new UdpResponder(9) { RegistrationResult = 0x0030 };
        var exception = await Assert.ThrowsAsync<BacnetUnreachableException>(
            () => BacnetClient.OpenAsync(Options with { Bbmd = bbmd.EndPoint }, CancellationToken.None));
        Assert.Contains("0x0030", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Routers_say_what_is_behind_them_and_bring_there()
    {
        await using var router = new UdpResponder(55) { Network = 7 };
        await using var client = await BacnetClient.OpenAsync(Options, CancellationToken.None);
        await foreach (var heard in client.WhoIsRouterAsync(new BacnetTarget(router.EndPoint, IsBroadcast: false), null, TimeSpan.FromSeconds(30), CancellationToken.None))
        {
            Assert.Equal([7], heard.Networks);
            Assert.Equal(router.EndPoint, heard.EndPoint);
            break;
        }

        // The router is not the device, but its networks know it; from then on it is addressed behind the router.
        var peer = await client.FindPeerAsync(router.EndPoint, null, 1234, CancellationToken.None);
        Assert.Equal(new BacnetAddress(7, [9]), peer.Routed);
        var name = await client.ReadPropertyAsync(peer, new BacnetObjectId(BacnetObjectType.Device, 1234), BacnetProperty.ObjectName, null, CancellationToken.None);
        Assert.Equal("Device 1234", name[0].AsText);
    }

    [Fact]
    public async Task A_device_behind_a_router_that_passes_its_answer_on_by_broadcast_is_found_by_its_instance()
    {
        if (!OperatingSystem.IsLinux())
        {
            // As above.
            return;
        }

        await using var router = new UdpResponder(55, isOnBroadcast: true) { Network = 7 };
        await using var client = await BacnetClient.OpenAsync(Options, CancellationToken.None);
        var peer = await client.FindPeerAsync(new IPEndPoint(IPAddress.Loopback, router.EndPoint.Port), null, 1234, CancellationToken.None);
        Assert.Equal(new BacnetAddress(7, [9]), peer.Routed);
    }
}
