using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Repository.Stores;

namespace EdgeBackup.Core.Repository.Keys;

/// <summary>The key objects of a repository, and the master key that one of them gave.</summary>
internal static class KeyRing
{
    /// <summary>Finds a key object that the secret opens. A damaged one does not matter as long as another opens.</summary>
    /// <param name="store">Where the objects are.</param>
    /// <param name="secret">What opens one.</param>
    /// <param name="repositoryFile">The bytes of repository.json.</param>
    /// <param name="findValid">Given the master key, the ids of the keys that are valid; null for all.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="EdgeBackupException">RepositoryKeyWrong: no key object is damaged, and none opens, or only one that was removed.</exception>
    /// <exception cref="ObjectDamagedException">None opens, and the one that might have, or repository.json, is damaged.</exception>
    public static async Task<OpenedKey> OpenAsync(
        IObjectStore store,
        RepositorySecret secret,
        byte[] repositoryFile,
        Func<MasterKey, Task<IReadOnlyList<string>?>> findValid,
        CancellationToken cancellationToken)
    {
        KeyInfo? removed = null;
        // A creation that was killed leaves key objects of a master key that never had a repository.
        MasterKey? stranger = null;
        KeyObject.CheckSecret(secret);
        var (keys, damaged) = await ReadAsync(store, cancellationToken).ConfigureAwait(false);
        foreach (var key in keys.Where(key => key.Info.Kind == secret.Kind))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (await Task.Run(() => key.Unwrap(secret), cancellationToken).ConfigureAwait(false) is { } master)
            {
                if (!RepositoryFile.IsMadeWith(repositoryFile, master))
                {
                    stranger = master;
                    continue;
                }

                var valid = await findValid(master).ConfigureAwait(false);
                if (valid is null || valid.Contains(key.Info.Id, StringComparer.Ordinal))
                {
                    return new OpenedKey(master, key.Info.Id, [.. keys.Select(known => known.Info).Where(info => valid is null || valid.Contains(info.Id, StringComparer.Ordinal))]);
                }

                // Somebody put it back, or its making was interrupted.
                removed = key.Info;
            }
        }

        if (removed is not null)
        {
            throw new EdgeBackupException(
                ErrorIds.RepositoryKeyWrong,
                $"This {secret} belongs to the key {removed.Id}, which is not one of the keys of the repository '{store.Location}': it was removed, or adding it was interrupted. Open the repository with another of its keys.",
                store.Location);
        }

        if (stranger is not null)
        {
            RepositoryFile.CheckMac(repositoryFile, stranger);
        }

        if (damaged.Count > 0)
        {
            throw damaged[0];
        }

        if (keys.Count == 0)
        {
            throw new ObjectDamagedException("keys", "there is no key object left");
        }

        throw new EdgeBackupException(
            ErrorIds.RepositoryKeyWrong,
            keys.Any(key => key.Info.Kind == secret.Kind)
                ? $"This {secret} does not open the repository '{store.Location}'. Nothing is damaged: try the right one, or the recovery key."
                : $"The repository '{store.Location}' has no {secret}. It opens with: {string.Join(", ", keys.Select(key => Describe(key.Info.Kind)).Distinct())}.",
            store.Location);
    }

    public static async Task<(List<KeyObject> Keys, List<ObjectDamagedException> Damaged)> ReadAsync(IObjectStore store, CancellationToken cancellationToken)
    {
        var keys = new List<KeyObject>();
        var damaged = new List<ObjectDamagedException>();
        await foreach (var entry in store.ListAsync(KeyObject.Folder, cancellationToken).ConfigureAwait(false))
        {
            try
            {
                if (await store.GetAsync(entry.Name, cancellationToken).ConfigureAwait(false) is { } content)
                {
                    keys.Add(KeyObject.Parse(entry.Name, content));
                }
            }
            catch (Exception exception) when (ObjectDamagedException.From(exception) is { } damage)
            {
                damaged.Add(damage);
            }
        }

        return (keys, damaged);
    }

    private static string Describe(KeyKind kind) => kind switch
    {
        KeyKind.Passphrase => "a passphrase",
        KeyKind.KeyFile => "a key file",
        _ => "the recovery key",
    };
}

/// <summary>What a secret gave.</summary>
/// <param name="Master">The master key.</param>
/// <param name="Id">Of the key object that the secret opened.</param>
/// <param name="Keys">All valid keys whose objects can be read.</param>
internal sealed record OpenedKey(MasterKey Master, string Id, IReadOnlyList<KeyInfo> Keys);
