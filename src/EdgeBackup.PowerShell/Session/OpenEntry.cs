using EdgeBackup.Core.Operations.Repositories;

namespace EdgeBackup.PowerShell.Session;

/// <summary>An open repository and how many use it; the session itself counts as one.</summary>
internal sealed class OpenEntry(RepositoryContext context)
{
    private int users = 1;

    public RepositoryContext Context => context;

    public BorrowedRepository Borrow()
    {
        Interlocked.Increment(ref users);
        return new BorrowedRepository(this);
    }

    /// <summary>Closes the repository when this was the last user.</summary>
    public ValueTask LetGoAsync() => Interlocked.Decrement(ref users) == 0 ? context.DisposeAsync() : ValueTask.CompletedTask;
}

/// <summary>The use of an open repository by one command; disposing ends it.</summary>
internal sealed class BorrowedRepository(OpenEntry entry) : IAsyncDisposable
{
    private int returned;

    public RepositoryContext Context => entry.Context;

    public ValueTask DisposeAsync() => Interlocked.Exchange(ref returned, 1) == 0 ? entry.LetGoAsync() : ValueTask.CompletedTask;
}
