using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Devices.Gate;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations.Capture;
using EdgeBackup.Core.Operations.Groups;
using EdgeBackup.Core.Operations.Notifications;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Validation;
using Microsoft.Data.Sqlite;

namespace EdgeBackup.Core.Operations;

/// <summary>What to back up.</summary>
public sealed record TakeBackupOptions
{
    public required BackupKind Kind { get; init; }

    /// <summary>For manual backups (R6).</summary>
    public string? Name { get; init; }

    /// <summary>Null: what the device's policy says.</summary>
    public BackupContent? Content { get; init; }

    /// <summary>How long to wait for a busy device; zero refuses at once.</summary>
    public TimeSpan WaitForIdle { get; init; }

    /// <summary>Devices that are captured at once.</summary>
    public int ThrottleLimit { get; init; } = 8;

    /// <summary>Also the devices below each, as one group with it (R15).</summary>
    public bool IncludeChildren { get; init; }

    /// <summary>Take what the device gives for good: such a backup is never suspect, and the next ones are measured against it.</summary>
    public bool SkipValidation { get; init; }
}

/// <summary>What became of one device: a backup or an error, never both and never neither.</summary>
/// <param name="Device">The device's id.</param>
/// <param name="Backup">The backup that exists now.</param>
/// <param name="Error">Why there is none.</param>
public sealed record TakeBackupOutcome(string Device, ListedBackup? Backup, Exception? Error);

