using System.Collections.Concurrent;
using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Retention;
using Microsoft.Data.Sqlite;

namespace EdgeBackup.Core.Operations;

/// <summary>A backup that retention removed, or would remove.</summary>
/// <param name="Backup">The backup.</param>
/// <param name="Reason">One sentence.</param>
public sealed record ExpiredBackup(CatalogBackup Backup, string Reason);

/// <summary>Removes the backups that R9 lets go: after each backup for its device, and for all by Optimize-EdgeRepository.</summary>
public sealed class ApplyRetention
{
    /// <summary>So many backups are removed before the next devices are looked at: a run that is stopped has done whole groups.</summary>
    private const int GroupSize = 2000;

    private const int ParallelNotes = 8;

    private readonly RepositoryContext context;
    private readonly IOperationObserver observer;

    public ApplyRetention(RepositoryContext context, IOperationObserver observer)
    {
        this.context = context;
        this.observer = observer;
    }

    /// <summary>Applies a device's policy to its backups.</summary>
    /// <param name="device">The device's id.</param>
    /// <param name="policies">All policies.</param>
    /// <param name="whatIf">Tell what would go; write and delete nothing.</param>
    /// <param name="knownCount">How many backups the catalog knew before it was last refreshed; null to ask it now.</param>
    /// <param name="cancellationToken">Stops before anything is removed.</param>
    /// <param name="exempt">A backup that stays whatever its age: the one that was just restored.</param>
    /// <returns>What went, or would go.</returns>
    public async Task<IReadOnlyList<ExpiredBackup>> RunAsync(string device, PolicyBook policies, bool whatIf, int? knownCount, CancellationToken cancellationToken, string? exempt = null)
    {
        if (IsHeldUp(policies))
        {
            return [];
        }

        knownCount ??= await context.Catalog.CountBackupsAsync(device, cancellationToken).ConfigureAwait(false);
        var problems = await context.Catalog.RefreshBackupsAsync([device], cancellationToken).ConfigureAwait(false);
        var backups = await ListAsync([device], cancellationToken).ConfigureAwait(false);
        var group = new RetentionGroup();
        await PlanAsync(group, device, backups, problems.Count, policies, knownCount.Value, exempt, cancellationToken).ConfigureAwait(false);
        await RemoveAsync(group, whatIf, cancellationToken).ConfigureAwait(false);
        return group.Expired;
    }

    /// <summary>Applies the policies to all devices; those in which nothing can expire cost a look at a few numbers.</summary>
    /// <param name="policies">All policies.</param>
    /// <param name="whatIf">Tell what would go; write and delete nothing.</param>
    /// <param name="knownCounts">How many backups the catalog knew of each device before it was last refreshed.</param>
    /// <param name="unreadable">How many records could not be read, by the folder they are in.</param>
    /// <param name="held">Devices of which nothing goes; whoever found them has warned of it.</param>
    /// <param name="cancellationToken">Stops between two groups of devices.</param>
    /// <returns>What went, or would go.</returns>
    internal async Task<IReadOnlyList<ExpiredBackup>> RunAllAsync(
        PolicyBook policies,
        bool whatIf,
        IReadOnlyDictionary<string, int> knownCounts,
        IReadOnlyDictionary<string, int> unreadable,
        IReadOnlySet<string> held,
        CancellationToken cancellationToken)
    {
        if (IsHeldUp(policies))
        {
            return [];
        }

        var candidates = await FindCandidatesAsync(policies, knownCounts, unreadable, cancellationToken).ConfigureAwait(false);
        candidates.RemoveAll(held.Contains);
        var expired = new List<ExpiredBackup>();
        var group = new RetentionGroup();
        var done = 0;
        foreach (var devices in candidates.Chunk(GroupSize / 4))
        {
            var backups = (await ListAsync(devices, cancellationToken).ConfigureAwait(false)).ToLookup(backup => backup.Device, StringComparer.Ordinal);
            foreach (var device in devices)
            {
                observer.Progress(new OperationProgress("Optimizing the repository", $"retention of {device}", done++, candidates.Count));
                var damaged = unreadable.GetValueOrDefault(FolderOf(device));
                await PlanAsync(group, device, [.. backups[device]], damaged, policies, knownCounts.GetValueOrDefault(device), exempt: null, cancellationToken).ConfigureAwait(false);
                if (group.Expired.Count >= GroupSize)
                {
                    await FlushAsync().ConfigureAwait(false);
                }
            }
        }

        await FlushAsync().ConfigureAwait(false);
        return expired;

        async Task FlushAsync()
        {
            await RemoveAsync(group, whatIf, cancellationToken).ConfigureAwait(false);
            expired.AddRange(group.Expired);
            group = new RetentionGroup();
        }
    }

    /// <summary>A policy that cannot be read may be the one that keeps a backup. Whoever loaded the policies has warned of it, once for all devices.</summary>
    private bool IsHeldUp(PolicyBook policies)
    {
        if (policies.Unreadable.Count == 0)
        {
            return false;
        }

        observer.Verbose($"Nothing expires, because {policies.Unreadable.Count} of the policies cannot be read.");
        return true;
    }

