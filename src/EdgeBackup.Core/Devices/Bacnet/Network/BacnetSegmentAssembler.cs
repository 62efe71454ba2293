namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>What the receiver of a part has to do.</summary>
public enum BacnetSegmentStep
{
    /// <summary>Nothing: the part was there already, or does not belong here.</summary>
    Ignore,

    /// <summary>Wait for the next part.</summary>
    Wait,

    /// <summary>Send a SegmentAck with <see cref="BacnetSegmentAssembler.LastInOrder"/>.</summary>
    Acknowledge,

    /// <summary>The same, negative: parts are missing.</summary>
    AskAgain,

    /// <summary>Acknowledge; the message is whole.</summary>
    Complete,

    /// <summary>More than was announced: abort.</summary>
    TooLong,
}

/// <summary>
/// Puts the parts of one message together (ASHRAE 135, clauses 5.4.4.4 and 5.4.5.2): order, windows, what is doubled and
/// what is missing. It decides only; sending and timing are its owner's.
/// </summary>
public sealed class BacnetSegmentAssembler
{
    private readonly int mostSegments;
    private readonly BacnetWriter content;
    private int count;
    private byte acknowledged;
    private bool hasAskedAgain;

    /// <param name="window">The most parts before an acknowledgement, 1 to 127.</param>
    /// <param name="mostSegments">The most parts of the message: as many as were announced.</param>
    /// <param name="segmentLength">The most bytes of a part: what fits the APDU that was announced.</param>
    public BacnetSegmentAssembler(int window, int mostSegments, int segmentLength)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(window, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(window, 127);
        Window = (byte)window;
        this.mostSegments = mostSegments;
        SegmentLength = segmentLength;
        content = new BacnetWriter(segmentLength * 2);
    }

    public int SegmentLength { get; }

    /// <summary>Parts before an acknowledgement; goes into each SegmentAck.</summary>
    public byte Window { get; private set; }

    /// <summary>The last part that arrived in order; goes into each SegmentAck.</summary>
    public byte LastInOrder { get; private set; }

    /// <summary>Parts that are here in order.</summary>
    public int Count => count;

    public bool HasBegun => count > 0;

    /// <summary>Whole after <see cref="BacnetSegmentStep.Complete"/>.</summary>
    public ReadOnlyMemory<byte> Content => content.Memory;

    public BacnetSegmentStep Take(in Apdu part)
    {
        if (!HasBegun)
        {
            if (part.Sequence != 0)
            {
                return BacnetSegmentStep.Ignore;
            }

            Window = (byte)Math.Clamp((int)part.Window, 1, Window);
            return Append(part, isFirst: true);
        }

        var ahead = (byte)(part.Sequence - LastInOrder - 1);
        if (ahead == 0)
        {
            return Append(part, isFirst: false);
        }

        if (ahead < 128)
        {
            // One question for one gap: the rest of the window is still on its way and would ask the same again.
            if (hasAskedAgain)
            {
                return BacnetSegmentStep.Ignore;
            }

            hasAskedAgain = true;
            acknowledged = LastInOrder;
            return BacnetSegmentStep.AskAgain;
        }

        // The last part that is here comes again: its sender repeats, and has not heard that it is here.
        if (part.Sequence != LastInOrder)
        {
            return BacnetSegmentStep.Ignore;
        }

        acknowledged = LastInOrder;
        return BacnetSegmentStep.Acknowledge;
    }

    private BacnetSegmentStep Append(in Apdu part, bool isFirst)
    {
        if (count == mostSegments || part.Payload.Length > SegmentLength)
        {
            return BacnetSegmentStep.TooLong;
        }

        content.WriteBytes(part.Payload.Span);
        count++;
        LastInOrder = part.Sequence;
        hasAskedAgain = false;
        if (!part.MoreFollows)
        {
            acknowledged = LastInOrder;
            return BacnetSegmentStep.Complete;
        }

        if (!isFirst && (byte)(LastInOrder - acknowledged) < Window)
        {
            return BacnetSegmentStep.Wait;
        }

        acknowledged = LastInOrder;
        return BacnetSegmentStep.Acknowledge;
    }
}
