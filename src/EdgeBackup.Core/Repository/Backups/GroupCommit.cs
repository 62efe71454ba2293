using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Repository.Backups;

/// <summary>
/// Lets backups that end at about the same time share packs, an index object and the wait for the disk. A commit waits
/// until a pack is full, nobody in the session captures any more, or two seconds have passed.
/// </summary>
/// <param name="clock">For the two seconds.</param>
/// <param name="flush">Makes durable all that the records need; told whether to close the pack that is being filled.</param>
/// <param name="record">Makes records durable. Gives for each one why it is not, or null; throws when none is.</param>
internal sealed class GroupCommit(TimeProvider clock, Func<bool, Task> flush, Func<IReadOnlyList<BackupRecord>, Task<IReadOnlyList<Exception?>>> record) : IAsyncDisposable
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(2);

    private readonly Lock sync = new();
    private readonly SemaphoreSlim flushing = new(1, 1);
    private readonly CancellationTokenSource stop = new();
    private readonly HashSet<Task> running = [];
    private List<Waiting> waiting = [];
    private int capturing;

    public void Began()
    {
        lock (sync)
        {
            capturing++;
        }
    }

    /// <summary>A draft was given up.</summary>
    public void GaveUp()
    {
        lock (sync)
        {
            capturing--;
            StartIfNobodyCaptures();
        }
    }

    /// <summary>Waits until a record is durable.</summary>
    /// <param name="backup">The record.</param>
    /// <param name="prove">Runs when all that the record needs is durable; what it throws keeps this record, and no other, from being written.</param>
    public Task JoinAsync(BackupRecord backup, Func<Task>? prove)
    {
        lock (sync)
        {
            var entry = new Waiting(backup, prove);
            waiting.Add(entry);
            capturing--;
            if (!StartIfNobodyCaptures() && waiting.Count == 1)
            {
                Track(FlushLaterAsync(waiting));
            }

            return entry.Completion.Task;
        }
    }

    /// <summary>The pack that is being filled was closed: what waits by now is in closed packs.</summary>
    public void PackClosed()
    {
        lock (sync)
        {
            if (waiting.Count > 0)
            {
                Start(closeCurrent: false);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync().ConfigureAwait(false);
        Task[] left;
        lock (sync)
        {
            left = [.. running];
        }

        await Task.WhenAll(left).ConfigureAwait(false);
        lock (sync)
        {
            foreach (var entry in waiting)
            {
                entry.Completion.TrySetCanceled();
            }
        }

        flushing.Dispose();
        stop.Dispose();
    }

    private bool StartIfNobodyCaptures()
    {
        if (capturing > 0 || waiting.Count == 0)
        {
            return false;
        }

        Start(closeCurrent: true);
        return true;
    }

    private void Start(bool closeCurrent)
    {
        var group = waiting;
        waiting = [];
        Track(Task.Run(() => FlushAsync(group, closeCurrent)));
    }

    private void Track(Task task)
    {
        running.Add(task);
        _ = task.ContinueWith(
            done =>
            {
                lock (sync)
                {
                    running.Remove(done);
                }
            },
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }

    private async Task FlushLaterAsync(List<Waiting> group)
    {
        try
        {
            await Task.Delay(LongestWait, clock, stop.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return;
        }

        lock (sync)
        {
            if (ReferenceEquals(group, waiting) && group.Count > 0)
            {
                Start(closeCurrent: true);
            }
        }
    }

    private async Task FlushAsync(List<Waiting> group, bool closeCurrent)
    {
        await flushing.WaitAsync().ConfigureAwait(false);
        try
        {
            await flush(closeCurrent).ConfigureAwait(false);
            var isProved = await Task.WhenAll(group.Select(ProveAsync)).ConfigureAwait(false);
            var proved = group.Where((_, index) => isProved[index]).ToList();
            if (proved.Count == 0)
            {
                return;
            }

            var faults = await record(proved.ConvertAll(entry => entry.Record)).ConfigureAwait(false);
            foreach (var (entry, fault) in proved.Zip(faults))
            {
                _ = fault is null ? entry.Completion.TrySetResult() : entry.Completion.TrySetException(fault);
            }
        }
        catch (Exception exception)
        {
            // Goes to each of those who wait.
            group.ForEach(entry => entry.Completion.TrySetException(exception));
        }
        finally
        {
            flushing.Release();
        }
    }

    private static async Task<bool> ProveAsync(Waiting entry)
    {
        if (entry.Prove is null)
        {
            return true;
        }

        try
        {
            await Task.Run(entry.Prove).ConfigureAwait(false);
            return true;
        }
        catch (Exception exception)
        {
            // Goes to the one who waits for it.
            entry.Completion.TrySetException(exception);
            return false;
        }
    }

    private sealed record Waiting(BackupRecord Record, Func<Task>? Prove)
    {
        public TaskCompletionSource Completion { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
