using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using EdgeBackup.Core.Devices.Bacnet;
using EdgeBackup.Simulator.Bacnet.Link;

namespace EdgeBackup.Simulator.Bacnet;

/// <summary>
/// A router between BACnet/IP and a slow network behind it, with devices there (ASHRAE 135, clause 6). Behind it one
/// request is under way at a time: another that comes meanwhile is lost, as in a router without much memory.
/// </summary>
public sealed class SimulatedBacnetRouter : IAsyncDisposable
{
    private readonly ConcurrentDictionary<BacnetAddress, SimulatedBacnetDevice> devices = new();
    private readonly Lock gate = new();
    private LinkSocket socket = null!;
    private (BacnetOrigin Origin, byte Id, long Since)? underWay;

    private SimulatedBacnetRouter(ushort network, SimulatedWire wire)
    {
        Network = network;
        Wire = wire;
    }

    public ushort Network { get; }

    public SimulatedWire Wire { get; }

    public IPEndPoint EndPoint => socket.EndPoint;

    /// <summary>Requests that were lost because another was under way.</summary>
    public int Crowded { get; private set; }

    /// <summary>How long it waits for a device's answer before another request may pass.</summary>
    public TimeSpan Patience { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Whether requests get lost when they come while another is under way.</summary>
    public bool OneAtATime { get; init; } = true;

    public static Task<SimulatedBacnetRouter> StartAsync(ushort network, TimeSpan latency = default, bool oneAtATime = true, int port = 0)
    {
        var router = new SimulatedBacnetRouter(network, new SimulatedWire { Latency = latency }) { OneAtATime = oneAtATime };
        router.socket = new LinkSocket(port, router.Wire, router.Receive);
        return Task.FromResult(router);
    }

    /// <summary>Switches on a device behind this router.</summary>
    /// <param name="options">Its port and latency mean nothing here.</param>
    /// <param name="mac">Its station address, 0 to 127 on MS/TP.</param>
    /// <exception cref="ArgumentException">There is one with that address.</exception>
    public SimulatedBacnetDevice Add(SimulatedBacnetOptions options, byte mac)
    {
        var address = new BacnetAddress(Network, [mac]);
        var device = new SimulatedBacnetDevice(options, Wire);
        device.Attach(new RoutedLink(this, address), EndPoint, address);
        return devices.TryAdd(address, device)
            ? device
            : throw new ArgumentException($"There is already a station {mac} on network {Network}.", nameof(mac));
    }

    public async ValueTask DisposeAsync()
    {
        await socket.DisposeAsync();
        foreach (var device in devices.Values)
        {
            await device.DisposeAsync();
        }
    }

    private void Receive(IPEndPoint from, byte[] datagram)
    {
        if (!Datagrams.TryRead(from, datagram, out var sender, out var npdu))
        {
            return;
        }

        if (npdu.Message is { } message)
        {
            if (message == BacnetNetworkMessage.WhoIsRouter && Means(npdu.Payload.Span))
            {
                SendMessage(sender, BacnetNetworkMessage.IAmRouter, []);
            }

            return;
        }

        if (npdu.Destination is not { } destination || npdu.HopCount == 0 || !Apdu.TryDecode(npdu.Payload, out var apdu, out _))
        {
            return;
        }

        if (destination.Network != Network && destination.Network != BacnetAddress.EveryNetwork)
        {
            // Reject-Message-To-Network, reason 1: no way there is known (clause 6.4.4).
            SendMessage(sender, BacnetNetworkMessage.RejectMessage, [1], destination.Network);
            return;
        }

        PassOn(new BacnetOrigin(sender, npdu.Source), destination, apdu);
    }

    private void PassOn(BacnetOrigin origin, BacnetAddress destination, in Apdu apdu)
    {
        if (destination.IsBroadcast)
        {
            foreach (var device in devices.Values)
            {
                device.Receive(origin, apdu);
            }

            return;
        }

        if (devices.TryGetValue(destination, out var target) && MayPass(origin, apdu))
        {
            target.Receive(origin, apdu);
        }
    }

    private bool MayPass(BacnetOrigin origin, in Apdu apdu)
    {
        if (!OneAtATime || apdu.Kind != ApduKind.ConfirmedRequest)
        {
            return true;
        }

        lock (gate)
        {
            if (underWay is { } other
                && (other.Origin != origin || other.Id != apdu.InvokeId)
                && TimeProvider.System.GetElapsedTime(other.Since) < Patience)
            {
                Crowded++;
                return false;
            }

            underWay = (origin, apdu.InvokeId, TimeProvider.System.GetTimestamp());
            return true;
        }
    }

    private void Send(BacnetAddress source, BacnetOrigin to, in Apdu apdu)
    {
        lock (gate)
        {
            var isOver = apdu.Kind is ApduKind.SimpleAck or ApduKind.Error or ApduKind.Reject or ApduKind.Abort
                || (apdu.Kind == ApduKind.ComplexAck && !apdu.MoreFollows);
            if (isOver && underWay is { } current && current.Origin == to && current.Id == apdu.InvokeId)
            {
                underWay = null;
            }
        }

        socket.Send(to.EndPoint, Datagrams.Of(apdu, to.Routed, source));
    }

    /// <summary>Who-Is-Router-To-Network without a number asks for all.</summary>
    private bool Means(ReadOnlySpan<byte> wanted) => wanted.Length < 2 || BinaryPrimitives.ReadUInt16BigEndian(wanted) == Network;

    private void SendMessage(IPEndPoint to, BacnetNetworkMessage message, ReadOnlySpan<byte> before, ushort? network = null)
    {
        var content = new byte[before.Length + 2];
        before.CopyTo(content);
        BinaryPrimitives.WriteUInt16BigEndian(content.AsSpan(before.Length), network ?? Network);
        socket.Send(to, Datagrams.Of(BvlcFunction.OriginalUnicast, new Npdu(content, Message: message)));
    }

    private sealed class RoutedLink(SimulatedBacnetRouter router, BacnetAddress station) : IStationLink
    {
        public void Send(BacnetOrigin to, in Apdu apdu) => router.Send(station, to, apdu);
    }
}
