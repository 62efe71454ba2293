using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Repository.Chain;
using EdgeBackup.Core.Repository.Keys;

namespace EdgeBackup.Core.Repository;

/// <summary>
/// The keys of an open repository. A key is valid when the chain says so: its object alone opens nothing. So a change is
/// done at once, wherever it is interrupted. No data is written anew: a key wraps the master key, which stays.
/// </summary>
public sealed class RepositoryKeyring
{
    private readonly RepositoryCore core;

    internal RepositoryKeyring(RepositoryCore core) => this.core = core;

    /// <summary>The valid keys, oldest first; those whose objects are damaged are left out.</summary>
    public async Task<IReadOnlyList<KeyInfo>> ListAsync(CancellationToken cancellationToken)
    {
        var valid = core.Chain is { } chain ? (await chain.RefreshAsync(cancellationToken).ConfigureAwait(false))?.Keys : null;
        var (keys, _) = await KeyRing.ReadAsync(core.Store, cancellationToken).ConfigureAwait(false);
        return [.. keys.Select(key => key.Info)
            .Where(info => valid is null || valid.Contains(info.Id, StringComparer.Ordinal))
            .OrderBy(info => info.Created)
            .ThenBy(info => info.Id, StringComparer.Ordinal)];
    }

    /// <summary>Adds a key. It is proved, by what the store gives back, to open the repository before it is valid.</summary>
    /// <param name="secret">What will open the repository too.</param>
    /// <param name="cancellationToken">Stops before the key is valid.</param>
    /// <exception cref="EdgeBackupException">RepositoryKeyWrong: an empty passphrase; RepositoryNotWritable; RepositoryDamaged.</exception>
    public async Task<KeyInfo> AddAsync(RepositorySecret secret, CancellationToken cancellationToken)
    {
        KeyObject.CheckSecret(secret);
        core.Chain?.ThrowIfRefused();
        var key = await Task.Run(() => KeyObject.Create(core.Master, secret, core.Environment), cancellationToken).ConfigureAwait(false);
        var content = key.Serialize();
        await core.Store.PutAsync(key.Name, content, cancellationToken).ConfigureAwait(false);
        await ProveAsync(key.Name, secret, cancellationToken).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        if (core.Chain is { } chain)
        {
            await chain.AppendAsync(new ChainChange { Added = [key.Name], Keys = keys => [.. keys, key.Info.Id] }).ConfigureAwait(false);
        }

        return key.Info;
    }

    /// <summary>Makes a recovery key and adds it.</summary>
    /// <param name="cancellationToken">Stops before the key is valid.</param>
    /// <returns>The key, and its text, which is stored nowhere.</returns>
    /// <exception cref="EdgeBackupException">RepositoryNotWritable; RepositoryDamaged.</exception>
    public async Task<(KeyInfo Key, string Text)> AddRecoveryKeyAsync(CancellationToken cancellationToken)
    {
        var bytes = new byte[RecoveryKeyText.KeySize];
        core.Environment.Random.Fill(bytes);
        var secret = new RecoveryKeySecret(RecoveryKeyText.Format(bytes));
        return (await AddAsync(secret, cancellationToken).ConfigureAwait(false), secret.Text);
    }

    /// <summary>Removes keys, all or none. Who copied such a key's object and has its secret still has the master key.</summary>
    /// <param name="ids">Ids of valid keys.</param>
    /// <param name="cancellationToken">Stops before any is invalid.</param>
    /// <exception cref="EdgeBackupException">
    /// RepositoryKeyNotFound; RepositoryKeyNeeded: none that opens would be left; RepositoryNotWritable; RepositoryDamaged.
    /// </exception>
    public async Task RemoveAsync(IReadOnlyCollection<string> ids, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(ids);
        var readable = (await ListAsync(cancellationToken).ConfigureAwait(false)).Select(key => key.Id).ToHashSet(StringComparer.Ordinal);
        var names = ids.Distinct(StringComparer.Ordinal).Select(KeyObject.ToName).ToList();
        cancellationToken.ThrowIfCancellationRequested();
        if (core.Chain is { } chain)
        {
            // Asked anew where others change the keys at the same time, so that two cannot remove the last two.
            await chain.AppendAsync(new ChainChange { Removing = names, Keys = keys => Without(keys, ids, readable) }).ConfigureAwait(false);
        }
        else
        {
            Without([.. readable], ids, readable);
        }

        foreach (var name in names)
        {
            await core.Store.DeleteAsync(name, CancellationToken.None).ConfigureAwait(false);
            core.Chain?.NoteRemoved([name]);
        }
    }

