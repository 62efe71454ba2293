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
/// <param name="WhenLeftBehind">What to do when the device cannot be taken out of it, as a sentence.</param>
internal sealed record BacnetProcedureKind(
    string Name,
    BacnetReinitializedState Start,
    string StartName,
    BacnetBackupState Preparing,
    BacnetBackupState Performing,
    BacnetBackupState Failure,
    BacnetProperty PreparationTime,
    string FailedId,
    string WhenLeftBehind)
{
    public static BacnetProcedureKind Backup { get; } = new(
        "backup", BacnetReinitializedState.StartBackup, "START_BACKUP", BacnetBackupState.PreparingForBackup, BacnetBackupState.PerformingBackup,
        BacnetBackupState.BackupFailure, BacnetProperty.BackupPreparationTime, ErrorIds.CaptureFailed,
        "Take the backup again after that; restart the device if it stays busy.");

    public static BacnetProcedureKind Restore { get; } = new(
        "restore", BacnetReinitializedState.StartRestore, "START_RESTORE", BacnetBackupState.PreparingForRestore, BacnetBackupState.PerformingRestore,
        BacnetBackupState.RestoreFailure, BacnetProperty.RestorePreparationTime, ErrorIds.RestoreFailed,
        "Restore once more: Restore-EdgeBackup takes it out first.");
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

    /// <summary>Whether a device that does not tell where it stands said by its System_Status that the procedure was under way.</summary>
    public bool WasUnderWay { get; private set; }

    /// <summary>How long the device is waited for until it is ready; known once the procedure was begun.</summary>
    public TimeSpan PreparationLimit { get; private set; }

    /// <summary>Begins the procedure and waits until files can be read or written.</summary>
    /// <param name="isBegun">Set before anything is sent that may begin it, and taken back when the device has refused.</param>
    /// <param name="cancellationToken">Gives up; whoever called ends the procedure then.</param>
    /// <exception cref="EdgeBackupException">DeviceBusy, DeviceAuthenticationFailed, DeviceUnreachable, DeviceResponseInvalid, or the kind's.</exception>
    public async Task StartAsync(Action<bool> isBegun, CancellationToken cancellationToken)
    {
        BacnetBackupState? before;
        BacnetSystemStatus? status;
        TimeSpan? told;
        try
        {
            var facts = await link.ReadAsync([BacnetProperty.BackupAndRestoreState, kind.PreparationTime, BacnetProperty.SystemStatus], cancellationToken).ConfigureAwait(false);
            before = (BacnetBackupState?)facts[0]?.AsEnumerated;
            told = BacnetTold.Seconds(facts[1]);
            status = (BacnetSystemStatus?)facts[2]?.AsEnumerated;
        }
        catch (BacnetException exception)
        {
            throw link.Errors.From(exception, "reading its state", ErrorIds.DeviceUnreachable);
        }

        if (before is BacnetBackupState.PreparingForBackup or BacnetBackupState.PerformingBackup or BacnetBackupState.PreparingForRestore or BacnetBackupState.PerformingRestore)
        {
            throw Occupied(before.Value);
        }

        if (before is null && status is BacnetSystemStatus.BackupInProgress or BacnetSystemStatus.DownloadInProgress)
        {
            throw Occupied(status == BacnetSystemStatus.BackupInProgress ? BacnetBackupState.PerformingBackup : BacnetBackupState.PerformingRestore);
        }

        TellsState = before is not null;
        PreparationLimit = (told ?? link.Times.Preparation) + link.Times.Margin;
        isBegun(true);
        var isSure = await AskToStartAsync(wasFree: before is not null || status is not null, isBegun, cancellationToken).ConfigureAwait(false);
        link.Trace($"{link.Errors.Device}: {kind.StartName} was {(isSure ? "taken" : "sent")}; waiting until it is ready{(told is null ? "" : $", by its own word up to {told.Value.TotalSeconds:0} s")}.");
        await WaitUntilReadyAsync(isSure, before, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Another procedure is under way.</summary>
    public EdgeBackupException Occupied(BacnetBackupState state) =>
        link.Errors.Occupied(state is BacnetBackupState.PreparingForBackup or BacnetBackupState.PerformingBackup ? "a backup" : "a restore");

    /// <summary>
    /// Ends the procedure, for a command that was stopped or has failed. The device's answer does not count, its state
    /// does: one that is busy is asked again, and an error may be the answer to a request that was sent twice. Takes its
    /// own short time, and throws nothing.
    /// </summary>
    /// <returns>Whether the device is out of the procedure.</returns>
    public async Task<bool> LeaveAsync(BacnetReinitializedState end, string endName)
    {
        using var limit = new CancellationTokenSource(link.Times.Abort, link.Clock);
        var why = "it stays in it";
        var isTaken = false;
        var pause = FirstPoll;
        try
        {
            while (true)
            {
                var isOver = isTaken;
                if (!isTaken)
                {
                    try
                    {
                        await AskAsync(end, limit.Token).ConfigureAwait(false);
                        isOver = isTaken = true;
                    }
                    catch (BacnetException exception)
                    {
                        why = exception.Message.TrimEnd('.');
                        isOver = BacnetDeviceErrors.IsRefusal(exception) && !BacnetDeviceErrors.IsDenied(exception);
                    }
                }

                if (await IsOutAsync(isOver, limit.Token).ConfigureAwait(false))
                {
                    return true;
                }

                pause = await PauseAsync(pause, limit.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            link.Trace($"{link.Errors.Device}: {endName} did not end its {kind.Name} ({why}).");
            link.Warn($"The device did not confirm {endName}, and may stand in its {kind.Name}, busy to everybody, until its Backup_Failure_Timeout is over. {kind.WhenLeftBehind}");
            return false;
        }
    }

    /// <summary>Whether a state, or for a device that has none a status, is one of this procedure under way.</summary>
    public bool IsIn(BacnetBackupState? state, BacnetSystemStatus? status) => state is null
        ? status is BacnetSystemStatus.BackupInProgress or BacnetSystemStatus.DownloadInProgress
        : state == kind.Performing || state == kind.Preparing;

    /// <param name="isOver">What its answer says; counts where the device does not tell its state.</param>
    /// <param name="cancellationToken">Gives up.</param>
    private async Task<bool> IsOutAsync(bool isOver, CancellationToken cancellationToken)
    {
        try
        {
            var (state, status) = await LookAsync(cancellationToken).ConfigureAwait(false);
            return !IsIn(state, status) && (state is not null || isOver);
        }
        catch (BacnetException)
        {
            return false;
        }
    }

    /// <summary>Waits until the device no longer prepares or performs this procedure.</summary>
    /// <returns>
    /// Whether it is in it still by its own word when the time is over, and the state it is in; null for a device that
    /// tells none.
    /// </returns>
    public async Task<(bool IsIn, BacnetBackupState? State)> WaitUntilLeftAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        var began = link.Clock.GetTimestamp();
        var pause = FirstPoll;
        (bool IsIn, BacnetBackupState? State) last = (false, null);
        while (true)
        {
            try
            {
                var (state, status) = await LookAsync(cancellationToken).ConfigureAwait(false);
                last = (IsIn(state, status), state);
                if (!last.IsIn)
                {
                    return last;
                }
            }
            catch (BacnetException exception) when (BacnetDeviceErrors.IsAwayForNow(exception))
            {
                // It writes what it was given, or restarts.
            }

            if (link.Clock.GetElapsedTime(began) >= limit)
            {
                return last;
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

    /// <param name="wasFree">Whether the device told a moment ago that no procedure is under way: one that is now is ours.</param>
    /// <param name="isBegun">As in <see cref="StartAsync"/>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Whether it has begun for sure; false where only looking tells.</returns>
    private async Task<bool> AskToStartAsync(bool wasFree, Action<bool> isBegun, CancellationToken cancellationToken)
    {
        var mayBeLost = false;
        try
        {
            return await link.WhileBusyAsync(BeginAsync, cancellationToken, isAbortFinal: true).ConfigureAwait(false);
        }
        catch (BacnetErrorException exception) when (exception.Code == BacnetErrorCode.ConfigurationInProgress && wasFree && mayBeLost)
        {
            link.Trace($"{link.Errors.Device}: the answer to {kind.StartName} was lost, and the request that was sent again met our own {kind.Name}.");
            return true;
        }
        catch (BacnetTimeoutException exception) when (wasFree)
        {
            // Some prepare before they answer.
            link.Trace($"{link.Errors.Device}: {kind.StartName} was not answered ({exception.Message.TrimEnd('.')}); looking whether it has begun.");
            return false;
        }
        catch (BacnetException exception)
        {
            // A no to the request that was sent again says nothing of the first one.
            isBegun(exception is not (BacnetErrorException or BacnetRejectException) || (wasFree && mayBeLost));
            throw link.Errors.From(exception, kind.StartName, kind.FailedId);
        }

        async Task<bool> BeginAsync()
        {
            var asked = link.Clock.GetTimestamp();
            try
            {
                await AskAsync(kind.Start, cancellationToken).ConfigureAwait(false);
                return true;
            }
            finally
            {
                // The request may have been sent twice then, and the answer be that to the second one.
                mayBeLost |= link.Clock.GetElapsedTime(asked) >= link.FirstTimeout;
            }
        }
    }

    /// <param name="isSure">Whether the procedure has begun for sure.</param>
    /// <param name="before">The state before it was asked for, restore-failure perhaps: until it changes, the device has not moved on yet.</param>
    /// <param name="cancellationToken">Gives up.</param>
    private async Task WaitUntilReadyAsync(bool isSure, BacnetBackupState? before, CancellationToken cancellationToken)
    {
        var began = link.Clock.GetTimestamp();
        var pause = FirstPoll;
        while (true)
        {
            BacnetException? silence = null;
            BacnetBackupState? state = null;
            try
            {
                // A device without the state is taken for ready when it answers and is known to have begun; whoever reads
                // or writes its files sees whether it is.
                (state, var status) = await LookAsync(cancellationToken).ConfigureAwait(false);
                WasUnderWay |= state is null && IsIn(null, status);
                if (!TellsState && status is not null && (isSure || IsIn(null, status)))
                {
                    return;
                }
            }
            catch (BacnetException exception) when (BacnetDeviceErrors.IsAwayForNow(exception))
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

            if (state is not null && state != before)
            {
                before = null;
            }
            else if (state is not null)
            {
                state = BacnetBackupState.Idle;
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
                    : link.Errors.Create(kind.FailedId, state is BacnetBackupState.Idle or null
                        ? isSure
                            ? $"it took {kind.StartName} and has not begun the {kind.Name} after {waited.TotalSeconds:0} s. Try again, and look at the device when it happens again"
                            : $"it did not answer {kind.StartName} and has not begun a {kind.Name}. Try again, and look at the device when it happens again"
                        : $"it is still preparing the {kind.Name} after {waited.TotalSeconds:0} s, longer than it said or than such devices need. Look at the device, then try again");
            }

            pause = await PauseAsync(pause, cancellationToken).ConfigureAwait(false);
        }
    }
}
