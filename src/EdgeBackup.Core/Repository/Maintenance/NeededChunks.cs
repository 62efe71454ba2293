using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository.Backups;
using EdgeBackup.Core.Repository.Stores;

namespace EdgeBackup.Core.Repository.Maintenance;

/// <summary>
/// The chunks that some backup needs: those of its items, of its item list, and of the lists of ids above it. Where a
/// record or a list cannot be read, what is needed is not known.
/// </summary>
internal sealed class NeededChunks(RepositoryCore core)
{
    private const string Remedy = "Run Test-EdgeRepository to see what is damaged, and bring the object back from a copy of the repository.";

    private readonly HashSet<ChunkId> needed = [];
    private readonly HashSet<UInt128> records = [];
    private readonly HashSet<UInt128> lists = [];

    /// <summary>Why it is not known what is needed, one sentence for each record or item list that cannot be read; empty when it is.</summary>
    public List<string> Unknown { get; } = [];

    public bool Contains(ChunkId id) => needed.Contains(id);

    /// <summary>
    /// Reads the records that were not read before, and notes those that cannot be read. Records that vanished meanwhile
    /// still count: that only delays.
    /// </summary>
    public async Task CollectAsync(CancellationToken cancellationToken)
    {
        Unknown.Clear();
        await foreach (var entry in core.Store.ListAsync("backups/", cancellationToken).ConfigureAwait(false))
        {
            var fingerprint = Fingerprint.Of(entry.Name);
            if (records.Contains(fingerprint))
            {
                continue;
            }

            BackupRecord? record = null;
            try
            {
                record = await core.TryOpenAsync(entry.Name, RepositoryJson.Default.BackupRecord, cancellationToken).ConfigureAwait(false);
                if (record is not null)
                {
                    await CollectAsync(record, cancellationToken).ConfigureAwait(false);
                    records.Add(fingerprint);
                }
            }
            catch (Exception exception) when (exception is ObjectDamagedException || GuardedStore.IsNotReadable(exception))
            {
                // A disk that cannot read a sector is damage as well.
                var why = exception is ObjectDamagedException damage ? $"'{damage.ObjectName}': {damage.Reason}" : exception.Message;
                Unknown.Add(record is null
                    ? $"Nothing was freed: the backup record '{entry.Name}' cannot be read ({why}), so it is not known what it needs. {Remedy}"
                    : $"Nothing was freed: the item list of the backup '{record.Id}' of '{record.Device}' cannot be read ({why}), so it is not known what it needs. {Remedy}");
            }
        }
    }

    private async Task CollectAsync(BackupRecord record, CancellationToken cancellationToken)
    {
        // Unchanged backups share their list.
        var list = Fingerprint.Of(record.Manifest);
        if (lists.Contains(list))
        {
            return;
        }

        await foreach (var id in ManifestReader.ReadChunkIdsAsync(core, record.Manifest, leavesOnly: false, cancellationToken).ConfigureAwait(false))
        {
            needed.Add(id);
        }

        await foreach (var item in ManifestReader.ReadAsync(core, record.Manifest, cancellationToken).ConfigureAwait(false))
        {
            needed.UnionWith(item.Chunks);
        }

        lists.Add(list);
    }
}
