namespace EdgeBackup.Core.Repository.Chain;

/// <summary>What the chain says since a position.</summary>
/// <param name="Head">Up to here; the next question begins with it.</param>
/// <param name="StartOver">The position is not in the chain any more, or never was: list everything. The lists are empty.</param>
/// <param name="Added">Names of records that were added and not removed again.</param>
/// <param name="Removed">Names of records that were removed, or are about to be, and not added again.</param>
internal sealed record ChainDelta(ChainPosition Head, bool StartOver, IReadOnlyCollection<string> Added, IReadOnlyCollection<string> Removed);

/// <summary>Follows the chain, so that an index need not list the whole store to learn what is new.</summary>
internal sealed class ChainReader(RecordChain chain)
{
    /// <param name="since">Where the last answer ended; null for the first question.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Null where the chain cannot be followed now: list everything, and remember no position.</returns>
    public async Task<ChainDelta?> ReadAsync(ChainPosition? since, CancellationToken cancellationToken)
    {
        if (await chain.RefreshAsync(cancellationToken).ConfigureAwait(false) is not { } head || chain.Notice is not null)
        {
            return null;
        }

        if (since is null || since.Sequence < head.Snapshot || since.Sequence > head.Sequence
            || await chain.Store.TryHashAsync(since.Sequence, cancellationToken).ConfigureAwait(false) != since.Hash)
        {
            return new ChainDelta(head.Position, StartOver: true, [], []);
        }

        var added = new HashSet<string>(StringComparer.Ordinal);
        var removed = new HashSet<string>(StringComparer.Ordinal);
        var hash = since.Hash;
        var isWhole = true;
        await chain.Store.ReadAllAsync(
            since.Sequence + 1,
            head.Sequence,
            (_, read, _) =>
            {
                if (read is not var (entry, next) || entry.Previous != hash)
                {
                    return isWhole = false;
                }

                hash = next;
                foreach (var name in entry.Added ?? [])
                {
                    added.Add(name);
                    removed.Remove(name);
                }

                foreach (var name in entry.Removing ?? [])
                {
                    removed.Add(name);
                    added.Remove(name);
                }

                return true;
            },
            cancellationToken).ConfigureAwait(false);
        return isWhole ? new ChainDelta(head.Position, StartOver: false, added, removed) : null;
    }
}
