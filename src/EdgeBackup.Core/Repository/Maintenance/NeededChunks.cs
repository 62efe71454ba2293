using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository.Backups;

namespace EdgeBackup.Core.Repository.Maintenance;

/// <summary>The chunks that some backup needs: those of its items, of its item list, and of the lists of ids above it.</summary>
internal sealed class NeededChunks(RepositoryCore core)
{
    private readonly HashSet<ChunkId> needed = [];
    private readonly HashSet<string> records = [];
    private readonly HashSet<string> lists = [];

    public bool Contains(ChunkId id) => needed.Contains(id);

    /// <summary>
    /// Reads the records that were not read before. Records that vanished meanwhile still count: that only delays.
    /// </summary>
    /// <exception cref="ObjectDamagedException">A record or an item list cannot be read, so that what is needed is not known.</exception>
    public async Task CollectAsync(CancellationToken cancellationToken)
    {
        await foreach (var entry in core.Store.ListAsync("backups/", cancellationToken).ConfigureAwait(false))
        {
            if (records.Contains(entry.Name)
                || await core.TryOpenAsync(entry.Name, RepositoryJson.Default.BackupRecord, cancellationToken).ConfigureAwait(false) is not { } record)
            {
                continue;
            }

            // Unchanged backups share their list.
            if (lists.Add($"{record.Manifest.Depth}:{string.Join(',', record.Manifest.Chunks)}"))
            {
                await CollectAsync(record, cancellationToken).ConfigureAwait(false);
            }

            records.Add(entry.Name);
        }
    }

    private async Task CollectAsync(BackupRecord record, CancellationToken cancellationToken)
    {
        await foreach (var id in ManifestReader.ReadChunkIdsAsync(core, record.Manifest, leavesOnly: false, cancellationToken).ConfigureAwait(false))
        {
            needed.Add(id);
        }

        await foreach (var item in ManifestReader.ReadAsync(core, record.Manifest, cancellationToken).ConfigureAwait(false))
        {
            needed.UnionWith(item.Chunks);
        }
    }
}
