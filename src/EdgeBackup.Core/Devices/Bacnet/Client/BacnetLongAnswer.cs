namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>Takes an answer in parts: acknowledges them, asks for what is missing, and gives up on a peer that does not go on.</summary>
internal sealed class BacnetLongAnswer(BacnetPeer peer, BacnetClientOptions options, BacnetInbox inbox, Action<Apdu> send)
{
    /// <summary>Whether a part was taken and the last is still to come: the peer is to be told when it is given up.</summary>
    public bool IsOpen { get; private set; }

    /// <summary>The last acknowledgement, which the peer may ask for again.</summary>
    public Apdu? LastAck { get; private set; }

    /// <returns>Null: it was not the first part, and the first is still awaited.</returns>
    /// <exception cref="BacnetException">Whatever went wrong.</exception>
    public async Task<ReadOnlyMemory<byte>?> TakeAsync(Apdu first, CancellationToken cancellationToken)
    {
        if (!options.OffersSegmentation)
        {
            IsOpen = true;
            throw new BacnetAbortException(BacnetAbortReason.SegmentationNotSupported, isFromPeer: false);
        }

        var assembler = new BacnetSegmentAssembler(
            options.WindowSize, options.MaxSegments, options.MaxApdu - Apdu.SegmentHeaderLength(ApduKind.ComplexAck));
        var part = first;
        var deadline = default(BacnetDeadline);
        while (true)
        {
            if (part.Kind == ApduKind.ComplexAck && part.IsSegmented && part.Service == first.Service)
            {
                var before = assembler.Count;
                var step = assembler.Take(part);
                if (!assembler.HasBegun)
                {
                    return null;
                }

                IsOpen = true;
                switch (step)
                {
                    case BacnetSegmentStep.TooLong:
                        throw new BacnetAbortException(BacnetAbortReason.BufferOverflow, isFromPeer: false);
                    case BacnetSegmentStep.Acknowledge or BacnetSegmentStep.AskAgain or BacnetSegmentStep.Complete:
                        Acknowledge(assembler, part, isNegative: step == BacnetSegmentStep.AskAgain);
                        break;
                }

                if (step == BacnetSegmentStep.Complete)
                {
                    IsOpen = false;
                    return assembler.Content;
                }

                if (assembler.Count > before)
                {
                    // Four times the peer's own wait: it will have repeated what was lost by then (clause 5.4.4.4). Only a
                    // part that was missing begins it anew: what is repeated for ever is no answer.
                    deadline = new BacnetDeadline(options.Clock, 4 * options.SegmentTimeout);
                }
            }

            part = await inbox.NextAsync(deadline, cancellationToken).ConfigureAwait(false)
                ?? throw new BacnetTimeoutException($"{peer} stopped in the middle of its answer to {(BacnetConfirmedService)first.Service}");
        }
    }

    private void Acknowledge(BacnetSegmentAssembler assembler, in Apdu part, bool isNegative)
    {
        var acknowledgement = new Apdu(ApduKind.SegmentAck)
        {
            InvokeId = part.InvokeId,
            Sequence = assembler.LastInOrder,
            Window = assembler.Window,
            IsNegative = isNegative,
        };
        LastAck = acknowledgement;
        send(acknowledgement);
    }
}
