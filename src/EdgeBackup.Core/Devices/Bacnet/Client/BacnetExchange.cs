using System.Threading.Channels;

namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>A request as a service makes it.</summary>
/// <param name="Service">Which one.</param>
/// <param name="Payload">Its bytes.</param>
/// <param name="HasResult">Whether the answer carries something (ComplexAck) or is a mere yes (SimpleAck).</param>
/// <param name="Answers">Whether a ComplexAck's bytes are an answer to this very request; null: there is nothing in it that would tell.</param>
internal sealed record BacnetRequest(
    BacnetConfirmedService Service, ReadOnlyMemory<byte> Payload, bool HasResult, Func<ReadOnlyMemory<byte>, bool>? Answers = null);

/// <summary>
/// One request and its answer: the requesting side of clause 5.4.4. What arrives is put into a bounded inbox by the receive
/// loop; everything else happens in the task of who asked.
/// </summary>
internal sealed class BacnetExchange
{
    private readonly BacnetRequest request;
    private readonly BacnetPeer peer;
    private readonly BacnetClientOptions options;
    private readonly Action<Apdu> send;
    private readonly Channel<Incoming> inbox;
    private byte id;
    private bool hasParts;
    private bool sawOther;

    public BacnetExchange(BacnetRequest request, BacnetPeer peer, BacnetClientOptions options, Action<Apdu> send)
    {
        this.request = request;
        this.peer = peer;
        this.options = options;
        this.send = send;

        // A window and its repetition; what does not fit is as lost as on the wire, and is asked for again.
        inbox = Channel.CreateBounded<Incoming>((2 * options.WindowSize) + 8);
    }

    /// <summary>Whether exactly one request was sent.</summary>
    public bool IsClean { get; private set; } = true;

    /// <summary>The last acknowledgement of an answer in parts.</summary>
    public Apdu? LastAck { get; private set; }

    /// <summary>Called by the receive loop. The payload is copied: it is in the loop's buffer.</summary>
    public void Take(in Apdu apdu) => inbox.Writer.TryWrite(new Incoming(apdu with { Payload = apdu.Payload.ToArray() }, null));

    public void Fail(Exception reason) => inbox.Writer.TryWrite(new Incoming(default, reason));

