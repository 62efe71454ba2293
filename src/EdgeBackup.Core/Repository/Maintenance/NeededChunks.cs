using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository.Backups;
using EdgeBackup.Core.Repository.Chain;

namespace EdgeBackup.Core.Repository.Maintenance;

/// <summary>
/// The chunks that some backup needs: those of its items, of its item list, and of the lists of ids above it. Where a
/// record or a list cannot be read, or a record is missing that the chain has, what is needed is not known.
/// </summary>
internal sealed class NeededChunks(RepositoryCore core)
{
    private const string Remedy = "Run Test-EdgeRepository to see what is damaged, and bring the object back from a copy of the repository.";

    private const string MissingRemedy =
        "Bring the record back from a copy of the repository; or, when it is meant to be gone, accept that with: Repair-EdgeRepository -AcceptRollback";

    /// <summary>Records that are in memory at a time: a fleet has them by the hundred thousand.</summary>
    private const int BatchSize = 4096;

    /// <summary>What is read is small and comes from the file system's memory or one disk: more readers only wait.</summary>
    private static readonly int Readers = Math.Clamp(Environment.ProcessorCount, 1, 8);

    private readonly HashSet<ChunkId> needed = [];
    private readonly HashSet<UInt128> records = [];
    private readonly HashSet<UInt128> lists = [];

    /// <summary>What should be there; null in a repository without a chain.</summary>
    private readonly ChainFold? fold = core.Chain is { } chain ? new ChainFold(chain.Store) : null;

    /// <summary>Why it is not known what is needed, one sentence for each record or item list that is missing or cannot be read; empty when it is.</summary>
    public List<string> Unknown { get; } = [];

    public bool Contains(ChunkId id) => needed.Contains(id);

    /// <summary>
    /// Reads the records that were not read before, and notes those that cannot be read or that the chain has and the store
    /// has not. Records that vanished meanwhile still count: that only delays.
    /// </summary>
    public async Task CollectAsync(CancellationToken cancellationToken)
    {
        Unknown.Clear();

        // Before the listing: what the chain has by now is listed, or was removed and the chain says so by then.
        await FollowAsync(cancellationToken).ConfigureAwait(false);
        var seen = new HashSet<UInt128>(records);
        var batch = new List<string>(BatchSize);
        await foreach (var entry in core.Store.ListAsync(BackupRecords.Folder, cancellationToken).ConfigureAwait(false))
        {
            if (!seen.Add(Fingerprint.Of(entry.Name)))
            {
                continue;
            }

            batch.Add(entry.Name);
            if (batch.Count == BatchSize)
            {
                await CollectAsync(batch, cancellationToken).ConfigureAwait(false);
                batch.Clear();
            }
        }

        await CollectAsync(batch, cancellationToken).ConfigureAwait(false);
        await FindMissingAsync(seen, cancellationToken).ConfigureAwait(false);
    }

    private async Task FindMissingAsync(HashSet<UInt128> seen, CancellationToken cancellationToken)
    {
        if (fold is null)
        {
            return;
        }

        var missing = new List<string>();
        foreach (var batch in (await fold.FindBackupsAsync(seen, cancellationToken).ConfigureAwait(false)).Chunk(BatchSize))
        {
            missing.AddRange(await CollectAsync(batch, cancellationToken).ConfigureAwait(false));
        }

        if (missing.Count == 0)
        {
            return;
        }

        await FollowAsync(cancellationToken).ConfigureAwait(false);
        Unknown.AddRange(missing.Where(name => fold.StateOf(name) == ChainedState.Live).Select(name =>
            $"Nothing was freed: the backup record '{name}' is missing, and the chain of records does not say that it was removed; what it needs must stay, so that it can come back. {MissingRemedy}"));
    }

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        if (fold is not null && await core.Chain!.RefreshAsync(cancellationToken).ConfigureAwait(false) is { } head && core.Chain.Notice is null)
        {
            await fold.ReadAsync(head, cancellationToken).ConfigureAwait(false);
        }
        else if (core.Chain?.Notice is { } notice)
        {
            Unknown.Add($"Nothing was freed: {notice}, so it is not known which backups there should be. {Remedy}");
        }
    }

    /// <returns>Those that are not there.</returns>
    private async Task<List<string>> CollectAsync(IReadOnlyList<string> names, CancellationToken cancellationToken)
    {
        var options = new ParallelOptions { MaxDegreeOfParallelism = Readers, CancellationToken = cancellationToken };
        var read = new (BackupRecord? Record, string? Fault)[names.Count];
        await Parallel.ForAsync(0, names.Count, options, async (index, token) =>
        {
            try
            {
                read[index] = (await core.TryOpenAsync(names[index], RepositoryJson.Default.BackupRecord, token).ConfigureAwait(false), null);
            }
            catch (Exception exception) when (ObjectDamagedException.IsMeantBy(exception))
            {
                read[index] = (null, Describe(exception));
            }
        }).ConfigureAwait(false);

        // Unchanged backups share their list.
        var groups = Enumerable.Range(0, names.Count)
            .Where(index => read[index].Record is not null)
            .GroupBy(index => Fingerprint.Of(read[index].Record!.Manifest))
            .ToList();
        var faults = new Dictionary<UInt128, string>();
        await Parallel.ForEachAsync(groups.Where(group => !lists.Contains(group.Key)).ToList(), options, async (group, token) =>
        {
            try
            {
                await CollectAsync(read[group.First()].Record!, token).ConfigureAwait(false);
            }
            catch (Exception exception) when (ObjectDamagedException.IsMeantBy(exception))
            {
                lock (faults)
                {
                    faults.Add(group.Key, Describe(exception));
                }
            }
        }).ConfigureAwait(false);

        foreach (var group in groups.Where(group => !faults.ContainsKey(group.Key)))
        {
            lists.Add(group.Key);
            records.UnionWith(group.Select(index => Fingerprint.Of(names[index])));
        }

        Unknown.AddRange(Enumerable.Range(0, names.Count).Where(index => read[index].Fault is not null).Select(index =>
            $"Nothing was freed: the backup record '{names[index]}' cannot be read ({read[index].Fault}), so it is not known what it needs. {Remedy}"));
        foreach (var group in groups.Where(group => faults.ContainsKey(group.Key)))
        {
            Unknown.AddRange(group.Select(index => read[index].Record!).Select(record =>
                $"Nothing was freed: the item list of the backup '{record.Id}' of '{record.Device}' cannot be read ({faults[group.Key]}), so it is not known what it needs. {Remedy}"));
        }

        return [.. Enumerable.Range(0, names.Count).Where(index => read[index] is (null, null)).Select(index => names[index])];
    }

    /// <summary>A disk that cannot read a sector is damage as well.</summary>
    private static string Describe(Exception exception) =>
        exception is ObjectDamagedException damage ? $"'{damage.ObjectName}': {damage.Reason}" : exception.Message;

    private async Task CollectAsync(BackupRecord record, CancellationToken cancellationToken)
    {
        var found = new List<ChunkId>();
        await foreach (var id in ManifestReader.ReadChunkIdsAsync(core, record.Manifest, leavesOnly: false, cancellationToken).ConfigureAwait(false))
        {
            found.Add(id);
        }

        await foreach (var item in ManifestReader.ReadAsync(core, record.Manifest, cancellationToken).ConfigureAwait(false))
        {
            found.AddRange(item.Chunks);
        }

        lock (needed)
        {
            needed.UnionWith(found);
        }
    }
}
