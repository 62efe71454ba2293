using System.Runtime.CompilerServices;
using EdgeBackup.Core.Errors;

namespace EdgeBackup.Core.Repository.Stores;

/// <summary>
/// A store whose faults are errors that a user can act on, whatever the store itself throws, and wherever in the engine
/// it was called.
/// </summary>
internal sealed class GuardedStore : IObjectStore, ILeftoverStore
{
    private GuardedStore(IObjectStore inner) => Inner = inner;

    public IObjectStore Inner { get; }

    public string Location => Inner.Location;

    public static GuardedStore Around(IObjectStore store) => store as GuardedStore ?? new GuardedStore(store);

    public async Task<bool> PutAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        try
        {
            return await Inner.PutAsync(name, content, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (IsFault(exception))
        {
            throw NotWritable(exception, name);
        }
    }

    public async Task<IReadOnlyList<Exception?>> PutManyAsync(IReadOnlyList<(string Name, ReadOnlyMemory<byte> Content)> objects, CancellationToken cancellationToken)
    {
        IReadOnlyList<Exception?> faults;
        try
        {
            faults = await Inner.PutManyAsync(objects, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (IsFault(exception))
        {
            faults = [.. Enumerable.Repeat(exception, objects.Count)];
        }

        return [.. faults.Select((fault, index) => fault is not null && IsFault(fault) ? NotWritable(fault, objects[index].Name) : fault)];
    }

    public async Task OverwriteAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        try
        {
            await Inner.OverwriteAsync(name, content, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (IsFault(exception))
        {
            throw NotWritable(exception, name);
        }
    }

    public async Task ReplaceAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        try
        {
            await Inner.ReplaceAsync(name, content, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (IsFault(exception))
        {
            throw NotWritable(exception, name);
        }
    }

    public async Task<byte[]?> GetAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            return await Inner.GetAsync(name, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (IsFault(exception))
        {
            throw NotReadable(exception, name);
        }
    }

    public async ValueTask<int> ReadAsync(string name, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            return await Inner.ReadAsync(name, offset, buffer, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (IsFault(exception))
        {
            throw NotReadable(exception, name);
        }
    }

    public async IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var entries = Inner.ListAsync(prefix, cancellationToken).GetAsyncEnumerator(cancellationToken);
        await using (entries.ConfigureAwait(false))
        {
            while (true)
            {
                try
                {
                    if (!await entries.MoveNextAsync().ConfigureAwait(false))
                    {
                        yield break;
                    }
                }
                catch (Exception exception) when (IsFault(exception))
                {
                    throw NotReadable(exception, prefix);
                }

                yield return entries.Current;
            }
        }
    }

    public async Task<bool> DeleteAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            return await Inner.DeleteAsync(name, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (IsFault(exception))
        {
            throw NotWritable(exception, name);
        }
    }

    public async Task<int> RemoveLeftoversAsync(CancellationToken cancellationToken)
    {
        try
        {
            return Inner is ILeftoverStore leftovers ? await leftovers.RemoveLeftoversAsync(cancellationToken).ConfigureAwait(false) : 0;
        }
        catch (Exception exception) when (IsFault(exception))
        {
            throw NotWritable(exception, Location);
        }
    }

    /// <summary>An error of this class's making about an object that could not be read: a disk with bad sectors, a share that is away.</summary>
    public static bool IsNotReadable(Exception exception) => exception is EdgeBackupException { ErrorId: ErrorIds.RepositoryNotReadable };

    /// <summary>Whether this store, and not that of another repository, could not be read.</summary>
    public bool IsOwnNotReadable(Exception exception) => IsNotReadable(exception) && ReferenceEquals(((EdgeBackupException)exception).Store, this);

    private static bool IsFault(Exception exception) => exception is IOException or UnauthorizedAccessException;

    private EdgeBackupException NotReadable(Exception exception, string name) => new(
        ErrorIds.RepositoryNotReadable,
        $"The repository '{Location}' could not be read at '{name}': {exception.Message} See that it can be reached and that you may read it, and try again; Test-EdgeRepository -ReadData tells whether anything is damaged.",
        name,
        exception)
    {
        Store = this,
    };

    private EdgeBackupException NotWritable(Exception exception, string name) => StoreFault.Translate(exception, Location) ?? new EdgeBackupException(
        ErrorIds.RepositoryNotWritable,
        $"The repository '{Location}' could not be written at '{name}': {exception.Message} Nothing saved before was lost; see that it can be reached and try again.",
        Location,
        exception);
}
