using EdgeBackup.Core.Errors;

namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>A restore procedure on a device, from START_RESTORE until the device says how it ended; ABORT_RESTORE on every other way out, unless it has acknowledged END_RESTORE.</summary>
internal sealed class BacnetRestore(BacnetConversation link, BacnetProcedure procedure, BacnetProcedureLocks locks, IRestoreJournal journal)
{
    /// <summary>The device gives its restores no names; this one is noted for it while one of ours may be open.</summary>
    private string SessionId => $"bacnet-restore {link.Address}";

    /// <summary>Takes the device out of a restore that a killed command of ours left open.</summary>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="EdgeBackupException">DeviceBusy: somebody else's restore is open, or ours cannot be ended.</exception>
    public async Task<bool> DropLeftoverAsync(CancellationToken cancellationToken)
    {
        if (await FindLeftoverAsync(cancellationToken).ConfigureAwait(false) is null)
        {
            return false;
        }

        // Another command of this process may be dropping it too, and begin its own restore right after: looked at again in the turn.
        var turn = await EnterAsync(cancellationToken).ConfigureAwait(false);
        await using var lease = turn.ConfigureAwait(false);
        return await DropLeftoverInTurnAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task<IAsyncDisposable> EnterAsync(CancellationToken cancellationToken) =>
        await locks.EnterAsync(await link.FindHostAsync(cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);

    private async Task<bool> DropLeftoverInTurnAsync(CancellationToken cancellationToken)
    {
        if (await FindLeftoverAsync(cancellationToken).ConfigureAwait(false) is null)
        {
            return false;
        }

        link.Trace($"{link.Errors.Device}: aborting the restore that an interrupted command of ours left open.");
        await procedure.LeaveAsync(BacnetReinitializedState.AbortRestore, "ABORT_RESTORE").ConfigureAwait(false);
        try
        {
            if (await FindOpenAsync(cancellationToken).ConfigureAwait(false) is { } still)
            {
                throw procedure.Occupied(still);
            }
        }
        catch (BacnetException exception)
        {
            throw link.Errors.From(exception, "reading its state", ErrorIds.DeviceUnreachable);
        }

        await journal.ClosedAsync(SessionId, CancellationToken.None).ConfigureAwait(false);
        return true;
    }

    /// <returns>The state of a restore of ours that is open and that nobody goes on with; null where none is open.</returns>
    /// <exception cref="EdgeBackupException">DeviceBusy: one is open that is not ours.</exception>
    private async Task<BacnetBackupState?> FindLeftoverAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (await FindOpenAsync(cancellationToken).ConfigureAwait(false) is not { } open)
            {
                // A note that stayed would be taken for somebody else's restore one day.
                if (await journal.IsOwnAsync(SessionId, cancellationToken).ConfigureAwait(false))
                {
                    await journal.ClosedAsync(SessionId, CancellationToken.None).ConfigureAwait(false);
                }

                // The others are of another address.
                await journal.ClosedAllButAsync([], CancellationToken.None).ConfigureAwait(false);
                return null;
            }

            return await journal.IsOwnAsync(SessionId, await ReadLifeAsync(cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false)
                ? open
                : throw procedure.Occupied(open);
        }
        catch (BacnetException exception)
        {
            throw link.Errors.From(exception, "reading its state", ErrorIds.DeviceUnreachable);
        }
    }

    /// <summary>Restores.</summary>
    /// <param name="files">Proven, in their order.</param>
    /// <param name="cancellationToken">Gives up; the device is taken out of its restore nevertheless.</param>
    /// <exception cref="EdgeBackupException">RestoreFailed, DeviceBusy, RestoreVerifyFailed, and what the table of errors says.</exception>
    public async Task<RestoreCommitOutcome> RunAsync(IReadOnlyList<FileToRestore> files, CancellationToken cancellationToken)
    {
        var mayBeBegun = false;
        try
        {
            var turn = await EnterAsync(cancellationToken).ConfigureAwait(false);
            await using var lease = turn.ConfigureAwait(false);
            await DropLeftoverInTurnAsync(cancellationToken).ConfigureAwait(false);

            // Noted whatever happens to the command: a device that stands in a restore that nobody knows is of no use for minutes.
            await journal.OpenedInPlaceAsync(SessionId, CancellationToken.None).ConfigureAwait(false);
            return await RunInTurnAsync(files, begun => mayBeBegun = begun, cancellationToken).ConfigureAwait(false);
        }
        catch (EdgeBackupException exception) when (!mayBeBegun)
        {
            // Whoever restores takes the device for written to from here on.
            throw new EdgeBackupException(exception.ErrorId, exception.Message + " Nothing of the backup was put in place on it.", exception.Target, exception);
        }
    }

    /// <param name="files">Proven, in their order.</param>
    /// <param name="onBegun">Told whether the device may be in the restore, or have been.</param>
    /// <param name="cancellationToken">Gives up.</param>
    private async Task<RestoreCommitOutcome> RunInTurnAsync(IReadOnlyList<FileToRestore> files, Action<bool> onBegun, CancellationToken cancellationToken)
    {
        var isBegun = false;
        var end = new BacnetRestoreEnd(link, procedure);
        var isEnding = false;
        var isDone = false;
        bool? isLeft = null;
        try
        {
            await procedure.StartAsync(begun => onBegun(isBegun = begun), cancellationToken).ConfigureAwait(false);
            await WriteAsync(files, cancellationToken).ConfigureAwait(false);
            isEnding = true;
            var outcome = await end.RunAsync(cancellationToken).ConfigureAwait(false);
            isBegun = false;
            isDone = true;
            return outcome;
        }
        catch (EdgeBackupException exception) when (isBegun)
        {
            isLeft = !end.MayBeAborted || await AbortAsync().ConfigureAwait(false);
            var now = !end.MayBeAborted ? " It had acknowledged END_RESTORE, so that no ABORT_RESTORE was sent."
                : isLeft == false ? " It did not take ABORT_RESTORE, and may stay in its restore until its Backup_Failure_Timeout is over; the next Restore-EdgeBackup takes it out first."
                : isEnding ? " ABORT_RESTORE was sent, and the device is out of its restore; what that does after END_RESTORE is its own affair."
                : " It took ABORT_RESTORE, after which a device goes back to the configuration that it had, or should.";
            throw new EdgeBackupException(exception.ErrorId, exception.Message + now, exception.Target, exception);
        }
        finally
        {
            if (!isBegun && !isDone)
            {
                await journal.ClosedUntouchedAsync(SessionId, CancellationToken.None).ConfigureAwait(false);
            }
            else if (isDone || (end.MayBeAborted ? isLeft ?? await AbortAsync().ConfigureAwait(false) : end.IsSeenOut))
            {
                await journal.ClosedAsync(SessionId, CancellationToken.None).ConfigureAwait(false);
            }

            // It may have come back with other abilities, whatever became of the restore.
            await link.ForgetPeerAsync(CancellationToken.None).ConfigureAwait(false);
        }
    }

    private Task<bool> AbortAsync() => procedure.LeaveAsync(BacnetReinitializedState.AbortRestore, "ABORT_RESTORE");

    private async Task WriteAsync(IReadOnlyList<FileToRestore> files, CancellationToken cancellationToken)
    {
        var writer = new BacnetFileWriter(link);
        var began = link.Clock.GetTimestamp();
        var pause = BacnetProcedure.FirstPoll;
        var isOpen = procedure.TellsState;
        foreach (var file in files)
        {
            while (true)
            {
                try
                {
                    await writer.WriteAsync(file, cancellationToken).ConfigureAwait(false);
                    isOpen |= file.Content.Length > 0;
                    break;
                }
                catch (EdgeBackupException exception) when (!isOpen && IsNotYet(exception.InnerException) && link.Clock.GetElapsedTime(began) < procedure.PreparationLimit)
                {
                    // An old device does not tell that it still prepares, but it does not let its files be written.
                    link.Trace($"{link.Errors.Device}: its files cannot be written yet ({exception.InnerException!.Message.TrimEnd('.')}).");
                }

                pause = await procedure.PauseAsync(pause, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private static bool IsNotYet(Exception? exception) => exception is BacnetErrorException
        {
            Code: BacnetErrorCode.FileAccessDenied or BacnetErrorCode.WriteAccessDenied or BacnetErrorCode.ConfigurationInProgress or BacnetErrorCode.DynamicCreationNotSupported
        }
        || (exception is BacnetException && BacnetDeviceErrors.IsBusy(exception));

    /// <summary>How old a note of a restore of ours may be that is open still: as long as one may take, and then until the device gives it up.</summary>
    private async Task<TimeSpan> ReadLifeAsync(CancellationToken cancellationToken)
    {
        var told = await link.ReadAsync([BacnetProperty.BackupFailureTimeout], cancellationToken).ConfigureAwait(false);
        return link.Times.LongestRestore + (BacnetTold.Seconds(told[0]) ?? link.Times.FailureTimeout);
    }

    /// <returns>The state of a restore that is open; null where none is.</returns>
    private async Task<BacnetBackupState?> FindOpenAsync(CancellationToken cancellationToken)
    {
        var (state, status) = await procedure.LookAsync(cancellationToken).ConfigureAwait(false);
        return state is BacnetBackupState.PreparingForRestore or BacnetBackupState.PerformingRestore ? state
            : state is null && status == BacnetSystemStatus.DownloadInProgress ? BacnetBackupState.PerformingRestore
            : null;
    }
}