    /// <summary>Proves that a secret opens the repository, from the objects as they are in the store now.</summary>
    /// <returns>The key that it opens.</returns>
    /// <exception cref="EdgeBackupException">
    /// RepositoryKeyWrong: it does not, and nothing is damaged; RepositoryDamaged: the object that it might open, or repository.json, is.
    /// </exception>
    public async Task<string> ProveAsync(RepositorySecret secret, CancellationToken cancellationToken)
    {
        try
        {
            var header = await core.Store.GetAsync(RepositoryFile.Name, cancellationToken).ConfigureAwait(false)
                ?? throw new ObjectDamagedException(RepositoryFile.Name, "it is missing");
            var valid = core.Chain is { } chain ? (await chain.RefreshAsync(cancellationToken).ConfigureAwait(false))?.Keys : null;
            var opened = await KeyRing.OpenAsync(core.Store, secret, header, _ => Task.FromResult(valid), cancellationToken).ConfigureAwait(false);
            return opened.Id;
        }
        catch (ObjectDamagedException exception)
        {
            throw exception.ToError(core.Store.Location);
        }
    }

    /// <summary>By which valid key a secret opens the repository; null for none.</summary>
    internal async Task<string?> FindAsync(RepositorySecret secret, CancellationToken cancellationToken)
    {
        var valid = core.Chain is { } chain ? (await chain.RefreshAsync(cancellationToken).ConfigureAwait(false))?.Keys : null;
        var (keys, _) = await KeyRing.ReadAsync(core.Store, cancellationToken).ConfigureAwait(false);
        var candidates = keys.Where(key => key.Info.Kind == secret.Kind && (valid is null || valid.Contains(key.Info.Id, StringComparer.Ordinal))).ToList();
        return await Task.Run(() => candidates.Find(key => key.Unwrap(secret) is { } master && master.Bytes.AsSpan().SequenceEqual(core.Master.Bytes)), cancellationToken).ConfigureAwait(false) is { } found
            ? found.Info.Id
            : null;
    }

    private List<string> Without(IReadOnlyList<string> keys, IReadOnlyCollection<string> ids, HashSet<string> readable)
    {
        if (ids.FirstOrDefault(id => !keys.Contains(id, StringComparer.Ordinal)) is { } unknown)
        {
            throw new EdgeBackupException(
                ErrorIds.RepositoryKeyNotFound,
                $"The repository '{core.Store.Location}' has no key '{unknown}'. Get-EdgeRepositoryKey lists its keys.",
                unknown);
        }

        var left = keys.Except(ids, StringComparer.Ordinal).ToList();
        return left.Exists(readable.Contains)
            ? left
            : throw new EdgeBackupException(
                ErrorIds.RepositoryKeyNeeded,
                $"Nothing was removed: no key would be left that opens the repository '{core.Store.Location}'. Add another one first: Add-EdgeRepositoryKey",
                ids.First());
    }

    private async Task ProveAsync(string name, RepositorySecret secret, CancellationToken cancellationToken)
    {
        try
        {
            var content = await core.Store.GetAsync(name, cancellationToken).ConfigureAwait(false) ?? throw new ObjectDamagedException(name, "it is missing");
            var master = await Task.Run(() => KeyObject.Parse(name, content).Unwrap(secret), cancellationToken).ConfigureAwait(false);
            if (master is null || !master.Bytes.AsSpan().SequenceEqual(core.Master.Bytes))
            {
                throw new ObjectDamagedException(name, "it does not give the master key that was put into it");
            }
        }
        catch (ObjectDamagedException exception)
        {
            throw exception.ToError(core.Store.Location);
        }
    }
}
