using EdgeBackup.Core.Repository.Backups;
using EdgeBackup.Core.Repository.Keys;
using EdgeBackup.Core.Repository.Maintenance;

namespace EdgeBackup.Core.Repository.Chain;

/// <summary>Takes the present state of a store for good, and puts on record what the chain misses in it.</summary>
/// <param name="core">The repository.</param>
/// <param name="chain">Its chain.</param>
/// <param name="openedBy">The id of the key in use: valid in any case.</param>
internal sealed class ChainAcceptance(RepositoryCore core, RecordChain chain, string openedBy)
{
    /// <summary>So often other writers may come in between.</summary>
    private const int Attempts = 10;

    /// <returns>Names of records that the chain had and the store has not.</returns>
    public async Task<IReadOnlyList<string>> RunAsync(CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            // What stands behind a gap is no writer's, and never comes into view.
            if (await TryRunAsync(attempt < Attempts, cancellationToken).ConfigureAwait(false) is { } missing)
            {
                return missing;
            }
        }
    }

    private async Task<(HashSet<UInt128> Present, List<string> Names)> ListAsync(CancellationToken cancellationToken)
    {
        var present = new HashSet<UInt128>();
        var names = new List<string>();
        foreach (var folder in ChainCheck.Folders)
        {
            await foreach (var entry in core.Store.ListAsync(folder, cancellationToken).ConfigureAwait(false))
            {
                present.Add(Fingerprint.Of(entry.Name));
                names.Add(entry.Name);
            }
        }

        return (present, names);
    }

    /// <returns>Null when others have written meanwhile, where nothing speaks against that.</returns>
    private async Task<IReadOnlyList<string>?> TryRunAsync(bool givesWay, CancellationToken cancellationToken)
    {
        await chain.RefreshAsync(cancellationToken).ConfigureAwait(false);
        var isOrdinary = givesWay && chain.Notice is null;
        var fold = new ChainFold(chain.Store);
        var head = chain.Head ?? await chain.Store.FindReadableAsync(cancellationToken).ConfigureAwait(false);
        if (head is not null)
        {
            await fold.ReadAsync(head, cancellationToken).ConfigureAwait(false);
        }

        var (present, names) = await ListAsync(cancellationToken).ConfigureAwait(false);
        var missing = await fold.FindAsync(ChainedState.Live, present, cancellationToken).ConfigureAwait(false);
        var valid = await FindKeysAsync(head, cancellationToken).ConfigureAwait(false);
        var validNames = valid.Select(KeyObject.ToName).ToHashSet(StringComparer.Ordinal);

        // What was removed and is there again is not made good by this.
        var live = names.Where(name => name.StartsWith(KeyObject.Folder, StringComparison.Ordinal)
            ? validNames.Contains(name)
            : fold.StateOf(name) is not (ChainedState.Removing or ChainedState.Removed));
        var removing = names.Where(name => fold.StateOf(name) is ChainedState.Removing or ChainedState.Removed).ToList();
        var state = ChainKeeper.ToState(live) with { Removing = removing.Count == 0 ? null : removing };
        var missingNames = missing.ConvertAll(entry => entry.Name);
        cancellationToken.ThrowIfCancellationRequested();
        return await chain.Snapshots.AcceptAsync(valid, state, missingNames, isOrdinary ? head : null).ConfigureAwait(false) ? missingNames : null;
    }

    private async Task<IReadOnlyList<string>> FindKeysAsync(ChainHead? head, CancellationToken cancellationToken)
    {
        var (keys, _) = await KeyRing.ReadAsync(core.Store, cancellationToken).ConfigureAwait(false);
        return [.. keys.Select(key => key.Info.Id).Where(id => head is null || id == openedBy || head.Keys.Contains(id, StringComparer.Ordinal)).Order(StringComparer.Ordinal)];
    }
}
