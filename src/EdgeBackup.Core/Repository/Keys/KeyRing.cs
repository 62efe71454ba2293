using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Repository.Stores;

namespace EdgeBackup.Core.Repository.Keys;

/// <summary>The key objects of a repository, and the master key that one of them gave.</summary>
internal static class KeyRing
{
    /// <summary>Finds a key object that the secret opens. A damaged one does not matter as long as another opens.</summary>
    /// <exception cref="EdgeBackupException">RepositoryKeyWrong: no key object is damaged, and none opens.</exception>
    /// <exception cref="ObjectDamagedException">None opens, and the one that might have, or repository.json, is damaged.</exception>
    public static async Task<(MasterKey Master, IReadOnlyList<KeyInfo> Keys)> OpenAsync(IObjectStore store, RepositorySecret secret, byte[] repositoryFile, CancellationToken cancellationToken)
    {
        // A creation that was killed leaves key objects of a master key that never had a repository.
        MasterKey? stranger = null;
        KeyObject.CheckSecret(secret);
        var (keys, damaged) = await ReadAsync(store, cancellationToken).ConfigureAwait(false);
        foreach (var key in keys.Where(key => key.Info.Kind == secret.Kind))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (await Task.Run(() => key.Unwrap(secret), cancellationToken).ConfigureAwait(false) is { } master)
            {
                if (RepositoryFile.IsMadeWith(repositoryFile, master))
                {
                    return (master, keys.ConvertAll(known => known.Info));
                }

                stranger = master;
            }
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
            if (await store.GetAsync(entry.Name, cancellationToken).ConfigureAwait(false) is not { } content)
            {
                continue;
            }

            try
            {
                keys.Add(KeyObject.Parse(entry.Name, content));
            }
            catch (ObjectDamagedException exception)
            {
                damaged.Add(exception);
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
