using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations.Notifications;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Schedule;

namespace EdgeBackup.Core.Operations.Scheduling;

/// <summary>Does everything that is due, once: each device gets one outcome, whatever becomes of the others (R16).</summary>
public sealed class RunSchedule
{
    private readonly RepositoryContext context;
    private readonly IOperationObserver observer;

    public RunSchedule(RepositoryContext context, IOperationObserver observer)
    {
        this.context = context;
        this.observer = observer;
    }

    /// <summary>Does what a plan says is due.</summary>
    /// <param name="plan">From <see cref="PlanSchedule"/>.</param>
    /// <param name="options">How to go about it.</param>
    /// <param name="onOutcome">Called for each device as it is done, one call at a time; first for those that are left alone.</param>
    /// <param name="cancellationToken">Gives up what is not yet recorded.</param>
    /// <exception cref="Errors.EdgeBackupException">RepositoryNotWritable, RepositoryDamaged: nothing was begun.</exception>
    public async Task RunAsync(IReadOnlyList<PlannedDevice> plan, RunScheduleOptions options, Func<ScheduledOutcome, Task> onOutcome, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(onOutcome);
        if (!options.Tell)
        {
            await RunDueAsync(plan, options, onOutcome, cancellationToken).ConfigureAwait(false);
            return;
        }

        var notifier = new Notifier(context, observer);
        List<string> devices = [.. plan.Select(planned => planned.Device.Id)];
        var started = context.Clock.GetUtcNow();
        var outcomes = new List<ScheduledOutcome>();
        try
        {
            await RunDueAsync(
                plan,
                options,
                outcome =>
                {
                    outcomes.Add(outcome);
                    return onOutcome(outcome);
                },
                cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is OperationCanceledException || cancellationToken.IsCancellationRequested)
        {
            // Somebody stopped it, or its script ended at a failure: the outcome is given up a moment before the token is cancelled.
            // What is known of the devices is told; of the run there is nothing to say yet.
            await notifier.TellAtEndAsync(devices, cancellationToken).ConfigureAwait(false);
            throw;
        }
        catch (EdgeBackupException failure)
        {
            await notifier.TellRunFailureAsync(failure, cancellationToken).ConfigureAwait(false);
            throw;
        }

        await notifier.TellRunAsync(devices, outcomes, started, cancellationToken).ConfigureAwait(false);
    }

    private async Task RunDueAsync(IReadOnlyList<PlannedDevice> plan, RunScheduleOptions options, Func<ScheduledOutcome, Task> onOutcome, CancellationToken cancellationToken)
    {
        foreach (var planned in plan.Where(planned => !planned.IsDue))
        {
            await onOutcome(ScheduledOutcomes.LeftAlone(planned, context.Clock.GetUtcNow())).ConfigureAwait(false);
        }

        var due = plan.Where(planned => planned.IsDue).ToList();
        if (due.Count == 0)
        {
            return;
        }

        // Those that keep failing come last; the others in an order that differs from machine to machine, so that two
        // runs at the same time do not go for the same devices, nor for one site after the other.
        var order = due.OrderBy(planned => planned.Device.Attempts?.State.ConsecutiveFailures > 0)
            .ThenBy(planned => DuePlanner.Fraction($"{planned.Device.Id}\n{context.Author}"));
        var policies = await PolicyBook.LoadAsync(context.Repository, warn: null, cancellationToken).ConfigureAwait(false);
        var session = await context.Repository.BeginWriteAsync(cancellationToken).ConfigureAwait(false);
        await using var sessionLease = session.ConfigureAwait(false);
        using var run = new ScheduleRun(context, observer, options, policies, session, due.Count);
        using var outcomes = new SemaphoreSlim(1);
        var done = 0;
        var counts = new Dictionary<ScheduledResult, int>();
        try
        {
            await Task.WhenAll(order.Select(planned => Task.Run(() => RunOneAsync(planned), cancellationToken))).ConfigureAwait(false);
        }
        finally
        {
            await NoteAsync(due.Count, counts).ConfigureAwait(false);
        }

        async Task RunOneAsync(PlannedDevice planned)
        {
            var outcome = await run.RunOneAsync(planned, cancellationToken).ConfigureAwait(false);
            await outcomes.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                done++;
                counts[outcome.Result] = counts.GetValueOrDefault(outcome.Result) + 1;
                observer.Progress(new OperationProgress("Running the schedule", $"{done} of {due.Count} devices{run.DescribeWatched()}", ItemsDone: done, ItemsTotal: due.Count));
                await onOutcome(outcome).ConfigureAwait(false);
            }
            finally
            {
                outcomes.Release();
            }
        }
    }

    /// <summary>A run that found nothing to do is none to speak of: there may be hundreds a day.</summary>
    private Task NoteAsync(int due, Dictionary<ScheduledResult, int> counts)
    {
        var parts = counts.OrderBy(count => count.Key).Select(count => $"{count.Value} {Word(count.Key)}").ToList();
        var left = due - counts.Values.Sum();
        if (left > 0)
        {
            parts.Add($"{left} left undone when it was stopped");
        }

        return context.NoteAsync(observer, EdgeEventCategory.Backup, "ScheduleRun", $"{due} devices were due: {string.Join(", ", parts)}.", device: null);
    }

    private static string Word(ScheduledResult result) => result switch
    {
        ScheduledResult.Completed => "backed up",
        ScheduledResult.Postponed => "busy",
        ScheduledResult.Failed => "failed",
        _ => "done by another run",
    };
}
