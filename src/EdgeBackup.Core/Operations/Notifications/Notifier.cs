using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Operations.Scheduling;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Repository.Stores;
using Microsoft.Data.Sqlite;

namespace EdgeBackup.Core.Operations.Notifications;

/// <summary>
/// Tells those who are registered for it what has become of devices. It goes by how devices stand and by what was told of
/// them, both kept in the repository, and not by what a command has just seen: so a command that is killed before it can
/// tell, and a machine whose messages nobody takes, leave the telling to the next, on any machine, under the same id.
/// Nothing here fails or holds up a backup.
/// </summary>
public sealed class Notifier
{
    private const string RunFile = "run";

    private readonly RepositoryContext context;
    private readonly IOperationObserver observer;
    private readonly Messages messages;

    public Notifier(RepositoryContext context, IOperationObserver observer)
    {
        this.context = context;
        this.observer = observer;
        messages = new Messages(context);
    }

    /// <summary>Tells how devices stand after a command has done its work.</summary>
    /// <param name="devices">Ids; null for all that are in service.</param>
    /// <param name="cancellationToken">Leaves what was not told to the next command.</param>
    public Task TellAsync(IReadOnlyCollection<string>? devices, CancellationToken cancellationToken) =>
        GuardAsync(async (targets, postman) => (await TellDevicesAsync(targets, postman, devices, cancellationToken).ConfigureAwait(false)).News, isSent: true, cancellationToken);

    /// <summary>Tells how devices stand after a run of the schedule, and what it has done.</summary>
    /// <param name="devices">Ids; null for all that are in service.</param>
    /// <param name="outcomes">Of all devices that were looked at.</param>
    /// <param name="started">When the run began, UTC.</param>
    /// <param name="cancellationToken">Leaves what was not told to the next run.</param>
    public Task TellRunAsync(IReadOnlyCollection<string> devices, IReadOnlyList<ScheduledOutcome> outcomes, DateTimeOffset started, CancellationToken cancellationToken) =>
        GuardAsync(
            async (targets, postman) =>
            {
                var (news, overdue) = await TellDevicesAsync(targets, postman, devices, cancellationToken).ConfigureAwait(false);

                // A timer finds nothing to do most of the time: nobody wants to read that, and it proves nothing.
                if (outcomes.Any(outcome => outcome.Result != ScheduledResult.NotDue))
                {
                    if (ReadRun() is { FailingSince: { } since })
                    {
                        postman.Put(targets, messages.RunRecovery(since));
                        WriteRun(new RunState(null));
                    }

                    postman.Put(targets, messages.Digest(outcomes, overdue, started, context.Clock.GetUtcNow() - started));
                }

                return news;
            },
            isSent: true,
            cancellationToken);

    /// <summary>Tells that a run of the schedule could not do its work. What was told of it is kept on this machine: the repository may be what cannot be written.</summary>
    public Task TellRunFailureAsync(Exception failure, CancellationToken cancellationToken) =>
        GuardAsync(
            (targets, postman) =>
            {
                var since = ReadRun()?.FailingSince;
                if (since is null)
                {
                    since = context.Clock.GetUtcNow();
                    postman.Put(targets, messages.RunFailure(since.Value, (failure as EdgeBackupException)?.ErrorId, failure.Message));
                    WriteRun(new RunState(since));
                }

                return Task.FromResult<IReadOnlyList<News>>([]);
            },
            isSent: true,
            cancellationToken);

    /// <summary>Sends what waits: after a restore or a switch, when nothing is held any more.</summary>
    internal Task SendAsync(CancellationToken cancellationToken) => TellAtEndAsync([], cancellationToken);

