using EdgeBackup.Core.Errors;

namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>A restore procedure on a device, from START_RESTORE until the device says how it ended; ABORT_RESTORE on every other way out.</summary>
internal sealed class BacnetRestore(BacnetConversation link, BacnetProcedure procedure, BacnetProcedureLocks locks, IRestoreJournal journal)
{
    /// <summary>The device gives its restores no names; this one is noted for it while one of ours may be open.</summary>
    private string SessionId => $"bacnet-restore {link.Address}";

    /// <summary>Takes the device out of a restore that a killed command of ours left open.</summary>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="EdgeBackupException">DeviceBusy: somebody else's restore is open, or ours cannot be ended.</exception>
    public async Task<bool> DropLeftoverAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (await FindOpenAsync(cancellationToken).ConfigureAwait(false) is not { } open)
            {
                return false;
            }

            if (!await journal.IsOwnAsync(SessionId, cancellationToken).ConfigureAwait(false))
            {
                throw procedure.Occupied(open);
            }

            link.Trace($"{link.Errors.Device}: aborting the restore that an interrupted command of ours left open.");
            await procedure.LeaveAsync(BacnetReinitializedState.AbortRestore, "ABORT_RESTORE").ConfigureAwait(false);
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

    /// <summary>Restores.</summary>
    /// <param name="files">Proven, in their order.</param>
    /// <param name="cancellationToken">Gives up; the device is taken out of its restore nevertheless.</param>
    /// <exception cref="EdgeBackupException">RestoreFailed, DeviceBusy, RestoreVerifyFailed, and what the table of errors says.</exception>
    public async Task<RestoreCommitOutcome> RunAsync(IReadOnlyList<FileToRestore> files, CancellationToken cancellationToken)
    {
        var turn = await locks.EnterAsync(await link.FindHostAsync(cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        await using var lease = turn.ConfigureAwait(false);
        await DropLeftoverAsync(cancellationToken).ConfigureAwait(false);

        // Noted whatever happens to the command: a device that stands in a restore that nobody knows is of no use for minutes.
        await journal.OpenedAsync(SessionId, CancellationToken.None).ConfigureAwait(false);
        var isBegun = false;
        try
        {
            await procedure.StartAsync(begun => isBegun = begun, cancellationToken).ConfigureAwait(false);
            var writer = new BacnetFileWriter(link);
            foreach (var file in files)
            {
                await writer.WriteAsync(file, cancellationToken).ConfigureAwait(false);
            }

            var end = new BacnetRestoreEnd(link, procedure);
            var outcome = await end.RunAsync(cancellationToken).ConfigureAwait(false);
            isBegun = false;
            return outcome;
        }
        finally
        {
            if (!isBegun || await procedure.LeaveAsync(BacnetReinitializedState.AbortRestore, "ABORT_RESTORE").ConfigureAwait(false))
            {
                await journal.ClosedAsync(SessionId, CancellationToken.None).ConfigureAwait(false);
            }

            // It may have come back with other abilities, whatever became of the restore.
            await link.ForgetPeerAsync(CancellationToken.None).ConfigureAwait(false);
        }
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
