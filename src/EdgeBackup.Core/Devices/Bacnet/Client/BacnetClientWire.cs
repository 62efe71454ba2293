using System.Net;

namespace EdgeBackup.Core.Devices.Bacnet;

public sealed partial class BacnetClient
{
    /// <summary>What a network takes from us: our own answers to what arrives are sent only where that is an exchange of ours.</summary>
    internal void Receive(ReadOnlyMemory<byte> datagram, IPEndPoint sender)
    {
        if (!Bvlc.TryDecode(datagram, out var message, out _))
        {
            return;
        }

        if (message.Function == BvlcFunction.Result)
        {
            foreign?.Take(message.Number, sender);
            return;
        }

        if (!message.HasNpdu || !Npdu.TryDecode(message.Npdu, out var npdu, out _))
        {
            return;
        }

        // A management device passes on what others said, and says who.
        var origin = message.Address ?? sender;
        if (npdu.Message is { } kind)
        {
            TakeNetworkMessage(kind, npdu.Payload.Span, origin);
        }
        else if (npdu.Destination is null or { Network: BacnetAddress.EveryNetwork } && Apdu.TryDecode(npdu.Payload, out var apdu, out _))
        {
            Take(apdu, new BacnetStation(origin, npdu.Source), message.IsBroadcast);
        }
    }

    private void Take(in Apdu apdu, BacnetStation station, bool wasBroadcast)
    {
        if (apdu.Kind == ApduKind.UnconfirmedRequest)
        {
            if (apdu.Service == (byte)BacnetUnconfirmedService.IAm
                && BacnetAnnouncements.ReadIAm(apdu.Payload.Span, station.EndPoint, station.Routed) is { } announcement)
            {
                announcements.Take(announcement);
            }

            return;
        }

        // Requests of others are not ours to answer, and no answer is broadcast.
        if (apdu.Kind != ApduKind.ConfirmedRequest && !wasBroadcast && lines.TryGetValue(station, out var line) && line.Take(apdu) is { } again)
        {
            try
            {
                Send(again, station.Routed, BvlcFunction.OriginalUnicast, station.EndPoint.Serialize());
            }
            catch (BacnetUnreachableException)
            {
                // Nobody waits for it here, and the peer asks again or gives up.
            }
        }
    }

    private void TakeNetworkMessage(BacnetNetworkMessage kind, ReadOnlySpan<byte> payload, IPEndPoint router)
    {
        switch (kind)
        {
            case BacnetNetworkMessage.RejectMessage:
                if (BacnetRouters.ReadReject(payload) is { } reject)
                {
                    FailAll(
                        station => station.Routed?.Network == reject.Network && station.EndPoint.Equals(router),
                        new BacnetUnreachableException($"the router {router} {reject.Reason}"));
                }

                break;
            case BacnetNetworkMessage.IAmRouter:
                routers.Take(router, payload);
                break;
        }
    }

    private void Send(Apdu apdu, BacnetAddress? routed, BvlcFunction function, SocketAddress to) => Send(
        new Npdu(default, routed, ExpectsReply: apdu.Kind is ApduKind.ConfirmedRequest || (apdu.IsSegmented && apdu.MoreFollows)),
        apdu,
        function,
        to);

    private void Send(in Npdu header, Apdu? apdu, BvlcFunction function, SocketAddress to)
    {
        var writer = new BacnetWriter(64 + (apdu?.Payload.Length ?? header.Payload.Length));
        Bvlc.Begin(writer, function);
        header.WriteHeader(writer);
        if (apdu is { } message)
        {
            message.Encode(writer);
        }
        else
        {
            writer.WriteBytes(header.Payload.Span);
        }

        Bvlc.End(writer, 0);
        Put(writer.Memory, to);
    }

    private void Send(Bvlc message, IPEndPoint to)
    {
        var writer = new BacnetWriter(16);
        message.Encode(writer);
        Put(writer.Memory, to.Serialize());
    }

    /// <summary>Sends to one host or to a broadcast address, and there through the management device where we have one.</summary>
    private void SendOpen(in Npdu header, Apdu? apdu, BacnetTarget target)
    {
        if (target.IsBroadcast && foreign is not null)
        {
            var message = header;
            var to = foreign.EndPoint.Serialize();
            foreign.Distribute(() => Send(message, apdu, BvlcFunction.DistributeBroadcast, to));
        }
        else
        {
            Send(header, apdu, target.IsBroadcast ? BvlcFunction.OriginalBroadcast : BvlcFunction.OriginalUnicast, target.EndPoint.Serialize());
        }
    }

    private void Put(ReadOnlyMemory<byte> datagram, SocketAddress to)
    {
        if (wire is not null)
        {
            wire(datagram, to);
            return;
        }

        (link ?? throw new BacnetUnreachableException("the connection is not open")).Send(datagram.Span, to);
    }
}
