using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Devices.Ssh;

/// <summary>
/// Reads items through one shell on the device. Only where somebody leaves a large item lying and asks for others is a
/// further shell opened for these, so that nobody waits for himself.
/// </summary>
internal sealed class SshItemReader : IAsyncDisposable
{
    private const int LaneLimit = 8;
    private const int UnprovenTries = 5;

    private static readonly TimeSpan NextSecond = TimeSpan.FromMilliseconds(1100);

    private readonly SshTarget target;
    private readonly Func<CancellationToken, Task<SshShell>> openAsync;
    private readonly SshItemQueue queue = new();
    private readonly CancellationTokenSource end = new();
    private readonly List<Task> lanes = [];
    private readonly HashSet<string> alone = new(StringComparer.Ordinal);
    private readonly Lock sync = new();
    private SshShell? first;

    /// <param name="target">The device.</param>
    /// <param name="first">A shell that is free from now on; this reader ends it.</param>
    /// <param name="openAsync">Opens another.</param>
    public SshItemReader(SshTarget target, SshShell first, Func<CancellationToken, Task<SshShell>> openAsync)
    {
        this.target = target;
        this.first = first;
        this.openAsync = openAsync;
    }

    /// <summary>Tells the files of a listing in their order, some of which will be asked for.</summary>
    public void SetOrder(IEnumerable<Item> files) => queue.SetOrder(files);

    /// <inheritdoc cref="ICapture.OpenReadAsync"/>
    public async Task<CapturedItem?> OpenAsync(Item item, CancellationToken cancellationToken)
    {
        SshItemRequest request;
        lock (sync)
        {
            ObjectDisposedException.ThrowIf(end.IsCancellationRequested, this);
            request = queue.Add(item, alone.Contains(item.Path));
            if (lanes.Count == 0)
            {
                StartLane();
            }
        }

        try
        {
            return await request.Opened.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            request.Abandon();
            throw;
        }
    }

    /// <summary>Ends the reading; what is under way is given up.</summary>
    /// <returns>A shell that can serve on, where there is one.</returns>
    public async Task<SshShell?> StopAsync()
    {
        Task[] running;
        lock (sync)
        {
            end.Cancel();
            running = [.. lanes];
        }

        await Task.WhenAll(running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        queue.FailAll(new ObjectDisposedException(nameof(SshItemReader)));
        return Interlocked.Exchange(ref first, null);
    }

    public async ValueTask DisposeAsync()
    {
        if (await StopAsync().ConfigureAwait(false) is { } left)
        {
            await left.DisposeAsync().ConfigureAwait(false);
        }

        queue.Dispose();
        end.Dispose();
    }

    private async Task RunAsync()
    {
        var shell = Interlocked.Exchange(ref first, null);
        while (true)
        {
            IReadOnlyList<SshItemRequest> batch;
            try
            {
                batch = await queue.TakeAsync(end.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                // Nothing is under way in it, so that it can serve on.
                if (shell is not null && Interlocked.CompareExchange(ref first, shell, null) is not null)
                {
                    await shell.DisposeAsync().ConfigureAwait(false);
                }

                return;
            }

            shell = await ServeAsync(shell, batch).ConfigureAwait(false);
        }
    }

    /// <returns>The shell for the next batch; null where it is no longer usable.</returns>
    private async Task<SshShell?> ServeAsync(SshShell? shell, IReadOnlyList<SshItemRequest> batch)
    {
        try
        {
            shell ??= await openAsync(end.Token).ConfigureAwait(false);
            if (batch[0].IsAlone && shell.Greeting.Lister != RemoteLister.Find)
            {
                // It failed before; with times of whole seconds, the next second tells more.
                await Task.Delay(NextSecond, target.Clock, end.Token).ConfigureAwait(false);
            }

            var reading = new SshBatch(target, shell, batch, RelieveIfWaiting);
            await reading.RunAsync(end.Token).ConfigureAwait(false);
            foreach (var request in reading.Unproven)
            {
                await TryAgainAsync(request).ConfigureAwait(false);
            }

            NoteFailures(reading.Failed);
            if (reading.IsShellUsable)
            {
                return shell;
            }
        }
        catch (Exception exception)
        {
            // Whoever waits is told; what was read ahead is asked for again, alone.
            NoteFailures(batch.Select(request => request.Item.Path));
            foreach (var request in batch)
            {
                request.Fail(exception is OperationCanceledException ? new ObjectDisposedException(nameof(SshItemReader)) : exception);
            }

            // A defect in here is the waiting one's as well; the lane itself goes on, or others would wait for ever.
        }

        if (shell is not null)
        {
            shell.Kill();
            await shell.DisposeAsync().ConfigureAwait(false);
        }

        return null;
    }

    private async Task TryAgainAsync(SshItemRequest request)
    {
        if (++request.Unproven >= UnprovenTries)
        {
            request.Fail(SshReading.Changed(target, request.Item.Path, "it is written to in every second"));
            return;
        }

        await Task.Delay(NextSecond, target.Clock, end.Token).ConfigureAwait(false);
        queue.Return(request);
    }

    private void NoteFailures(IEnumerable<string> paths)
    {
        lock (sync)
        {
            alone.UnionWith(paths);
        }
    }

    /// <summary>Called where a large item lies unread.</summary>
    private void RelieveIfWaiting()
    {
        lock (sync)
        {
            if (!end.IsCancellationRequested && queue.HasWaiting && lanes.Count < LaneLimit)
            {
                target.Options.Trace?.Invoke("An item lies unread while others are asked for; opening one more connection for those.");
                StartLane();
            }
        }
    }

    private void StartLane() => lanes.Add(Task.Run(RunAsync, CancellationToken.None));
}
