using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository.Backups;

namespace EdgeBackup.Core.Repository.Maintenance;

/// <summary>Reads every byte of one backup.</summary>
internal static class BackupVerifier
{
    public static Task<IReadOnlyList<Damage>> RunAsync(RepositoryCore core, BackupRecord record, CancellationToken cancellationToken) =>
        RunAsync(core, record, _ => true, cancellationToken);

    /// <param name="core">The repository.</param>
    /// <param name="record">The backup; it need not be recorded yet.</param>
    /// <param name="isOfInterest">Told a path: whether to read the bytes of the item. The item list is read in any case.</param>
    /// <param name="cancellationToken">Stops.</param>
    public static async Task<IReadOnlyList<Damage>> RunAsync(RepositoryCore core, BackupRecord record, Predicate<string> isOfInterest, CancellationToken cancellationToken)
    {
        var damage = new List<Damage>();
        var buffer = new byte[Chunks.Chunker.MaximumSize];
        try
        {
            await foreach (var item in ManifestReader.ReadAsync(core, record.Manifest, cancellationToken).ConfigureAwait(false))
            {
                if (isOfInterest(item.Item.Path) && await FindDamageAsync(core, record, item, buffer, cancellationToken).ConfigureAwait(false) is { } found)
                {
                    damage.Add(found);
                }
            }
        }
        catch (ObjectDamagedException exception)
        {
            damage.Add(new Damage(exception.ObjectName, record.Device, record.Id, null, $"the item list cannot be read: {exception.Reason}"));
        }

        return damage;
    }

    private static async Task<Damage?> FindDamageAsync(RepositoryCore core, BackupRecord record, SavedItem item, byte[] buffer, CancellationToken cancellationToken)
    {
        if (item.Digest is null)
        {
            return null;
        }

        var stream = new ItemStream(core, record, item);
        await using (stream.ConfigureAwait(false))
        {
            try
            {
                while (await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false) > 0)
                {
                }

                return null;
            }
            catch (EdgeBackupException exception) when (exception.InnerException is ObjectDamagedException cause)
            {
                return new Damage(cause.ObjectName, record.Device, record.Id, item.Item.Path, cause.Reason);
            }
        }
    }
}
