using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations.Groups;
using EdgeBackup.Core.Operations.Notifications;
using EdgeBackup.Core.Operations.Repositories;

namespace EdgeBackup.Core.Operations.Restore;

/// <summary>Which group to restore, and how.</summary>
public sealed record RestoreGroupOptions
{
    /// <summary>A group's id, its name, or a wildcard that means one.</summary>
    public required string Group { get; init; }

    public RestoreContent Content { get; init; }

    public bool SkipSafetyBackup { get; init; }

    /// <summary>As for one device.</summary>
    public bool Force { get; init; }
}

/// <summary>A device of a group that is to be restored.</summary>
/// <param name="Device">Its id.</param>
/// <param name="Parent">The member that it stands below; null for the server.</param>
/// <param name="Backup">Its backup in the group; null where there is none.</param>
/// <param name="Fault">Why it cannot be restored, as far as that is known before anything begins; null where it can be tried.</param>
public sealed record GroupRestoreMember(string Device, string? Parent, CatalogBackup? Backup, EdgeBackupException? Fault);

/// <summary>A group that is to be restored.</summary>
/// <param name="Group">The group.</param>
/// <param name="Members">In the order of the restore: the server first, then what stands directly below it, and so on.</param>
public sealed record GroupRestorePlan(BackupGroup Group, IReadOnlyList<GroupRestoreMember> Members);

/// <summary>
/// Restores a server and the devices below it from backups that were taken together (R15). A device is restored when
/// everything above it was: what is to work under a server must find the server that it knew.
/// </summary>
public sealed class RestoreGroup
{
    private readonly RepositoryContext context;
    private readonly IOperationObserver observer;

    public RestoreGroup(RepositoryContext context, IOperationObserver observer)
    {
        this.context = context;
        this.observer = observer;
    }

    /// <summary>The group that a user's words mean, and what is known against restoring its members.</summary>
    /// <exception cref="EdgeBackupException">BackupNotFound: no group, or more than one.</exception>
    public async Task<GroupRestorePlan> FindAsync(RestoreGroupOptions options, CancellationToken cancellationToken)
    {
        await context.Repository.FollowRecordsAsync(cancellationToken).ConfigureAwait(false);
        var (group, backups) = await new BackupGroups(context).RequireOneAsync(options.Group, cancellationToken).ConfigureAwait(false);
        var members = new List<GroupRestoreMember>();
        foreach (var member in group.Members)
        {
            var backup = backups.GetValueOrDefault(member.Device);
            members.Add(new GroupRestoreMember(member.Device, member.Parent, backup, await FindFaultAsync(group, member.Device, backup, options.Force, cancellationToken).ConfigureAwait(false)));
        }

        var depths = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var member in group.Members)
        {
            depths[member.Device] = member.Parent is { } parent && depths.TryGetValue(parent, out var above) ? above + 1 : 0;
        }

