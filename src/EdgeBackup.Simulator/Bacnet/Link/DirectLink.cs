using System.Net;
using EdgeBackup.Core.Devices.Bacnet;

namespace EdgeBackup.Simulator.Bacnet.Link;

/// <summary>A device with a UDP port of its own (ASHRAE 135, annex J).</summary>
internal sealed class DirectLink : IStationLink, IAsyncDisposable
{
    private readonly LinkSocket socket;
    private readonly Action<BacnetOrigin, Apdu> receive;

    public DirectLink(int port, SimulatedWire wire, Action<BacnetOrigin, Apdu> receive)
    {
        this.receive = receive;
        socket = new LinkSocket(port, wire, Take);
    }

    public IPEndPoint EndPoint => socket.EndPoint;

    public void Send(BacnetOrigin to, in Apdu apdu) => socket.Send(to.EndPoint, Datagrams.Of(apdu, to.Routed, source: null));

    public ValueTask DisposeAsync() => socket.DisposeAsync();

    private void Take(IPEndPoint from, byte[] datagram)
    {
        if (Datagrams.TryRead(from, datagram, out var sender, out var npdu)
            && npdu is { Message: null, Destination: null or { Network: BacnetAddress.EveryNetwork } }
            && Apdu.TryDecode(npdu.Payload, out var apdu, out _))
        {
            receive(new BacnetOrigin(sender, npdu.Source), apdu);
        }
    }
}

/// <summary>Datagrams around the network layer.</summary>
internal static class Datagrams
{
    public static byte[] Of(in Apdu apdu, BacnetAddress? destination, BacnetAddress? source)
    {
        var content = new BacnetWriter(apdu.Payload.Length + 16);
        apdu.Encode(content);
        var expectsReply = apdu.Kind == ApduKind.ConfirmedRequest || (apdu.Kind == ApduKind.ComplexAck && apdu.IsSegmented);
        return Of(BvlcFunction.OriginalUnicast, new Npdu(content.Memory, destination, source, ExpectsReply: expectsReply));
    }

    public static byte[] Of(BvlcFunction function, in Npdu npdu, IPEndPoint? address = null)
    {
        var writer = new BacnetWriter(npdu.Payload.Length + 64);
        Bvlc.Begin(writer, function, address);
        npdu.Encode(writer);
        Bvlc.End(writer, 0);
        return writer.ToArray();
    }

    public static byte[] Result(ushort code)
    {
        var writer = new BacnetWriter(16);
        new Bvlc(BvlcFunction.Result, default, null, code).Encode(writer);
        return writer.ToArray();
    }

    /// <summary>Reads a datagram down to its network layer.</summary>
    /// <param name="from">Who sent it to us.</param>
    /// <param name="sender">Who sent it first: behind a BBMD that is not the same.</param>
    public static bool TryRead(IPEndPoint from, ReadOnlyMemory<byte> datagram, out IPEndPoint sender, out Npdu npdu)
    {
        sender = from;
        npdu = default;
        if (!Bvlc.TryDecode(datagram, out var message, out _) || !message.HasNpdu || !Npdu.TryDecode(message.Npdu, out npdu, out _))
        {
            return false;
        }

        sender = message.Address ?? from;
        return true;
    }
}
