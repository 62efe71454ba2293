using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations.Groups;
using EdgeBackup.Core.Operations.Notifications;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Records;

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
/// <param name="Target">Whom its backup goes onto: itself, or the device that replaced it since.</param>
/// <param name="Parent">The member that it stands below; null for the server.</param>
/// <param name="Backup">Its backup in the group; null where there is none.</param>
/// <param name="Fault">Why it cannot be restored, as far as that is known before anything begins; null where it can be tried.</param>
public sealed record GroupRestoreMember(string Device, string Target, string? Parent, CatalogBackup? Backup, EdgeBackupException? Fault)
{
    /// <summary>Whether what stands below it is left alone for it: it could not be restored now. Where there is nothing to restore, nothing waits for it.</summary>
    public bool HoldsUp { get; init; }

    /// <summary>The device, and who stands in its place.</summary>
    public string Describe() => Target == Device ? Device : $"{Target} in place of {Device}";
}

/// <summary>A group that is to be restored.</summary>
/// <param name="Group">The group.</param>
/// <param name="Members">In the order of the restore: the server first, then what stands directly below it, and so on.</param>
public sealed record GroupRestorePlan(BackupGroup Group, IReadOnlyList<GroupRestoreMember> Members)
{
    /// <summary>The members onto which something is restored, as far as that is known before anything begins: those that are at fault are not among them, and what they hold up neither.</summary>
    public IReadOnlyList<GroupRestoreMember> Restorable
    {
        get
        {
            var left = new HashSet<string>(StringComparer.Ordinal);
            var restorable = new List<GroupRestoreMember>();
            foreach (var member in Members)
            {
                // In their order: what stands above a member was looked at before.
                if (member.HoldsUp || (member.Parent is { } parent && left.Contains(parent)))
                {
                    left.Add(member.Device);
                }
                else if (member.Fault is null)
                {
                    restorable.Add(member);
                }
            }

            return restorable;
        }
    }
}

