using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Repository.Keys;
using EdgeBackup.Core.Repository.Stores;

namespace EdgeBackup.Core.Repository;

/// <summary>Makes a repository in an empty store: its keys, each proved, the first entry of its chain, and last repository.json.</summary>
internal static class RepositoryCreation
{
    /// <summary>See <see cref="EdgeRepository.CreateAsync(IObjectStore, IReadOnlyList{RepositorySecret}, RepositorySettings, RepositoryEnvironment, CancellationToken)"/>, which has looked at the arguments.</summary>
    /// <returns>What is shared by the parts of the open repository, the first of the keys, and the text of the recovery key.</returns>
    public static async Task<(RepositoryCore Core, OpenedKey Key, string RecoveryKey)> RunAsync(
        GuardedStore store,
        IReadOnlyList<RepositorySecret> secrets,
        RepositorySettings settings,
        RepositoryEnvironment environment,
        CancellationToken cancellationToken)
    {
        if (await store.GetAsync(RepositoryFile.Name, cancellationToken).ConfigureAwait(false) is not null)
        {
            throw Exists(store);
        }

        var master = MasterKey.Create(environment.Random);
        var recoveryKey = new byte[RecoveryKeyText.KeySize];
        environment.Random.Fill(recoveryKey);
        var recovery = new RecoveryKeySecret(RecoveryKeyText.Format(recoveryKey));
        var keyIds = new List<string>();
        foreach (var wrappedBy in secrets.Append(recovery))
        {
            var key = await Task.Run(() => KeyObject.Create(master, wrappedBy, environment), cancellationToken).ConfigureAwait(false);
            keyIds.Add(key.Info.Id);
            await store.PutAsync(key.Name, key.Serialize(), cancellationToken).ConfigureAwait(false);
        }

        var id = new byte[16];
        environment.Random.Fill(id);
        var header = new RepositoryHeader(Convert.ToHexStringLower(id), RepositoryFile.SupportedFormat, environment.Clock.GetUtcNow())
        {
            RedundancyPercent = settings.RedundancyPercent,
        };
        var content = RepositoryFile.Serialize(header, master);

        // The recovery key is shown once and needed on the worst of days: proved now, as are the others, by what the store gives back.
        var proved = new List<OpenedKey>();
        foreach (var secret in secrets.Append(recovery))
        {
            proved.Add(await ProveAsync(store, secret, content, keyIds, cancellationToken).ConfigureAwait(false));
        }

        var core = new RepositoryCore(store, environment, master, header);
        await core.Chain!.Snapshots.BeginAsync(keyIds, cancellationToken).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();

        // Last: a repository exists only when all that opens it is durable. From here on nothing may keep the recovery key
        // from its owner, so nothing is cancelled and nothing is read.
        if (!await store.PutAsync(RepositoryFile.Name, content, CancellationToken.None).ConfigureAwait(false))
        {
            throw Exists(store);
        }

        return (core, proved[0], recovery.Text);
    }

    private static async Task<OpenedKey> ProveAsync(GuardedStore store, RepositorySecret secret, byte[] repositoryFile, IReadOnlyList<string> valid, CancellationToken cancellationToken)
    {
        try
        {
            return await KeyRing.OpenAsync(store, secret, repositoryFile, _ => Task.FromResult<IReadOnlyList<string>?>(valid), cancellationToken).ConfigureAwait(false);
        }
        catch (ObjectDamagedException exception)
        {
            throw exception.ToError(store.Location);
        }
    }

    private static EdgeBackupException Exists(GuardedStore store) => new(
        ErrorIds.RepositoryExists,
        $"There is a repository in '{store.Location}' already, and it was left as it is. Connect to it, or choose another place.",
        store.Location);
}
