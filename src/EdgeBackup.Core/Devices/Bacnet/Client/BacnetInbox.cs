using System.Threading.Channels;

namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>What arrived for one exchange: put in by the receive loop, taken out by the task of who asked.</summary>
internal sealed class BacnetInbox
{
    private readonly BacnetConfirmedService service;
    private readonly TimeProvider clock;
    private readonly Channel<Incoming> waiting;

    public BacnetInbox(BacnetConfirmedService service, BacnetClientOptions options)
    {
        this.service = service;
        clock = options.Clock;

        // A window and its repetition; what does not fit is as lost as on the wire, and is asked for again.
        waiting = Channel.CreateBounded<Incoming>((2 * options.WindowSize) + 8);
    }

    /// <summary>Whether the exchange was ended from outside.</summary>
    public bool HasFailed { get; private set; }

    /// <summary>The payload is copied: it is in the receive loop's buffer.</summary>
    public void Take(in Apdu apdu) => waiting.Writer.TryWrite(new Incoming(apdu with { Payload = apdu.Payload.ToArray() }, null));

    public void Fail(Exception reason) => waiting.Writer.TryWrite(new Incoming(default, reason));

    /// <returns>Null: nothing came before the time was over.</returns>
    /// <exception cref="BacnetException">The peer answered that it will not, or a router that it cannot.</exception>
    public async Task<Apdu?> NextAsync(BacnetDeadline deadline, CancellationToken cancellationToken)
    {
        // The time counts also where something always waits: else whoever sends enough would hold the exchange for ever.
        var left = deadline.Left;
        if (left <= TimeSpan.Zero)
        {
            return null;
        }

        if (!waiting.Reader.TryRead(out var incoming))
        {
            try
            {
                await waiting.Reader.WaitToReadAsync(cancellationToken).AsTask().WaitAsync(left, clock, cancellationToken).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                return null;
            }

            if (!waiting.Reader.TryRead(out incoming))
            {
                return null;
            }
        }

        if (incoming.Failure is { } failure)
        {
            HasFailed = true;
            throw failure;
        }

        var apdu = incoming.Apdu;
        return apdu.Kind switch
        {
            ApduKind.Error when apdu.Service == (byte)service => throw BacnetServices.ReadError(apdu.Payload.Span),
            ApduKind.Reject => throw new BacnetRejectException((BacnetRejectReason)apdu.Reason),
            ApduKind.Abort => throw new BacnetAbortException((BacnetAbortReason)apdu.Reason, isFromPeer: true),
            _ => apdu,
        };
    }

    private readonly record struct Incoming(Apdu Apdu, Exception? Failure);
}

/// <summary>A time that something is waited for from now on.</summary>
internal readonly struct BacnetDeadline(TimeProvider clock, TimeSpan wait)
{
    private readonly long began = clock.GetTimestamp();

    public TimeSpan Left => wait - clock.GetElapsedTime(began);
}
