using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations.Repositories;

namespace EdgeBackup.Core.Operations;

/// <summary>
/// Settles which of two processes keeps a name that both gave to a device's backup at the same moment. The record with the
/// larger id gives way at once; the one with the smaller id gives way only to one that stays, since that one was
/// acknowledged before. So a name is never acknowledged twice, and nothing that was acknowledged is ever taken back.
/// </summary>
internal sealed class ManualNameClaim
{
    /// <summary>
    /// So often a rival is looked at until it is taken for one that stays: for some ten seconds. Counted, since on a busy
    /// machine giving way takes longer, and so does every look.
    /// </summary>
    private const int Looks = 50;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly RepositoryContext context;

    public ManualNameClaim(RepositoryContext context) => this.context = context;

    /// <summary>Keeps the name or gives way.</summary>
    /// <param name="record">Just written and not yet acknowledged.</param>
    /// <exception cref="EdgeBackupException">BackupNameInUse: another backup has the name; this one is taken back.</exception>
    public async Task SettleAsync(BackupRecord record)
    {
        for (var look = 1; await FindRivalAsync(record).ConfigureAwait(false) is { } rival; look++)
        {
            var givesWay = string.CompareOrdinal(rival.Id, record.Id) < 0 || look >= Looks;
            if (givesWay)
            {
                await context.Repository.DeleteBackupsAsync([context.Repository.BackupObjectName(record.Device, record.Id)], CancellationToken.None).ConfigureAwait(false);
                throw new EdgeBackupException(
                    ErrorIds.BackupNameInUse,
                    $"The device '{record.Device}' got a manual backup named '{rival.Name}' from another process at the same moment; this one was taken back. Give another name.",
                    record.Name);
            }

            await Task.Delay(Pause, context.Clock).ConfigureAwait(false);
        }
    }

    private async Task<CatalogBackup?> FindRivalAsync(BackupRecord record)
    {
        await context.Catalog.RefreshBackupsAsync([record.Device], CancellationToken.None).ConfigureAwait(false);
        var query = new BackupQuery { Devices = [record.Device], Kinds = [BackupKind.Manual] };
        await foreach (var backup in context.Catalog.QueryBackupsAsync(query, CancellationToken.None).ConfigureAwait(false))
        {
            if (backup.Id != record.Id && string.Equals(backup.Name, record.Name, StringComparison.OrdinalIgnoreCase))
            {
                return backup;
            }
        }

        return null;
    }
}
