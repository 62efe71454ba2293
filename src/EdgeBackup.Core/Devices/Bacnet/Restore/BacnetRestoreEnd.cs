using EdgeBackup.Core.Errors;

namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>
/// The end of a restore: END_RESTORE, and then until the device says what became of it. Its answer to END_RESTORE is no
/// success; devices acknowledge a file that they then cannot use. That it is idle is none either: it may have restarted
/// before it had used them, and give the files back as they were written.
/// </summary>
internal sealed class BacnetRestoreEnd(BacnetConversation link, BacnetProcedure procedure)
{
    private const int Attempts = 4;
    private const string Next = "What the device holds now is not known: look at it, and restore once more or another backup";

    private bool isTaken;
    private bool mayBeTaken;
    private bool isRefused;
    private bool isInRestore;
    private bool isProven = true;
    private bool isDeclared = true;

    /// <summary>
    /// Whether ABORT_RESTORE has a place still: a device that has acknowledged END_RESTORE is past it, unless it says that
    /// it is in its restore all the same.
    /// </summary>
    public bool MayBeAborted => !isTaken || isInRestore;

    /// <summary>Whether the device has been seen out of its restore since its end was sent.</summary>
    public bool IsSeenOut { get; private set; }

    /// <exception cref="EdgeBackupException">RestoreFailed; RestoreVerifyFailed: it came back as another device.</exception>
    public async Task<RestoreCommitOutcome> RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            // Read only now: a File object that was created for the restore has changed Database_Revision already.
            var told = await link.WhileBusyAsync(() => link.ReadAsync([BacnetProperty.RestoreCompletionTime, .. RestoreMark.Asked], cancellationToken), cancellationToken).ConfigureAwait(false);
            var completion = BacnetTold.Seconds(told[0]) ?? TimeSpan.Zero;
            await AskAsync(cancellationToken).ConfigureAwait(false);
            await WaitAsync(new RestoreMark(told[1], told[2]), completion, cancellationToken).ConfigureAwait(false);
            return !isDeclared ? RestoreCommitOutcome.Undeclared : isTaken && isProven ? RestoreCommitOutcome.Completed : RestoreCommitOutcome.Unknown;
        }
        catch (BacnetException exception)
        {
            throw link.Errors.From(exception, "the end of the restore", ErrorIds.RestoreFailed);
        }
    }

    /// <summary>Asks for the end until the device says yes or no, or only what follows tells.</summary>
    private async Task AskAsync(CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await AskOnceAsync(cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (BacnetException exception) when ((exception is BacnetUnreachableException || BacnetDeviceErrors.IsBusy(exception)) && attempt < Attempts)
            {
                link.Trace($"{link.Errors.Device}: END_RESTORE met a device without time, or no network ({exception.Message.TrimEnd('.')}); asking again.");
                await Task.Delay(link.Times.Again * attempt, link.Clock, cancellationToken).ConfigureAwait(false);
            }
            catch (BacnetException exception) when (mayBeTaken || exception is BacnetTimeoutException or BacnetUnreachableException)
            {
                // Some restart before they answer, and the request that is sent again then meets a device without a restore.
                isRefused = BacnetDeviceErrors.IsRefusal(exception);
                link.Trace($"{link.Errors.Device}: {(mayBeTaken ? "the answer to END_RESTORE was lost" : "END_RESTORE was not taken")} ({exception.Message.TrimEnd('.')}); looking where the device stands.");
                return;
            }
            catch (BacnetException exception) when (BacnetDeviceErrors.IsRefusal(exception))
            {
                throw NotAccepted(exception);
            }
        }
    }

    private async Task AskOnceAsync(CancellationToken cancellationToken)
    {
        long? asked = null;
        try
        {
            // Until the device is found, nothing is sent to it that it could take.
            await link.OpenAsync(cancellationToken).ConfigureAwait(false);
            asked = link.Clock.GetTimestamp();
            await procedure.AskAsync(BacnetReinitializedState.EndRestore, cancellationToken).ConfigureAwait(false);
            (isTaken, isInRestore) = (true, false);
        }
        catch (BacnetException exception) when (asked is { } since)
        {
            // Where the network went away, the request may have got there, and the answer not here.
            mayBeTaken |= exception is BacnetTimeoutException or BacnetUnreachableException { WasSent: true } || link.Clock.GetElapsedTime(since) >= link.FirstTimeout;
            throw;
        }
    }

    /// <summary>Asks for the end once more, of a device that has not acknowledged it. One that says no to that may have taken it before.</summary>
    private async Task AskAgainAsync(CancellationToken cancellationToken)
    {
        link.Trace($"{link.Errors.Device}: it has not taken END_RESTORE as far as is known; asking again.");
        try
        {
            await AskOnceAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (BacnetException exception) when (mayBeTaken && !BacnetDeviceErrors.IsAwayForNow(exception))
        {
            isRefused = true;
        }
        catch (BacnetException exception) when (BacnetDeviceErrors.IsRefusal(exception))
        {
            throw NotAccepted(exception);
        }
    }

    private EdgeBackupException NotAccepted(BacnetException exception) =>
        link.Errors.Create(ErrorIds.RestoreFailed, $"it did not accept the restored configuration ({exception.Message.TrimEnd('.')}). {Next}", exception);

    /// <param name="before">What it said before.</param>
    /// <param name="completion">How long the device says that it may take.</param>
    /// <param name="cancellationToken">Gives up.</param>
    private async Task WaitAsync(RestoreMark before, TimeSpan completion, CancellationToken cancellationToken)
    {
        var limit = completion + link.Times.Margin > link.Options.RestartLimit ? completion + link.Times.Margin : link.Options.RestartLimit;
        var began = link.Clock.GetTimestamp();
        var pause = BacnetProcedure.FirstPoll;
        long? idleSince = null;
        while (true)
        {
            string waitsFor;
            try
            {
                var (state, status) = await procedure.LookAsync(cancellationToken).ConfigureAwait(false);
                isInRestore = state == BacnetBackupState.PerformingRestore;
                IsSeenOut = !procedure.IsIn(state, status);
                if (state is null && status is null)
                {
                    await RefuseStrangerAsync(cancellationToken).ConfigureAwait(false);
                }

                if (state == BacnetBackupState.RestoreFailure || (state is null && status == BacnetSystemStatus.DownloadRequired))
                {
                    throw link.Errors.Create(
                        ErrorIds.RestoreFailed,
                        $"it took the files and could not make its configuration of them ({(state is null ? "its System_Status is download-required" : "its Backup_And_Restore_State is restore-failure")}): they are cut or altered, or of another kind of device or other software. {Next}");
                }

                if (!isTaken && !isRefused && (!mayBeTaken || procedure.IsIn(state, status)))
                {
                    idleSince = null;
                    await AskAgainAsync(cancellationToken).ConfigureAwait(false);
                    began = isTaken ? link.Clock.GetTimestamp() : began;
                }
                else if (state is BacnetBackupState.Idle || (state is null && status is BacnetSystemStatus.Operational or BacnetSystemStatus.OperationalReadOnly))
                {
                    idleSince ??= link.Clock.GetTimestamp();
                    var isLongEnough = link.Clock.GetElapsedTime(idleSince.Value) >= link.Times.Preparation && link.Clock.GetElapsedTime(began) >= completion;
                    if (await IsInForceAsync(before, tellsState: state is not null, isLongEnough, cancellationToken).ConfigureAwait(false))
                    {
                        return;
                    }
                }
                else
                {
                    idleSince = null;
                }

                waitsFor = state is { } word ? $"its Backup_And_Restore_State is {BacnetWords.Of(word)}" : status is { } other ? $"its System_Status is {BacnetWords.Of(other)}" : "it does not tell its state";
            }
            catch (BacnetException exception) when (BacnetDeviceErrors.IsAwayForNow(exception))
            {
                waitsFor = exception is BacnetTimeoutException ? "it does not answer" : exception.Message.TrimEnd('.');
                idleSince = null;
            }

            var waited = link.Clock.GetElapsedTime(began);
            if (waited >= limit && idleSince is null)
            {
                throw link.Errors.Create(ErrorIds.RestoreFailed, isTaken || mayBeTaken
                    ? $"it has not come back from the restore {waited.TotalMinutes:0.#} minutes after its end was sent ({waitsFor}). {Next}"
                    : $"it has not taken END_RESTORE for {waited.TotalMinutes:0.#} minutes ({waitsFor}). {Next}");
            }

            pause = await procedure.PauseAsync(pause, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Whether an idle device has put the restored configuration into force. Where it says when it did that last, that must
    /// have changed. An old one that does not say is believed when it has not restarted for as long as one needs to begin.
    /// One that has a Database_Revision only, which has not changed, may have brought it back with its files: nothing is known
    /// then, and the read-back decides. One that has acknowledged END_RESTORE and whose Last_Restore_Time has not changed is
    /// read back too, which proves nothing: it may give back files that it does not use.
    /// </summary>
    /// <param name="before">What it said before.</param>
    /// <param name="tellsState">Whether it is idle by its Backup_And_Restore_State.</param>
    /// <param name="isLongEnough">Whether it has been idle, and had the time, that its software may need.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="EdgeBackupException">RestoreFailed: it is idle for long enough, and neither took the end nor says that it took the restore.</exception>
    private async Task<bool> IsInForceAsync(RestoreMark before, bool tellsState, bool isLongEnough, CancellationToken cancellationToken)
    {
        if (!before.IsTold)
        {
            return tellsState || isLongEnough;
        }

        var now = await link.ReadAsync(RestoreMark.Asked, cancellationToken).ConfigureAwait(false);
        if (before.IsPassedBy(new RestoreMark(now[0], now[1])))
        {
            return true;
        }

        if (!isLongEnough)
        {
            return false;
        }

        if (before.Time is not null && isTaken)
        {
            isDeclared = false;
            link.Warn($"The device is back from its restore and does not say that it took the files ({before.Names} as before): it has restarted before it had made its configuration of them, or its software does not keep what the standard says.");
            return true;
        }

        if (before.Time is not null)
        {
            throw link.Errors.Create(
                ErrorIds.RestoreFailed,
                $"it is back and does not say that it took the files ({before.Names} as before): it has restarted before it had made its configuration of them, or its software does not keep what the standard says. {Next}");
        }

        isProven = false;
        link.Warn("The device is back from its restore, and its Database_Revision is as before: that it uses the restored files is seen only by reading them back. Look at what it does.");
        return true;
    }

    /// <summary>A restored configuration may hold another instance than the one that the device was reached by.</summary>
    private async Task RefuseStrangerAsync(CancellationToken cancellationToken)
    {
        // Clause 12.11.1: the largest instance stands for whatever device is asked.
        var anyone = new BacnetObjectId(BacnetObjectType.Device, BacnetObjectId.LargestInstance);
        if ((await link.ReadAsync(anyone, [BacnetProperty.ObjectIdentifier], cancellationToken).ConfigureAwait(false))[0]?.AsObjectId is { Type: BacnetObjectType.Device } now
            && now.Instance != link.Address.Instance)
        {
            throw link.Errors.Create(
                ErrorIds.RestoreVerifyFailed,
                $"the restored configuration has made it the BACnet device {now.Instance}, and it was {link.Address.Instance}. If that is as it should be, give it its new address with Set-EdgeDevice -Address '{link.Address with { Instance = now.Instance }}' and compare it with Compare-EdgeBackup after a new backup; if not, the backup is of another device");
        }
    }
}
