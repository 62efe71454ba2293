namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>
/// Knows which parts of one message are to be sent (ASHRAE 135, clauses 5.4.4.2 and 5.4.5.3). It decides only; sending and
/// timing are its owner's.
/// </summary>
public sealed class BacnetSegmentSender
{
    private readonly ReadOnlyMemory<byte> content;
    private readonly int segmentLength;
    private int first;
    private int window = 1;

    /// <param name="content">The service's bytes.</param>
    /// <param name="segmentLength">Of each part but the last.</param>
    public BacnetSegmentSender(ReadOnlyMemory<byte> content, int segmentLength)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(segmentLength);
        this.content = content;
        this.segmentLength = segmentLength;
        Count = Math.Max(1, (content.Length + segmentLength - 1) / segmentLength);
    }

    /// <summary>Parts of the whole message.</summary>
    public int Count { get; }

    /// <summary>Parts that the peer has.</summary>
    public int Acknowledged => first;

    /// <summary>Every part was acknowledged.</summary>
    public bool IsDone => first == Count;

    /// <summary>The last part was sent, acknowledged or not.</summary>
    public bool HasSentAll => first + window >= Count;

    /// <summary>The parts that may be on their way now: before the first acknowledgement only one, then a window.</summary>
    public IEnumerable<Apdu> Outstanding(Apdu shape)
    {
        for (var index = first; index < Math.Min(first + window, Count); index++)
        {
            var start = index * segmentLength;
            yield return shape with
            {
                IsSegmented = true,
                MoreFollows = index < Count - 1,
                Sequence = (byte)index,
                Payload = content.Slice(start, Math.Min(segmentLength, content.Length - start)),
            };
        }
    }

    /// <param name="acknowledgement">A SegmentAck.</param>
    /// <returns>Whether <see cref="Outstanding"/> is to be sent now: it moved on, or parts are missing.</returns>
    public bool Take(in Apdu acknowledgement)
    {
        // Of the parts outstanding, or the one before them: anything else is an old acknowledgement that came late.
        var moved = (byte)(acknowledgement.Sequence - (byte)(first - 1));
        if (moved > Math.Min(window, Count - first))
        {
            return false;
        }

        first += moved;
        if (moved > 0 || acknowledgement.IsNegative)
        {
            window = acknowledgement.Window;
            return !IsDone;
        }

        return false;
    }
}
