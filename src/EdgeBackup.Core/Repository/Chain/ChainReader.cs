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
        if (await FindHeadAsync(cancellationToken).ConfigureAwait(false) is not { } head)
        {
            return null;
        }

        return await IsFollowedByAsync(since, head, cancellationToken).ConfigureAwait(false)
            ? await ReadEntriesAsync(since!, head, _ => true, passesOverUnreadable: false, cancellationToken).ConfigureAwait(false)
            : new ChainDelta(head.Position, StartOver: true, [], []);
    }

    /// <summary>
    /// As <see cref="ReadAsync"/>, for some records only, and where it starts over with all that are live. What an entry
    /// that cannot be read has named is left out.
    /// </summary>
    public async Task<ChainDelta?> ReadLiveAsync(ChainPosition? since, Func<string, bool> wants, CancellationToken cancellationToken)
    {
        if (await FindHeadAsync(cancellationToken).ConfigureAwait(false) is not { } head)
        {
            return null;
        }

        if (await IsFollowedByAsync(since, head, cancellationToken).ConfigureAwait(false))
        {
            return await ReadEntriesAsync(since!, head, wants, passesOverUnreadable: true, cancellationToken).ConfigureAwait(false);
        }

        var (snapshot, hash) = await chain.Store.ReadAsync(head.Snapshot, cancellationToken).ConfigureAwait(false)
            ?? throw new ObjectDamagedException(chain.Store.ToName(head.Snapshot), "it is missing");
        var rest = await ReadEntriesAsync(new ChainPosition(head.Snapshot, hash), head, wants, passesOverUnreadable: true, cancellationToken).ConfigureAwait(false);
        if (rest is null)
        {
            return null;
        }

        var live = (snapshot.State?.Names() ?? []).Concat(snapshot.Added ?? []).Where(wants).ToHashSet(StringComparer.Ordinal);
        live.UnionWith(rest.Added);
        live.ExceptWith(rest.Removed);
        return new ChainDelta(head.Position, StartOver: true, live, []);
    }

    private async Task<ChainHead?> FindHeadAsync(CancellationToken cancellationToken) =>
        await chain.RefreshAsync(cancellationToken).ConfigureAwait(false) is { } head && chain.Notice is null ? head : null;

    private async Task<bool> IsFollowedByAsync(ChainPosition? since, ChainHead head, CancellationToken cancellationToken) =>
        since is not null
        && (since == head.Position
            || (since.Sequence >= head.Snapshot && since.Sequence < head.Sequence
                && await chain.Store.TryHashAsync(since.Sequence, cancellationToken).ConfigureAwait(false) == since.Hash));

    /// <returns>Null where an entry does not follow the one before it, or cannot be read.</returns>
    private async Task<ChainDelta?> ReadEntriesAsync(ChainPosition since, ChainHead head, Func<string, bool> wants, bool passesOverUnreadable, CancellationToken cancellationToken)
    {
        var added = new HashSet<string>(StringComparer.Ordinal);
        var removed = new HashSet<string>(StringComparer.Ordinal);
        var hash = (string?)since.Hash;
        var isWhole = true;
        await chain.Store.ReadAllAsync(
            since.Sequence + 1,
            head.Sequence,
            (_, read, _) =>
            {
                if (read is not var (entry, next))
                {
                    hash = null;
                    return isWhole = passesOverUnreadable;
                }

                if (hash is not null && entry.Previous != hash)
                {
                    return isWhole = false;
                }

                hash = next;
                foreach (var name in (entry.Added ?? []).Where(wants))
                {
                    added.Add(name);
                    removed.Remove(name);
                }

                foreach (var name in (entry.Removing ?? []).Where(wants))
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
