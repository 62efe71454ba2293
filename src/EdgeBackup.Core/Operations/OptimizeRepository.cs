using EdgeBackup.Core.Catalog;
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
    /// <param name="cancellationToken">Stops between two groups of devices; what went is gone, what stays is whole.</param>
    public async Task<OptimizeOutcome> RunAsync(bool whatIf, CancellationToken cancellationToken)
    {
        var known = new Dictionary<string, int>(StringComparer.Ordinal);
        await foreach (var summary in context.Catalog.SummarizeBackupsAsync(cancellationToken).ConfigureAwait(false))
        {
            known[summary.Device] = summary.Count;
        }

        await context.Repository.FollowRecordsAsync(cancellationToken).ConfigureAwait(false);
        await context.Catalog.RefreshDevicesAsync(cancellationToken).ConfigureAwait(false);
        var problems = await context.Catalog.RefreshBackupsAsync(devices: null, cancellationToken).ConfigureAwait(false);
        var unreadable = problems
            .GroupBy(problem => CatalogFolders.FolderOf(problem.Target ?? ""), StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.Count(), StringComparer.Ordinal);
        var policies = await PolicyBook.LoadAsync(context.Repository, observer.Warning, cancellationToken).ConfigureAwait(false);
        var expired = await new ApplyRetention(context, observer).RunAllAsync(policies, whatIf, known, unreadable, cancellationToken).ConfigureAwait(false);

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
