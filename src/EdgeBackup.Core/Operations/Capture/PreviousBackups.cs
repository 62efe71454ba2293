using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations.Repositories;

namespace EdgeBackup.Core.Operations.Capture;

/// <summary>The backups before one that is taken.</summary>
/// <param name="Newest">Its unchanged items are used again.</param>
/// <param name="SameContent">The newest of the same content: what "changed" is measured against.</param>
/// <param name="Good">The newest that is not suspect: what sizes are measured against.</param>
/// <param name="KnownCount">How many the catalog knew before it was refreshed.</param>
internal sealed record PreviousBackups(BackupRecord? Newest, BackupRecord? SameContent, BackupRecord? Good, int KnownCount)
{
    /// <summary>Finds them; one that cannot be read is warned of and left out.</summary>
    /// <param name="context">The repository.</param>
    /// <param name="observer">Takes the warning.</param>
    /// <param name="device">Whose.</param>
    /// <param name="content">Of the backup that is to be taken.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<PreviousBackups> FindAsync(
        RepositoryContext context, IOperationObserver observer, string device, BackupContent content, CancellationToken cancellationToken)
    {
        var known = await context.Catalog.CountBackupsAsync(device, cancellationToken).ConfigureAwait(false);
        await context.Catalog.RefreshBackupsAsync([device], cancellationToken).ConfigureAwait(false);
        CatalogBackup? newest = null;
        CatalogBackup? same = null;
        CatalogBackup? good = null;
        await foreach (var backup in context.Catalog.QueryBackupsAsync(new BackupQuery { Devices = [device] }, cancellationToken).ConfigureAwait(false))
        {
            newest ??= backup;
            good ??= backup.Suspect.Count == 0 ? backup : null;
            same ??= backup.Content == content ? backup : null;
            if (good is not null && same is not null)
            {
                break;
            }
        }

        var newestRecord = await ReadAsync(newest).ConfigureAwait(false);
        var sameRecord = same?.Id == newest?.Id ? newestRecord : await ReadAsync(same).ConfigureAwait(false);
        var goodRecord = good?.Id == newest?.Id ? newestRecord : good?.Id == same?.Id ? sameRecord : await ReadAsync(good).ConfigureAwait(false);
        return new PreviousBackups(newestRecord, sameRecord, goodRecord, known);

        async Task<BackupRecord?> ReadAsync(CatalogBackup? backup)
        {
            try
            {
                return backup is null ? null : await context.Repository.ReadBackupAsync(backup.ObjectName, cancellationToken).ConfigureAwait(false);
            }
            catch (EdgeBackupException exception) when (exception.ErrorId == ErrorIds.BackupDamaged)
            {
                observer.Warning($"{device}: the previous backup cannot be read, so everything is read from the device: {exception.Message}");
                return null;
            }
        }
    }
}
