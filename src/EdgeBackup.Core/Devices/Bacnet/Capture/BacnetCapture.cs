using System.Runtime.CompilerServices;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>
/// A backup procedure on a device, from START_BACKUP to END_BACKUP, which is sent whatever happens. Its files are read one
/// after the other, however many are asked for at once; a stream that was begun keeps the others waiting until it ends.
/// </summary>
internal sealed class BacnetCapture : ICapture
{
    private readonly BacnetConversation link;
    private readonly BacnetProcedure procedure;
    private readonly IAsyncDisposable turn;
    private readonly FileReads reads;
    private readonly ReadingOrder order;
    private Dictionary<string, ConfigurationFile> files = [];
    private bool isDisposed;

    private BacnetCapture(BacnetConversation link, BacnetProcedure procedure, IAsyncDisposable turn)
    {
        this.link = link;
        this.procedure = procedure;
        this.turn = turn;
        reads = new FileReads(link);
        order = new ReadingOrder(link.Clock, link.Times.Order);
    }

    /// <summary>Always empty: a configuration file that cannot be read fails the capture, since a part of a configuration cannot be restored (R13).</summary>
    public IReadOnlyList<NotSavedItem> NotSaved => [];

    /// <summary>Whether the device may be in our backup.</summary>
    private bool IsBegun
    {
        get => link.IsInOwnProcedure;
        set => link.IsInOwnProcedure = value;
    }

