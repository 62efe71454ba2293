using EdgeBackup.Core.Repository.Backups;
using EdgeBackup.Core.Repository.Keys;
using EdgeBackup.Core.Repository.Maintenance;

namespace EdgeBackup.Core.Repository.Chain;

/// <summary>
/// Maintenance of the chain: takes in records whose writer died before it could name them, finishes removals that were
/// interrupted, and now and then sums the entries up, so that old ones can go.
/// </summary>
internal sealed class ChainKeeper(RepositoryCore core, RecordChain chain)
{
    /// <summary>Entries, and names against live ones, from which summing up pays.</summary>
    public const int ManyEntries = 1000;

    private const int NamesShare = 4;
    private const int HistoryLength = 10_000;
    private const int AdoptBatch = 1000;
    private const int HashSize = 32;

    /// <returns>What could not be done, one sentence each.</returns>
    /// <exception cref="Errors.EdgeBackupException">RepositoryNotWritable, RepositoryDamaged.</exception>
    public async Task<IReadOnlyList<string>> RunAsync(CancellationToken cancellationToken)
    {
        await chain.RefreshAsync(cancellationToken).ConfigureAwait(false);
        chain.ThrowIfRefused();
        var fold = new ChainFold(chain.Store);
        await fold.ReadAsync(chain.Head!, cancellationToken).ConfigureAwait(false);
        if (fold.Damage.Count > 0)
        {
            return [.. fold.Damage.Select(damage => $"The chain of records is damaged ('{damage.ObjectName}': {damage.Reason}); it was left as it is. Run Test-EdgeRepository.")];
        }

        var left = await MendAsync(fold, cancellationToken).ConfigureAwait(false);
        if (chain.Head!.Sequence - fold.First > ManyEntries && fold.NamesBehindSnapshot * NamesShare > fold.LiveCount)
        {
            await SumUpAsync(fold, missing: null, cancellationToken).ConfigureAwait(false);
        }

        await DropOldAsync(cancellationToken).ConfigureAwait(false);
        return left;
    }

