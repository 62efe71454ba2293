namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>The eight kinds of messages of the application layer (ASHRAE 135, clause 20.1); the number is the high half of the first byte.</summary>
public enum ApduKind : byte
{
    ConfirmedRequest = 0,
    UnconfirmedRequest = 1,
    SimpleAck = 2,
    ComplexAck = 3,
    SegmentAck = 4,
    Error = 5,
    Reject = 6,
    Abort = 7,
}

/// <summary>
/// A message of the application layer. One shape for all kinds: what a kind does not have is left at its default.
/// </summary>
/// <param name="Kind">Which of the eight.</param>
public readonly record struct Apdu(ApduKind Kind)
{
    private const byte Segmented = 0x08;
    private const byte More = 0x04;
    private const byte AcceptsSegments = 0x02;
    private const byte Negative = 0x02;
    private const byte FromServer = 0x01;

    /// <summary>Tells the requests of one peer apart. All kinds but UnconfirmedRequest.</summary>
    public byte InvokeId { get; init; }

    /// <summary>The number of the service. Not of SegmentAck, Reject and Abort.</summary>
    public byte Service { get; init; }

    /// <summary>Of Reject and Abort.</summary>
    public byte Reason { get; init; }

    /// <summary>Whether this is a part of a longer message (ConfirmedRequest, ComplexAck).</summary>
    public bool IsSegmented { get; init; }

    /// <summary>Whether more parts follow this one.</summary>
    public bool MoreFollows { get; init; }

    /// <summary>Which part, modulo 256; in a SegmentAck the last one that arrived in order.</summary>
    public byte Sequence { get; init; }

    /// <summary>Parts before an acknowledgement, 1 to 127: proposed by who sends parts, decided by who acknowledges them.</summary>
    public byte Window { get; init; }

    /// <summary>ConfirmedRequest: whether the answer may come in parts.</summary>
    public bool AcceptsSegmentedAnswer { get; init; }

    /// <summary>ConfirmedRequest: how many parts an answer may have; 0: not said; <see cref="int.MaxValue"/>: more than 64.</summary>
    public int MaxSegments { get; init; }

    /// <summary>ConfirmedRequest: the longest APDU that the sender takes; one of 50, 128, 206, 480, 1024 and 1476.</summary>
    public int MaxApdu { get; init; }

    /// <summary>SegmentAck: parts are missing after <see cref="Sequence"/>.</summary>
    public bool IsNegative { get; init; }

    /// <summary>SegmentAck, Abort: sent by who answers requests, not by who made this one.</summary>
    public bool IsFromServer { get; init; }

    /// <summary>The service's own bytes, or this part of them.</summary>
    public ReadOnlyMemory<byte> Payload { get; init; }

    /// <summary>The bytes before the payload of a part of a longer message.</summary>
    public static int SegmentHeaderLength(ApduKind kind) => kind == ApduKind.ConfirmedRequest ? 6 : 5;

    /// <param name="bytes">The network layer's payload; the result points into it.</param>
    /// <param name="apdu">Only with true.</param>
    /// <param name="fault">Only with false: what is wrong.</param>
    public static bool TryDecode(ReadOnlyMemory<byte> bytes, out Apdu apdu, out string? fault)
    {
        var reader = new BacnetReader(bytes.Span);
        apdu = default;
        fault = "half an APDU header";
        if (!reader.TryReadByte(out var first))
        {
            return false;
        }

        var kind = (ApduKind)(first >> 4);
        switch (kind)
        {
            case ApduKind.ConfirmedRequest:
                if (!reader.TryReadByte(out var sizes) || !TryReadHead(ref reader, first, out var request))
                {
                    return false;
                }

                apdu = request with
                {
                    Kind = kind,
                    AcceptsSegmentedAnswer = (first & AcceptsSegments) != 0,
                    MaxSegments = ApduSizes.SegmentsOf(sizes),
                    MaxApdu = ApduSizes.LengthOf(sizes),
                };
                break;
            case ApduKind.ComplexAck:
                if (!TryReadHead(ref reader, first, out var answer))
                {
                    return false;
                }

                apdu = answer with { Kind = kind };
                break;
            case ApduKind.UnconfirmedRequest:
                if (!reader.TryReadByte(out var service))
                {
                    return false;
                }

                apdu = new Apdu(kind) { Service = service };
                break;
            case ApduKind.SimpleAck or ApduKind.Error:
                if (!reader.TryReadByte(out var invoke) || !reader.TryReadByte(out var choice))
                {
                    return false;
                }

                apdu = new Apdu(kind) { InvokeId = invoke, Service = choice };
                break;
            case ApduKind.SegmentAck:
                if (!reader.TryReadByte(out var id) || !reader.TryReadByte(out var sequence) || !reader.TryReadByte(out var window))
                {
                    return false;
                }

                if (window is 0 or > 127)
                {
                    fault = $"a window of {window} segments";
                    return false;
                }

                apdu = new Apdu(kind)
                {
                    InvokeId = id,
                    Sequence = sequence,
                    Window = window,
                    IsNegative = (first & Negative) != 0,
                    IsFromServer = (first & FromServer) != 0,
                };
                break;
            case ApduKind.Reject or ApduKind.Abort:
                if (!reader.TryReadByte(out var number) || !reader.TryReadByte(out var reason))
                {
                    return false;
                }

                apdu = new Apdu(kind) { InvokeId = number, Reason = reason, IsFromServer = kind == ApduKind.Abort && (first & FromServer) != 0 };
                break;
            default:
                fault = $"an APDU of kind {first >> 4}";
                return false;
        }

        fault = null;
        apdu = apdu with { Payload = bytes[reader.Position..] };
        return true;
    }

    public void Encode(BacnetWriter writer)
    {
        var kind = (byte)((byte)Kind << 4);
        var parts = (IsSegmented ? Segmented : 0) | (MoreFollows ? More : 0);
        switch (Kind)
        {
            case ApduKind.ConfirmedRequest:
                writer.WriteByte((byte)(kind | parts | (AcceptsSegmentedAnswer ? AcceptsSegments : 0)));
                writer.WriteByte(ApduSizes.Encode(MaxSegments, MaxApdu));
                WriteHead(writer);
                break;
            case ApduKind.ComplexAck:
                writer.WriteByte((byte)(kind | parts));
                WriteHead(writer);
                break;
            case ApduKind.UnconfirmedRequest:
                writer.WriteByte(kind);
                writer.WriteByte(Service);
                break;
            case ApduKind.SimpleAck or ApduKind.Error:
                writer.WriteByte(kind);
                writer.WriteByte(InvokeId);
                writer.WriteByte(Service);
                break;
            case ApduKind.SegmentAck:
                writer.WriteByte((byte)(kind | (IsNegative ? Negative : 0) | (IsFromServer ? FromServer : 0)));
                writer.WriteByte(InvokeId);
                writer.WriteByte(Sequence);
                writer.WriteByte(Window);
                break;
            default:
                writer.WriteByte((byte)(kind | (Kind == ApduKind.Abort && IsFromServer ? FromServer : 0)));
                writer.WriteByte(InvokeId);
                writer.WriteByte(Reason);
                break;
        }

        writer.WriteBytes(Payload.Span);
    }

    private static bool TryReadHead(ref BacnetReader reader, byte first, out Apdu apdu)
    {
        apdu = default;
        byte sequence = 0;
        byte window = 0;
        var isSegmented = (first & Segmented) != 0;
        if (!reader.TryReadByte(out var invoke)
            || (isSegmented && (!reader.TryReadByte(out sequence) || !reader.TryReadByte(out window)))
            || !reader.TryReadByte(out var service))
        {
            return false;
        }

        apdu = new Apdu
        {
            InvokeId = invoke,
            Service = service,
            IsSegmented = isSegmented,
            MoreFollows = isSegmented && (first & More) != 0,
            Sequence = sequence,
            Window = window,
        };
        return true;
    }

    private void WriteHead(BacnetWriter writer)
    {
        writer.WriteByte(InvokeId);
        if (IsSegmented)
        {
            writer.WriteByte(Sequence);
            writer.WriteByte(Window);
        }

        writer.WriteByte(Service);
    }
}
