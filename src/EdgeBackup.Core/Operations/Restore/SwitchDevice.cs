using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations.Capture;
using EdgeBackup.Core.Operations.Notifications;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Records;

namespace EdgeBackup.Core.Operations.Restore;

/// <summary>A switch that a user asks for.</summary>
public sealed record SwitchOptions
{
    /// <summary>The replacement's id.</summary>
    public required string Device { get; init; }

    /// <summary>The broken device's id.</summary>
    public required string Replaces { get; init; }

    /// <summary>One of the broken device's backups; null for its newest.</summary>
    public string? Backup { get; init; }

    public string? Reason { get; init; }

    /// <summary>For a replacement that holds nothing that could be saved.</summary>
    public bool SkipSafetyBackup { get; init; }

    /// <summary>Lifts the refusals DeviceReplaced and RestoreVersionMismatch; nothing else.</summary>
    public bool Force { get; init; }
}

/// <summary>What a switch did.</summary>
/// <param name="Device">The replacement.</param>
/// <param name="Replaces">The fenced device.</param>
/// <param name="Restore">The restore onto the replacement; null when the switch had been made before and was only confirmed.</param>
/// <param name="Fence">The fence on the broken device.</param>
public sealed record SwitchOutcome(string Device, string Replaces, RestoreResult? Restore, Fence Fence);

/// <summary>
/// Moves a dead device's state onto its replacement (R8): restores everything but identity items, then fences the broken
/// device. The fence comes last, so that a switch that was cut off is simply run again.
/// </summary>
public sealed class SwitchDevice
{
    private readonly RepositoryContext context;
    private readonly IOperationObserver observer;

    public SwitchDevice(RepositoryContext context, IOperationObserver observer)
    {
        this.context = context;
        this.observer = observer;
    }

