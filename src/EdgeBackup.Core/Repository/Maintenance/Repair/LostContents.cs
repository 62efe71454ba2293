using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository.Backups;

namespace EdgeBackup.Core.Repository.Maintenance.Repair;

/// <summary>Finds what backups lack.</summary>
internal static class LostContents
{
    /// <param name="core">The repository.</param>
    /// <param name="backups">Device and id of the backups that damage touched.</param>
    /// <param name="chunks">Knows what stands whole.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<List<LostContent>> FindAsync(
        RepositoryCore core, IEnumerable<(string Device, string Backup)> backups, ChunkMender chunks, CancellationToken cancellationToken)
    {
        var lost = new List<LostContent>();
        foreach (var (device, backup) in backups)
        {
            try
            {
                var name = BackupRecords.ToName(core, device, backup);
                if (await core.TryOpenAsync(name, RepositoryJson.Default.BackupRecord, cancellationToken).ConfigureAwait(false) is { } record)
                {
                    await FindAsync(core, record, chunks, lost, cancellationToken).ConfigureAwait(false);
                }
            }
            catch (Exception exception) when (ObjectDamagedException.IsMeantBy(exception))
            {
                // The record itself is damaged, or the list above the lost part cannot be read: verification names it.
            }
        }

        return lost;
    }

    private static async Task FindAsync(RepositoryCore core, BackupRecord record, ChunkMender chunks, List<LostContent> lost, CancellationToken cancellationToken)
    {
        // The lists above are read only when their own chunks are there.
        var list = record.Manifest.Chunks.Where(id => !chunks.IsWhole(id)).ToList();
        if (list.Count == 0)
        {
            await foreach (var id in ManifestReader.ReadChunkIdsAsync(core, record.Manifest, leavesOnly: false, cancellationToken).ConfigureAwait(false))
            {
                if (!chunks.IsWhole(id))
                {
                    list.Add(id);
                }
            }
        }

        if (list.Count > 0)
        {
            lost.Add(new LostContent(record.Device, record.Id, record.Content, Path: null, Digest: null, list));
            return;
        }

        await foreach (var item in ManifestReader.ReadAsync(core, record.Manifest, cancellationToken).ConfigureAwait(false))
        {
            var missing = item.Chunks.Where(id => !chunks.IsWhole(id)).ToList();
            if (missing.Count > 0)
            {
                lost.Add(new LostContent(record.Device, record.Id, record.Content, item.Item.Path, item.Digest, missing));
            }
        }
    }
}
