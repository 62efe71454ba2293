using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Tests.Repository;

namespace EdgeBackup.Core.Tests.Operations;

/// <summary>Gives operations the repositories of a test, each with a catalog of its own; all are closed at the end.</summary>
internal sealed class MemoryContexts : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly List<RepositoryContext> kept = [];

    /// <param name="repository">It belongs to the context from now on.</param>
    /// <param name="keep">Whether it is closed at the end; otherwise the caller closes it.</param>
    public RepositoryContext Open(EdgeRepository repository, bool keep = true)
    {
        var catalog = BackupCatalog.Open(folder.Combine(Guid.NewGuid().ToString("n") + ".db"), repository);
        var context = new RepositoryContext(repository, catalog, new ConnectionFactory(repository.Environment.Platform, TimeProvider.System), "me@here");
        if (keep)
        {
            kept.Add(context);
        }

        return context;
    }

    public async Task CloseAsync()
    {
        foreach (var context in kept)
        {
            await context.DisposeAsync();
        }
    }

    public void Dispose() => folder.Dispose();
}
