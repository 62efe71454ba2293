namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>
/// The requests for parts of files: one at a time, and one now and then where nobody reads, since a device ends a backup
/// whose files nobody reads (Backup_Failure_Timeout; only accesses to the configuration files count).
/// </summary>
internal sealed class FileReads(BacnetConversation link) : IAsyncDisposable
{
    private readonly SemaphoreSlim gate = new(1);
    private readonly CancellationTokenSource stop = new();
    private Task beating = Task.CompletedTask;
    private long last = link.Clock.GetTimestamp();

    public async Task<BacnetStreamPart> ReadStreamAsync(uint file, int start, int count, CancellationToken cancellationToken)
    {
        var (client, peer) = await link.OpenAsync(cancellationToken).ConfigureAwait(false);
        return await OneAtATimeAsync(() => client.ReadFileStreamAsync(peer, file, start, (uint)count, cancellationToken), cancellationToken).ConfigureAwait(false);
    }

    public async Task<BacnetRecordPart> ReadRecordsAsync(uint file, int start, int count, CancellationToken cancellationToken)
    {
        var (client, peer) = await link.OpenAsync(cancellationToken).ConfigureAwait(false);
        return await OneAtATimeAsync(() => client.ReadFileRecordsAsync(peer, file, start, (uint)count, cancellationToken), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Reads as little of a file as can be.</summary>
    public async Task TouchAsync(BacnetItemPath file, CancellationToken cancellationToken)
    {
        if (file.Access == BacnetFileAccess.Stream)
        {
            _ = await ReadStreamAsync(file.File, 0, 1, cancellationToken).ConfigureAwait(false);
        }
        else
        {
            _ = await ReadRecordsAsync(file.File, 0, 1, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>From now on the device hears of us at least twice in its failure timeout.</summary>
    /// <param name="file">Which one is read for it.</param>
    /// <param name="failureTimeout">The device's, or what is taken for it.</param>
    public void KeepAlive(BacnetItemPath file, TimeSpan failureTimeout)
    {
        if (beating.IsCompleted && !stop.IsCancellationRequested && failureTimeout > TimeSpan.Zero)
        {
            beating = BeatAsync(file, failureTimeout / 2);
        }
    }

    /// <summary>Ends the reads that nobody asked for. No others are under way then.</summary>
    public async Task StopAsync()
    {
        await stop.CancelAsync().ConfigureAwait(false);
        await beating.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);
        stop.Dispose();
        gate.Dispose();
    }

    private async Task BeatAsync(BacnetItemPath file, TimeSpan interval)
    {
        while (true)
        {
            var quiet = link.Clock.GetElapsedTime(Interlocked.Read(ref last));
            if (quiet < interval)
            {
                await Task.Delay(interval - quiet, link.Clock, stop.Token).ConfigureAwait(false);
                continue;
            }

            try
            {
                link.Trace($"{link.Errors.Device}: reading a little of its File object {file.File}, so that it does not end the backup while we are slow.");
                await TouchAsync(file, stop.Token).ConfigureAwait(false);
            }
            catch (BacnetException)
            {
                // An access it was all the same (an empty file is answered with an error); the next read of ours tells what is wrong.
            }
        }
    }

    private async Task<T> OneAtATimeAsync<T>(Func<Task<T>> read, CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await read().ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Exchange(ref last, link.Clock.GetTimestamp());
            gate.Release();
        }
    }
}