    /// <summary>Says what a switch would do; changes nothing.</summary>
    /// <returns>Null when the switch was made before: running it again only confirms it.</returns>
    /// <exception cref="EdgeBackupException">As for the switch itself, save what only happens while restoring.</exception>
    public async Task<RestorePreview?> PlanAsync(SwitchOptions options, CancellationToken cancellationToken)
    {
        var (record, replacement, _, done) = await PrepareAsync(options, cancellationToken).ConfigureAwait(false);
        return done is not null ? null : await new RestoreBackup(context, observer).PlanAsync(record!, replacement, Restore(record!, options), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Switches.</summary>
    /// <param name="options">What replaces what.</param>
    /// <param name="cancellationToken">Stops; running it again continues.</param>
    /// <param name="onResult">Called with the outcome before anybody is told of it, which may take a while.</param>
    /// <exception cref="EdgeBackupException">
    /// SwitchRefused, DeviceNotFound, DeviceReplaced, BackupNotFound, RestoreTargetMismatch, RestoreVersionMismatch, and what a
    /// restore may throw.
    /// </exception>
    public async Task<SwitchOutcome> RunAsync(SwitchOptions options, CancellationToken cancellationToken, Func<SwitchOutcome, Task>? onResult = null)
    {
        try
        {
            var outcome = await SwitchAsync(options, cancellationToken).ConfigureAwait(false);
            if (onResult is not null)
            {
                await onResult(outcome).ConfigureAwait(false);
            }

            return outcome;
        }
        finally
        {
            await new Notifier(context, observer).SendAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<SwitchOutcome> SwitchAsync(SwitchOptions options, CancellationToken cancellationToken)
    {
        var (record, replacement, broken, done) = await PrepareAsync(options, cancellationToken).ConfigureAwait(false);
        if (done is not null)
        {
            observer.Verbose($"'{broken.Id}' was handed over to '{replacement}' on {done.Time:u} already; nothing is left to do.");
            return new SwitchOutcome(replacement, broken.Id, Restore: null, done);
        }

        var target = await RegisteredDevices.RequireAsync(context, replacement, cancellationToken).ConfigureAwait(false);
        var result = await new RestoreBackup(context, observer).RunAsync(record!, replacement, Restore(record!, options), cancellationToken).ConfigureAwait(false);
        if (target.Fence is not null)
        {
            // -Force: a device that was replaced once takes over again, so it is in service.
            await context.Devices.AppendAsync(replacement, DeviceLogEntryKind.FenceLifted, entry => entry, cancellationToken).ConfigureAwait(false);
        }

        await context.Devices.AppendAsync(replacement, DeviceLogEntryKind.TookOver, entry => entry with { Replaces = broken.Id }, cancellationToken).ConfigureAwait(false);
        await TakePlaceAsync(broken, replacement, cancellationToken).ConfigureAwait(false);
        var fence = await FenceAsync(broken, replacement, record!, result, options, cancellationToken).ConfigureAwait(false);
        await context.NoteAsync(
            observer,
            EdgeEventCategory.Switch,
            "Switched",
            $"'{replacement}' replaces '{broken.Id}' with the state of backup {record!.Id}{(options.Reason is null ? "" : $": {options.Reason}")}.",
            broken.Id,
            backup: record.Id).ConfigureAwait(false);
        await context.Catalog.RefreshDevicesAsync([replacement, broken.Id], cancellationToken).ConfigureAwait(false);
        return new SwitchOutcome(replacement, broken.Id, result, fence);
    }

    /// <summary>A replacement that was registered without a parent stands where the broken device stood.</summary>
    private async Task TakePlaceAsync(DeviceState broken, string replacement, CancellationToken cancellationToken)
    {
        if (broken.LastRegistration?.Parent is not { } parent)
        {
            return;
        }

        try
        {
            await RegisteredDevices.CheckParentAsync(context, replacement, parent, cancellationToken).ConfigureAwait(false);
        }
        catch (EdgeBackupException exception) when (exception.ErrorId is ErrorIds.DeviceRegistrationMismatch or ErrorIds.DeviceNotFound)
        {
            // It is itself above the broken device, or what was above that is gone.
            observer.Verbose($"{replacement}: it does not take the broken device's place below '{parent}'. {exception.Message}");
            return;
        }

        while (true)
        {
            var now = await context.Devices.GetAsync(replacement, cancellationToken).ConfigureAwait(false);
            if (now.Registration is not { Parent: null } registration
                || await context.Devices.TryAppendAsync(now, DeviceLogEntryKind.Registered, entry => entry with { Registration = registration with { Parent = parent } }, cancellationToken).ConfigureAwait(false) is not null)
            {
                return;
            }
        }
    }

    /// <summary>
    /// Of two switches of one device at once exactly one fences it. -Force lifts the fence that stood when it was given,
    /// and none that another switch has put up since.
    /// </summary>
    private async Task<Fence> FenceAsync(DeviceState broken, string replacement, BackupRecord record, RestoreResult restored, SwitchOptions options, CancellationToken cancellationToken)
    {
        while (true)
        {
            var now = await context.Devices.GetAsync(broken.Id, cancellationToken).ConfigureAwait(false);
            if (now.Fence is { } fence && fence != broken.Fence)
            {
                if (fence.ReplacedBy == replacement)
                {
                    return fence;
                }

                var refusal = RegisteredDevices.Replaced(broken.Id, fence);
                throw new EdgeBackupException(
                    refusal.ErrorId,
                    $"{refusal.Message} That happened while '{replacement}' was being restored: it holds the state of the backup {record.Id} now, and its own is in the safety backup {restored.SafetyBackup}.",
                    broken.Id);
            }

            if (await context.Devices.TryAppendAsync(
                now,
                DeviceLogEntryKind.Fenced,
                entry => entry with { ReplacedBy = replacement, Reason = options.Reason, Backup = record.Id },
                cancellationToken).ConfigureAwait(false) is { } fenced)
            {
                return new Fence(replacement, fenced.Time, fenced.Author, fenced.Reason, fenced.Backup);
            }
        }
    }

    /// <summary>History moves too where the backup has it: the dead device will not write any newer.</summary>
    private static RestoreOptions Restore(BackupRecord record, SwitchOptions options) => new()
    {
        Backup = record.Id,
        Device = options.Device,
        Content = record.Content == BackupContent.All ? RestoreContent.All : RestoreContent.Configuration,
        SkipSafetyBackup = options.SkipSafetyBackup,
        Force = options.Force,
    };

    private async Task<(BackupRecord? Record, string Replacement, DeviceState Broken, Fence? Done)> PrepareAsync(SwitchOptions options, CancellationToken cancellationToken)
    {
        await context.Repository.FollowRecordsAsync(cancellationToken).ConfigureAwait(false);
        var same = string.Equals(options.Device, options.Replaces, StringComparison.Ordinal);
        var broken = same ? null : await FindBrokenAsync(options.Replaces, cancellationToken).ConfigureAwait(false);
        if (broken is null || string.Equals(options.Device, broken.Id, StringComparison.Ordinal))
        {
            throw new EdgeBackupException(ErrorIds.SwitchRefused, $"'{options.Device}' cannot replace itself. Give the new device's id as -Device and the broken one's as -Replaces; to bring a device back to a backup use Restore-EdgeBackup.", options.Device);
        }

        var replacement = await RegisteredDevices.RequireAsync(context, options.Device, cancellationToken).ConfigureAwait(false);
        if (broken.Fence is { } fence)
        {
            if (fence.ReplacedBy == replacement.Id)
            {
                return (null, replacement.Id, broken, fence);
            }

            if (!options.Force)
            {
                var refusal = RegisteredDevices.Replaced(broken.Id, fence);
                throw new EdgeBackupException(refusal.ErrorId, refusal.Message + " -Force switches nevertheless.", broken.Id);
            }
        }

        if (replacement.Fence is { } fenced && !options.Force)
        {
            throw RegisteredDevices.Replaced(replacement.Id, fenced);
        }

        var record = await FindBackupAsync(options, broken.Id, cancellationToken).ConfigureAwait(false);
        await CheckOwnIdAsync(replacement, cancellationToken).ConfigureAwait(false);
        return (record, replacement.Id, broken, null);
    }

    /// <summary>The broken device may have been unregistered; what counts is that it is known.</summary>
    private async Task<DeviceState> FindBrokenAsync(string id, CancellationToken cancellationToken)
    {
        var state = await context.Devices.GetAsync(id, cancellationToken).ConfigureAwait(false);
        if (state.Registration is not null || state.Fence is not null)
        {
            return state;
        }

        await context.Catalog.RefreshBackupsAsync([id], cancellationToken).ConfigureAwait(false);
        if (await context.Catalog.CountBackupsAsync(id, cancellationToken).ConfigureAwait(false) > 0)
        {
            return state;
        }

        // As everywhere else, another letter case will do where it means one device.
        return !WildcardPattern.HasWildcard(id)
            && await RegisteredDevices.ResolveAsync(context, [id], cancellationToken).ConfigureAwait(false) is [{ Id: { } known }]
            ? await context.Devices.GetAsync(known, cancellationToken).ConfigureAwait(false)
            : throw await RegisteredDevices.NotFoundAsync(context, id, cancellationToken).ConfigureAwait(false);
    }

    private async Task<BackupRecord> FindBackupAsync(SwitchOptions options, string broken, CancellationToken cancellationToken)
    {
        var find = new FindBackups(context, observer);
        CatalogBackup backup;
        if (options.Backup is null)
        {
            backup = await find.RequireNewestAsync(broken, cancellationToken).ConfigureAwait(false);
        }
        else
        {
            backup = await find.RequireOneAsync(options.Backup, broken, cancellationToken).ConfigureAwait(false);
        }

        return await context.Repository.ReadBackupAsync(backup.ObjectName, cancellationToken).ConfigureAwait(false);
    }

    private async Task CheckOwnIdAsync(DeviceState replacement, CancellationToken cancellationToken)
    {
        var contact = await DeviceContact.OpenAsync(context, replacement.Registration!, observer, cancellationToken).ConfigureAwait(false);
        await using var lease = contact.ConfigureAwait(false);
        if (!contact.Status.Identity.IsOwnId)
        {
            throw new EdgeBackupException(
                ErrorIds.SwitchRefused,
                $"'{replacement.Id}' has no id of its own, only the one that it was registered with, so it cannot be told from '{replacement.Registration!.Address}' holding other hardware. Give the device an id (a folder: an edge-device.json), then switch.",
                replacement.Id);
        }
    }
}
