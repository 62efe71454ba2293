using EdgeBackup.Core.Repository.Chain;

namespace EdgeBackup.Core.Repository.Backups;

/// <summary>Records that the chain names and that are not in the store, or soon will not be: found, accepted as lost, named again once they are back.</summary>
internal sealed class MissingRecords(RepositoryCore core)
{
    /// <summary>Whether somebody has begun to remove a record; maintenance finishes that.</summary>
    public async Task<bool> IsBeingRemovedAsync(string objectName, CancellationToken cancellationToken) =>
        core.Returns is { } returns && (await returns.FindAsync([objectName], state => state == ChainedState.Removing, cancellationToken).ConfigureAwait(false)).Count > 0;

    /// <summary>Which of some records, or key objects, are not in the store.</summary>
    public async Task<IReadOnlyList<string>> FindAsync(IEnumerable<string> names, CancellationToken cancellationToken)
    {
        var missing = new List<string>();
        foreach (var name in names.Where(name => ChainCheck.Folders.Any(folder => name.StartsWith(folder, StringComparison.Ordinal))).Distinct(StringComparer.Ordinal))
        {
            if (await core.Store.GetAsync(name, cancellationToken).ConfigureAwait(false) is null)
            {
                missing.Add(name);
            }
        }

        return missing;
    }

    /// <summary>Takes it for good that records are missing which the chain names, where nothing else speaks against the state of the store.</summary>
    /// <param name="names">Names of objects; of those that are there, or that the chain does not name, nothing becomes.</param>
    /// <param name="cancellationToken">Stops before anything is written.</param>
    /// <returns>The names of those that are not missed any more; empty also where the chain itself is damaged.</returns>
    /// <exception cref="Errors.EdgeBackupException">RepositoryNotWritable, RepositoryDamaged.</exception>
    public async Task<IReadOnlyList<string>> AcceptAsync(IEnumerable<string> names, CancellationToken cancellationToken)
    {
        if (core.Chain is not { } chain)
        {
            return [];
        }

        try
        {
            var missing = await FindAsync(names, cancellationToken).ConfigureAwait(false);
            return missing.Count == 0 ? [] : await new ChainKeeper(core, chain).AcceptAsync(missing.ToHashSet(StringComparer.Ordinal), cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or ObjectDamagedException)
        {
            throw chain.ToError(exception);
        }
    }

    /// <summary>Names records in the chain that were brought back after it had ceased to miss them.</summary>
    /// <exception cref="Errors.EdgeBackupException">RepositoryNotWritable, RepositoryDamaged.</exception>
    public Task NameAgainAsync(IReadOnlyList<string> names) =>
        core.Chain is { } chain && names.Count > 0 ? chain.AppendAsync(ChainChange.Add(names)) : Task.CompletedTask;
}
