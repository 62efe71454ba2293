using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Gate;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations.Capture;
using EdgeBackup.Core.Operations.Notifications;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Repository;
using Microsoft.Data.Sqlite;

namespace EdgeBackup.Core.Operations.Restore;

/// <summary>
/// Brings a device back to a backup (R7): checks that the target fits, takes a safety backup, stages, commits, reads the
/// device back and compares.
/// </summary>
public sealed class RestoreBackup
{
    private readonly RepositoryContext context;
    private readonly IOperationObserver observer;
    private string? warnedOf;

    public RestoreBackup(RepositoryContext context, IOperationObserver observer)
    {
        this.context = context;
        this.observer = observer;
    }

    /// <summary>Says item by item what a restore would do; changes nothing anywhere, and so does not compare where reading changes the device's state.</summary>
    /// <exception cref="EdgeBackupException">As for the restore itself, save what only happens while restoring.</exception>
    public async Task<RestorePreview> PlanAsync(RestoreOptions options, CancellationToken cancellationToken)
    {
        var (record, target) = await FindAsync(options, cancellationToken).ConfigureAwait(false);
        return await PlanAsync(record, target, options, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Restores.</summary>
    /// <param name="options">What, onto what.</param>
    /// <param name="cancellationToken">Stops, and leaves the device to whoever looks after it.</param>
    /// <param name="onResult">Called with the result before anybody is told of it, which may take a while.</param>
    /// <exception cref="EdgeBackupException">
    /// BackupNotFound, BackupDamaged, DeviceNotFound, DeviceReplaced, DeviceIdChanged, RestoreTargetMismatch,
    /// RestoreVersionMismatch, ItemPathInvalid, DeviceBusy, DeviceStateUnknown, RestoreFailed, RestoreVerifyFailed, and what
    /// a contact or a safety backup may throw.
    /// </exception>
    public async Task<RestoreResult> RunAsync(RestoreOptions options, CancellationToken cancellationToken, Func<RestoreResult, Task>? onResult = null)
    {
        var (record, target) = await FindAsync(options, cancellationToken).ConfigureAwait(false);
        try
        {
            var result = await RunAsync(record, target, options, cancellationToken).ConfigureAwait(false);
            if (onResult is not null)
            {
                await onResult(result).ConfigureAwait(false);
            }

            return result;
        }
        finally
        {
            await new Notifier(context, observer).SendAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The backup and the target that a user's words mean.</summary>
    /// <exception cref="EdgeBackupException">BackupNotFound, BackupDamaged; DeviceNotFound: the target is not registered.</exception>
    public async Task<(BackupRecord Record, string Target)> FindAsync(RestoreOptions options, CancellationToken cancellationToken)
    {
        await context.Repository.FollowRecordsAsync(cancellationToken).ConfigureAwait(false);
        var listed = await new FindBackups(context).RequireOneAsync(options.Backup, device: null, cancellationToken).ConfigureAwait(false);
        var record = await context.Repository.ReadBackupAsync(listed.ObjectName, cancellationToken).ConfigureAwait(false);
        if (!string.Equals(warnedOf, record.Id, StringComparison.Ordinal))
        {
            warnedOf = record.Id;
            Suspicion.WarnOfRestore(record, observer);
        }

        if (options.Device is not null)
        {
            return (record, await RegisteredDevices.ResolveOneAsync(context, options.Device, cancellationToken).ConfigureAwait(false));
        }

        var state = await context.Devices.GetAsync(record.Device, cancellationToken).ConfigureAwait(false);
        return state.Registration is not null ? (record, record.Device) : throw new EdgeBackupException(
            ErrorIds.DeviceNotFound,
            $"The backup {record.Id} is of the device '{record.Device}', which is not registered{(state.Fence is { } fence ? $" and was replaced by '{fence.ReplacedBy}'" : "")}. Name the device to restore it onto with -Device, write it to a folder with -Destination, or register '{record.Device}' again with Register-EdgeDevice.",
            record.Device);
    }

    internal async Task<RestorePreview> PlanAsync(BackupRecord record, string target, RestoreOptions options, CancellationToken cancellationToken)
    {
        // Without a lease: a plan writes nothing at all, and if space is freed meanwhile it fails and harms nothing.
        var contact = await ContactAsync(record, target, options, cancellationToken).ConfigureAwait(false);
        await using var contactLease = contact.ConfigureAwait(false);
        var selection = await SelectAsync(record, target, options, cancellationToken).ConfigureAwait(false);
        var sent = selection.Items.ToDictionary(item => item.Item.Path, StringComparer.Ordinal);
        var comparison = contact.Connection.IsDisturbedByCapture
            ? DeviceComparison.NotMade(sent.Keys)
            : await new DeviceReader(contact.Connection).CompareAsync(sent, BackupContent.All, onCompared: null, cancellationToken).ConfigureAwait(false);
        return new RestorePreview(record.Id, record.Device, target, RestoreComparison.MakeSteps(selection, sent, comparison, options), !contact.Connection.IsDisturbedByCapture);
    }

    /// <summary>Says whether a restore could begin now; reads no item of the device and changes nothing.</summary>
    /// <exception cref="EdgeBackupException">As for the restore itself, save what only happens while restoring.</exception>
    internal async Task CheckAsync(BackupRecord record, string target, RestoreOptions options, CancellationToken cancellationToken)
    {
        var contact = await ContactAsync(record, target, options, cancellationToken).ConfigureAwait(false);
        await using var contactLease = contact.ConfigureAwait(false);
        await SelectAsync(record, target, options, cancellationToken, isQuiet: true).ConfigureAwait(false);
        var decision = TransactionGate.Evaluate(contact.Status, TransactionGate.DefaultSeenWithin);
        if (!decision.IsIdle && !await IsBusyWithLeftoverAsync(contact, options, cancellationToken).ConfigureAwait(false))
        {
            throw decision.ToException(contact.Id);
        }
    }

    /// <summary>Whether all that speaks against a device is a restore that a killed command of ours left open on it: that is dropped before anything else.</summary>
    private async Task<bool> IsBusyWithLeftoverAsync(DeviceContact contact, RestoreOptions options, CancellationToken cancellationToken)
    {
        if (!contact.Connection.IsBusyWithLeftovers || contact.Status.RunningWork is null || !TransactionGate.Evaluate(contact.Status with { RunningWork = null }, TransactionGate.DefaultSeenWithin).IsIdle)
        {
            return false;
        }

        using var journal = Journal(contact, options);
        foreach (var session in (await context.Devices.GetAsync(contact.Id, cancellationToken).ConfigureAwait(false)).OpenRestores.Keys)
        {
            if (await journal.IsOwnAsync(session, TimeSpan.MaxValue, cancellationToken).ConfigureAwait(false))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Restores, and leaves it to the caller to send the messages about it.</summary>
    internal async Task<RestoreResult> RunAsync(BackupRecord record, string target, RestoreOptions options, CancellationToken cancellationToken)
    {
        var started = context.Clock.GetTimestamp();
        var reading = await context.Repository.BeginReadAsync(cancellationToken).ConfigureAwait(false);
        await using var readingLease = reading.ConfigureAwait(false);
        var contact = await ContactAsync(record, target, options, cancellationToken).ConfigureAwait(false);
        await using var contactLease = contact.ConfigureAwait(false);
        var selection = await SelectAsync(record, target, options, cancellationToken).ConfigureAwait(false);
        var sent = selection.Items.ToDictionary(item => item.Item.Path, StringComparer.Ordinal);
        using (var leftovers = Journal(contact, options))
        {
            await contact.DropLeftoversAsync(leftovers, cancellationToken).ConfigureAwait(false);
        }

        var pass = await new GateKeeper(context.Clock, observer).EnterAsync(contact, TimeSpan.Zero, cancellationToken).ConfigureAwait(false);
        await using var passLease = pass.ConfigureAwait(false);

        CatalogBackup? safetyBackup = null;
        if (!options.SkipSafetyBackup)
        {
            observer.Verbose($"{target}: taking the safety backup.");
            safetyBackup = await TakeSafetyAsync(contact, pass, options.Content == RestoreContent.Configuration ? BackupContent.Configuration : BackupContent.All, cancellationToken).ConfigureAwait(false);
        }

        var safety = safetyBackup?.Id;
        var isTouched = false;
        var isCommitting = false;
        try
        {
            // What the device holds now decides between restored and unchanged, and names what goes.
            observer.Verbose($"{target}: comparing with the backup.");
            var comparison = new RestoreComparison(context, observer);
            var compared = safetyBackup is not null
                ? await comparison.WithSafetyAsync(safetyBackup, sent, cancellationToken).ConfigureAwait(false)
                : await comparison.TryWithDeviceAsync(contact, sent, cancellationToken).ConfigureAwait(false);
            var steps = RestoreComparison.MakeSteps(selection, sent, compared ?? DeviceComparison.NotMade(sent.Keys), options);
            isTouched = true;
            var isDeclared = await SendAsync(contact, pass, record, selection, options, () => isCommitting = true, cancellationToken).ConfigureAwait(false) != RestoreCommitOutcome.Undeclared;
            var state = await UnprovenRestores.SeeAsync(context, target, contact.Connection, observer, cancellationToken).ConfigureAwait(false);
            await new RestoreReadBack(context.Clock, observer).RunAsync(contact, sent, options, isDeclared, cancellationToken).ConfigureAwait(false);
            if (state is not null)
            {
                await UnprovenRestores.SettleAsync(context, state, RestoreEnd.Verified, observer).ConfigureAwait(false);
            }

            var result = new RestoreResult
            {
                Backup = record.Id,
                Device = target,
                SafetyBackup = safety,
                Restored = RestoreComparison.Paths(steps, RestoreAction.Restore),
                Unchanged = RestoreComparison.Paths(steps, RestoreAction.Unchanged),
                Removed = RestoreComparison.Paths(steps, RestoreAction.Remove),
                NotRestored = selection.NotRestored,
                IsCompared = compared is not null,
                Verified = true,
                Duration = context.Clock.GetElapsedTime(started),
            };
            await context.NoteAsync(
                observer,
                EdgeEventCategory.Restore,
                "Restored",
                $"The backup {record.Id} of '{record.Device}' was restored onto '{target}': {result.Restored.Count} restored, {result.Unchanged.Count} unchanged, {result.Removed.Count} removed, {result.NotRestored.Count} not restored.",
                target,
                backup: record.Id).ConfigureAwait(false);
            await ApplyRetentionAsync(record, target, wasWarned: safety is not null).ConfigureAwait(false);
            return result;
        }
        catch (EdgeBackupException exception)
        {
            var hint = (isCommitting || SaysWhatBecameOfTheDevice(exception) ? "" : $" Nothing of the backup was put in place on the device '{target}'.")
                + (safety is null ? "" : $" The state before the restore is in the safety backup {safety}.") + await UnprovenRestores.HintAsync(context, target, contact.Connection).ConfigureAwait(false);
            var failure = hint.Length == 0 ? exception : new EdgeBackupException(exception.ErrorId, exception.Message + hint, exception.Target, exception);
            await context.NoteAsync(observer, EdgeEventCategory.Restore, "Failed", failure.Message, target, backup: record.Id, errorId: failure.ErrorId).ConfigureAwait(false);
            throw failure;
        }
        catch (OperationCanceledException) when (isTouched)
        {
            var before = (safety is null ? "" : $" The state before the restore is in the safety backup {safety}.") + await UnprovenRestores.HintAsync(context, target, contact.Connection).ConfigureAwait(false);
            await context.NoteAsync(
                observer,
                EdgeEventCategory.Restore,
                "Interrupted",
                $"The restore of the backup {record.Id} of '{record.Device}' onto '{target}' was stopped when sending had begun. The device may hold the old state, the new one or not all of it; restore once more.{before}",
                target,
                backup: record.Id).ConfigureAwait(false);
            throw;
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            await context.NoteAsync(observer, EdgeEventCategory.Restore, "Failed", exception.Message, target, backup: record.Id).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Whether an error that came before the commit was made for it; others, of the repository or of a reading, know nothing of a restore.</summary>
    private static bool SaysWhatBecameOfTheDevice(EdgeBackupException exception) => exception.ErrorId is ErrorIds.RestoreFailed or ErrorIds.DeviceBusy or ErrorIds.DeviceStateUnknown;

    private async Task<CatalogBackup> TakeSafetyAsync(DeviceContact contact, GatePass pass, BackupContent content, CancellationToken cancellationToken)
    {
        try
        {
            return (await new DeviceBackup(context, observer).TakeSafetyAsync(contact, pass, content, cancellationToken).ConfigureAwait(false)).Backup;
        }
        catch (EdgeBackupException exception) when (RegistryRestoreJournal.IsUnwritable(context, exception))
        {
            // A broken device does not wait for the repository.
            throw new EdgeBackupException(
                exception.ErrorId,
                $"{exception.Message} Nothing of the backup was put in place on the device '{contact.Id}', because no safety backup of it can be taken. Meanwhile Restore-EdgeBackup restores it without one with -SkipSafetyBackup, and writes the backup to a folder with -Destination.",
                exception.Target,
                exception);
        }
        catch (EdgeBackupException exception) when (exception.ErrorId is ErrorIds.CaptureFailed or ErrorIds.DeviceResponseInvalid)
        {
            // What a backup is most needed for is a device that holds nothing that could be saved.
            throw new EdgeBackupException(
                exception.ErrorId,
                $"{exception.Message} Nothing of the backup was put in place on the device '{contact.Id}', because no safety backup of it can be taken. If it is new or broken and holds nothing worth saving, run the command again with -SkipSafetyBackup.",
                exception.Target,
                exception);
        }
    }

    /// <summary>The safety backup was one more; what was restored stays, however old it is. Policies that cannot be read were warned of with the safety backup.</summary>
    private async Task ApplyRetentionAsync(BackupRecord record, string target, bool wasWarned)
    {
        try
        {
            var policies = await PolicyBook.LoadAsync(context.Repository, wasWarned ? null : observer.Warning, CancellationToken.None).ConfigureAwait(false);
            await new ApplyRetention(context, observer).RunAsync(target, policies, whatIf: false, knownCount: null, CancellationToken.None, exempt: record.Id).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is EdgeBackupException or IOException or SqliteException)
        {
            observer.Warning($"{target}: the restore is done, but retention could not be applied: {exception.Message}");
        }
    }

    private async Task<DeviceContact> ContactAsync(BackupRecord record, string target, RestoreOptions options, CancellationToken cancellationToken)
    {
        var state = await RegisteredDevices.RequireAsync(context, target, cancellationToken).ConfigureAwait(false);
        if (state.Fence is { } fence && !options.Force)
        {
            var refusal = RegisteredDevices.Replaced(target, fence);
            throw new EdgeBackupException(refusal.ErrorId, refusal.Message + $" To restore onto '{fence.ReplacedBy}', give it as -Device; -Force restores onto '{target}' nevertheless.", target);
        }

        var contact = await DeviceContact.OpenAsync(context, state.Registration!, observer, cancellationToken).ConfigureAwait(false);
        try
        {
            RestoreFit.Check(record, contact, options);
            return contact;
        }
        catch
        {
            await contact.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private async Task<RestoreSelection> SelectAsync(BackupRecord record, string target, RestoreOptions options, CancellationToken cancellationToken, bool isQuiet = false)
    {
        var selection = await RestoreSelection.MakeAsync(context.Repository, record, target, options.Content, options.Paths, cancellationToken).ConfigureAwait(false);
        selection.RequireSomething(record, options);
        if (!isQuiet && options.Content == RestoreContent.All && record.Content == BackupContent.Configuration)
        {
            observer.Warning($"The backup {record.Id} holds configuration only; there is no history in it to restore.");
        }

        return selection;
    }

    private RegistryRestoreJournal Journal(DeviceContact contact, RestoreOptions options) =>
        new(context, contact.Id, observer, isNeeded: !options.SkipSafetyBackup);

    private async Task<RestoreCommitOutcome> SendAsync(DeviceContact contact, GatePass pass, BackupRecord record, RestoreSelection selection, RestoreOptions options, Action onCommit, CancellationToken cancellationToken)
    {
        var mode = options.IsOverlay ? RestoreMode.Overlay : RestoreMode.Replace;
        var plan = new RestorePlan(mode, selection.Items.Select(item => new RestoreItem(item)).ToList());
        using var journal = Journal(contact, options);
        var session = await contact.Connection.BeginRestoreAsync(plan, journal, cancellationToken).ConfigureAwait(false);
        await using var lease = session.ConfigureAwait(false);
        var items = 0;
        var bytes = 0L;
        var total = plan.Length;
        foreach (var item in selection.Items)
        {
            var content = item.Item.Type == ItemType.File ? context.Repository.OpenItem(record, item) : Stream.Null;
            await using var contentLease = content.ConfigureAwait(false);
            await session.WriteAsync(item, content, cancellationToken).ConfigureAwait(false);
            items++;
            bytes += item.Item.Length;
            observer.Progress(new OperationProgress($"Restoring {contact.Id}", $"sending {item.Item.Path}", items, selection.Items.Count, bytes, total));
        }

        // R2 up to the last moment: sending may have taken long, and not every device has a hold.
        await GateKeeper.CheckStillIdleAsync(contact, pass, cancellationToken).ConfigureAwait(false);
        observer.Verbose($"{contact.Id}: {items} items staged; committing.");
        observer.Progress(new OperationProgress($"Restoring {contact.Id}", "the device is taking the new state", items, selection.Items.Count, bytes, total));
        onCommit();
        var outcome = await session.CommitAsync(cancellationToken).ConfigureAwait(false);
        observer.Verbose(outcome switch
        {
            RestoreCommitOutcome.Completed => $"{contact.Id}: the device says that it is done.",
            RestoreCommitOutcome.Undeclared => $"{contact.Id}: the device does not say that it put what it was given into force; reading back shows what it holds.",
            _ => $"{contact.Id}: the device has forgotten the restore (a restart); only reading back tells.",
        });
        return outcome;
    }
}