    /// <summary>
    /// Tells how devices stand at the end of a command that may be being stopped: a script that ends at its first error is
    /// what somebody should hear of. Such a command waits a moment for it, and what was not sent by then goes with the next.
    /// </summary>
    public async Task TellAtEndAsync(IReadOnlyCollection<string> devices, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(Timeout.InfiniteTimeSpan, context.Clock);
        using var stopping = cancellationToken.Register(() => patience.CancelAfter(context.Notifications.EndPatience));
        try
        {
            await TellAsync(devices, patience.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            observer.Verbose("Messages of notifications wait for the next command.");
        }
    }

    /// <summary>Lays down the message of a restore or a switch. It is sent later: devices are held, and a fence may not stand yet.</summary>
    internal Task PutEventAsync(EdgeEvent happened) =>
        GuardAsync(
            async (targets, postman) =>
            {
                if (targets.Any(target => target.Topics.Contains(NotificationTopic.Restore) || target.Topics.Contains(NotificationTopic.Switch)))
                {
                    var device = happened.Device is null ? null : await FindAsync(happened.Device).ConfigureAwait(false);
                    postman.Put(targets, messages.Event(happened, device));
                }

                return [];
            },
            isSent: false,
            CancellationToken.None);

    /// <summary>Does the telling and the sending. The work that is told of is done: whatever goes wrong here is a warning.</summary>
    private async Task GuardAsync(Func<IReadOnlyCollection<NotificationEntry>, Postman, Task<IReadOnlyList<News>>> tell, bool isSent, CancellationToken cancellationToken)
    {
        if (context.NotificationsFolder is not { } root)
        {
            return;
        }

        try
        {
            var book = await NotificationBook.LoadAsync(context.Repository, observer.Warning, cancellationToken).ConfigureAwait(false);
            if (book.Entries.Count > 0)
            {
                var postman = new Postman(context, observer, context.Notifications, root);
                postman.TakeIn(book.Entries);
                var news = await tell(book.Entries, postman).ConfigureAwait(false);
                if (!isSent)
                {
                    return;
                }

                try
                {
                    await postman.SendAsync(book.Entries, cancellationToken).ConfigureAwait(false);
                }
                finally
                {
                    await MarkAsync(book.Entries, postman, news).ConfigureAwait(false);
                }
            }
        }
        catch (Exception exception) when (exception is EdgeBackupException or IOException or UnauthorizedAccessException or SqliteException)
        {
            observer.Warning($"Not everybody could be told of what happened; the next run does it. {exception.Message}");
        }
    }

    /// <returns>What there is to tell, and those of the devices that are overdue.</returns>
    private async Task<(IReadOnlyList<News> News, IReadOnlyList<string> Overdue)> TellDevicesAsync(IReadOnlyCollection<NotificationEntry> targets, Postman postman, IReadOnlyCollection<string>? devices, CancellationToken cancellationToken)
    {
        // What waits here may be over, also of devices that this command had nothing to do with.
        var waiting = postman.DevicesWaiting(targets);
        var asked = devices?.ToHashSet(StringComparer.Ordinal);
        List<string>? ids = asked is null ? null : [.. asked.Union(waiting)];
        if (ids is { Count: 0 })
        {
            return ([], []);
        }

        await context.Catalog.RefreshBackupsAsync(ids, cancellationToken).ConfigureAwait(false);
        await context.Catalog.RefreshAttemptsAsync(ids, cancellationToken).ConfigureAwait(false);
        await context.Catalog.RefreshArchivesAsync(ids, cancellationToken).ConfigureAwait(false);
        var policies = await PolicyBook.LoadAsync(context.Repository, warn: null, cancellationToken).ConfigureAwait(false);
        var now = context.Clock.GetUtcNow();
        var overdue = new List<string>();
        var news = new List<News>();
        var query = new DeviceQuery { Ids = ids, Replaced = false };
        foreach (var device in await context.Catalog.QueryDevicesAsync(query, cancellationToken).ToListAsync(cancellationToken).ConfigureAwait(false))
        {
            var isOverdue = FindDevices.IsOverdue(device, policies.For(device.Id, device.Type, device.Tags, device.Site), now);
            if (isOverdue && asked?.Contains(device.Id) != false)
            {
                overdue.Add(device.Id);
            }

            var attempts = device.Attempts?.State ?? new AttemptState { Device = device.Id };
            if (waiting.Contains(device.Id))
            {
                WithdrawWhatIsOver(targets, postman, device, attempts, isOverdue);
            }

            foreach (var item in FindNews(device, attempts, isOverdue))
            {
                postman.Put(targets, item.Message);
                news.Add(item);
            }
        }

        return (news, overdue);
    }

    /// <summary>What of a device somebody has not been told yet.</summary>
    private IEnumerable<News> FindNews(CatalogDevice device, AttemptState attempts, bool isOverdue)
    {
        if (attempts.FailingSince is { } failing && attempts.FailureTold != failing)
        {
            yield return new News(device.Id, messages.Failure(Messages.ToSubject(device), attempts, device.LastBackup), state => state with { FailureTold = failing });
        }

        var overdueSince = isOverdue ? device.LastGoodBackup ?? device.Registration?.Registered ?? device.PostponedSince : null;
        if (overdueSince is { } since && attempts.OverdueTold != since)
        {
            yield return new News(device.Id, messages.Overdue(device, since), state => state with { OverdueTold = since });
        }

        if (attempts.FailingSince is null && !isOverdue && (attempts.FailureTold ?? attempts.OverdueTold) is not null)
        {
            yield return new News(device.Id, messages.Recovery(Messages.ToSubject(device), attempts, device.LastBackup), state => state with { FailureTold = null, OverdueTold = null });
        }

        if (attempts.Archive is { IsNews: true, FailingSince: { } archivesFail } archive)
        {
            bool? isUnread = archive.ErrorId is null ? true : null;
            yield return new News(device.Id, messages.ArchiveFailure(device, archive), state => state with { Archive = (state.Archive ?? new ArchiveAttempts()) with { FailureTold = archivesFail, UnreadTold = isUnread } });
        }
        else if (attempts.Archive is { FailingSince: null, FailureTold: not null } over)
        {
            yield return new News(device.Id, messages.ArchiveRecovery(device, over), state => state with { Archive = state.Archive is { FailingSince: not null } again ? again with { FailureTold = null, UnreadTold = null } : null });
        }
    }

    /// <summary>What was over before anybody took the message is no news any more; where somebody did take it, the others hear of it and of its end.</summary>
    private void WithdrawWhatIsOver(IReadOnlyCollection<NotificationEntry> targets, Postman postman, CatalogDevice device, AttemptState attempts, bool isOverdue)
    {
        if (attempts.FailingSince is not null || isOverdue)
        {
            postman.Withdraw(targets, attempts.Device, ["backup.recovered"]);
        }
        else if ((attempts.FailureTold ?? attempts.OverdueTold) is null)
        {
            postman.Withdraw(targets, attempts.Device, ["backup.failed", "backup.overdue"], unless: "backup.recovered");
        }

        if (attempts.Archive is { FailingSince: not null } archive)
        {
            postman.Withdraw(targets, attempts.Device, ["archive.recovered"]);
            if (archive.IsNews || archive.FailureTold is null)
            {
                // What else waits of them is over, or is told anew by this.
                postman.Withdraw(targets, attempts.Device, ["archive.failed"], but: messages.ArchiveFailure(device, archive));
            }
        }
        else if (attempts.Archive?.FailureTold is null)
        {
            postman.Withdraw(targets, attempts.Device, ["archive.failed"], unless: "archive.recovered");
        }
    }

    /// <summary>Writes down for all machines what was told: it was when somebody has taken the message, and not because it waits here.</summary>
    private async Task MarkAsync(IReadOnlyCollection<NotificationEntry> targets, Postman postman, IReadOnlyList<News> news)
    {
        foreach (var item in news.Where(item => IsTold(targets, postman, item.Message)))
        {
            try
            {
                await context.Attempts.ChangeAsync(seen: null, item.Device, item.Told, CancellationToken.None).ConfigureAwait(false);
            }
            catch (Exception exception) when (exception is EdgeBackupException or IOException)
            {
                // It is told under the same id again, which the outbox of this machine does not take twice.
                observer.Verbose($"{item.Device}: that somebody was told could not be written down: {exception.Message}");
            }
        }
    }

    /// <summary>Where nobody wants a message, its end is told to those who want that, and nobody is waited for.</summary>
    private static bool IsTold(IReadOnlyCollection<NotificationEntry> targets, Postman postman, NotificationMessage message) =>
        targets.Any(target => Postman.Concerns(target, message))
            ? postman.IsDelivered(targets, message)
            : message.Topic == NotificationTopic.Recovery || targets.Any(target => target.Topics.Contains(NotificationTopic.Recovery) && Postman.Concerns(target, message.Device!));

    private async Task<SubjectDevice?> FindAsync(string id)
    {
        var found = await context.Catalog.QueryDevicesAsync(new DeviceQuery { Ids = [id] }, CancellationToken.None).FirstOrDefaultAsync().ConfigureAwait(false);
        return found is null ? null : Messages.ToSubject(found);
    }

    private RunState? ReadRun()
    {
        var path = Path.Combine(context.NotificationsFolder!, RunFile);
        RunState? read = null;
        SharingRetry.Run(() => read = Outbox.ReadFile(path, OutboxJson.Default.RunState));
        return read;
    }

    private void WriteRun(RunState state) => Outbox.WriteFile(Path.Combine(context.NotificationsFolder!, RunFile), state, OutboxJson.Default.RunState, context.Platform);

    /// <summary>Something that somebody is to be told.</summary>
    /// <param name="Device">Of which device.</param>
    /// <param name="Message">What.</param>
    /// <param name="Told">What is known of the device when somebody was told.</param>
    private sealed record News(string Device, NotificationMessage Message, Func<AttemptState, AttemptState> Told);
}
