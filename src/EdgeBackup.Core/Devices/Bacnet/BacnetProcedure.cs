using EdgeBackup.Core.Errors;

namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>One of the two procedures of ASHRAE 135, clause 19.1, in the words that differ.</summary>
/// <param name="Name">For people.</param>
/// <param name="Start">The request that begins it.</param>
/// <param name="StartName">That request for people.</param>
/// <param name="Preparing">The state while the device prepares.</param>
/// <param name="Performing">The state in which files are read or written.</param>
/// <param name="Failure">The state in which it says that it could not.</param>
/// <param name="PreparationTime">The property that tells how long it may prepare.</param>
/// <param name="FailedId">The error of what has no better one.</param>
internal sealed record BacnetProcedureKind(
    string Name,
    BacnetReinitializedState Start,
    string StartName,
    BacnetBackupState Preparing,
    BacnetBackupState Performing,
    BacnetBackupState Failure,
    BacnetProperty PreparationTime,
    string FailedId)
{
    public static BacnetProcedureKind Backup { get; } = new(
        "backup", BacnetReinitializedState.StartBackup, "START_BACKUP", BacnetBackupState.PreparingForBackup, BacnetBackupState.PerformingBackup,
        BacnetBackupState.BackupFailure, BacnetProperty.BackupPreparationTime, ErrorIds.CaptureFailed);

    public static BacnetProcedureKind Restore { get; } = new(
        "restore", BacnetReinitializedState.StartRestore, "START_RESTORE", BacnetBackupState.PreparingForRestore, BacnetBackupState.PerformingRestore,
        BacnetBackupState.RestoreFailure, BacnetProperty.RestorePreparationTime, ErrorIds.RestoreFailed);
}

/// <summary>The device's side of a procedure: how it is begun, where it stands and how it is left.</summary>
internal sealed class BacnetProcedure(BacnetConversation link, BacnetProcedureKind kind, string? password)
{
    /// <summary>The first pause between two looks; each one is twice as long as the one before.</summary>
    public static TimeSpan FirstPoll { get; } = TimeSpan.FromMilliseconds(20);

    /// <summary>
    /// Where the device stands: Backup_And_Restore_State, null for one that has no such property (before revision 10 of the
    /// protocol), and System_Status. The exchange's own exceptions come through.
    /// </summary>
    public async Task<(BacnetBackupState? State, BacnetSystemStatus? Status)> LookAsync(CancellationToken cancellationToken)
    {
        var told = await link.ReadAsync([BacnetProperty.BackupAndRestoreState, BacnetProperty.SystemStatus], cancellationToken).ConfigureAwait(false);
        return ((BacnetBackupState?)told[0]?.AsEnumerated, (BacnetSystemStatus?)told[1]?.AsEnumerated);
    }

