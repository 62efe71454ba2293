using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Schedule;

namespace EdgeBackup.Core.Operations;

/// <summary>
/// Writes down what became of an attempt at a backup: a refusal or a failure is an event (R4), and automatic attempts are
/// counted. What happened has happened whether or not that can be written, so a failure to write is a warning.
/// </summary>
internal sealed class AttemptNotes(RepositoryContext context, IOperationObserver observer)
{
    /// <summary>Whether an error means that the device is busy, or might be: the backup is postponed and not failed (R2, R4).</summary>
    public static bool IsPostponement(string? errorId) =>
        errorId is ErrorIds.DeviceBusy or ErrorIds.DeviceStateUnknown or ErrorIds.CaptureInterrupted;

    /// <summary>Notes what a command has been asked to do.</summary>
    /// <param name="outcome">What became of it.</param>
    /// <param name="kind">What kind of backup was asked for.</param>
    /// <param name="started">When the attempt began, UTC.</param>
    public async Task NoteAsync(TakeBackupOutcome outcome, BackupKind kind, DateTimeOffset started)
    {
        if (outcome.Error is { } error && IsOfTheDevice(error))
        {
            await NoteEventAsync(outcome.Device, kind, error).ConfigureAwait(false);
        }

        if (kind == BackupKind.Automatic && (outcome.Error is null || IsOfTheDevice(outcome.Error)))
        {
            await WriteAsync(outcome, started, seen: null, lease: null).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Notes what a run of the schedule has done. A device that is tried again and again gives an event when something
    /// changes, not each time.
    /// </summary>
    /// <param name="outcome">What became of it.</param>
    /// <param name="started">When the attempt began, UTC.</param>
    /// <param name="seen">The attempts with the run's claim.</param>
    /// <param name="keepClaim">Whether the run goes on with the device.</param>
    /// <returns>The attempts as they are now, whether or not they could be written.</returns>
    public async Task<KnownAttempts> NoteScheduledAsync(TakeBackupOutcome outcome, DateTimeOffset started, KnownAttempts seen, bool keepClaim)
    {
        if (outcome.Error is { } error && IsOfTheDevice(error) && seen.State.ErrorId != ErrorIdOf(error))
        {
            await NoteEventAsync(outcome.Device, BackupKind.Automatic, error).ConfigureAwait(false);
        }

        return await WriteAsync(outcome, started, seen, keepClaim ? null : seen.State.Claim?.Lease).ConfigureAwait(false);
    }

    /// <summary>What is known of a device's attempts after one more.</summary>
    /// <param name="before">What was known.</param>
    /// <param name="outcome">What became of the attempt.</param>
    /// <param name="started">When it began, UTC.</param>
    /// <param name="ended">When it ended, UTC.</param>
    /// <param name="newest">When the newest backup was taken, UTC: whatever was waited for before that, it is there.</param>
    internal static AttemptState Next(AttemptState before, TakeBackupOutcome outcome, DateTimeOffset started, DateTimeOffset ended, DateTimeOffset? newest)
    {
        var next = before with { LastAttempt = started, Duration = ended - started, ErrorId = ErrorIdOf(outcome.Error), Reason = outcome.Error?.Message, NextTry = null };
        if (outcome.Backup is { } backup)
        {
            return next with
            {
                Result = AttemptResult.Completed,
                LastSuccess = ended,
                Backup = backup.Backup.Id,
                Bytes = backup.Backup.Length,
                ConsecutiveFailures = 0,
                PostponedSince = null,
                FailingSince = null,
            };
        }

        if (IsPostponement(next.ErrorId))
        {
            return next with { Result = AttemptResult.Postponed, ConsecutiveFailures = 0, PostponedSince = before.PostponedSince is { } since && !(since <= newest) ? since : started };
        }

        var failures = before.ConsecutiveFailures + 1;
        return next with { Result = AttemptResult.Failed, ConsecutiveFailures = failures, FailingSince = before.FailingSince ?? started, NextTry = ended + DuePlanner.Backoff(before.Device, failures) };
    }

    /// <summary>A wrong name or a repository that cannot be written says nothing of the device.</summary>
    private static bool IsOfTheDevice(Exception error) =>
        ErrorIdOf(error) is not (ErrorIds.DeviceNotFound or ErrorIds.BackupNameInUse or ErrorIds.BackupNameInvalid or ErrorIds.RepositoryNotWritable);

    private static string? ErrorIdOf(Exception? error) => error switch
    {
        null => null,
        EdgeBackupException known => known.ErrorId,
        _ => error.GetType().Name,
    };

    private Task NoteEventAsync(string device, BackupKind kind, Exception error)
    {
        var errorId = (error as EdgeBackupException)?.ErrorId;
        var action = IsPostponement(errorId) ? "Refused" : "Failed";
        return context.NoteAsync(observer, EdgeEventCategory.Backup, action, error.Message, device, errorId: errorId, kind: kind);
    }

    /// <param name="outcome">What became of it.</param>
    /// <param name="started">When the attempt began.</param>
    /// <param name="seen">As they were read; null to read them first.</param>
    /// <param name="lease">Whose claim ends with this; others stay.</param>
    private async Task<KnownAttempts> WriteAsync(TakeBackupOutcome outcome, DateTimeOffset started, KnownAttempts? seen, string? lease)
    {
        var ended = context.Clock.GetUtcNow();
        var newest = await FindNewestAsync(outcome).ConfigureAwait(false);
        try
        {
            return await context.Attempts.ChangeAsync(
                seen,
                outcome.Device,
                before => Next(before, outcome, started, ended, newest) with { Claim = before.Claim?.Lease == lease ? null : before.Claim },
                CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is EdgeBackupException or IOException)
        {
            observer.Warning($"{outcome.Device}: what became of the automatic backup could not be written down for the next run: {exception.Message}");
            seen ??= new KnownAttempts(0, new AttemptState { Device = outcome.Device });
            return seen with { State = Next(seen.State, outcome, started, ended, newest) };
        }
    }

    /// <summary>As far as the catalog knows, which was brought up to date when the attempt began.</summary>
    private async Task<DateTimeOffset?> FindNewestAsync(TakeBackupOutcome outcome)
    {
        if (IsPostponement(ErrorIdOf(outcome.Error)))
        {
            await foreach (var device in context.Catalog.QueryDevicesAsync(new DeviceQuery { Ids = [outcome.Device] }, CancellationToken.None).ConfigureAwait(false))
            {
                return device.LastBackup;
            }
        }

        return null;
    }
}
