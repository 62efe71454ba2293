using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Repository;

namespace EdgeBackup.Core.Operations;

/// <summary>Reads every byte of a backup: <c>Test-EdgeBackup</c>.</summary>
public sealed class VerifyBackup
{
    private readonly RepositoryContext context;
    private readonly IOperationObserver observer;

    public VerifyBackup(RepositoryContext context, IOperationObserver observer)
    {
        this.context = context;
        this.observer = observer;
    }

    /// <summary>Reads a backup, and notes for its device when one was last found whole.</summary>
    /// <returns>What is damaged; empty for nothing.</returns>
    /// <exception cref="EdgeBackupException">BackupDamaged: the record itself cannot be read.</exception>
    public async Task<IReadOnlyList<Damage>> RunAsync(CatalogBackup backup, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(backup);
        var record = await context.Repository.ReadBackupAsync(backup.ObjectName, cancellationToken).ConfigureAwait(false);
        var damage = await context.Repository.VerifyBackupAsync(record, cancellationToken).ConfigureAwait(false);
        if (damage.Count == 0)
        {
            await VerificationNotes.WriteAsync(context, observer, [backup.Device], cancellationToken).ConfigureAwait(false);
        }

        return damage;
    }
}
