using System.Net;
using System.Net.Sockets;
using EdgeBackup.Core.Devices.Bacnet;
using EdgeBackup.Core.Tests.Devices.Bacnet.Procedure;
using EdgeBackup.Simulator.Bacnet;
using EdgeBackup.Simulator.Bacnet.Link;
using Xunit;

namespace EdgeBackup.Core.Tests.Simulator.Bacnet;

/// <summary>What is between a client and a device: datagrams, a wire, a router, a BBMD.</summary>
public sealed class SimulatedBacnetNetworkTests
{
    /// <summary>ReadProperty Object_Name of device 1001, byte for byte as annex F builds such a request, and its answer.</summary>
    [Fact]
    public async Task A_request_of_bare_bytes_is_answered_byte_for_byte()
    {
        await using var device = await SimulatedBacnetDevice.StartAsync(new() { Name = "AB" });
        using var socket = new RawPeer(device.EndPoint);

        var answer = await socket.AskAsync("810A 0011 01 04 00 05 01 0C 0C 020003E9 19 4D");

        Assert.Equal(Hex("810A 0016 01 00 30 01 0C 0C 020003E9 19 4D 3E 73 00 41 42 3F"), answer);
    }

    [Theory]
    [InlineData("810A 0009 01 04 00 05 07", null)]
    [InlineData("810A 000A 01 04 00 05 07 0C", "810A 0009 01 00 60 07 05")]
    [InlineData("810A 000A 01 04 00 05 07 1E", "810A 0009 01 00 60 07 09")]
    [InlineData("810A 000F 01 04 00 05 07 06 C4 02800001", "810A 0009 01 00 60 07 05")]
    [InlineData("8100 0006 0000", null)]
    [InlineData("00", null)]
    public async Task Nonsense_is_rejected_or_passed_over_and_harms_nothing(string request, string? expected)
    {
        await using var device = await SimulatedBacnetDevice.StartAsync();
        using var socket = new RawPeer(device.EndPoint);

        await socket.SendAsync(request);
        var answer = await socket.AskAsync("810A 0011 01 04 00 05 09 0C 0C 020003E9 19 62");

        if (expected is not null)
        {
            Assert.Equal(Hex(expected), answer);
            answer = await socket.ReceiveAsync();
        }

        Assert.Equal(0x30, answer[6]);
        Assert.Equal(9, answer[7]);
    }

    [Fact]
    public async Task Who_Is_is_answered_by_those_who_are_meant()
    {
        await using var device = await SimulatedBacnetDevice.StartAsync(new() { Instance = 500, MaxApdu = 480, Segmentation = BacnetSegmentation.None });
        await using var client = await BacnetClient.OpenAsync(BacnetVisit.Patient, default);
        var target = new BacnetTarget(device.EndPoint, IsBroadcast: false);

        var found = await FirstAsync(client, target, 400, 600);
        using var raw = new RawPeer(device.EndPoint);

        Assert.Equal((500u, 480u, BacnetSegmentation.None, 999u), (found.Instance, found.MaxApdu, found.Segmentation, found.VendorId));

        // Who-Is 1 to 9 finds nobody: the next that is heard is the answer to the question behind it.
        await raw.SendAsync("810A 000C 01 00 10 08 09 01 19 09");
        Assert.Equal(0x30, (await raw.AskAsync("810A 0011 01 04 00 05 09 0C 0C 020001F4 19 62"))[6]);
    }

    [Fact]
    public async Task A_router_brings_requests_to_its_network_and_says_which_it_has()
    {
        await using var router = await SimulatedBacnetRouter.StartAsync(2001);
        var first = router.Add(new() { Instance = 11, MaxApdu = 480, Segmentation = BacnetSegmentation.None }, 1);
        var second = router.Add(new() { Instance = 12, MaxApdu = 480, Segmentation = BacnetSegmentation.None }, 2);
        await using var client = await BacnetClient.OpenAsync(BacnetVisit.Patient, default);

        var peer = await client.FindPeerAsync(router.EndPoint, second.Routed, 12, default);
        var name = await client.ReadPropertyAsync(peer, second.ObjectId, BacnetProperty.ObjectName, null, default);
        var found = new HashSet<uint>();
        await foreach (var announcement in client.WhoIsAsync(
            new BacnetTarget(router.EndPoint, IsBroadcast: false, BacnetAddress.Everyone), null, null, TimeSpan.FromMinutes(1), default))
        {
            Assert.Equal(2001, announcement.Routed!.Network);
            found.Add(announcement.Instance);
            if (found.Count == 2)
            {
                break;
            }
        }

        Assert.Equal("SIM-12", Assert.Single(name).AsText);
        Assert.Equal([11u, 12u], found.Order());
        Assert.Equal("bacnet://" + router.EndPoint + "/12?network=2001&mac=02", second.Address);
        Assert.Empty(first.Requests);
    }

