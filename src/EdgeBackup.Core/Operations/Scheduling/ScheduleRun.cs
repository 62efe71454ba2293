using EdgeBackup.Core.Devices.Gate;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations.Capture;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Repository;
using Microsoft.Data.Sqlite;

namespace EdgeBackup.Core.Operations.Scheduling;

/// <summary>One run of the schedule: what its devices share.</summary>
internal sealed class ScheduleRun : IDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);
    private static readonly TakeBackupOptions Options = new() { Kind = BackupKind.Automatic };

    private readonly RepositoryContext context;
    private readonly IOperationObserver observer;
    private readonly PolicyBook policies;
    private readonly WriteSession session;
    private readonly SchedulePlaces places;
    private readonly DeviceClaims claims;
    private readonly AttemptNotes notes;
    private readonly DateTimeOffset watchUntil;
    private int working;
    private int watched;

    public ScheduleRun(RepositoryContext context, IOperationObserver observer, RunScheduleOptions options, PolicyBook policies, WriteSession session, int devices)
    {
        this.context = context;
        this.observer = observer;
        this.policies = policies;
        this.session = session;
        places = new SchedulePlaces(options.ThrottleLimit, options.SiteThrottleLimit);
        claims = new DeviceClaims(context, session);
        notes = new AttemptNotes(context, observer);
        watchUntil = context.Clock.GetUtcNow() + options.WatchFor;
        working = devices;
    }

    /// <summary>Takes a device's backup, or finds out why not.</summary>
    public async Task<ScheduledOutcome> RunOneAsync(PlannedDevice planned, CancellationToken cancellationToken)
    {
        var teller = new PartObserver(observer, planned.Device.Id);
        var isAtWork = true;
        try
        {
            var ahead = planned.Decision.At - context.Clock.GetUtcNow();
            if (ahead > TimeSpan.Zero)
            {
                await Task.Delay(ahead, context.Clock, cancellationToken).ConfigureAwait(false);
            }

            KnownAttempts? claimed;
            TakeBackupOutcome outcome;
            var began = context.Clock.GetTimestamp();
            var started = context.Clock.GetUtcNow();
            using (await places.CallAsync(cancellationToken).ConfigureAwait(false))
            {
                (claimed, var why) = await claims.TryTakeAsync(planned, cancellationToken).ConfigureAwait(false);
                if (claimed is null)
                {
                    return ScheduledOutcomes.DoneElsewhere(planned, why!);
                }

                began = context.Clock.GetTimestamp();
                started = context.Clock.GetUtcNow();
                outcome = await TakeAsync(planned, teller, cancellationToken).ConfigureAwait(false);
            }

            if (IsPostponed(outcome))
            {
                claimed = await notes.NoteScheduledAsync(outcome, started, claimed, keepClaim: true).ConfigureAwait(false);
                teller.Progress(new OperationProgress($"Waiting for {planned.Device.Id} to be idle", outcome.Error!.Message));
                isAtWork = false;
                Interlocked.Decrement(ref working);
                (outcome, started) = await WatchAsync(planned, outcome, started, teller, cancellationToken).ConfigureAwait(false);
            }

            var known = await notes.NoteScheduledAsync(outcome, started, claimed, keepClaim: false).ConfigureAwait(false);
            return ScheduledOutcomes.From(planned, outcome, known.State, context.Clock.GetUtcNow(), context.Clock.GetElapsedTime(began), observer);
        }
        catch (Exception exception) when (exception is EdgeBackupException or IOException or SqliteException && !cancellationToken.IsCancellationRequested)
        {
            // The repository or the catalog would not take it. Other devices may fare better, and this one is told of.
            return ScheduledOutcomes.Failed(planned, exception);
        }
        finally
        {
            teller.Done();
            if (isAtWork)
            {
                Interlocked.Decrement(ref working);
            }
        }
    }

    /// <summary>How many devices are watched, for a line of progress; empty for none.</summary>
    public string DescribeWatched() => Volatile.Read(ref watched) is > 0 and var count ? $", {count} busy" : "";

    public void Dispose()
    {
        places.Dispose();
        claims.Dispose();
    }

    private static bool IsPostponed(TakeBackupOutcome outcome) => outcome.Error is EdgeBackupException error && AttemptNotes.IsPostponement(error.ErrorId);

    private Task<TakeBackupOutcome> TakeAsync(PlannedDevice planned, PartObserver teller, CancellationToken cancellationToken) =>
        new DeviceBackup(context, teller).TakeAsync(planned.Device.Id, Options, policies, session, places.For(planned.Device), cancellationToken);

    /// <summary>Looks at a busy device again and again, and takes it as soon as it is idle (R4).</summary>
    /// <returns>The last attempt, and when it began.</returns>
    private async Task<(TakeBackupOutcome Outcome, DateTimeOffset Started)> WatchAsync(
        PlannedDevice planned, TakeBackupOutcome outcome, DateTimeOffset started, PartObserver teller, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref watched);
        try
        {
            for (var pause = FirstPause; IsPostponed(outcome) && MayWatch(planned); pause = pause * 1.5 < LongestPause ? pause * 1.5 : LongestPause)
            {
                await Task.Delay(pause, context.Clock, cancellationToken).ConfigureAwait(false);
                using var call = await places.CallAsync(cancellationToken).ConfigureAwait(false);
                if (await LookAsync(planned, teller, cancellationToken).ConfigureAwait(false) is { } refusal)
                {
                    outcome = outcome with { Error = refusal };
                    continue;
                }

                Interlocked.Increment(ref working);
                try
                {
                    started = context.Clock.GetUtcNow();
                    outcome = await TakeAsync(planned, teller, cancellationToken).ConfigureAwait(false);
                }
                finally
                {
                    Interlocked.Decrement(ref working);
                }
            }

            return (outcome, started);
        }
        finally
        {
            Interlocked.Decrement(ref watched);
        }
    }

    private bool MayWatch(PlannedDevice planned)
    {
        var now = context.Clock.GetUtcNow();
        return (now < watchUntil || Volatile.Read(ref working) > 0) && !(now >= planned.Decision.Closes);
    }

    /// <returns>Why it is not to be taken yet; null when it is idle.</returns>
    private async Task<Exception?> LookAsync(PlannedDevice planned, PartObserver teller, CancellationToken cancellationToken)
    {
        var device = planned.Device.Id;
        try
        {
            var registration = await RegisteredDevices.RequireActiveAsync(context, device, cancellationToken).ConfigureAwait(false);
            var contact = await DeviceContact.OpenAsync(context, registration, teller, cancellationToken).ConfigureAwait(false);
            await using var lease = contact.ConfigureAwait(false);
            var decision = TransactionGate.Evaluate(contact.Status, TransactionGate.DefaultSeenWithin);
            return decision.IsIdle ? null : decision.ToException(device);
        }
        catch (EdgeBackupException exception) when (exception.ErrorId == ErrorIds.DeviceUnreachable)
        {
            // It was there a moment ago, and it was busy: that is what is known of it.
            return new EdgeBackupException(ErrorIds.DeviceStateUnknown, $"The device '{device}' was busy and does not answer any more. {exception.Message}", device, exception);
        }
        catch (EdgeBackupException)
        {
            // The attempt itself finds the same, and says it.
            return null;
        }
    }
}
