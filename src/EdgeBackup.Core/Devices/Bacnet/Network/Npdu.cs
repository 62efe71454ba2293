using System.Buffers.Binary;

namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>Messages between routers (ASHRAE 135, clause 6.4) that this product or its simulator names.</summary>
public enum BacnetNetworkMessage : byte
{
    WhoIsRouter = 0x00,
    IAmRouter = 0x01,
    ICouldBeRouter = 0x02,
    RejectMessage = 0x03,
    RouterBusy = 0x04,
    RouterAvailable = 0x05,
    InitializeRoutingTable = 0x06,
    WhatIsNetworkNumber = 0x12,
    NetworkNumberIs = 0x13,
}

/// <summary>A message of the network layer (ASHRAE 135, clause 6.2).</summary>
/// <param name="Payload">An APDU, or the contents of a network message.</param>
/// <param name="Destination">Where a router is to bring it; null: to whoever the datagram reaches.</param>
/// <param name="Source">Where a router brought it from; null: from the datagram's sender itself.</param>
/// <param name="HopCount">How many routers may still pass it on; means something only with a destination.</param>
/// <param name="ExpectsReply">Whether an answer is awaited.</param>
/// <param name="Message">Null: the payload is an APDU.</param>
public readonly record struct Npdu(
    ReadOnlyMemory<byte> Payload,
    BacnetAddress? Destination = null,
    BacnetAddress? Source = null,
    byte HopCount = 255,
    bool ExpectsReply = false,
    BacnetNetworkMessage? Message = null)
{
    private const byte Version = 1;
    private const byte IsMessage = 0x80;
    private const byte HasDestination = 0x20;
    private const byte HasSource = 0x08;
    private const byte Expecting = 0x04;

    /// <summary>Message types from here on are a vendor's own and have the vendor's number behind them.</summary>
    private const byte FirstOfVendors = 0x80;

    public static bool TryDecode(ReadOnlyMemory<byte> bytes, out Npdu npdu, out string? fault)
    {
        npdu = default;
        fault = "half a network header";
        var span = bytes.Span;
        if (span.Length < 2)
        {
            return false;
        }

        if (span[0] != Version)
        {
            fault = $"the network protocol version {span[0]}";
            return false;
        }

        var control = span[1];
        var position = 2;
        BacnetAddress? destination = null;
        BacnetAddress? source = null;
        byte hops = 255;
        if ((control & HasDestination) != 0 && !TryReadAddress(span, ref position, mayBeBroadcast: true, out destination, ref fault))
        {
            return false;
        }

        if ((control & HasSource) != 0 && !TryReadAddress(span, ref position, mayBeBroadcast: false, out source, ref fault))
        {
            return false;
        }

        if (destination is not null)
        {
            if (position >= span.Length)
            {
                return false;
            }

            hops = span[position++];
        }

        BacnetNetworkMessage? message = null;
        if ((control & IsMessage) != 0)
        {
            if (position >= span.Length)
            {
                return false;
            }

            message = (BacnetNetworkMessage)span[position++];
            if ((byte)message.Value >= FirstOfVendors)
            {
                position += 2;
            }

            if (position > span.Length)
            {
                return false;
            }
        }

        fault = null;
        npdu = new Npdu(bytes[position..], destination, source, hops, (control & Expecting) != 0, message);
        return true;
    }

    public void Encode(BacnetWriter writer)
    {
        WriteHeader(writer);
        writer.WriteBytes(Payload.Span);
    }

    /// <summary>Writes everything but the payload.</summary>
    public void WriteHeader(BacnetWriter writer)
    {
        writer.WriteByte(Version);
        writer.WriteByte((byte)(
            (Message is null ? 0 : IsMessage)
            | (Destination is null ? 0 : HasDestination)
            | (Source is null ? 0 : HasSource)
            | (ExpectsReply ? Expecting : 0)));
        WriteAddress(writer, Destination);
        WriteAddress(writer, Source);
        if (Destination is not null)
        {
            writer.WriteByte(HopCount);
        }

        if (Message is { } message)
        {
            writer.WriteByte((byte)message);
        }
    }

    private static void WriteAddress(BacnetWriter writer, BacnetAddress? address)
    {
        if (address is null)
        {
            return;
        }

        writer.WriteUInt16(address.Network);
        writer.WriteByte((byte)address.Mac.Length);
        writer.WriteBytes(address.Mac.Span);
    }

    private static bool TryReadAddress(ReadOnlySpan<byte> span, ref int position, bool mayBeBroadcast, out BacnetAddress? address, ref string? fault)
    {
        address = null;
        if (span.Length - position < 3)
        {
            return false;
        }

        var network = BinaryPrimitives.ReadUInt16BigEndian(span[position..]);
        var length = span[position + 2];
        position += 3;
        if (network == 0 || length > BacnetAddress.LongestMac || (!mayBeBroadcast && (length == 0 || network == BacnetAddress.EveryNetwork)))
        {
            fault = $"a network address of network {network} with {length} bytes";
            return false;
        }

        if (span.Length - position < length)
        {
            return false;
        }

        address = new BacnetAddress(network, span.Slice(position, length));
        position += length;
        return true;
    }
}