    [Fact]
    public async Task Behind_a_router_a_second_request_at_the_same_time_is_lost()
    {
        await using var router = await SimulatedBacnetRouter.StartAsync(2001);
        router.Patience = TimeSpan.FromMinutes(10);
        var device = router.Add(new() { Instance = 11 }, 1);
        device.Faults.Add(new SimulatedBacnetFault { Kind = BacnetFaultKind.Silent });
        using var socket = new RawPeer(router.EndPoint);

        // The first is passed on and not answered; the second comes while the router still waits.
        await socket.SendAsync("810A 0016 01 24 07D1 01 01 FF 00 05 01 0C 0C 0200000B 19 4D");
        await socket.SendAsync("810A 0016 01 24 07D1 01 01 FF 00 05 02 0C 0C 0200000B 19 4D");
        await Wait.UntilAsync(() => router.Crowded == 1);

        Assert.Single(device.Requests);
    }

    [Fact]
    public async Task A_router_rejects_what_is_meant_for_a_network_that_it_does_not_know()
    {
        await using var router = await SimulatedBacnetRouter.StartAsync(2001);
        using var socket = new RawPeer(router.EndPoint);

        var answer = await socket.AskAsync("810A 0016 01 24 0BB8 01 01 FF 00 05 01 0C 0C 0200000B 19 4D");
        var known = await socket.AskAsync("810A 0007 01 80 00");

        Assert.Equal(Hex("810A 000A 01 80 03 01 0BB8"), answer);
        Assert.Equal(Hex("810A 0009 01 80 01 07D1"), known);
    }

    [Fact]
    public async Task A_BBMD_passes_on_what_a_registered_client_asks_everybody()
    {
        var clock = new HandClock();
        await using var bbmd = await SimulatedBbmd.StartAsync(clock: clock);
        await using var device = await SimulatedBacnetDevice.StartAsync(new() { Instance = 77 });
        bbmd.Add(device.EndPoint);
        await using (var client = await BacnetClient.OpenAsync(BacnetVisit.Patient with { Bbmd = bbmd.EndPoint }, default))
        {
            var found = await FirstAsync(client, new BacnetTarget(new IPEndPoint(IPAddress.Broadcast, Bvlc.DefaultPort), IsBroadcast: true), null, null);

            Assert.Equal(77u, found.Instance);
            Assert.Equal(device.EndPoint, found.EndPoint);
            Assert.Single(bbmd.Foreign);
        }

        using var stranger = new RawPeer(bbmd.EndPoint);
        Assert.Equal(Hex("8100 0006 0060"), await stranger.AskAsync("8109 0008 01 00 10 08"));
        Assert.Equal(Hex("8100 0006 0000"), await stranger.AskAsync("8105 0006 003C"));
        clock.Advance(TimeSpan.FromSeconds(91));
        Assert.Equal(Hex("8100 0006 0060"), await stranger.AskAsync("8109 0008 01 00 10 08"));
        bbmd.IsFull = true;
        Assert.Equal(Hex("8100 0006 0030"), await stranger.AskAsync("8105 0006 003C"));
    }

    [Fact]
    public async Task Every_datagram_takes_its_time_there_and_back()
    {
        var latency = TimeSpan.FromMilliseconds(60);
        await using var visit = await BacnetVisit.PayAsync(new() { Latency = latency });
        var began = TimeProvider.System.GetTimestamp();

        await visit.StateAsync();

        // Timers may be early by a millisecond of their clock, never by a whole way.
        Assert.InRange(TimeProvider.System.GetElapsedTime(began), 1.9 * latency, TimeSpan.FromMinutes(1));
    }

    [Fact]
    public void The_same_seed_brings_the_same_fates()
    {
        var rows = new List<string>();
        for (var run = 0; run < 2; run++)
        {
            var wire = new SimulatedWire { LostRate = 0.2, DoubledRate = 0.2, LateRate = 0.1, SwappedRate = 0.1 };
            wire.Seed(42);
            rows.Add(string.Concat(Enumerable.Range(0, 200).Select(_ => (int)wire.Next(isInbound: true, default))));
        }

        Assert.Equal(rows[0], rows[1]);
        Assert.Equal(5, rows[0].Distinct().Count());
    }

    private static async Task<BacnetAnnouncement> FirstAsync(BacnetClient client, BacnetTarget target, uint? low, uint? high)
    {
        await foreach (var announcement in client.WhoIsAsync(target, low, high, TimeSpan.FromMinutes(1), default))
        {
            return announcement;
        }

        throw new InvalidOperationException("Nobody answered.");
    }

    private static byte[] Hex(string text) => Convert.FromHexString(text.Replace(" ", "", StringComparison.Ordinal));

    /// <summary>Somebody who speaks in bytes.</summary>
    private sealed class RawPeer(IPEndPoint to) : IDisposable
    {
        private readonly UdpClient socket = new(new IPEndPoint(IPAddress.Loopback, 0));

        public async Task SendAsync(string datagram) => await socket.SendAsync(Hex(datagram), to);

        public async Task<byte[]> AskAsync(string datagram)
        {
            await SendAsync(datagram);
            return await ReceiveAsync();
        }

        public async Task<byte[]> ReceiveAsync()
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
            return (await socket.ReceiveAsync(patience.Token)).Buffer;
        }

        public void Dispose() => socket.Dispose();
    }
}
