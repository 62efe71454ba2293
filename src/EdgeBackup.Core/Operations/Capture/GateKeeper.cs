using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Gate;
using EdgeBackup.Core.Errors;

namespace EdgeBackup.Core.Operations.Capture;

/// <summary>A passed gate: the look that found the device idle, and the hold that keeps it so. Dispose to release.</summary>
internal sealed class GatePass : IAsyncDisposable
{
    private IDeviceHold? hold;

    public GatePass(DeviceStatus before, IDeviceHold? hold)
    {
        Before = before;
        this.hold = hold;
    }

    public DeviceStatus Before { get; }

    /// <summary>Lets the device go; more than once is no harm.</summary>
    public ValueTask DisposeAsync() => Interlocked.Exchange(ref hold, null)?.DisposeAsync() ?? ValueTask.CompletedTask;
}

/// <summary>Lets a capture or a restore begin only while nothing runs (R2), and judges afterwards whether that held (R3).</summary>
internal sealed class GateKeeper
{
    /// <summary>What is asked of the device's hold; the connection renews it at half its time.</summary>
    public static readonly TimeSpan HoldTime = TimeSpan.FromSeconds(300);

    private static readonly TimeSpan PollTime = TimeSpan.FromSeconds(2);

    private readonly TimeProvider clock;
    private readonly IOperationObserver observer;

    public GateKeeper(TimeProvider clock, IOperationObserver observer)
    {
        this.clock = clock;
        this.observer = observer;
    }

    /// <summary>Waits for an idle device, and for a server to have carried out what is queued on it, and takes its hold.</summary>
    /// <param name="contact">The device; its first look is used.</param>
    /// <param name="waitForIdle">How long to wait; zero refuses at once.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="EdgeBackupException">DeviceBusy or DeviceStateUnknown, when the time is over.</exception>
    public async Task<GatePass> EnterAsync(DeviceContact contact, TimeSpan waitForIdle, CancellationToken cancellationToken)
    {
        var started = clock.GetTimestamp();
        var status = contact.Status;
        while (true)
        {
            EdgeBackupException refusal;
            var decision = TransactionGate.Evaluate(status, TransactionGate.DefaultSeenWithin);
            if (decision.IsIdle)
            {
                try
                {
                    var patience = (waitForIdle > QueuedChanges.Patience ? waitForIdle : QueuedChanges.Patience) - clock.GetElapsedTime(started);
                    if (await new QueuedChanges(clock, observer).WaitBeforeAsync(contact, patience, cancellationToken).ConfigureAwait(false))
                    {
                        // Meanwhile anything may have begun.
                        status = await contact.LookAsync(cancellationToken).ConfigureAwait(false);
                        continue;
                    }

                    var hold = await contact.Connection.TakeHoldAsync(HoldTime, cancellationToken).ConfigureAwait(false);
                    observer.Verbose(hold is null ? $"{contact.Id}: idle; the device has no hold, a second look decides." : $"{contact.Id}: idle and held.");
                    return new GatePass(status, hold);
                }
                catch (EdgeBackupException exception) when (exception.ErrorId == ErrorIds.DeviceBusy)
                {
                    refusal = exception;
                }
            }
            else
            {
                refusal = decision.ToException(contact.Id);
            }

            var left = waitForIdle - clock.GetElapsedTime(started);
            if (left <= TimeSpan.Zero)
            {
                throw refusal;
            }

            observer.Progress(new OperationProgress($"Waiting for {contact.Id} to be idle", decision.IsIdle ? refusal.Message : decision.Reason));
            observer.Verbose($"{contact.Id}: waiting up to {left:hh\\:mm\\:ss}: {(decision.IsIdle ? refusal.Message : decision.Reason)}");
            await Task.Delay(left < PollTime ? left : PollTime, clock, cancellationToken).ConfigureAwait(false);
            status = await contact.LookAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>A look right before a restore is committed (R2).</summary>
    /// <exception cref="EdgeBackupException">DeviceBusy: something runs or began; DeviceStateUnknown: that cannot be told.</exception>
    public static async Task CheckStillIdleAsync(DeviceContact contact, GatePass pass, CancellationToken cancellationToken)
    {
        var look = TransactionGate.LookAgain(pass.Before, await contact.LookAsync(cancellationToken).ConfigureAwait(false), TransactionGate.DefaultSeenWithin);
        if (!look.Stands)
        {
            throw new EdgeBackupException(
                look.State == GateState.Busy ? ErrorIds.DeviceBusy : ErrorIds.DeviceStateUnknown,
                $"The device '{contact.Id}' was not restored and holds its old state, because it was no longer idle when everything had been sent: {look.Reason}. Try again when it is idle.",
                contact.Id);
        }
    }

    /// <summary>The second look.</summary>
    /// <exception cref="EdgeBackupException">CaptureInterrupted: a transaction began; DeviceStateUnknown: that cannot be told.</exception>
    public static async Task LookAgainAsync(DeviceContact contact, GatePass pass, CancellationToken cancellationToken)
    {
        DeviceStatus after;
        try
        {
            after = await contact.LookAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (EdgeBackupException exception) when (exception.ErrorId == ErrorIds.DeviceUnreachable)
        {
            throw new EdgeBackupException(
                ErrorIds.DeviceStateUnknown,
                $"The capture of '{contact.Id}' was discarded and nothing was recorded: whether a transaction began meanwhile could not be asked. {exception.Message}",
                contact.Id,
                exception);
        }

        var look = TransactionGate.LookAgain(pass.Before, after, TransactionGate.DefaultSeenWithin);
        if (!look.Stands)
        {
            throw look.ToException(contact.Id);
        }
    }
}
