using EdgeBackup.Core.Repository.Backups;

namespace EdgeBackup.Core.Repository.Chain;

/// <summary>
/// Writes the entries that need none before them: the first one, one that sums up all before it, and one that takes the
/// present state for good.
/// </summary>
internal sealed class ChainSnapshots(RepositoryCore core, ChainStore store, ChainSight sight, ChainEntries entries)
{
    /// <summary>Writes the first entry of a new repository.</summary>
    public async Task BeginAsync(IReadOnlyList<string> keys, CancellationToken cancellationToken)
    {
        var entry = entries.New(1, null) with { Snapshot = 1, Keys = keys, Added = [.. keys.Select(Repository.Keys.KeyObject.ToName)], State = ChainState.Empty };
        var (content, hash) = entries.Seal(entry);
        await core.Store.PutAsync(store.ToName(1), content, cancellationToken).ConfigureAwait(false);
        sight.MoveTo(new ChainHead(1, hash, 1, keys));
    }

    /// <summary>Writes an entry that sums up all before it, unless somebody was faster.</summary>
    /// <param name="behind">The entry that it follows.</param>
    /// <param name="fill">Adds the state.</param>
    /// <returns>False when another entry came first.</returns>
    public async Task<bool> TryWriteAsync(ChainHead behind, Func<ChainEntry, ChainEntry> fill)
    {
        var sequence = behind.Sequence + 1;
        var entry = fill(entries.New(sequence, behind.Hash) with { Snapshot = sequence, Keys = behind.Keys });
        var (content, hash) = entries.Seal(entry);
        if (!await core.Store.PutAsync(store.ToName(sequence), content, CancellationToken.None).ConfigureAwait(false))
        {
            return false;
        }

        // As for any other entry: the number may have been used and dropped while this one slept.
        if (await entries.IsDroppedAsync(behind).ConfigureAwait(false))
        {
            await core.Store.DeleteAsync(store.ToName(sequence), CancellationToken.None).ConfigureAwait(false);
            return false;
        }

        sight.MoveTo(new ChainHead(sequence, hash, sequence, entry.Keys));
        sight.Remember();
        return true;
    }

    /// <summary>Begins anew behind whatever is there: the present state is good from here on.</summary>
    /// <param name="keys">The valid keys.</param>
    /// <param name="state">All live records.</param>
    /// <param name="missing">Records that the chain had.</param>
    /// <param name="behind">The entry that the state goes back to, where others may write meanwhile; else null.</param>
    /// <returns>False when others have written after that entry; then nothing was written.</returns>
    public async Task<bool> AcceptAsync(IReadOnlyList<string> keys, ChainState state, IReadOnlyList<string> missing, ChainHead? behind)
    {
        while (true)
        {
            var listed = await store.ListAsync(CancellationToken.None).ConfigureAwait(false);

            // Above all that any client of this memory has seen, so that none of them takes it for older.
            var sequence = Math.Max(listed.Count == 0 ? 0 : listed[^1], sight.Furthest) + 1;
            if (behind is not null && sequence != behind.Sequence + 1)
            {
                return false;
            }

            var entry = entries.New(sequence, await store.TryHashAsync(sequence - 1, CancellationToken.None).ConfigureAwait(false)) with
            {
                Snapshot = sequence,
                Keys = keys,
                State = state with { From = sequence, Hashes = "" },
                Accepted = new AcceptedState(sight.Notice ?? (missing.Count > 0 ? "Records are missing that its chain has" : "Nothing"), missing),
            };
            var (content, hash) = entries.Seal(entry);
            if (await core.Store.PutAsync(store.ToName(sequence), content, CancellationToken.None).ConfigureAwait(false))
            {
                await DropBeforeAsync(sequence).ConfigureAwait(false);
                sight.Take(new ChainView(new ChainHead(sequence, hash, sequence, keys), null, sequence));
                sight.Remember();
                return true;
            }
        }
    }

    /// <summary>
    /// Drops all entries before the given one, from the oldest on: writers rely on that order. There may be a gap behind
    /// them: who has seen the last one before it would look for the next number, find none, and write it.
    /// </summary>
    private async Task DropBeforeAsync(long sequence)
    {
        while (true)
        {
            var old = (await store.ListAsync(CancellationToken.None).ConfigureAwait(false)).Where(entry => entry < sequence).ToList();
            if (old.Count == 0)
            {
                return;
            }

            foreach (var entry in old)
            {
                await core.Store.DeleteAsync(store.ToName(entry), CancellationToken.None).ConfigureAwait(false);
            }
        }
    }
}
