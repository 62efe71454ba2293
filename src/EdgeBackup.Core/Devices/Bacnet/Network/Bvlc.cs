using System.Buffers.Binary;
using System.Net;

namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>What a BACnet/IP datagram is (ASHRAE 135, annex J.2).</summary>
public enum BvlcFunction : byte
{
    Result = 0x00,
    WriteBroadcastTable = 0x01,
    ReadBroadcastTable = 0x02,
    ReadBroadcastTableAck = 0x03,
    ForwardedNpdu = 0x04,
    RegisterForeignDevice = 0x05,
    ReadForeignTable = 0x06,
    ReadForeignTableAck = 0x07,
    DeleteForeignEntry = 0x08,
    DistributeBroadcast = 0x09,
    OriginalUnicast = 0x0A,
    OriginalBroadcast = 0x0B,
}

/// <summary>A BACnet/IP datagram: the function, what belongs to it, and the network layer's bytes.</summary>
/// <param name="Function">One of annex J.2.</param>
/// <param name="Npdu">Of those that carry one; for the table functions their contents as they are.</param>
/// <param name="Address">ForwardedNpdu: who sent it first. DeleteForeignEntry: whose entry.</param>
/// <param name="Number">Result: its code, where 0 is success. RegisterForeignDevice: the time to live in seconds.</param>
public readonly record struct Bvlc(BvlcFunction Function, ReadOnlyMemory<byte> Npdu, IPEndPoint? Address = null, ushort Number = 0)
{
    /// <summary>BACnet/IP, the only type of annex J.</summary>
    public const byte Type = 0x81;

    /// <summary>The port that BACnet/IP devices listen on unless they were told another: 0xBAC0.</summary>
    public const int DefaultPort = 47808;

    private const int HeaderLength = 4;
    private const int AddressLength = 6;

    /// <summary>Whether the datagram went to everybody: nobody answers such a one with an error.</summary>
    public bool IsBroadcast => Function is BvlcFunction.OriginalBroadcast or BvlcFunction.ForwardedNpdu or BvlcFunction.DistributeBroadcast;

    public bool HasNpdu => Function is BvlcFunction.OriginalUnicast || IsBroadcast;

    /// <param name="datagram">As it arrived; the result points into it.</param>
    /// <param name="message">Only with true.</param>
    /// <param name="fault">Only with false: what is wrong with it.</param>
    public static bool TryDecode(ReadOnlyMemory<byte> datagram, out Bvlc message, out string? fault)
    {
        message = default;
        var bytes = datagram.Span;
        if (bytes.Length < HeaderLength || bytes[0] != Type)
        {
            fault = "no BACnet/IP datagram";
            return false;
        }

        var length = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
        if (length != bytes.Length)
        {
            fault = $"a datagram of {bytes.Length} bytes that says it has {length}";
            return false;
        }

        var function = (BvlcFunction)bytes[1];
        var content = datagram[HeaderLength..];
        fault = null;
        switch (function)
        {
            case BvlcFunction.Result or BvlcFunction.RegisterForeignDevice when content.Length == 2:
                message = new Bvlc(function, default, null, BinaryPrimitives.ReadUInt16BigEndian(content.Span));
                return true;
            case BvlcFunction.ForwardedNpdu when content.Length >= AddressLength:
                message = new Bvlc(function, content[AddressLength..], ReadAddress(content.Span));
                return true;
            case BvlcFunction.DeleteForeignEntry when content.Length == AddressLength:
                message = new Bvlc(function, default, ReadAddress(content.Span));
                return true;
            case BvlcFunction.OriginalUnicast or BvlcFunction.OriginalBroadcast or BvlcFunction.DistributeBroadcast:
            case BvlcFunction.WriteBroadcastTable or BvlcFunction.ReadBroadcastTable or BvlcFunction.ReadBroadcastTableAck:
            case BvlcFunction.ReadForeignTable or BvlcFunction.ReadForeignTableAck:
                message = new Bvlc(function, content);
                return true;
            default:
                fault = $"the BVLC function {bytes[1]} with {content.Length} bytes";
                return false;
        }
    }

    public void Encode(BacnetWriter writer)
    {
        var start = writer.Length;
        Begin(writer, Function, Address, Number);
        writer.WriteBytes(Npdu.Span);
        End(writer, start);
    }

    /// <summary>Writes the head of a datagram whose network layer is written next; <see cref="End"/> puts its length right.</summary>
    public static void Begin(BacnetWriter writer, BvlcFunction function, IPEndPoint? address = null, ushort number = 0)
    {
        writer.WriteByte(Type);
        writer.WriteByte((byte)function);
        writer.WriteUInt16(0);
        switch (function)
        {
            case BvlcFunction.Result or BvlcFunction.RegisterForeignDevice:
                writer.WriteUInt16(number);
                break;
            case BvlcFunction.ForwardedNpdu or BvlcFunction.DeleteForeignEntry:
                WriteAddress(writer, address ?? throw new ArgumentNullException(nameof(address)));
                break;
        }
    }

    /// <param name="writer">Where <see cref="Begin"/> wrote.</param>
    /// <param name="start">Its length before that.</param>
    public static void End(BacnetWriter writer, int start) => writer.PatchUInt16(start + 2, checked((ushort)(writer.Length - start)));

    private static IPEndPoint ReadAddress(ReadOnlySpan<byte> bytes) =>
        new(new IPAddress(bytes[..4]), BinaryPrimitives.ReadUInt16BigEndian(bytes[4..]));

    private static void WriteAddress(BacnetWriter writer, IPEndPoint address)
    {
        Span<byte> bytes = stackalloc byte[4];
        if (!address.Address.MapToIPv4().TryWriteBytes(bytes, out var count) || count != 4)
        {
            throw new ArgumentException("Annex J speaks IPv4 only.", nameof(address));
        }

        writer.WriteBytes(bytes);
        writer.WriteUInt16((ushort)address.Port);
    }
}
