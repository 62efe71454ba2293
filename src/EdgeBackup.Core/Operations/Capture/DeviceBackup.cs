using EdgeBackup.Core.Devices.Gate;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Operations.Restore;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Validation;

namespace EdgeBackup.Core.Operations.Capture;

/// <summary>
/// One device's way from contact to record: gate, capture, second look. Knows nothing of the other devices of a run; what
/// follows a record is <see cref="BackupRecorder"/>'s.
/// </summary>
internal sealed class DeviceBackup(RepositoryContext context, IOperationObserver observer)
{
    private readonly BackupRecorder recorder = new(context, observer);

    /// <summary>Takes a backup of one device in a session that others share. What becomes of it is the caller's to note.</summary>
    /// <param name="device">Its id.</param>
    /// <param name="options">What to back up.</param>
    /// <param name="policies">As they were when the command began.</param>
    /// <param name="session">Where it is written.</param>
    /// <param name="place">Entered when the device has answered and before it is read, left when it has been read.</param>
    /// <param name="cancellationToken">Gives up what is not yet recorded.</param>
    /// <param name="group">What it is taken together with; null for nothing.</param>
    public async Task<TakeBackupOutcome> TakeAsync(
        string device,
        TakeBackupOptions options,
        PolicyBook policies,
        WriteSession session,
        ICapturePlace place,
        CancellationToken cancellationToken,
        BackupGroup? group = null)
    {
        var left = new LeftBehind(context, observer, device, options.Kind);
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
                DeviceState? accepted;
                {
                    var contact = await DeviceContact.OpenAsync(context, registration, observer, cancellationToken, onLeft: left.Add).ConfigureAwait(false);
                    await using var contactLease = contact.ConfigureAwait(false);
                    VersionGate.Check(contact.Type, device, contact.Version);
                    await place.EnterAsync(cancellationToken).ConfigureAwait(false);
                    var gate = new GateKeeper(context.Clock, observer);
                    var pass = await gate.EnterAsync(contact, options.WaitForIdle, cancellationToken).ConfigureAwait(false);
                    await using var passLease = pass.ConfigureAwait(false);
                    accepted = options.SkipValidation && contact.Connection.RestoresInPlace ? await context.Devices.GetAsync(device, cancellationToken).ConfigureAwait(false) : null;
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

                var backup = await recorder.RecordAsync(header with { Group = group }, draft, previous, registration, policies, cancellationToken).ConfigureAwait(false);
                if (accepted is not null)
                {
                    await UnprovenRestores.SettleAsync(context, accepted, RestoreEnd.Accepted, observer).ConfigureAwait(false);
                }

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
            return new TakeBackupOutcome(device, Backup: null, left.AddTo(NameDevice(device, exception)));
        }
        catch (Exception)
        {
            await left.NoteAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Takes the safety backup of a device that is already contacted and held (R7).</summary>
    public async Task<ListedBackup> TakeSafetyAsync(DeviceContact contact, GatePass pass, BackupContent content, CancellationToken cancellationToken)
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
        return await recorder.RecordAsync(header, draft, previous, contact.Registration, policies, cancellationToken).ConfigureAwait(false);
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
            if (review is not null && contact.Connection.RestoresInPlace)
            {
                review.AddComplaint(UnprovenRestores.Describe(await context.Devices.GetAsync(contact.Id, cancellationToken).ConfigureAwait(false)));
            }
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
}
