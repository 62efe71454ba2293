using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Retention;

namespace EdgeBackup.Core.Operations;

/// <summary>A backup that retention removed, or would remove.</summary>
/// <param name="Backup">The backup.</param>
/// <param name="Reason">One sentence.</param>
public sealed record ExpiredBackup(CatalogBackup Backup, string Reason);

/// <summary>Removes the backups that R9 lets go: after each backup for its device, and for all by Optimize-EdgeRepository.</summary>
public sealed class ApplyRetention
{
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
        knownCount ??= await context.Catalog.CountBackupsAsync(device, cancellationToken).ConfigureAwait(false);
        var problems = await context.Catalog.RefreshBackupsAsync([device], cancellationToken).ConfigureAwait(false);
        var backups = new List<CatalogBackup>();
        await foreach (var backup in context.Catalog.QueryBackupsAsync(new BackupQuery { Devices = [device] }, cancellationToken).ConfigureAwait(false))
        {
            backups.Add(backup);
        }

        if (problems.Count > 0)
        {
            // A record that cannot be read may be any backup, the newest one too.
            observer.Warning($"{device}: nothing expires, because {problems.Count} of its backup records cannot be read. Run Test-EdgeRepository.");
            return [];
        }

        if (backups.Count == 0 && knownCount == 0)
        {
            // A device that never had a backup is no listing that has shrunk: there is nothing to warn of.
            return [];
        }

        // The device's own log is the truth about protections; the catalog may be a moment behind.
        var state = await context.Devices.GetAsync(device, cancellationToken).ConfigureAwait(false);
        var policy = policies.For(device, state.Registration?.Type ?? backups.FirstOrDefault()?.DeviceType, state.Registration?.Tags ?? []);
        var subjects = backups
            .Select(backup => new RetentionSubject(backup.Id, device, backup.Kind, backup.Created, state.Protections.ContainsKey(backup.Id) || backup.Id == exempt))
            .ToList();
        var plan = RetentionPlanner.Plan(subjects, policy.ToRetention(), context.Clock.GetUtcNow(), new RetentionContext { KnownCount = knownCount });
        if (plan.Refusal is not null)
        {
            observer.Warning($"{device}: {plan.Refusal}.");
        }

        var byId = backups.ToDictionary(backup => backup.Id, StringComparer.Ordinal);
        var expired = plan.Expire.Select(decision => new ExpiredBackup(byId[decision.Subject.Id], decision.Reason)).ToList();
        if (expired.Count == 0)
        {
            return expired;
        }

        var leavesNone = plan.LeavesNone.Any();
        if (leavesNone)
        {
            observer.Warning($"{device}: with this expiry the device is left without any backup. Take a new one, or keep some by Set-EdgeBackupPolicy -KeepLast.");
        }

        if (whatIf)
        {
            return expired;
        }

        await context.Repository.DeleteBackupsAsync(expired.Select(entry => entry.Backup.ObjectName).ToList(), cancellationToken).ConfigureAwait(false);
        await context.Catalog.RefreshBackupsAsync([device], cancellationToken).ConfigureAwait(false);
        foreach (var entry in expired)
        {
            observer.Verbose($"{device}: the backup {entry.Backup.Id} has expired: {entry.Reason}");
            await context.NoteAsync(observer, EdgeEventCategory.Retention, "Expired", entry.Reason, device, backup: entry.Backup.Id).ConfigureAwait(false);
        }

        if (leavesNone)
        {
            await context.NoteAsync(observer, EdgeEventCategory.Retention, "LeftWithoutBackup", "Retention removed the device's last backup.", device).ConfigureAwait(false);
        }

        return expired;
    }
}