    /// <returns>The service's bytes of the answer.</returns>
    /// <exception cref="BacnetException">Whatever went wrong.</exception>
    public async Task<ReadOnlyMemory<byte>> RunAsync(byte invokeId, CancellationToken cancellationToken)
    {
        id = invokeId;
        try
        {
            for (var attempt = 0; attempt <= options.Retries; attempt++)
            {
                if (attempt > 0)
                {
                    IsClean = false;
                    options.Trace?.Invoke($"{peer} did not answer {request.Service} in {options.Timeout.TotalSeconds:0.#} s; sending it again.");
                }

                if (await SendAsync(cancellationToken).ConfigureAwait(false) is { } early)
                {
                    return early;
                }

                if (await AwaitAnswerAsync(cancellationToken).ConfigureAwait(false) is { } answer)
                {
                    return answer;
                }
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or BacnetTimeoutException or BacnetAbortException { IsFromPeer: false })
        {
            IsClean = false;
            if (hasParts)
            {
                TellAborted(exception is BacnetAbortException abort ? abort.Reason : BacnetAbortReason.Other);
            }

            throw;
        }

        IsClean = false;
        throw sawOther
            ? new BacnetAnswerException($"{peer} answered {request.Service}, but with the answer to another request")
            : new BacnetTimeoutException($"{peer} did not answer {request.Service}: {options.Retries + 1} requests, {options.Timeout.TotalSeconds:0.#} s each");
    }

    /// <summary>The peer is not left waiting for parts or acknowledgements.</summary>
    private void TellAborted(BacnetAbortReason reason)
    {
        try
        {
            send(new Apdu(ApduKind.Abort) { InvokeId = id, Reason = (byte)reason });
        }
        catch (BacnetUnreachableException)
        {
            // It gives up by itself; why this exchange ended is what counts.
        }
    }

    /// <returns>The answer, where it came before every part was acknowledged.</returns>
    private async Task<ReadOnlyMemory<byte>?> SendAsync(CancellationToken cancellationToken)
    {
        var shape = new Apdu(ApduKind.ConfirmedRequest)
        {
            InvokeId = id,
            Service = (byte)request.Service,
            AcceptsSegmentedAnswer = options.OffersSegmentation,
            MaxSegments = options.OffersSegmentation ? options.MaxSegments : 0,
            MaxApdu = options.MaxApdu,
            Window = (byte)options.WindowSize,
            Payload = request.Payload,
        };
        var room = BacnetLimits.RequestLength(peer);
        if (request.Payload.Length + BacnetLimits.RequestHeader <= room)
        {
            send(shape);
            return null;
        }

        var parts = new BacnetSegmentSender(request.Payload, room - Apdu.SegmentHeaderLength(ApduKind.ConfirmedRequest));
        if (!options.OffersSegmentation || !peer.TakesSegments)
        {
            throw new BacnetAbortException(BacnetAbortReason.SegmentationNotSupported, isFromPeer: false);
        }

        if (parts.Count > BacnetLimits.RequestSegments(peer))
        {
            throw new BacnetAbortException(BacnetAbortReason.BufferOverflow, isFromPeer: false);
        }

        hasParts = true;
        return await SendPartsAsync(parts, shape, cancellationToken).ConfigureAwait(false);
    }

    private async Task<ReadOnlyMemory<byte>?> SendPartsAsync(BacnetSegmentSender parts, Apdu shape, CancellationToken cancellationToken)
    {
        var silences = 0;
        SendAll(parts, shape);
        while (!parts.IsDone)
        {
            if (await NextAsync(options.SegmentTimeout, cancellationToken).ConfigureAwait(false) is not { } apdu)
            {
                if (++silences > options.Retries)
                {
                    throw new BacnetTimeoutException($"{peer} stopped acknowledging the parts of {request.Service}");
                }

                IsClean = false;
                SendAll(parts, shape);
                continue;
            }

            if (apdu.Kind == ApduKind.SegmentAck)
            {
                silences = 0;
                if (parts.Take(apdu))
                {
                    SendAll(parts, shape);
                }
            }
            else if (parts.HasSentAll && await TakeAnswerAsync(apdu, cancellationToken).ConfigureAwait(false) is { } answer)
            {
                return answer;
            }
        }

        return null;
    }

    private void SendAll(BacnetSegmentSender parts, Apdu shape)
    {
        foreach (var part in parts.Outstanding(shape))
        {
            send(part);
        }
    }

    /// <returns>Null: none came in time.</returns>
    private async Task<ReadOnlyMemory<byte>?> AwaitAnswerAsync(CancellationToken cancellationToken)
    {
        var began = options.Clock.GetTimestamp();
        while (options.Timeout - options.Clock.GetElapsedTime(began) is var left && left > TimeSpan.Zero)
        {
            if (await NextAsync(left, cancellationToken).ConfigureAwait(false) is { } apdu
                && await TakeAnswerAsync(apdu, cancellationToken).ConfigureAwait(false) is { } answer)
            {
                return answer;
            }
        }

        return null;
    }

    /// <returns>Null: it was not the answer.</returns>
    private async Task<ReadOnlyMemory<byte>?> TakeAnswerAsync(Apdu apdu, CancellationToken cancellationToken)
    {
        if (apdu.Kind is ApduKind.SimpleAck or ApduKind.ComplexAck && !IsExpected(apdu))
        {
            sawOther = true;
            return null;
        }

        if (apdu.Kind == ApduKind.SimpleAck)
        {
            return ReadOnlyMemory<byte>.Empty;
        }

        if (apdu.Kind != ApduKind.ComplexAck)
        {
            return null;
        }

        var content = apdu.Payload;
        if (apdu.IsSegmented)
        {
            if (await AssembleAsync(apdu, cancellationToken).ConfigureAwait(false) is not { } whole)
            {
                return null;
            }

            content = whole;
        }

        if (request.Answers is null || request.Answers(content))
        {
            return content;
        }

        sawOther = true;
        return null;
    }

    private bool IsExpected(in Apdu apdu) =>
        apdu.Service == (byte)request.Service && request.HasResult == (apdu.Kind == ApduKind.ComplexAck);

    /// <returns>Null: it was not the first part, and the first is still awaited.</returns>
    private async Task<ReadOnlyMemory<byte>?> AssembleAsync(Apdu first, CancellationToken cancellationToken)
    {
        if (!options.OffersSegmentation)
        {
            hasParts = true;
            throw new BacnetAbortException(BacnetAbortReason.SegmentationNotSupported, isFromPeer: false);
        }

        var assembler = new BacnetSegmentAssembler(
            options.WindowSize, options.MaxSegments, options.MaxApdu - Apdu.SegmentHeaderLength(ApduKind.ComplexAck));
        var part = first;
        while (true)
        {
            if (part.Kind == ApduKind.ComplexAck && part.IsSegmented && part.Service == first.Service)
            {
                var step = assembler.Take(part);
                if (!assembler.HasBegun)
                {
                    return null;
                }

                hasParts = true;
                switch (step)
                {
                    case BacnetSegmentStep.TooLong:
                        throw new BacnetAbortException(BacnetAbortReason.BufferOverflow, isFromPeer: false);
                    case BacnetSegmentStep.Acknowledge or BacnetSegmentStep.AskAgain or BacnetSegmentStep.Complete:
                        Acknowledge(assembler, isNegative: step == BacnetSegmentStep.AskAgain);
                        break;
                }

                if (step == BacnetSegmentStep.Complete)
                {
                    hasParts = false;
                    return assembler.Content;
                }
            }

            // Four times the peer's own wait: it will have repeated what was lost by then (clause 5.4.4.4).
            part = await NextAsync(4 * options.SegmentTimeout, cancellationToken).ConfigureAwait(false)
                ?? throw new BacnetTimeoutException($"{peer} stopped in the middle of its answer to {request.Service}");
        }
    }

    private void Acknowledge(BacnetSegmentAssembler assembler, bool isNegative)
    {
        var acknowledgement = new Apdu(ApduKind.SegmentAck)
        {
            InvokeId = id,
            Sequence = assembler.LastInOrder,
            Window = assembler.Window,
            IsNegative = isNegative,
        };
        LastAck = acknowledgement;
        send(acknowledgement);
    }

    /// <returns>Null: nothing came in time.</returns>
    /// <exception cref="BacnetException">The peer answered that it will not, or a router that it cannot.</exception>
    private async Task<Apdu?> NextAsync(TimeSpan wait, CancellationToken cancellationToken)
    {
        if (!inbox.Reader.TryRead(out var incoming))
        {
            try
            {
                await inbox.Reader.WaitToReadAsync(cancellationToken).AsTask().WaitAsync(wait, options.Clock, cancellationToken).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                return null;
            }

            if (!inbox.Reader.TryRead(out incoming))
            {
                return null;
            }
        }

        if (incoming.Failure is { } failure)
        {
            IsClean = false;
            throw failure;
        }

        var apdu = incoming.Apdu;
        switch (apdu.Kind)
        {
            case ApduKind.Error when apdu.Service == (byte)request.Service:
                throw BacnetServices.ReadError(apdu.Payload.Span);
            case ApduKind.Reject:
                throw new BacnetRejectException((BacnetRejectReason)apdu.Reason);
            case ApduKind.Abort:
                throw new BacnetAbortException((BacnetAbortReason)apdu.Reason, isFromPeer: true);
            default:
                return apdu;
        }
    }

    private readonly record struct Incoming(Apdu Apdu, Exception? Failure);
}