    /// <summary>
    /// The devices that retention has something to say to. Whether a backup is protected does not matter here, so that
    /// a device may be looked at in vain and none is passed over.
    /// </summary>
    private async Task<List<string>> FindCandidatesAsync(
        PolicyBook policies, IReadOnlyDictionary<string, int> knownCounts, IReadOnlyDictionary<string, int> unreadable, CancellationToken cancellationToken)
    {
        var registered = new Dictionary<string, CatalogDevice>(StringComparer.Ordinal);
        await foreach (var device in context.Catalog.QueryDevicesAsync(new DeviceQuery(), cancellationToken).ConfigureAwait(false))
        {
            registered[device.Id] = device;
        }

        var now = context.Clock.GetUtcNow();
        var candidates = new List<string>();
        var vanished = knownCounts.Where(known => known.Value > 0).Select(known => known.Key).ToHashSet(StringComparer.Ordinal);
        await foreach (var summary in context.Catalog.SummarizeBackupsAsync(cancellationToken).ConfigureAwait(false))
        {
            vanished.Remove(summary.Device);
            if (summary.Count < knownCounts.GetValueOrDefault(summary.Device)
                || !registered.TryGetValue(summary.Device, out var device)
                || RetentionPlanner.MayExpire(summary.OldestAgeing, summary.ManualCount, summary.Newest, policies.For(device.Id, device.Type, device.Tags, device.Site).ToRetention(), now))
            {
                candidates.Add(summary.Device);
            }
        }

        candidates.AddRange(vanished.Order(StringComparer.Ordinal));
        if (unreadable.Count == 0)
        {
            return candidates;
        }

        // Nothing is lost on devices that are looked at in vain, and the names of folders tell no device.
        var damaged = new List<string>();
        await foreach (var device in context.Catalog.QueryDeviceIdsAsync(cancellationToken).ConfigureAwait(false))
        {
            if (unreadable.ContainsKey(FolderOf(device)))
            {
                damaged.Add(device);
            }
        }

        return candidates.Union(damaged, StringComparer.Ordinal).ToList();
    }

    private async Task PlanAsync(
        RetentionGroup group, string device, List<CatalogBackup> backups, int unreadable, PolicyBook policies, int knownCount, string? exempt, CancellationToken cancellationToken)
    {
        if (unreadable > 0)
        {
            // A record that cannot be read may be any backup, the newest one too.
            observer.Warning($"{device}: nothing expires, because {unreadable} of its backup records cannot be read. Run Test-EdgeRepository.");
            return;
        }

        if (backups.Count == 0 && knownCount == 0)
        {
            // A device that never had a backup is no listing that has shrunk: there is nothing to warn of.
            return;
        }

        // The device's own log is the truth about protections; the catalog may be a moment behind.
        if (await TryGetStateAsync(device, cancellationToken).ConfigureAwait(false) is not { } state)
        {
            return;
        }

        // One that is no longer registered keeps the site and the tags that it had: no legal hold ends by that.
        var registration = state.LastRegistration;
        var policy = policies.For(device, registration?.Type ?? (backups.Count > 0 ? backups[0].DeviceType : null), registration?.Tags ?? [], registration?.Site);
        var subjects = backups
            .Select(backup => new RetentionSubject(backup.Id, device, backup.Kind, backup.Created, state.Protections.ContainsKey(backup.Id) || backup.Id == exempt, backup.Suspect.Count > 0))
            .ToList();
        var plan = RetentionPlanner.Plan(subjects, policy.ToRetention(), context.Clock.GetUtcNow(), new RetentionContext { KnownCount = knownCount });
        if (plan.Refusal is not null)
        {
            observer.Warning($"{device}: {plan.Refusal}.");
        }

        if (plan.Decisions.Count(decision => decision.IsHeld) is > 0 and var held)
        {
            observer.Warning($"{device}: {held} backups would have expired and are kept, because a policy puts a legal hold on the device.");
        }

        var byId = backups.ToDictionary(backup => backup.Id, StringComparer.Ordinal);
        group.Expired.AddRange(plan.Expire.Select(decision => new ExpiredBackup(byId[decision.Subject.Id], decision.Reason)));
        if (plan.LeavesNone.Any())
        {
            group.LeftWithout.Add(device);
            observer.Warning($"{device}: with this expiry the device is left without any backup. Take a new one, or keep some by Set-EdgeBackupPolicy -KeepLast.");
        }
    }

    /// <summary>Null, with a warning, where the device's log cannot be read whole.</summary>
    private async Task<DeviceState?> TryGetStateAsync(string device, CancellationToken cancellationToken)
    {
        try
        {
            return await context.Devices.GetAsync(device, cancellationToken).ConfigureAwait(false);
        }
        catch (EdgeBackupException exception) when (exception.ErrorId is ErrorIds.RepositoryDamaged or ErrorIds.RepositoryNotReadable)
        {
            observer.Warning(new UnreadableDevice(device, exception).KeepsBackups);
            return null;
        }
    }