    /// <summary>Sums up whatever the counts are; for tests.</summary>
    internal async Task SumUpNowAsync(CancellationToken cancellationToken)
    {
        var fold = new ChainFold(chain.Store);
        await SumUpAsync(fold, missing: null, cancellationToken).ConfigureAwait(false);
        await DropOldAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Takes it for good that records are missing: sums the entries up without them.</summary>
    /// <param name="missing">Names of records that the store has not.</param>
    /// <param name="cancellationToken">Stops before anything is written.</param>
    /// <returns>Those of them that the chain still missed; none, and nothing written, where the chain itself is damaged.</returns>
    /// <exception cref="Errors.EdgeBackupException">RepositoryDamaged: something speaks against the state of the store.</exception>
    public Task<IReadOnlyList<string>> AcceptAsync(IReadOnlySet<string> missing, CancellationToken cancellationToken) =>
        SumUpAsync(new ChainFold(chain.Store), missing, cancellationToken);

    private async Task<List<string>> MendAsync(ChainFold fold, CancellationToken cancellationToken)
    {
        var left = new List<string>();
        var adopted = new List<string>();
        var finished = new List<string>();
        foreach (var folder in ChainCheck.Folders)
        {
            await foreach (var entry in core.Store.ListAsync(folder, cancellationToken).ConfigureAwait(false))
            {
                switch (fold.StateOf(entry.Name))
                {
                    case ChainedState.Unknown or ChainedState.Returning when folder != KeyObject.Folder && await IsOursAsync(entry.Name, cancellationToken).ConfigureAwait(false):
                        adopted.Add(entry.Name);
                        break;
                    case ChainedState.Removing:
                        finished.Add(entry.Name);
                        break;
                    case ChainedState.Removed:
                        left.Add($"'{entry.Name}' was removed, and somebody has put it back; it was left as it is. Run Test-EdgeRepository.");
                        break;
                    default:
                        break;
                }
            }
        }

        foreach (var batch in adopted.Chunk(AdoptBatch))
        {
            await chain.AppendAsync(ChainChange.Add(batch)).ConfigureAwait(false);

            // What was written, named and removed again by others while this listed the store.
            await core.Returns!.TakeBackMissingAsync(batch).ConfigureAwait(false);
        }

        foreach (var name in finished)
        {
            // It may have been written again since the chain was read.
            var head = await chain.RefreshAsync(cancellationToken).ConfigureAwait(false);
            chain.ThrowIfRefused();
            await fold.ReadAsync(head!, cancellationToken).ConfigureAwait(false);
            if (fold.Damage.Count == 0 && fold.StateOf(name) == ChainedState.Removing)
            {
                await core.Store.DeleteAsync(name, cancellationToken).ConfigureAwait(false);
                await core.Returns!.SettleAsync(head!.Position, [name]).ConfigureAwait(false);
                chain.NoteRemoved([name]);
            }
        }

        return left;
    }

    private async Task<bool> IsOursAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            return await core.TryOpenAsync(name, cancellationToken).ConfigureAwait(false) is not null;
        }
        catch (Exception exception) when (ObjectDamagedException.IsMeantBy(exception))
        {
            // Verification names it.
            return false;
        }
    }

    /// <param name="fold">What the entries add up to.</param>
    /// <param name="missing">Names that are live no more; null to sum up whatever there is.</param>
    /// <param name="cancellationToken">Stops before anything is written.</param>
    /// <returns>Those of the missing names that were live.</returns>
    private async Task<IReadOnlyList<string>> SumUpAsync(ChainFold fold, IReadOnlySet<string>? missing, CancellationToken cancellationToken)
    {
        while (true)
        {
            var head = await chain.RefreshAsync(cancellationToken).ConfigureAwait(false);
            chain.ThrowIfRefused();
            await fold.ReadAsync(head!, cancellationToken).ConfigureAwait(false);
            if (fold.Damage.Count > 0)
            {
                return [];
            }

            var nothing = new HashSet<UInt128>();
            var live = await fold.FindAsync(ChainedState.Live, nothing, cancellationToken).ConfigureAwait(false);
            var isLost = live.Select(entry => entry.Name).ToLookup(name => missing?.Contains(name) == true);
            var lost = isLost[true].Order(StringComparer.Ordinal).ToList();
            if (missing is not null && lost.Count == 0)
            {
                return [];
            }

            var removing = await fold.FindAsync(ChainedState.Removing, nothing, cancellationToken).ConfigureAwait(false);
            var history = await ReadHistoryAsync(head!, cancellationToken).ConfigureAwait(false);
            var state = ToState(isLost[false]) with
            {
                Removing = removing.Count == 0 ? null : [.. removing.Select(entry => entry.Name)],
                From = head!.Sequence - (history.Length / HashSize) + 1,
                Hashes = Convert.ToBase64String(history),
            };

            // Without any valid key, not even one that is brought back would open it.
            var keys = head.Keys.Where(id => !lost.Contains(KeyObject.ToName(id))).ToList();
            ChainEntry Fill(ChainEntry entry) => entry with
            {
                State = state,
                Keys = keys.Count == 0 ? head.Keys : keys,
                Accepted = lost.Count == 0 ? null : new AcceptedState("Records are missing", lost),
            };
            if (await chain.Snapshots.TryWriteAsync(head, Fill).ConfigureAwait(false))
            {
                return lost;
            }
        }
    }

    /// <summary>Groups names by their folders.</summary>
    public static ChainState ToState(IEnumerable<string> names)
    {
        var live = new SortedDictionary<string, List<string>>(StringComparer.Ordinal);
        foreach (var name in names.Order(StringComparer.Ordinal))
        {
            var end = name.LastIndexOf('/') + 1;
            if (!live.TryGetValue(name[..end], out var folder))
            {
                live[name[..end]] = folder = [];
            }

            folder.Add(name[end..]);
        }

        return ChainState.Empty with { Live = live };
    }

    /// <summary>The hashes of the entries up to the given one, as many as are known and kept.</summary>
    private async Task<byte[]> ReadHistoryAsync(ChainHead head, CancellationToken cancellationToken)
    {
        var (snapshot, _) = await chain.Store.ReadAsync(head.Snapshot, cancellationToken).ConfigureAwait(false)
            ?? throw new ObjectDamagedException(chain.Store.ToName(head.Snapshot), "it is missing");
        var hashes = new List<byte[]>(Convert.FromBase64String(snapshot.State?.Hashes ?? "").Chunk(HashSize));
        await chain.Store.ReadAllAsync(
            head.Snapshot,
            head.Sequence,
            (sequence, read, damage) =>
            {
                hashes.Add(Convert.FromHexString(read?.Hash ?? throw damage ?? new ObjectDamagedException(chain.Store.ToName(sequence), "it is missing")));
                return true;
            },
            cancellationToken).ConfigureAwait(false);
        return [.. hashes.TakeLast(HistoryLength).SelectMany(hash => hash)];
    }

    /// <summary>From the oldest on: writers rely on that order.</summary>
    private async Task DropOldAsync(CancellationToken cancellationToken)
    {
        var snapshot = chain.Head!.Snapshot;
        foreach (var sequence in (await chain.Store.ListAsync(cancellationToken).ConfigureAwait(false)).Where(sequence => sequence < snapshot))
        {
            await core.Store.DeleteAsync(chain.Store.ToName(sequence), cancellationToken).ConfigureAwait(false);
        }
    }
}