        return new GroupRestorePlan(group, [.. members.OrderBy(member => depths[member.Device])]);
    }

    /// <summary>Says item by item what a restore of each member would do; changes nothing anywhere.</summary>
    /// <param name="plan">From <see cref="FindAsync"/>.</param>
    /// <param name="options">The same.</param>
    /// <param name="onPreview">Takes the plan of a member.</param>
    /// <param name="onError">Takes what speaks against a member; not those that the plan knew.</param>
    /// <param name="cancellationToken">Stops.</param>
    public Task PreviewAsync(GroupRestorePlan plan, RestoreGroupOptions options, Func<RestorePreview, Task> onPreview, Func<string, Exception, Task> onError, CancellationToken cancellationToken)
    {
        var operation = new RestoreBackup(context, observer);
        return WalkAsync(
            plan,
            async member => await onPreview(await operation.PlanAsync(await ReadAsync(member, cancellationToken).ConfigureAwait(false), member.Device, Options(member, options), cancellationToken).ConfigureAwait(false)).ConfigureAwait(false),
            onError,
            cancellationToken);
    }

    /// <summary>Restores the members one after another.</summary>
    /// <param name="plan">From <see cref="FindAsync"/>.</param>
    /// <param name="options">The same.</param>
    /// <param name="onResult">Takes what was done to a member.</param>
    /// <param name="onError">Takes what went wrong with a member, and those that were left alone for that; not what the plan knew.</param>
    /// <param name="cancellationToken">Stops.</param>
    public async Task RunAsync(GroupRestorePlan plan, RestoreGroupOptions options, Func<RestoreResult, Task> onResult, Func<string, Exception, Task> onError, CancellationToken cancellationToken)
    {
        var operation = new RestoreBackup(context, observer);
        var done = 0;
        try
        {
            await WalkAsync(plan, RestoreOneAsync, onError, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            await new Notifier(context, observer).SendAsync(cancellationToken).ConfigureAwait(false);
        }

        async Task RestoreOneAsync(GroupRestoreMember member)
        {
            observer.Verbose($"{member.Device}: restoring it as number {++done} of the group {BackupGroups.Describe(plan.Group)}.");
            var record = await ReadAsync(member, cancellationToken).ConfigureAwait(false);
            await onResult(await operation.RunAsync(record, member.Device, Options(member, options), cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
        }
    }

    private static RestoreOptions Options(GroupRestoreMember member, RestoreGroupOptions options) => new()
    {
        Backup = member.Backup!.Id,
        Content = options.Content,
        SkipSafetyBackup = options.SkipSafetyBackup,
        Force = options.Force,
    };

    private async Task<BackupRecord> ReadAsync(GroupRestoreMember member, CancellationToken cancellationToken)
    {
        var record = await context.Repository.ReadBackupAsync(member.Backup!.ObjectName, cancellationToken).ConfigureAwait(false);
        Suspicion.WarnOfRestore(record, observer);
        return record;
    }

    private static async Task WalkAsync(GroupRestorePlan plan, Func<GroupRestoreMember, Task> act, Func<string, Exception, Task> onError, CancellationToken cancellationToken)
    {
        // What was not restored, and for whose sake.
        var left = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var member in plan.Members)
        {
            if (member.Parent is { } parent && left.TryGetValue(parent, out var culprit))
            {
                left[member.Device] = culprit;
                if (member.Fault is null)
                {
                    await onError(member.Device, Untouched(member, culprit)).ConfigureAwait(false);
                }

                continue;
            }

            if (member.Fault is not null)
            {
                left[member.Device] = member.Device;
                continue;
            }

            try
            {
                await act(member).ConfigureAwait(false);
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
            {
                left[member.Device] = member.Device;
                await onError(member.Device, exception).ConfigureAwait(false);
            }
        }
    }

    private static EdgeBackupException Untouched(GroupRestoreMember member, string culprit) => new(
        ErrorIds.RestoreFailed,
        $"The device '{member.Device}' was not restored and nothing on it was changed, because '{culprit}', which it stands below, was not restored. See to '{culprit}' and restore the group again, or restore this device alone: Restore-EdgeBackup {member.Backup!.Id}.",
        member.Device);

    private async Task<EdgeBackupException?> FindFaultAsync(BackupGroup group, string device, CatalogBackup? backup, bool force, CancellationToken cancellationToken)
    {
        if (backup is null)
        {
            return new EdgeBackupException(
                ErrorIds.BackupNotFound,
                $"The group {BackupGroups.Describe(group)} has no backup of '{device}', which is not restored: none was taken, or it is gone by now. Get-EdgeBackup '{device}' lists its others.",
                device);
        }

        try
        {
            var state = await context.Devices.GetAsync(device, cancellationToken).ConfigureAwait(false);
            if (state.Fence is { } fence && !force)
            {
                var refusal = RegisteredDevices.Replaced(device, fence);
                return new EdgeBackupException(refusal.ErrorId, $"{refusal.Message} To restore its backup of this group onto '{fence.ReplacedBy}': Restore-EdgeBackup {backup.Id} -Device '{fence.ReplacedBy}'.", device);
            }

            return state.Registration is not null ? null : new EdgeBackupException(
                ErrorIds.DeviceNotFound,
                $"The device '{device}' is not registered any more, and its backup {backup.Id} of this group is not restored. Register it again with Register-EdgeDevice, or restore the backup onto another with Restore-EdgeBackup {backup.Id} -Device.",
                device);
        }
        catch (EdgeBackupException exception)
        {
            return exception;
        }
    }
}
