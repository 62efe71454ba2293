using EdgeBackup.Core.Repository.Backups;

namespace EdgeBackup.Core.Repository.Chain;

/// <summary>
/// Backup records that were removed and come back under their old names, by an import or a synchronization. A writer says
/// so before it writes one again: else its death before the record is named would look as if somebody had put it back.
/// </summary>
internal sealed class ChainReturn(RepositoryCore core, RecordChain chain) : IDisposable
{
    private readonly SemaphoreSlim gate = new(1, 1);

    /// <summary>One import follows another, and a million names are too many to be kept for a rare use.</summary>
    private readonly WeakReference<ChainFold?> kept = new(null);

    /// <summary>Whether a record that is about to be written has to be announced.</summary>
    public static bool IsReturn(ChainedState state) => state is ChainedState.Removing or ChainedState.Removed;

    /// <summary>Says that records are about to be written again; durable on return.</summary>
    /// <param name="names">Those that the store has not and that the chain has removed.</param>
    public Task AnnounceAsync(IReadOnlyList<string> names) =>
        names.Count == 0 ? Task.CompletedTask : chain.AppendAsync(new ChainChange { Returning = names });

    /// <summary>Those of some records whose state in the chain is wanted; none where it cannot be read.</summary>
    public async Task<IReadOnlyList<string>> FindAsync(IReadOnlyCollection<string> names, Func<ChainedState, bool> wants, CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var fold = await FoldAsync(kept.TryGetTarget(out var known) ? known : null, cancellationToken).ConfigureAwait(false);
            kept.SetTarget(fold is { Damage.Count: 0 } ? fold : null);
            return fold is null ? [] : [.. names.Where(name => wants(fold.StateOf(name)))];
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>What the chain says of all names.</summary>
    /// <returns>Null where not all of it can be read.</returns>
    public async Task<ChainFold?> FoldAsync(CancellationToken cancellationToken) =>
        await FoldAsync(known: null, cancellationToken).ConfigureAwait(false) is { Damage.Count: 0 } fold ? fold : null;

    /// <summary>
    /// Names the removal of records that were named although somebody removed them meanwhile: else they would be missed
    /// for ever.
    /// </summary>
    /// <returns>Those that are not there.</returns>
    public async Task<IReadOnlyList<string>> TakeBackMissingAsync(IEnumerable<string> names)
    {
        var missing = new List<string>();
        foreach (var name in names)
        {
            if (await core.Store.GetAsync(name, CancellationToken.None).ConfigureAwait(false) is null)
            {
                missing.Add(name);
            }
        }

        if (missing.Count > 0)
        {
            await chain.AppendAsync(new ChainChange { Removing = missing }).ConfigureAwait(false);
            chain.NoteRemoved(missing);
        }

        return missing;
    }

    /// <summary>Looks whether somebody has named records that this writer was about to remove, and has removed now.</summary>
    /// <param name="since">An entry that is older than their removal.</param>
    /// <param name="names">The records.</param>
    public async Task SettleAsync(ChainPosition since, IReadOnlyCollection<string> names)
    {
        // Where the entries since cannot be followed, any of them may have been named.
        var changes = await new ChainReader(chain).ReadAsync(since, CancellationToken.None).ConfigureAwait(false);
        await TakeBackMissingAsync(changes is { StartOver: false } ? names.Where(changes.Added.Contains) : names).ConfigureAwait(false);
    }

    public void Dispose() => gate.Dispose();

    private async Task<ChainFold?> FoldAsync(ChainFold? known, CancellationToken cancellationToken)
    {
        if (await chain.RefreshAsync(cancellationToken).ConfigureAwait(false) is not { } head || chain.Notice is not null)
        {
            return null;
        }

        var fold = known ?? new ChainFold(chain.Store);
        await fold.ReadAsync(head, cancellationToken).ConfigureAwait(false);
        return fold;
    }
}