    private async Task RemoveAsync(RetentionGroup group, bool whatIf, CancellationToken cancellationToken)
    {
        if (whatIf || group.Expired.Count == 0)
        {
            return;
        }

        await KeepWantedAsync(group, cancellationToken).ConfigureAwait(false);
        var gone = new ConcurrentDictionary<string, bool>(StringComparer.Ordinal);
        try
        {
            await context.Repository.DeleteBackupsAsync(group.Expired.ConvertAll(entry => entry.Backup.ObjectName), name => gone[name] = true, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            // What is gone is gone, though others could not be removed or nobody waits any more: that is noted.
            group.KeepAllBut(entry => gone.ContainsKey(entry.Backup.ObjectName));
            await NoteAsync(group).ConfigureAwait(false);
        }
    }

    /// <summary>Takes out what was protected, or put under a legal hold, since the group was planned: that may be thousands of backups ago, and the policies were read when the run began.</summary>
    private async Task KeepWantedAsync(RetentionGroup group, CancellationToken cancellationToken)
    {
        var policies = await PolicyBook.LoadAsync(context.Repository, cancellationToken).ConfigureAwait(false);
        var states = new ConcurrentDictionary<string, DeviceState?>(StringComparer.Ordinal);
        var options = new ParallelOptions { MaxDegreeOfParallelism = ParallelNotes, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(
            group.Expired.Select(entry => entry.Backup.Device).Distinct(StringComparer.Ordinal),
            options,
            async (device, token) => states[device] = await TryGetStateAsync(device, token).ConfigureAwait(false)).ConfigureAwait(false);
        group.KeepAllBut(entry =>
        {
            if (states[entry.Backup.Device] is not { } state)
            {
                return false;
            }

            var registration = state.LastRegistration;
            var reason = state.Protections.ContainsKey(entry.Backup.Id) ? "it was protected meanwhile"
                : policies.Unreadable.Count > 0 ? $"{policies.Unreadable.Count} of the policies cannot be read"
                : policies.For(entry.Backup.Device, registration?.Type ?? entry.Backup.DeviceType, registration?.Tags ?? [], registration?.Site).LegalHold ? "a legal hold was put on the device meanwhile"
                : null;
            if (reason is not null)
            {
                observer.Verbose($"{entry.Backup.Device}: the backup {entry.Backup.Id} stays; {reason}.");
            }

            return reason is null;
        });
    }

    private async Task NoteAsync(RetentionGroup group)
    {
        if (group.Expired.Count == 0)
        {
            return;
        }

        try
        {
            await context.Catalog.RemoveAsync(group.Expired.ConvertAll(entry => entry.Backup.ObjectName), CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is EdgeBackupException or IOException or SqliteException)
        {
            observer.Warning($"{group.Expired.Count} backups have expired, and the catalog could not be told: {exception.Message}");
        }

        var options = new ParallelOptions { MaxDegreeOfParallelism = ParallelNotes, CancellationToken = CancellationToken.None };
        await Parallel.ForEachAsync(group.Expired, options, async (entry, _) =>
        {
            observer.Verbose($"{entry.Backup.Device}: the backup {entry.Backup.Id} has expired: {entry.Reason}");
            await context.NoteAsync(observer, EdgeEventCategory.Retention, "Expired", entry.Reason, entry.Backup.Device, backup: entry.Backup.Id).ConfigureAwait(false);
        }).ConfigureAwait(false);
        foreach (var device in group.LeftWithout)
        {
            await context.NoteAsync(observer, EdgeEventCategory.Retention, "LeftWithoutBackup", "Retention removed the device's last backup.", device).ConfigureAwait(false);
        }
    }

    private async Task<List<CatalogBackup>> ListAsync(IReadOnlyCollection<string> devices, CancellationToken cancellationToken)
    {
        var backups = new List<CatalogBackup>();
        await foreach (var backup in context.Catalog.QueryBackupsAsync(new BackupQuery { Devices = devices }, cancellationToken).ConfigureAwait(false))
        {
            backups.Add(backup);
        }

        return backups;
    }

    private string FolderOf(string device) => CatalogFolders.FolderOf(context.Repository.BackupObjectName(device, "0"));

    /// <summary>What goes at once.</summary>
    private sealed class RetentionGroup
    {
        public List<ExpiredBackup> Expired { get; } = [];

        public List<string> LeftWithout { get; } = [];

        /// <summary>Lets the others stay; a device of which one stays is not left without.</summary>
        public void KeepAllBut(Func<ExpiredBackup, bool> goes)
        {
            var staying = Expired.ToLookup(goes)[false].ToHashSet();
            Expired.RemoveAll(staying.Contains);
            LeftWithout.RemoveAll(staying.Select(entry => entry.Backup.Device).ToHashSet(StringComparer.Ordinal).Contains);
        }
    }
}