/// <summary>
/// Restores a server and the devices below it from backups that were taken together (R15). A device is left alone when
/// something above it was to be restored and was not: what is to work under a server must find the server that it knew.
/// </summary>
public sealed class RestoreGroup
{
    private const int LooksAtOnce = 8;

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
        var replaced = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var member in group.Members)
        {
            var backup = backups.GetValueOrDefault(member.Device);
            var (target, fault) = await FindTargetAsync(group, member.Device, backup, cancellationToken).ConfigureAwait(false);
            if (fault is null && target != member.Device && !replaced.TryAdd(target, member.Device))
            {
                (target, fault) = (member.Device, new EdgeBackupException(
                    ErrorIds.DeviceReplaced,
                    $"The device '{member.Device}' was replaced by '{target}', which stands in the place of '{replaced[target]}' as well and gets the backup of that one. The backup {backup!.Id} of '{member.Device}' is not restored; to restore it onto '{target}' instead: Restore-EdgeBackup {backup.Id} -Device '{target}'.",
                    member.Device));
            }

            members.Add(new GroupRestoreMember(member.Device, target, member.Parent, backup, fault));
        }

        var depths = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var member in group.Members)
        {
            depths[member.Device] = member.Parent is { } parent && depths.TryGetValue(parent, out var above) ? above + 1 : 0;
        }

        return new GroupRestorePlan(group, [.. members.OrderBy(member => depths[member.Device])]);
    }

    /// <summary>
    /// Looks at each member before anything is changed: whether it answers as who it is, is idle, and whether its backup
    /// can be read and fits. Better to hear of a child that is dead before its server is changed.
    /// </summary>
    /// <param name="plan">From <see cref="FindAsync"/>.</param>
    /// <param name="options">The same.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <returns>The plan with what was found.</returns>
    public async Task<GroupRestorePlan> CheckAsync(GroupRestorePlan plan, RestoreGroupOptions options, CancellationToken cancellationToken)
    {
        var members = plan.Members.ToArray();
        var operation = new RestoreBackup(context, observer);
        await Parallel.ForAsync(
            0,
            members.Length,
            new ParallelOptions { MaxDegreeOfParallelism = LooksAtOnce, CancellationToken = cancellationToken },
            async (index, token) => members[index] = await LookAsync(members[index], token).ConfigureAwait(false)).ConfigureAwait(false);
        return plan with { Members = members };

        async Task<GroupRestoreMember> LookAsync(GroupRestoreMember member, CancellationToken token)
        {
            if (member.Fault is not null)
            {
                return member;
            }

            try
            {
                var record = await context.Repository.ReadBackupAsync(member.Backup!.ObjectName, token).ConfigureAwait(false);
                await operation.CheckAsync(record, member.Target, Options(member, options), token).ConfigureAwait(false);
                return member;
            }
            catch (EdgeBackupException exception)
            {
                return member with { Fault = exception, HoldsUp = HoldsUp(exception) };
            }
        }
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
            async member => await onPreview(await operation.PlanAsync(await ReadAsync(member, cancellationToken).ConfigureAwait(false), member.Target, Options(member, options), cancellationToken).ConfigureAwait(false)).ConfigureAwait(false),
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
        var begun = new List<GroupRestoreMember>();
        try
        {
            await WalkAsync(plan, RestoreOneAsync, onError, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            await NoteStoppedAsync(plan, begun).ConfigureAwait(false);
            throw;
        }
        finally
        {
            await new Notifier(context, observer).SendAsync(cancellationToken).ConfigureAwait(false);
        }

        async Task RestoreOneAsync(GroupRestoreMember member)
        {
            cancellationToken.ThrowIfCancellationRequested();
            begun.Add(member);
            observer.Verbose($"{member.Target}: restoring it as number {begun.Count} of the group {BackupGroups.Describe(plan.Group)}.");
            var record = await ReadAsync(member, cancellationToken).ConfigureAwait(false);
            await onResult(await operation.RunAsync(record, member.Target, Options(member, options), cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
        }
    }

    private static RestoreOptions Options(GroupRestoreMember member, RestoreGroupOptions options) => new()
    {
        Backup = member.Backup!.Id,
        Device = member.Target,
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
                if (member.HoldsUp)
                {
                    left[member.Device] = member.Target;
                }

                continue;
            }

            try
            {
                await act(member).ConfigureAwait(false);
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
            {
                if (HoldsUp(exception))
                {
                    left[member.Device] = member.Target;
                }

                await onError(member.Device, exception).ConfigureAwait(false);
            }
        }
    }

    /// <summary>A backup without any history has nothing to restore; all else was to be restored and could not be.</summary>
    private static bool HoldsUp(Exception exception) => exception is not EdgeBackupException { ErrorId: ErrorIds.BackupNotFound };

    /// <summary>Who stops a restore half way must know which devices hold what.</summary>
    private async Task NoteStoppedAsync(GroupRestorePlan plan, List<GroupRestoreMember> begun)
    {
        var rest = plan.Members.Where(member => member.Fault is null && !begun.Contains(member)).Select(member => member.Target).ToList();
        if (begun.Count == 0 || rest.Count == 0)
        {
            return;
        }

        await context.NoteAsync(
            observer,
            EdgeEventCategory.Restore,
            "Interrupted",
            $"The restore of the group {BackupGroups.Describe(plan.Group)} was stopped at '{begun[^1].Target}'. Not reached, and not changed: {string.Join(", ", rest)}. Restore-EdgeBackup -Group {plan.Group.Id} restores all of it once more; Restore-EdgeBackup with a backup's id restores one device.",
            begun[0].Target).ConfigureAwait(false);
    }

    private static EdgeBackupException Untouched(GroupRestoreMember member, string culprit) => new(
        ErrorIds.RestoreFailed,
        $"The device '{member.Target}' was not restored and nothing on it was changed, because '{culprit}', which it stands below, was not restored. See to '{culprit}' and restore the group again, or restore this device alone: Restore-EdgeBackup {member.Backup!.Id}{(member.Target == member.Device ? "" : $" -Device '{member.Target}'")}.",
        member.Target);

    /// <summary>Where a member's backup goes. What was handed over to other hardware since is where that hardware is (R8).</summary>
    private async Task<(string Target, EdgeBackupException? Fault)> FindTargetAsync(BackupGroup group, string device, CatalogBackup? backup, CancellationToken cancellationToken)
    {
        if (backup is null)
        {
            return (device, new EdgeBackupException(
                ErrorIds.BackupNotFound,
                $"The group {BackupGroups.Describe(group)} has no backup of '{device}', which is not restored: none was taken, or it is gone by now. Get-EdgeBackup '{device}' lists its others.",
                device));
        }

        try
        {
            var state = await context.Devices.GetAsync(device, cancellationToken).ConfigureAwait(false);
            var passed = new HashSet<string>(StringComparer.Ordinal) { device };
            while (state.Fence is { } fence && passed.Add(fence.ReplacedBy))
            {
                state = await context.Devices.GetAsync(fence.ReplacedBy, cancellationToken).ConfigureAwait(false);
            }

            if (state.Id != device && group.Members.Any(member => member.Device == state.Id))
            {
                return (device, new EdgeBackupException(
                    ErrorIds.DeviceReplaced,
                    $"The device '{device}' was replaced by '{state.Id}', which is a member of the group {BackupGroups.Describe(group)} itself and gets its own backup of it. The backup {backup.Id} of '{device}' is not restored; to restore it onto '{state.Id}' instead: Restore-EdgeBackup {backup.Id} -Device '{state.Id}'.",
                    device));
            }

            return (state.Id, state.Registration is not null ? null : new EdgeBackupException(
                ErrorIds.DeviceNotFound,
                $"The device '{state.Id}'{(state.Id == device ? "" : $", which replaced '{device}',")} is not registered any more, and the backup {backup.Id} of this group is not restored. Register it again with Register-EdgeDevice, or restore the backup onto another with Restore-EdgeBackup {backup.Id} -Device.",
                device));
        }
        catch (EdgeBackupException exception)
        {
            return (device, exception);
        }
    }
}
