using EdgeBackup.Core.Errors;

namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>
/// The end of a restore: END_RESTORE, and then until the device says what became of it. Its answer to END_RESTORE is no
/// success; devices acknowledge a file that they then cannot use.
/// </summary>
internal sealed class BacnetRestoreEnd(BacnetConversation link, BacnetProcedure procedure)
{
    private const int Attempts = 4;
    private const string Next = "What the device holds now is not known: look at it, and restore once more or another backup";

    /// <exception cref="EdgeBackupException">RestoreFailed; RestoreVerifyFailed: it came back as another device.</exception>
    public async Task<RestoreCommitOutcome> RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            var told = (await link.ReadAsync([BacnetProperty.RestoreCompletionTime], cancellationToken).ConfigureAwait(false))[0];
            var limit = BacnetTold.Seconds(told) is { } time ? time + link.Times.Margin : TimeSpan.Zero;
            var isSure = await AskAsync(cancellationToken).ConfigureAwait(false);
            await WaitAsync(limit > link.Options.RestartLimit ? limit : link.Options.RestartLimit, cancellationToken).ConfigureAwait(false);
            return isSure ? RestoreCommitOutcome.Completed : RestoreCommitOutcome.Unknown;
        }
        catch (BacnetException exception)
        {
            throw link.Errors.From(exception, "the end of the restore", ErrorIds.RestoreFailed);
        }
    }

    /// <returns>Whether it was taken; false where the answer was lost, so that only what follows tells.</returns>
    private async Task<bool> AskAsync(CancellationToken cancellationToken)
    {
        var mayBeTaken = false;
        for (var attempt = 1; ; attempt++)
        {
            var asked = link.Clock.GetTimestamp();
            try
            {
                await procedure.AskAsync(BacnetReinitializedState.EndRestore, cancellationToken).ConfigureAwait(false);
                return true;
            }
            catch (BacnetException exception) when (BacnetDeviceErrors.IsBusy(exception) && attempt < Attempts)
            {
                mayBeTaken |= MayBeTaken();
                await Task.Delay(link.Times.Again * attempt, link.Clock, cancellationToken).ConfigureAwait(false);
            }
            catch (BacnetException exception) when (exception is BacnetTimeoutException || mayBeTaken || MayBeTaken())
            {
                // Some restart before they answer, and the request that is sent again then meets a device without a restore.
                link.Trace($"{link.Errors.Device}: the answer to END_RESTORE was lost ({exception.Message.TrimEnd('.')}); looking what became of it.");
                return false;
            }
            catch (BacnetException exception) when (BacnetDeviceErrors.IsRefusal(exception))
            {
                throw link.Errors.Create(
                    ErrorIds.RestoreFailed,
                    $"it did not accept the restored configuration ({exception.Message.TrimEnd('.')}). {Next}",
                    exception);
            }

            bool MayBeTaken() => link.Clock.GetElapsedTime(asked) >= link.FirstTimeout;
        }
    }

    private async Task WaitAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        var began = link.Clock.GetTimestamp();
        var pause = BacnetProcedure.FirstPoll;
        while (true)
        {
            string waitsFor;
            try
            {
                var (state, status) = await procedure.LookAsync(cancellationToken).ConfigureAwait(false);
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

                if (state is BacnetBackupState.Idle || (state is null && status is BacnetSystemStatus.Operational or BacnetSystemStatus.OperationalReadOnly))
                {
                    return;
                }

                waitsFor = state is { } word ? $"its Backup_And_Restore_State is {BacnetWords.Of(word)}" : status is { } other ? $"its System_Status is {BacnetWords.Of(other)}" : "it does not tell its state";
            }
            catch (BacnetException exception) when (exception is BacnetTimeoutException or BacnetUnreachableException || BacnetDeviceErrors.IsBusy(exception))
            {
                waitsFor = "it does not answer";
            }

            var waited = link.Clock.GetElapsedTime(began);
            if (waited >= limit)
            {
                throw link.Errors.Create(ErrorIds.RestoreFailed, $"it has not come back from the restore {waited.TotalMinutes:0.#} minutes after its end was sent ({waitsFor}). {Next}");
            }

            pause = await procedure.PauseAsync(pause, cancellationToken).ConfigureAwait(false);
        }
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
