using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Repository.Keys;
using EdgeBackup.Core.Repository.Stores;

namespace EdgeBackup.Core.Repository;

/// <summary>Looks into a store for a repository, and opens it.</summary>
internal static class RepositoryOpening
{
    /// <summary>See <see cref="EdgeRepository.OpenAsync"/>.</summary>
    /// <returns>What is shared by the parts of the open repository, and the key that opened it.</returns>
    public static async Task<(RepositoryCore Core, OpenedKey Key)> RunAsync(GuardedStore store, RepositorySecret secret, RepositoryEnvironment environment, CancellationToken cancellationToken)
    {
        try
        {
            var content = await store.GetAsync(RepositoryFile.Name, cancellationToken).ConfigureAwait(false) ?? throw NotFound(store);
            var header = RepositoryFile.Parse(content, store.Location);
            RepositoryCore? core = null;
            var key = await KeyRing.OpenAsync(
                store,
                secret,
                content,
                async master =>
                {
                    if (core is null)
                    {
                        core = new RepositoryCore(store, environment, master, header);
                        await (core.Chain?.OpenAsync(cancellationToken) ?? Task.CompletedTask).ConfigureAwait(false);
                    }

                    return core.Chain?.Keys;
                },
                cancellationToken).ConfigureAwait(false);
            return (core!, key);
        }
        catch (ObjectDamagedException exception)
        {
            throw exception.ToError(store.Location);
        }
    }

    /// <summary>See <see cref="EdgeRepository.PeekAsync"/>.</summary>
    public static async Task<RepositoryHeader?> PeekAsync(GuardedStore store, CancellationToken cancellationToken)
    {
        try
        {
            var content = await store.GetAsync(RepositoryFile.Name, cancellationToken).ConfigureAwait(false);
            return content is null ? null : RepositoryFile.Parse(content, store.Location);
        }
        catch (ObjectDamagedException exception)
        {
            throw exception.ToError(store.Location);
        }
    }

    private static EdgeBackupException NotFound(GuardedStore store) => new(
        ErrorIds.RepositoryNotFound,
        $"There is no repository in '{store.Location}'. Check the path, or make one with Initialize-EdgeRepository.",
        store.Location);
}