    /// <summary>Asks the device for a state of the procedure; the exchange's own exceptions come through.</summary>
    public async Task AskAsync(BacnetReinitializedState state, CancellationToken cancellationToken)
    {
        var (client, peer) = await link.OpenAsync(cancellationToken).ConfigureAwait(false);
        await client.ReinitializeDeviceAsync(peer, state, password, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Whether the device tells where it stands; known once the procedure was begun.</summary>
    public bool TellsState { get; private set; }

    /// <summary>How long the device is waited for until it is ready; known once the procedure was begun.</summary>
    public TimeSpan PreparationLimit { get; private set; }

    /// <summary>Begins the procedure and waits until files can be read or written.</summary>
    /// <param name="isBegun">Set before anything is sent that may begin it, and taken back when the device has refused.</param>
    /// <param name="cancellationToken">Gives up; whoever called ends the procedure then.</param>
    /// <exception cref="EdgeBackupException">DeviceBusy, DeviceAuthenticationFailed, DeviceUnreachable, DeviceResponseInvalid, or the kind's.</exception>
    public async Task StartAsync(Action<bool> isBegun, CancellationToken cancellationToken)
    {
        BacnetBackupState? before;
        TimeSpan? told;
        try
        {
            var facts = await link.ReadAsync([BacnetProperty.BackupAndRestoreState, kind.PreparationTime], cancellationToken).ConfigureAwait(false);
            before = facts[0]?.AsEnumerated is { } state ? (BacnetBackupState)state : null;
            told = facts[1]?.AsUnsigned is { } seconds ? TimeSpan.FromSeconds(seconds) : null;
        }
        catch (BacnetException exception)
        {
            throw link.Errors.From(exception, "reading its state", ErrorIds.DeviceUnreachable);
        }

        if (before is BacnetBackupState.PreparingForBackup or BacnetBackupState.PerformingBackup or BacnetBackupState.PreparingForRestore or BacnetBackupState.PerformingRestore)
        {
            throw Occupied(before.Value);
        }

        TellsState = before is not null;
        PreparationLimit = (told ?? link.Times.Preparation) + link.Times.Margin;
        isBegun(true);
        var isSure = await AskToStartAsync(before, isBegun, cancellationToken).ConfigureAwait(false);
        link.Trace($"{link.Errors.Device}: {kind.StartName} was {(isSure ? "taken" : "sent")}; waiting until it is ready{(told is null ? "" : $", by its own word up to {told.Value.TotalSeconds:0} s")}.");
        await WaitUntilReadyAsync(isSure, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Another procedure is under way.</summary>
    public EdgeBackupException Occupied(BacnetBackupState state) => link.Errors.Create(
        ErrorIds.DeviceBusy,
        $"a {(state is BacnetBackupState.PreparingForBackup or BacnetBackupState.PerformingBackup ? "backup" : "restore")} is under way on it already, begun by another tool or left behind by one. Wait until it has ended, then try again; what was left behind ends by itself after the device's Backup_Failure_Timeout");

    /// <summary>
    /// Ends the procedure by a request that the device may take as it likes: for a command that was stopped or has failed.
    /// Takes its own short time, and throws nothing.
    /// </summary>
    /// <returns>Whether it did.</returns>
    public async Task<bool> LeaveAsync(BacnetReinitializedState end, string endName)
    {
        using var limit = new CancellationTokenSource(link.Times.Abort, link.Clock);
        try
        {
            await AskAsync(end, limit.Token).ConfigureAwait(false);
            await WaitUntilLeftAsync(link.Times.Abort, limit.Token).ConfigureAwait(false);
            return true;
        }
        catch (Exception exception) when (exception is EdgeBackupException or OperationCanceledException or BacnetException)
        {
            link.Trace($"{link.Errors.Device}: {endName} was not answered as it should be ({exception.Message.TrimEnd('.')}); a procedure that is still open ends by itself after the device's Backup_Failure_Timeout.");

            // No is an answer too: there is nothing to leave.
            return exception is BacnetException refusal && BacnetDeviceErrors.IsRefusal(refusal);
        }
    }

    /// <summary>Waits until the device no longer prepares or performs this procedure.</summary>
    /// <returns>The state it is in then; null for a device that tells none, or when the time is over.</returns>
    public async Task<BacnetBackupState?> WaitUntilLeftAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        var began = link.Clock.GetTimestamp();
        var pause = FirstPoll;
        while (true)
        {
            try
            {
                var (state, status) = await LookAsync(cancellationToken).ConfigureAwait(false);
                var isIn = state is null ? status is BacnetSystemStatus.BackupInProgress or BacnetSystemStatus.DownloadInProgress : state == kind.Performing || state == kind.Preparing;
                if (!isIn)
                {
                    return state;
                }
            }
            catch (BacnetException exception) when (exception is BacnetTimeoutException || BacnetDeviceErrors.IsBusy(exception))
            {
                // It writes what it was given, or restarts.
            }

            if (link.Clock.GetElapsedTime(began) >= limit)
            {
                return null;
            }

            pause = await PauseAsync(pause, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Waits for the next look.</summary>
    /// <returns>The pause after that.</returns>
    public async Task<TimeSpan> PauseAsync(TimeSpan pause, CancellationToken cancellationToken)
    {
        var now = pause < link.Times.Poll ? pause : link.Times.Poll;
        await Task.Delay(now, link.Clock, cancellationToken).ConfigureAwait(false);
        return now * 2;
    }

    /// <returns>Whether the device said yes; false where its answer was lost and only looking tells.</returns>
    private async Task<bool> AskToStartAsync(BacnetBackupState? before, Action<bool> isBegun, CancellationToken cancellationToken)
    {
        var asked = link.Clock.GetTimestamp();
        try
        {
            await AskAsync(kind.Start, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (BacnetErrorException exception) when (
            exception.Code == BacnetErrorCode.ConfigurationInProgress && before is not null && link.Clock.GetElapsedTime(asked) >= link.FirstTimeout)
        {
            // It was idle a moment ago, and its first answer was lost: this is the answer to the request that was sent again.
            link.Trace($"{link.Errors.Device}: the answer to {kind.StartName} was lost, and the request that was sent again met our own {kind.Name}.");
            return false;
        }
        catch (BacnetTimeoutException exception) when (before is not null)
        {
            // Some prepare before they answer.
            link.Trace($"{link.Errors.Device}: {kind.StartName} was not answered ({exception.Message.TrimEnd('.')}); looking whether it has begun.");
            return false;
        }
        catch (BacnetException exception)
        {
            isBegun(!BacnetDeviceErrors.IsRefusal(exception));
            throw link.Errors.From(exception, kind.StartName, kind.FailedId);
        }
    }

    private async Task WaitUntilReadyAsync(bool isSure, CancellationToken cancellationToken)
    {
        var began = link.Clock.GetTimestamp();
        var pause = FirstPoll;
        while (true)
        {
            BacnetException? silence = null;
            BacnetBackupState? state = null;
            try
            {
                // A device without the state is taken for ready when it answers; whoever reads its files sees whether it is.
                (state, var status) = await LookAsync(cancellationToken).ConfigureAwait(false);
                if (!TellsState && status is not null)
                {
                    return;
                }
            }
            catch (BacnetException exception) when (exception is BacnetTimeoutException || BacnetDeviceErrors.IsBusy(exception))
            {
                silence = exception;
            }
            catch (BacnetException exception)
            {
                throw link.Errors.From(exception, $"reading its state while it prepares the {kind.Name}", kind.FailedId);
            }

            if (state == kind.Performing)
            {
                return;
            }

            if (state == kind.Failure)
            {
                throw link.Errors.Create(kind.FailedId, $"it could not prepare the {kind.Name} (its Backup_And_Restore_State is {BacnetWords.Of(kind.Failure)}). Look at the device, restart it if need be, and try again");
            }

            if (state is { } other && other != kind.Preparing && other != BacnetBackupState.Idle)
            {
                throw Occupied(other);
            }

            var waited = link.Clock.GetElapsedTime(began);
            if (waited >= PreparationLimit)
            {
                throw silence is not null ? link.Errors.From(silence, $"any question for {waited.TotalSeconds:0} s since {kind.StartName}", kind.FailedId)
                    : link.Errors.Create(kind.FailedId, state == BacnetBackupState.Idle
                        ? isSure
                            ? $"it took {kind.StartName} and has not begun the {kind.Name} after {waited.TotalSeconds:0} s. Try again, and look at the device when it happens again"
                            : $"it did not answer {kind.StartName} and has not begun a {kind.Name}. Try again, and look at the device when it happens again"
                        : $"it is still preparing the {kind.Name} after {waited.TotalSeconds:0} s, longer than it said or than such devices need. Look at the device, then try again");
            }

            pause = await PauseAsync(pause, cancellationToken).ConfigureAwait(false);
        }
    }
}
