namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>How much fits one request or one answer.</summary>
internal static class BacnetLimits
{
    public const int RequestHeader = 4;
    private const int AnswerHeader = 3;

    /// <summary>Of a peer that takes parts and does not say how many.</summary>
    private const int SegmentsOfSilentPeer = 16;

    /// <summary>More than that in one request is asked of nobody: the peer must hold it whole.</summary>
    private const int MostSegments = 64;

    /// <summary>Around a file's bytes in AtomicReadFile-ACK: end of file, two brackets, the longest position.</summary>
    private const int AroundRead = 1 + 1 + 5 + 1;

    /// <summary>Around a file's bytes in AtomicWriteFile: the object, two brackets, the longest position.</summary>
    private const int AroundWrite = 5 + 1 + 5 + 1;

    /// <summary>Bytes of one APDU to this peer.</summary>
    public static int RequestLength(BacnetPeer peer) => (int)Math.Clamp(peer.MaxApdu, ApduSizes.Smallest, ApduSizes.Largest);

    public static int RequestSegments(BacnetPeer peer) => (int)Math.Min(peer.MaxSegments ?? SegmentsOfSilentPeer, MostSegments);

    public static int Read(BacnetPeer peer, BacnetClientOptions options)
    {
        var length = Math.Min(RequestLength(peer), options.MaxApdu);
        var room = options.OffersSegmentation && peer.SendsSegments
            ? options.MaxSegments * (length - Apdu.SegmentHeaderLength(ApduKind.ComplexAck))
            : length - AnswerHeader;
        return WithoutTag(room - AroundRead);
    }

    public static int Write(BacnetPeer peer, BacnetClientOptions options)
    {
        var length = RequestLength(peer);
        var room = options.OffersSegmentation && peer.TakesSegments && RequestSegments(peer) > 1
            ? RequestSegments(peer) * (length - Apdu.SegmentHeaderLength(ApduKind.ConfirmedRequest))
            : length - RequestHeader;
        return WithoutTag(room - AroundWrite);
    }

    /// <summary>An octet string's tag is longer the longer the string is.</summary>
    private static int WithoutTag(int room) => room switch
    {
        <= 253 + 2 => room - 2,
        <= ushort.MaxValue + 4 => room - 4,
        _ => room - 6,
    };
}