    /// <summary>Begins the procedure and waits until the device is ready.</summary>
    /// <exception cref="EdgeBackupException">As <see cref="BacnetProcedure.StartAsync"/>.</exception>
    public static async Task<ICapture> BeginAsync(BacnetConversation link, BacnetProcedure procedure, BacnetProcedureLocks locks, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var turn = await locks.EnterAsync(await link.FindHostAsync(cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        var capture = new BacnetCapture(link, procedure, turn);
        try
        {
            await procedure.StartAsync(begun => capture.IsBegun = begun, cancellationToken).ConfigureAwait(false);
            return capture;
        }
        catch
        {
            await capture.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public async IAsyncEnumerable<Item> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var failureTimeout = await ReadFailureTimeoutAsync(cancellationToken).ConfigureAwait(false);
        var listed = await ReadListAsync().ConfigureAwait(false);
        if (!procedure.TellsState && await WaitUntilReadableAsync(listed[0], cancellationToken).ConfigureAwait(false))
        {
            // It was still preparing; what it listed then need not be all.
            listed = await ReadListAsync().ConfigureAwait(false);
        }

        files = listed.ToDictionary(file => file.Path, StringComparer.Ordinal);
        foreach (var file in listed)
        {
            yield return file.ToItem();
        }

        Task<IReadOnlyList<ConfigurationFile>> ReadListAsync() =>
            ConfigurationFileList.ReadAsync(link, first => reads.KeepAlive(first.Place, failureTimeout), cancellationToken);
    }

    /// <inheritdoc/>
    /// <remarks>Never null: a file that the device listed and does not have is an error from the stream.</remarks>
    public async Task<CapturedItem?> OpenReadAsync(Item item, CancellationToken cancellationToken)
    {
        if (!files.TryGetValue(item.Path, out var file))
        {
            throw new ArgumentException($"'{item.Path}' was not listed.", nameof(item));
        }

        var (client, peer) = await OpenLinkAsync(item, cancellationToken).ConfigureAwait(false);
        var largest = client.LargestRead(peer);
        var unsegmented = Math.Min(largest, client.LargestRead(peer with { Segmentation = BacnetSegmentation.None }));
        FilePartReader reader = file.Place.Access == BacnetFileAccess.Stream
            ? new StreamPartReader(link, reads, file, largest, unsegmented)
            : new RecordPartReader(link, reads, file, largest, unsegmented);
        var stream = new BacnetItemStream(reader, order, file);
        return new CapturedItem(stream, stream.Describe);
    }

    public async Task CompleteAsync(CancellationToken cancellationToken)
    {
        await reads.StopAsync().ConfigureAwait(false);
        var wasIn = await CheckStillPerformingAsync(cancellationToken).ConfigureAwait(false);
        await EndAsync(wasIn, cancellationToken).ConfigureAwait(false);
        var (isIn, state) = await WaitUntilLeftAsync(cancellationToken).ConfigureAwait(false);
        if (isIn)
        {
            link.Trace($"{link.Errors.Device}: END_BACKUP was taken, and it is in its backup still; sending it again.");
            await EndAsync(wasIn: true, cancellationToken).ConfigureAwait(false);
            (isIn, state) = await WaitUntilLeftAsync(cancellationToken).ConfigureAwait(false);
        }

        if (isIn)
        {
            throw link.Errors.Create(
                ErrorIds.CaptureFailed,
                "it took END_BACKUP twice and is in its backup still. The capture was discarded; look at the device, and try again when its Backup_Failure_Timeout is over");
        }

        IsBegun = false;
        if (state == BacnetBackupState.BackupFailure)
        {
            throw link.Errors.Create(ErrorIds.CaptureFailed, "it says that the backup failed (its Backup_And_Restore_State is backup-failure). The capture was discarded; look at the device, then try again");
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (isDisposed)
        {
            return;
        }

        isDisposed = true;
        await reads.DisposeAsync().ConfigureAwait(false);
        if (IsBegun)
        {
            await procedure.LeaveAsync(BacnetReinitializedState.EndBackup, "END_BACKUP").ConfigureAwait(false);
            IsBegun = false;
        }

        await turn.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>What was read is worth something only where the device was in its backup all the time.</summary>
    /// <returns>Whether it says so; false for an old device that says nothing either way.</returns>
    private async Task<bool> CheckStillPerformingAsync(CancellationToken cancellationToken)
    {
        var (state, status) = await RepeatAsync(() => procedure.LookAsync(cancellationToken), "reading its state before END_BACKUP", cancellationToken).ConfigureAwait(false);
        var isIn = procedure.IsIn(state, status);
        return state is BacnetBackupState.PerformingBackup || (state is null && (isIn || status is null || !procedure.WasUnderWay))
            ? isIn
            : throw link.Errors.Create(
                ErrorIds.CaptureFailed,
                $"it ended the backup before all was read ({(state is { } told ? $"its Backup_And_Restore_State is {BacnetWords.Of(told)}" : $"its System_Status was backup-in-progress and is {BacnetWords.Of(status!.Value)}")}), so that what was read last may be anything. The capture was discarded; try again");
    }

    /// <summary>Sends END_BACKUP until the device says yes, or is out of the backup since an answer may have been lost.</summary>
    private async Task EndAsync(bool wasIn, CancellationToken cancellationToken)
    {
        var mayBeTaken = false;
        _ = await RepeatAsync(AskAsync, "END_BACKUP", cancellationToken).ConfigureAwait(false);

        async Task<bool> AskAsync()
        {
            var asked = link.Clock.GetTimestamp();
            try
            {
                await procedure.AskAsync(BacnetReinitializedState.EndBackup, cancellationToken).ConfigureAwait(false);
                return true;
            }
            catch (BacnetException exception) when (exception is BacnetErrorException or BacnetTimeoutException or BacnetUnreachableException)
            {
                // Where the network went away, the request may have got there, and the answer not here.
                mayBeTaken |= exception is BacnetUnreachableException || link.Clock.GetElapsedTime(asked) >= link.FirstTimeout;
                if (exception is BacnetUnreachableException || BacnetDeviceErrors.IsBusy(exception))
                {
                    throw;
                }

                if (mayBeTaken && await IsOutAsync(exception).ConfigureAwait(false))
                {
                    return true;
                }

                throw;
            }
        }

        async Task<bool> IsOutAsync(BacnetException exception)
        {
            // The request that was sent again may have found no backup any more.
            var (state, status) = await procedure.LookAsync(cancellationToken).ConfigureAwait(false);
            var isOut = !procedure.IsIn(state, status) && (wasIn || exception is BacnetErrorException);
            link.Trace($"{link.Errors.Device}: the answer to END_BACKUP was lost ({exception.Message.TrimEnd('.')}){(isOut ? "" : ", and it is in its backup still")}.");
            return isOut;
        }
    }

    /// <summary>Asks again while the device has no time or the network is away, for as long as it may need to leave a backup.</summary>
    private async Task<T> RepeatAsync<T>(Func<Task<T>> ask, string call, CancellationToken cancellationToken)
    {
        var began = link.Clock.GetTimestamp();
        var pause = BacnetProcedure.FirstPoll;
        while (true)
        {
            try
            {
                return await ask().ConfigureAwait(false);
            }
            catch (BacnetException exception) when (
                (exception is BacnetUnreachableException || BacnetDeviceErrors.IsBusy(exception)) && link.Clock.GetElapsedTime(began) < link.Times.Leaving)
            {
                link.Trace($"{link.Errors.Device}: {call} met a device without time, or no network ({exception.Message.TrimEnd('.')}); asking again.");
            }
            catch (BacnetException exception)
            {
                throw Refused(exception);
            }

            pause = await procedure.PauseAsync(pause, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<(BacnetClient Client, BacnetPeer Peer)> OpenLinkAsync(Item item, CancellationToken cancellationToken)
    {
        try
        {
            return await link.OpenAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (BacnetException exception)
        {
            throw link.Errors.From(exception, $"reading '{item.Path}'", ErrorIds.CaptureFailed);
        }
    }

    private EdgeBackupException Refused(BacnetException exception) => link.Errors.Create(
        ErrorIds.CaptureFailed,
        $"it did not take the end of the backup ({exception.Message.TrimEnd('.')}): it may have ended it before, and what was read after that may be anything. The capture was discarded; try again",
        exception);

    /// <summary>Whoever looks at the device next shall not find it in our backup.</summary>
    private async Task<(bool IsIn, BacnetBackupState? State)> WaitUntilLeftAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await procedure.WaitUntilLeftAsync(link.Times.Leaving, cancellationToken).ConfigureAwait(false);
        }
        catch (BacnetException exception)
        {
            link.Trace($"{link.Errors.Device}: its state after END_BACKUP cannot be read ({exception.Message.TrimEnd('.')}).");
            return (false, null);
        }
    }

    /// <summary>An old device does not tell that it still prepares, but it does not let its files be read.</summary>
    /// <returns>Whether it was waited for.</returns>
    private async Task<bool> WaitUntilReadableAsync(ConfigurationFile first, CancellationToken cancellationToken)
    {
        var began = link.Clock.GetTimestamp();
        var pause = BacnetProcedure.FirstPoll;
        for (var hasWaited = false; ; hasWaited = true)
        {
            try
            {
                await reads.TouchAsync(first.Place, cancellationToken).ConfigureAwait(false);
                return hasWaited;
            }
            catch (BacnetException exception) when (
                (exception is BacnetErrorException { Code: BacnetErrorCode.FileAccessDenied or BacnetErrorCode.ReadAccessDenied or BacnetErrorCode.ConfigurationInProgress or BacnetErrorCode.UnknownObject }
                    || BacnetDeviceErrors.IsAwayForNow(exception))
                && link.Clock.GetElapsedTime(began) < procedure.PreparationLimit)
            {
                link.Trace($"{link.Errors.Device}: its files cannot be read yet ({exception.Message.TrimEnd('.')}).");
            }
            catch (BacnetException)
            {
                // Reading the file as a whole tells it better.
                return hasWaited;
            }

            pause = await procedure.PauseAsync(pause, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<TimeSpan> ReadFailureTimeoutAsync(CancellationToken cancellationToken)
    {
        try
        {
            var told = await link.ReadAsync([BacnetProperty.BackupFailureTimeout], cancellationToken).ConfigureAwait(false);
            return BacnetTold.Seconds(told[0]) ?? link.Times.FailureTimeout;
        }
        catch (BacnetException exception)
        {
            throw link.Errors.From(exception, "reading its Backup_Failure_Timeout", ErrorIds.CaptureFailed);
        }
    }
}
