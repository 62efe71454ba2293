using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations.Capture;
using EdgeBackup.Core.Operations.Groups;
using EdgeBackup.Core.Operations.Notifications;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Repository;

namespace EdgeBackup.Core.Operations;

/// <summary>
/// Takes backups of many devices at once in one write session, each with its own outcome (R16), and servers before what
/// belongs to them (R15). What happens with one device stands in <see cref="DeviceBackup"/>.
/// </summary>
public sealed class TakeBackup
{
    private readonly RepositoryContext context;
    private readonly IOperationObserver observer;

    public TakeBackup(RepositoryContext context, IOperationObserver observer)
    {
        this.context = context;
        this.observer = observer;
    }

    /// <summary>Says what belongs to servers, and asks them for it; takes and writes nothing.</summary>
    /// <param name="devices">Ids; what stands below another of them is a member of its group.</param>
    /// <param name="options">What to back up.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="EdgeBackupException">BackupNameInvalid.</exception>
    public async Task<IReadOnlyList<GroupPlan>> PlanAsync(IEnumerable<string> devices, TakeBackupOptions options, CancellationToken cancellationToken)
    {
        CheckName(options);
        await context.Repository.FollowRecordsAsync(cancellationToken).ConfigureAwait(false);
        return await new PlanGroups(context, observer).RunAsync([.. devices.Distinct(StringComparer.Ordinal)], options.Name, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Takes a backup of each device.</summary>
    /// <param name="devices">Ids; one that is named twice is taken once.</param>
    /// <param name="options">What to back up.</param>
    /// <param name="onOutcome">Called for each device as it is done, one call at a time.</param>
    /// <param name="cancellationToken">Gives up what is not yet recorded.</param>
    /// <exception cref="EdgeBackupException">BackupNameInvalid, RepositoryNotWritable, RepositoryDamaged: nothing was begun.</exception>
    public async Task RunAsync(IEnumerable<string> devices, TakeBackupOptions options, Func<TakeBackupOutcome, Task> onOutcome, CancellationToken cancellationToken)
    {
        CheckName(options);
        var targets = devices.Distinct(StringComparer.Ordinal).ToList();
        if (options.IncludeChildren && targets.Count > 0)
        {
            await RunAsync(await PlanAsync(targets, options, cancellationToken).ConfigureAwait(false), options, onOutcome, cancellationToken).ConfigureAwait(false);
            return;
        }

        await RunAsync(targets.ConvertAll(device => new CaptureNode(device)), options, onOutcome, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Takes backups of servers and of what belongs to them.</summary>
    /// <param name="groups">From <see cref="PlanAsync"/>.</param>
    /// <param name="options">The same.</param>
    /// <param name="onOutcome">Called for each device as it is done, one call at a time.</param>
    /// <param name="cancellationToken">Gives up what is not yet recorded.</param>
    /// <exception cref="EdgeBackupException">RepositoryNotWritable, RepositoryDamaged: nothing was begun.</exception>
    public Task RunAsync(IReadOnlyList<GroupPlan> groups, TakeBackupOptions options, Func<TakeBackupOutcome, Task> onOutcome, CancellationToken cancellationToken) =>
        RunAsync(groups.Select(CaptureNode.From).ToList(), options, onOutcome, cancellationToken);

    private static void CheckName(TakeBackupOptions options)
    {
        if (options.Kind == BackupKind.Manual)
        {
            BackupNames.Check(options.Name);
        }
    }

    private async Task RunAsync(List<CaptureNode> nodes, TakeBackupOptions options, Func<TakeBackupOutcome, Task> onOutcome, CancellationToken cancellationToken)
    {
        if (nodes.Count == 0)
        {
            return;
        }

        await context.Repository.FollowRecordsAsync(cancellationToken).ConfigureAwait(false);
        var total = nodes.Sum(node => node.Count);
        var policies = await PolicyBook.LoadAsync(context.Repository, observer.Warning, cancellationToken).ConfigureAwait(false);
        var session = await context.Repository.BeginWriteAsync(cancellationToken).ConfigureAwait(false);
        await using var sessionLease = session.ConfigureAwait(false);
        using var captures = new SemaphoreSlim(Math.Max(1, options.ThrottleLimit));
        using var outcomes = new SemaphoreSlim(1);
        var notes = new AttemptNotes(context, observer);
        var deviceBackup = new DeviceBackup(context, observer);
        var done = 0;
        try
        {
            await Task.WhenAll(nodes.Select(RunNodeAsync)).ConfigureAwait(false);
        }
        finally
        {
            // Also where a script ends at the first error: that error is what somebody should hear of.
            if (options.Kind == BackupKind.Automatic)
            {
                await new Notifier(context, observer).TellAtEndAsync([.. nodes.SelectMany(node => node.Registered())], cancellationToken).ConfigureAwait(false);
            }
        }

        // What a server holds of the devices below it is older than what they hold themselves, never newer.
        async Task RunNodeAsync(CaptureNode node)
        {
            await RunOneAsync(node).ConfigureAwait(false);
            await Task.WhenAll(node.Below.Select(RunNodeAsync)).ConfigureAwait(false);
        }

        async Task RunOneAsync(CaptureNode node)
        {
            if (node.Fault is { } fault)
            {
                await TellAsync(new TakeBackupOutcome(node.Device, Backup: null, fault)).ConfigureAwait(false);
                return;
            }

            // One at a time means one after the other: those that are recorded together end in any order.
            await captures.WaitAsync(cancellationToken).ConfigureAwait(false);
            using var place = new HeldPlace(captures, isKept: options.ThrottleLimit <= 1);
            var started = context.Clock.GetUtcNow();
            var outcome = await Task.Run(
                () => deviceBackup.TakeAsync(node.Device, options, policies, session, place, cancellationToken, node.Group),
                cancellationToken).ConfigureAwait(false);
            await notes.NoteAsync(outcome, options.Kind, started).ConfigureAwait(false);
            await TellAsync(outcome).ConfigureAwait(false);
        }

        async Task TellAsync(TakeBackupOutcome outcome)
        {
            await outcomes.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                done++;
                if (total > 1)
                {
                    observer.Progress(new OperationProgress("Taking backups", $"{done} of {total} devices", ItemsDone: done, ItemsTotal: total));
                }

                await onOutcome(outcome).ConfigureAwait(false);
            }
            finally
            {
                outcomes.Release();
            }
        }
    }
}
