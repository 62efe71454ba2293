using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Repository.Stores;

namespace EdgeBackup.TestWorker;

/// <summary>A repository in a folder, under a key that tests know.</summary>
public sealed class WorkerRepository : IAsyncDisposable
{
    private readonly FileObjectStore store;

    private WorkerRepository(FileObjectStore store, EdgeRepository repository)
    {
        this.store = store;
        Repository = repository;
    }

    public static KeyFileSecret Key { get; } = new([.. Enumerable.Range(1, 32).Select(value => (byte)value)]);

    public EdgeRepository Repository { get; }

    /// <summary>Opens what is there.</summary>
    public static async Task<WorkerRepository> OpenAsync(string folder, CancellationToken cancellationToken)
    {
        var environment = RepositoryEnvironment.Default();
        var store = new FileObjectStore(folder, environment.Platform);
        return new WorkerRepository(store, await EdgeRepository.OpenAsync(store, Key, environment, cancellationToken).ConfigureAwait(false));
    }

    public async ValueTask DisposeAsync()
    {
        await Repository.DisposeAsync().ConfigureAwait(false);
        store.Dispose();
    }
}