/// <summary>
/// Takes backups: gate, capture, second look, record, retention; many devices at once in one write session, each with its
/// own outcome (R16).
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
        var done = 0;
        await Task.WhenAll(nodes.Select(RunNodeAsync)).ConfigureAwait(false);
        if (options.Kind == BackupKind.Automatic)
        {
            await new Notifier(context, observer).TellAsync([.. nodes.SelectMany(node => node.Registered())], cancellationToken).ConfigureAwait(false);
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
                () => TakeOneAsync(node.Device, options, policies, session, place, cancellationToken, node.Group),
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

    /// <summary>Takes the safety backup of a device that is already contacted and held (R7).</summary>
    internal async Task<ListedBackup> TakeSafetyAsync(DeviceContact contact, GatePass pass, BackupContent content, CancellationToken cancellationToken)
    {
        var options = new TakeBackupOptions { Kind = BackupKind.Safety, Content = content };
        var policies = await PolicyBook.LoadAsync(context.Repository, observer.Warning, cancellationToken).ConfigureAwait(false);
        var session = await context.Repository.BeginWriteAsync(cancellationToken).ConfigureAwait(false);
        await using var sessionLease = session.ConfigureAwait(false);
        VersionGate.Check(contact.Type, contact.Id, contact.Version);
        var previous = await PreviousBackups.FindAsync(context, observer, contact.Id, content, cancellationToken).ConfigureAwait(false);
        var draft = session.BeginBackup();
        await using var draftLease = draft.ConfigureAwait(false);
        var sizeFactor = policies.For(contact.Id, contact.Type.Id, contact.Registration.Tags, contact.Registration.Site).SizeFactor;
        var header = await CaptureAsync(contact, pass, options, content, sizeFactor, previous, session, draft, cancellationToken).ConfigureAwait(false);
        return await RecordAsync(header, draft, previous, contact.Registration, policies, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Takes a backup of one device in a session that others share. What becomes of it is the caller's to note.</summary>
    /// <param name="device">Its id.</param>
    /// <param name="options">What to back up.</param>
    /// <param name="policies">As they were when the command began.</param>
    /// <param name="session">Where it is written.</param>
    /// <param name="place">Entered when the device has answered and before it is read, left when it has been read.</param>
    /// <param name="cancellationToken">Gives up what is not yet recorded.</param>
    /// <param name="group">What it is taken together with; null for nothing.</param>
    internal async Task<TakeBackupOutcome> TakeOneAsync(
        string device,
        TakeBackupOptions options,
        PolicyBook policies,
        WriteSession session,
        ICapturePlace place,
        CancellationToken cancellationToken,
        BackupGroup? group = null)
    {
        try
        {
            try
            {
                var registration = await RegisteredDevices.RequireActiveAsync(context, device, cancellationToken).ConfigureAwait(false);
                var policy = policies.For(device, registration.Type, registration.Tags, registration.Site);
                var content = options.Content ?? policy.Content;
                var previous = await PreviousBackups.FindAsync(context, observer, device, content, cancellationToken).ConfigureAwait(false);
                using var nameReservation = options.Name is null ? null : context.ReserveBackupName(device, options.Name);
                if (options.Name is not null)
                {
                    await BackupNames.CheckIsFreeAsync(context.Catalog, device, options.Name, cancellationToken).ConfigureAwait(false);
                }

                var draft = session.BeginBackup();
                await using var draftLease = draft.ConfigureAwait(false);
                BackupHeader header;
                bool hasQueue;
                {
                    var contact = await DeviceContact.OpenAsync(context, registration, observer, cancellationToken).ConfigureAwait(false);
                    await using var contactLease = contact.ConfigureAwait(false);
                    VersionGate.Check(contact.Type, device, contact.Version);
                    await place.EnterAsync(cancellationToken).ConfigureAwait(false);
                    var gate = new GateKeeper(context.Clock, observer);
                    var pass = await gate.EnterAsync(contact, options.WaitForIdle, cancellationToken).ConfigureAwait(false);
                    await using var passLease = pass.ConfigureAwait(false);
                    header = await CaptureAsync(contact, pass, options, content, policy.SizeFactor, previous, session, draft, cancellationToken).ConfigureAwait(false);
                    hasQueue = QueuedChanges.AreTold(contact);
                }

                // The device is free again; the next one may begin while this one's packs are written.
                place.Leave();
                if (options.Name is not null)
                {
                    // Another process may have taken the name while the device was read.
                    await context.Catalog.RefreshBackupsAsync([device], cancellationToken).ConfigureAwait(false);
                    await BackupNames.CheckIsFreeAsync(context.Catalog, device, options.Name, cancellationToken).ConfigureAwait(false);
                }

                var backup = await RecordAsync(header with { Group = group }, draft, previous, registration, policies, cancellationToken).ConfigureAwait(false);
                if (hasQueue)
                {
                    await WaitForQueueAsync(registration, cancellationToken).ConfigureAwait(false);
                }

                return new TakeBackupOutcome(device, backup, Error: null);
            }
            finally
            {
                place.Leave();
            }
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            return new TakeBackupOutcome(device, Backup: null, NameDevice(device, exception));
        }
    }

    /// <summary>The backup is recorded: nothing that happens here, and nobody who stops waiting, takes it back.</summary>
    private async Task WaitForQueueAsync(DeviceRegistration registration, CancellationToken cancellationToken)
    {
        try
        {
            var contact = await DeviceContact.OpenAsync(context, registration, observer, cancellationToken).ConfigureAwait(false);
            await using var contactLease = contact.ConfigureAwait(false);
            await new QueuedChanges(context.Clock, observer).WaitAfterAsync(contact, QueuedChanges.Patience, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Whoever stops the command hears no more of it; what it has done is in the list of backups and among the events.
        }
        catch (EdgeBackupException exception)
        {
            QueuedChanges.WarnUnasked(registration.Id, exception, observer);
        }
    }

    /// <summary>
    /// A connection knows its address or its item; whoever backs up three hundred devices at once needs the id, in the
    /// words and as the target.
    /// </summary>
    private static Exception NameDevice(string device, Exception exception)
    {
        if (exception is not EdgeBackupException known || known.Target == device || known.ErrorId == ErrorIds.BackupNameInUse
            || known.ErrorId.StartsWith("Repository", StringComparison.Ordinal))
        {
            return exception;
        }

        var message = known.Message.Contains($"'{device}'", StringComparison.Ordinal) ? known.Message : $"Device '{device}': {known.Message}";
        return new EdgeBackupException(known.ErrorId, message, device, known);
    }

    private async Task<BackupHeader> CaptureAsync(
        DeviceContact contact,
        GatePass pass,
        TakeBackupOptions options,
        BackupContent content,
        double sizeFactor,
        PreviousBackups previous,
        WriteSession session,
        BackupDraft draft,
        CancellationToken cancellationToken)
    {
        var created = context.Clock.GetUtcNow();
        IReadOnlyList<NotSavedItem> notSaved;
        var review = options.SkipValidation ? null : new CaptureReview(new ReviewBasis(content, sizeFactor, contact.Type.Items, previous.Good));
        review?.AddComplaint(contact.Status.Complaint);
        try
        {
            await ApplicationValues.WriteDownAsync(contact, observer, cancellationToken).ConfigureAwait(false);
            notSaved = await new DeviceCapture(context.Repository, session, observer)
                .RunAsync(contact, content, previous, review, draft, cancellationToken).ConfigureAwait(false);
            await GateKeeper.LookAgainAsync(contact, pass, cancellationToken).ConfigureAwait(false);
        }
        catch (EdgeBackupException exception) when (exception.ErrorId == ErrorIds.DeviceUnreachable)
        {
            throw new EdgeBackupException(
                ErrorIds.CaptureFailed,
                $"The capture of '{contact.Id}' broke off and was discarded: {exception.Message} Nothing was recorded; the backups there are stay. Run the command again when the device answers.",
                contact.Id,
                exception);
        }

        return new BackupHeader
        {
            Id = BackupIds.New(created, context.Random),
            Device = contact.Id,
            DeviceName = contact.Registration.Name ?? contact.Status.Identity.Name,
            DeviceType = contact.Type.Id,
            Version = contact.Version,
            Name = options.Kind == BackupKind.Manual ? options.Name : null,
            Kind = options.Kind,
            Content = content,
            Created = created,
            NotSaved = notSaved,
            Author = context.Author,
            Suspect = review?.Finish(),
        };
    }

    private async Task<ListedBackup> RecordAsync(
        BackupHeader header,
        BackupDraft draft,
        PreviousBackups previous,
        DeviceRegistration registration,
        PolicyBook policies,
        CancellationToken cancellationToken)
    {
        var record = await draft.CommitAsync(header, digest => previous.SameContent?.StateDigest != digest, cancellationToken).ConfigureAwait(false);
        if (record.Name is not null)
        {
            await new ManualNameClaim(context).SettleAsync(record).ConfigureAwait(false);
        }

        if (record.Suspect is { } suspect)
        {
            var what = Suspicion.Describe(suspect);
            observer.Warning($"{record.Device}: the backup {record.Id} was taken, but it is suspect. {what} Look at the device. If this is how it is to be, take a backup with -SkipValidation.");
            await context.NoteAsync(observer, EdgeEventCategory.Backup, "Suspect", what, record.Device, backup: record.Id, kind: record.Kind).ConfigureAwait(false);
        }

        observer.Verbose($"{record.Device}: backup {record.Id} holds {record.ItemCount} items, {record.Length} bytes{(record.Changed ? "" : "; nothing has changed since the last one")}.");

        // The backup exists. Nothing that comes after may call it failed, and nobody's Ctrl+C leaves it half noted.
        await AfterwardsAsync(record.Device, "listed", () => context.Catalog.AddAsync(record, CancellationToken.None)).ConfigureAwait(false);
        await AfterwardsAsync(record.Device, "noted with its version", () => NoteVersionAsync(header, registration, CancellationToken.None)).ConfigureAwait(false);
        if (header.Kind != BackupKind.Safety)
        {
            // A safety backup comes before a restore: what is about to be restored must not expire under it.
            await AfterwardsAsync(
                record.Device,
                "followed by retention",
                () => new ApplyRetention(context, observer).RunAsync(record.Device, policies, whatIf: false, previous.KnownCount, CancellationToken.None)).ConfigureAwait(false);
        }

        return ListedBackup.From(record, context.Repository.BackupObjectName(record.Device, record.Id), policies.For(record.Device, registration.Type, registration.Tags, registration.Site));
    }

    private async Task AfterwardsAsync(string device, string what, Func<Task> action)
    {
        try
        {
            await action().ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is EdgeBackupException or IOException or SqliteException)
        {
            observer.Warning($"{device}: the backup was taken but could not be {what}: {exception.Message}");
        }
    }

    /// <summary>The registration shows the version that the device last told; what others changed meanwhile stays.</summary>
    private async Task NoteVersionAsync(BackupHeader header, DeviceRegistration before, CancellationToken cancellationToken)
    {
        if (header.Version is null || header.Version == before.Version)
        {
            return;
        }

        DeviceState now;
        do
        {
            now = await context.Devices.GetAsync(header.Device, cancellationToken).ConfigureAwait(false);
        }
        while (now.Registration is { } registration && registration.Version != header.Version
            && await context.Devices.TryAppendAsync(
                now,
                DeviceLogEntryKind.Registered,
                entry => entry with { Registration = registration with { Version = header.Version } },
                cancellationToken).ConfigureAwait(false) is null);
    }
}
