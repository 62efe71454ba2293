namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>A request as a service makes it.</summary>
/// <param name="Service">Which one.</param>
/// <param name="Payload">Its bytes.</param>
/// <param name="HasResult">Whether the answer carries something (ComplexAck) or is a mere yes (SimpleAck).</param>
/// <param name="Answers">Whether a ComplexAck's bytes are an answer to this very request; null: there is nothing in it that would tell.</param>
internal sealed record BacnetRequest(
    BacnetConfirmedService Service, ReadOnlyMemory<byte> Payload, bool HasResult, Func<ReadOnlyMemory<byte>, bool>? Answers = null);

/// <summary>
/// One request and its answer: the requesting side of clause 5.4.4. What arrives is put into an inbox by the receive loop;
/// everything else happens in the task of who asked.
/// </summary>
internal sealed class BacnetExchange
{
    private readonly BacnetRequest request;
    private readonly BacnetPeer peer;
    private readonly BacnetClientOptions options;
    private readonly Action<Apdu> send;
    private readonly BacnetInbox inbox;
    private readonly BacnetLongAnswer longAnswer;
    private byte id;
    private bool sendsParts;
    private bool sawOther;

    public BacnetExchange(BacnetRequest request, BacnetPeer peer, BacnetClientOptions options, Action<Apdu> send)
    {
        this.request = request;
        this.peer = peer;
        this.options = options;
        this.send = send;
        inbox = new BacnetInbox(request.Service, options);
        longAnswer = new BacnetLongAnswer(peer, options, inbox, send);
    }

    /// <summary>Whether exactly one request was sent.</summary>
    public bool IsClean { get; private set; } = true;

    /// <summary>The last acknowledgement of an answer in parts.</summary>
    public Apdu? LastAck => longAnswer.LastAck;

    /// <summary>Called by the receive loop.</summary>
    public void Take(in Apdu apdu) => inbox.Take(apdu);

    public void Fail(Exception reason) => inbox.Fail(reason);

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
        catch (Exception exception) when (exception is OperationCanceledException or BacnetTimeoutException or BacnetAbortException { IsFromPeer: false } || inbox.HasFailed)
        {
            IsClean = false;
            if (!inbox.HasFailed && (sendsParts || longAnswer.IsOpen))
            {
                TellAborted(exception is BacnetAbortException abort ? abort.Reason : BacnetAbortReason.Other);
            }

            throw;
        }

        IsClean = false;
        throw sawOther
            ? new BacnetAnswerException($"{peer} answered {request.Service}, but with the answer to another request", isToAnother: true)
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

        sendsParts = true;
        return await SendPartsAsync(parts, shape, cancellationToken).ConfigureAwait(false);
    }

    /// <remarks>
    /// What does not bring the peer further counts as silence, whatever it says: it may ask for the same parts again as
    /// often as it may stay silent, and an acknowledgement of what was acknowledged gives it no new time.
    /// </remarks>
    private async Task<ReadOnlyMemory<byte>?> SendPartsAsync(BacnetSegmentSender parts, Apdu shape, CancellationToken cancellationToken)
    {
        var silences = 0;
        var deadline = Send();
        while (!parts.IsDone)
        {
            var apdu = await inbox.NextAsync(deadline, cancellationToken).ConfigureAwait(false);
            if (apdu is { Kind: not ApduKind.SegmentAck } other)
            {
                if (parts.HasSentAll && await TakeAnswerAsync(other, cancellationToken).ConfigureAwait(false) is { } answer)
                {
                    return answer;
                }

                continue;
            }

            var before = parts.Acknowledged;
            if (apdu is { } acknowledgement && !parts.Take(acknowledgement))
            {
                continue;
            }

            if (parts.Acknowledged > before)
            {
                silences = 0;
            }
            else if (++silences > options.Retries)
            {
                throw new BacnetTimeoutException($"{peer} stopped acknowledging the parts of {request.Service}");
            }
            else
            {
                IsClean = false;
            }

            deadline = Send();
        }

        return null;

        BacnetDeadline Send()
        {
            foreach (var part in parts.Outstanding(shape))
            {
                send(part);
            }

            return new BacnetDeadline(options.Clock, options.SegmentTimeout);
        }
    }

    /// <returns>Null: none came in time.</returns>
    private async Task<ReadOnlyMemory<byte>?> AwaitAnswerAsync(CancellationToken cancellationToken)
    {
        var deadline = new BacnetDeadline(options.Clock, options.Timeout);
        while (await inbox.NextAsync(deadline, cancellationToken).ConfigureAwait(false) is { } apdu)
        {
            if (await TakeAnswerAsync(apdu, cancellationToken).ConfigureAwait(false) is { } answer)
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
            if (await longAnswer.TakeAsync(apdu, cancellationToken).ConfigureAwait(false) is not { } whole)
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
}
