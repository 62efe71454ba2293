using System.Runtime.CompilerServices;
using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Operations.Restore;

namespace EdgeBackup.Core.Operations;

/// <summary>Lists what is in a backup: <c>Get-EdgeBackupItem</c>.</summary>
public sealed class FindBackupItems
{
    private readonly RepositoryContext context;

    public FindBackupItems(RepositoryContext context) => this.context = context;

    /// <summary>Lists items by path, streamed; folders that hold other items are not items.</summary>
    /// <param name="backup">The backup.</param>
    /// <param name="paths">Literal paths or wildcards; empty for all.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="Errors.EdgeBackupException">BackupDamaged; ItemPathInvalid: a literal path is not in the backup.</exception>
    public async IAsyncEnumerable<SavedItem> RunAsync(CatalogBackup backup, IReadOnlyList<string> paths, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var reading = await context.Repository.BeginReadAsync(cancellationToken).ConfigureAwait(false);
        await using var lease = reading.ConfigureAwait(false);
        var record = await context.Repository.ReadBackupAsync(backup.ObjectName, cancellationToken).ConfigureAwait(false);
        var filter = new ItemPathFilter(paths);
        await foreach (var saved in context.Repository.ReadItemsAsync(record, cancellationToken).ConfigureAwait(false))
        {
            if (!saved.Item.IsContainer && filter.Includes(saved.Item))
            {
                yield return saved;
            }
        }

        filter.CheckAllUsed(record);
    }
}
