using System.Runtime.CompilerServices;
using EdgeBackup.Core.Repository.Stores;

namespace EdgeBackup.Core.Tests.Repository.Several;

/// <summary>One process's way to a store, which can be made to stand still before any operation, as a stopped process does.</summary>
internal sealed class PausingStore(IObjectStore inner) : IObjectStore
{
    private readonly Lock sync = new();
    private int untilPause = int.MaxValue;
    private TaskCompletionSource paused = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource? resume;

    public string Location => inner.Location;

    /// <summary>Ends when the store stands still.</summary>
    public Task Paused
    {
        get
        {
            lock (sync)
            {
                return paused.Task;
            }
        }
    }

    /// <summary>Lets so many operations through and stands still before the next.</summary>
    public void PauseAfter(int operations)
    {
        lock (sync)
        {
            untilPause = operations;
        }
    }

    /// <summary>Goes on; for good, unless told where to stand still again.</summary>
    public void Resume(int operations = int.MaxValue)
    {
        TaskCompletionSource? waiting;
        lock (sync)
        {
            waiting = resume;
            resume = null;
            paused = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            untilPause = operations;
        }

        waiting?.SetResult();
    }

    public async Task<bool> PutAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        await PassAsync();
        return await inner.PutAsync(name, content, cancellationToken);
    }

    public async Task<IReadOnlyList<Exception?>> PutManyAsync(IReadOnlyList<(string Name, ReadOnlyMemory<byte> Content)> objects, CancellationToken cancellationToken)
    {
        await PassAsync();
        return await inner.PutManyAsync(objects, cancellationToken);
    }

    public async Task OverwriteAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        await PassAsync();
        await inner.OverwriteAsync(name, content, cancellationToken);
    }

    public async Task ReplaceAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        await PassAsync();
        await inner.ReplaceAsync(name, content, cancellationToken);
    }

    public async Task<byte[]?> GetAsync(string name, CancellationToken cancellationToken)
    {
        await PassAsync();
        return await inner.GetAsync(name, cancellationToken);
    }

    public async ValueTask<int> ReadAsync(string name, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        await PassAsync();
        return await inner.ReadAsync(name, offset, buffer, cancellationToken);
    }

    public async IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await PassAsync();
        await foreach (var entry in inner.ListAsync(prefix, cancellationToken))
        {
            yield return entry;
        }
    }

    public async Task<bool> DeleteAsync(string name, CancellationToken cancellationToken)
    {
        await PassAsync();
        return await inner.DeleteAsync(name, cancellationToken);
    }

    private async ValueTask PassAsync()
    {
        while (true)
        {
            Task wait;
            lock (sync)
            {
                if (resume is null && untilPause > 0)
                {
                    untilPause--;
                    return;
                }

                // Renewals in the background stand still as well.
                resume ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                paused.TrySetResult();
                wait = resume.Task;
            }

            await wait;
        }
    }
}
