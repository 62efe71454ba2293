using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Errors;

namespace EdgeBackup.Core.Operations.Capture;

/// <summary>
/// Changes of a server's configuration that wait for being carried out: before a capture, or half of a change would be
/// saved; and again once the device is let go, since a server queues what people change while it is held.
/// </summary>
internal sealed class QueuedChanges
{
    /// <summary>How long a server is waited for, where its user does not say more.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    private readonly TimeProvider clock;
    private readonly IOperationObserver observer;

    public QueuedChanges(TimeProvider clock, IOperationObserver observer)
    {
        this.clock = clock;
        this.observer = observer;
    }

    /// <summary>Waits until nothing is queued.</summary>
    /// <param name="contact">The device.</param>
    /// <param name="patience">How long.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Whether there was anything to wait for, so that what was seen of the device is old by now.</returns>
    /// <exception cref="EdgeBackupException">DeviceBusy: something still is.</exception>
    public async Task<bool> WaitBeforeAsync(DeviceContact contact, TimeSpan patience, CancellationToken cancellationToken)
    {
        if (!AreTold(contact))
        {
            return false;
        }

        var (left, hasWaited) = await WaitAsync(contact.Id, contact.Connection.Server!.CountQueuedChangesAsync, patience, cancellationToken).ConfigureAwait(false);
        return left == 0 ? hasWaited : throw new EdgeBackupException(
            ErrorIds.DeviceBusy,
            $"The device '{contact.Id}' is busy: {left} changes of its configuration still wait for being carried out. Wait for them (-WaitForIdle where the command has it), or look at the server if they never end.",
            contact.Id);
    }

    /// <summary>Waits for what was queued during a capture. The capture stands whatever becomes of that.</summary>
    public async Task WaitAfterAsync(DeviceContact contact, TimeSpan patience, CancellationToken cancellationToken)
    {
        if (!AreTold(contact))
        {
            return;
        }

        try
        {
            var (left, _) = await WaitAsync(contact.Id, contact.Connection.Server!.CountQueuedChangesAsync, patience, cancellationToken).ConfigureAwait(false);
            if (left > 0)
            {
                observer.Warning($"{contact.Id}: {left} changes of its configuration that came in during the backup are still not carried out. They are not in the backup; look at the server.");
            }
        }
        catch (EdgeBackupException exception)
        {
            WarnUnasked(contact.Id, exception, observer);
        }
    }

    /// <summary>Says that nobody knows what became of changes that came in during the backup.</summary>
    public static void WarnUnasked(string device, EdgeBackupException exception, IOperationObserver observer) =>
        observer.Warning($"{device}: whether changes of its configuration that came in during the backup are carried out could not be asked. They are not in the backup. {exception.Message}");

    /// <summary>Whether the device tells what is queued on it.</summary>
    public static bool AreTold(DeviceContact contact) =>
        contact.Connection.Server is not null && contact.Status.Identity.Features.Contains(DeviceFeatures.Changes, StringComparer.Ordinal);

    /// <returns>How many are left when the time is over, and whether there was any waiting.</returns>
    private async Task<(long Left, bool HasWaited)> WaitAsync(string device, Func<CancellationToken, Task<long>> count, TimeSpan patience, CancellationToken cancellationToken)
    {
        var since = clock.GetTimestamp();
        var hasWaited = false;
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            var queued = await count(cancellationToken).ConfigureAwait(false);
            var left = patience - clock.GetElapsedTime(since);
            if (queued == 0 || left <= TimeSpan.Zero)
            {
                if (hasWaited)
                {
                    observer.Verbose($"{device}: {(queued == 0 ? "all changes of its configuration are carried out" : $"{queued} changes of its configuration still wait")}.");
                }

                return (queued, hasWaited);
            }

            if (!hasWaited)
            {
                observer.Verbose($"{device}: waiting up to {left:hh\\:mm\\:ss} for {queued} changes of its configuration.");
            }

            hasWaited = true;
            observer.Progress(new OperationProgress($"Waiting for {device}", $"{queued} changes of its configuration are being carried out"));
            await Task.Delay(left < pause ? left : pause, clock, cancellationToken).ConfigureAwait(false);
        }
    }
}
