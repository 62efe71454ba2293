using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Repository;

namespace EdgeBackup.Core.Operations;

/// <summary>What an optimization did, or would do.</summary>
/// <param name="Expired">Backups that retention removed.</param>
/// <param name="Reclaim">Space that was freed, and what had to stay.</param>
public sealed record OptimizeOutcome(IReadOnlyList<ExpiredBackup> Expired, ReclaimReport Reclaim);

/// <summary>Applies retention to all devices and frees space: <c>Optimize-EdgeRepository</c>.</summary>
public sealed class OptimizeRepository
{
    private readonly RepositoryContext context;
    private readonly IOperationObserver observer;

    public OptimizeRepository(RepositoryContext context, IOperationObserver observer)
    {
        this.context = context;
        this.observer = observer;
    }

    /// <summary>Expires and frees.</summary>
    /// <param name="whatIf">Tell what would happen; write and delete nothing.</param>
    /// <param name="cancellationToken">Stops between two devices; what went is gone, what stays is whole.</param>
    public async Task<OptimizeOutcome> RunAsync(bool whatIf, CancellationToken cancellationToken)
    {
        var known = new Dictionary<string, int>(StringComparer.Ordinal);
        await foreach (var device in context.Catalog.QueryDeviceIdsAsync(cancellationToken).ConfigureAwait(false))
        {
            known[device] = await context.Catalog.CountBackupsAsync(device, cancellationToken).ConfigureAwait(false);
        }

        await context.Catalog.RefreshDevicesAsync(cancellationToken).ConfigureAwait(false);
        await context.Catalog.RefreshBackupsAsync(devices: null, cancellationToken).ConfigureAwait(false);
        var devices = new List<string>();
        await foreach (var device in context.Catalog.QueryDeviceIdsAsync(cancellationToken).ConfigureAwait(false))
        {
            devices.Add(device);
        }

        var policies = await PolicyBook.LoadAsync(context.Repository, cancellationToken).ConfigureAwait(false);
        var retention = new ApplyRetention(context, observer);
        var expired = new List<ExpiredBackup>();
        for (var index = 0; index < devices.Count; index++)
        {
            observer.Progress(new OperationProgress("Optimizing the repository", $"retention of {devices[index]}", index, devices.Count));
            expired.AddRange(await retention.RunAsync(devices[index], policies, whatIf, known.GetValueOrDefault(devices[index]), cancellationToken).ConfigureAwait(false));
        }

        observer.Progress(new OperationProgress("Optimizing the repository", "freeing space"));
        var reclaim = await context.Repository.ReclaimAsync(new ReclaimOptions(whatIf), cancellationToken).ConfigureAwait(false);
        foreach (var left in reclaim.Left)
        {
            if (reclaim.IsStoppedByDamage)
            {
                observer.Warning($"No space was freed: {left}");
            }
            else
            {
                observer.Verbose(left);
            }
        }

        return new OptimizeOutcome(expired, reclaim);
    }
}
