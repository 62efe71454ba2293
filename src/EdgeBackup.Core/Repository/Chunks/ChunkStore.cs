using System.Buffers;
using System.Security.Cryptography;
using System.Threading.Channels;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository.Index;
using EdgeBackup.Core.Repository.Packs;

namespace EdgeBackup.Core.Repository.Chunks;

/// <summary>A chunk that was stored or found.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Digest">SHA-256 of its bytes.</param>
internal readonly record struct StoredChunk(ChunkId Id, byte[] Digest);

/// <summary>
/// A session's chunks: hashes, looks whether the repository has them, compresses and packs those that are new. A chunk
/// that several captures bring at once is stored once; all of them wait for that one.
/// </summary>
internal sealed class ChunkStore : IAsyncDisposable
{
    private readonly RepositoryCore core;
    private readonly PackWriter packs;
    private readonly ChunkTable table;
    private readonly Channel<Job> jobs;
    private readonly Task[] workers;
    private readonly Lock sync = new();
    private readonly Dictionary<ChunkId, Task> pending = [];
    private readonly HashSet<string> reliedOn = [];
    private Exception? fault;
    private long bytesRead;
    private long added;
    private long reused;

    /// <param name="core">The repository.</param>
    /// <param name="table">The index as the session found it after it took its lease.</param>
    /// <param name="packs">Takes what is new.</param>
    public ChunkStore(RepositoryCore core, ChunkTable table, PackWriter packs)
    {
        this.core = core;
        this.table = table;
        this.packs = packs;
        var cores = Math.Max(1, Environment.ProcessorCount);
        jobs = Channel.CreateBounded<Job>(new BoundedChannelOptions(2 * cores) { FullMode = BoundedChannelFullMode.Wait });
        workers = [.. Enumerable.Range(0, cores).Select(_ => Task.Run(WorkAsync))];
    }

    public long BytesRead => Interlocked.Read(ref bytesRead);

    public long Added => Interlocked.Read(ref added);

    public long Reused => Interlocked.Read(ref reused);

    /// <summary>The packs that existed before and that this session counts on.</summary>
    public HashSet<string> CopyReliedOn()
    {
        lock (sync)
        {
            return [.. reliedOn];
        }
    }

    /// <summary>Stores a chunk on the caller's thread.</summary>
    public async ValueTask<StoredChunk> StoreAsync(ReadOnlyMemory<byte> plain)
    {
        ThrowIfFaulted();
        var digest = SHA256.HashData(plain.Span);
        var id = core.Master.ToChunkId(digest);
        var claim = Claim(id, out var wait);
        if (claim is null)
        {
            Interlocked.Increment(ref reused);
            await wait.ConfigureAwait(false);
            return new StoredChunk(id, digest);
        }

        try
        {
            await AppendAsync(id, plain).ConfigureAwait(false);
            lock (sync)
            {
                pending[id] = Task.CompletedTask;
            }

            claim.SetResult();
            Interlocked.Increment(ref added);
            return new StoredChunk(id, digest);
        }
        catch (Exception exception)
        {
            // Others may count on this chunk by now: nothing of this session can be recorded any more.
            Fault(exception);
            claim.SetException(exception);
            _ = claim.Task.Exception;
            throw;
        }
    }

    /// <summary>Stores a chunk on a worker; waits while all are busy.</summary>
    /// <param name="plain">Copied before this returns.</param>
    /// <param name="cancellationToken">Gives up waiting for a worker.</param>
    /// <returns>A task for the result, once a worker has it.</returns>
    public async ValueTask<Task<StoredChunk>> EnqueueAsync(ReadOnlyMemory<byte> plain, CancellationToken cancellationToken)
    {
        var job = new Job(ArrayPool<byte>.Shared.Rent(plain.Length), plain.Length);
        plain.CopyTo(job.Buffer);
        try
        {
            await jobs.Writer.WriteAsync(job, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            ArrayPool<byte>.Shared.Return(job.Buffer);
            throw;
        }

        return job.Completion.Task;
    }

    public void CountRead(long bytes) => Interlocked.Add(ref bytesRead, bytes);

    /// <summary>Whether a backup may name this chunk; notes its pack as relied on.</summary>
    public bool Has(ChunkId id)
    {
        lock (sync)
        {
            if (table.TryFind(id, reliable: true, out var location))
            {
                reliedOn.Add(location.Pack);
                return true;
            }

            return pending.ContainsKey(id);
        }
    }

    /// <summary>The length of a chunk that was there when the session began.</summary>
    public bool TryGetLength(ChunkId id, out int length)
    {
        var found = table.TryFind(id, reliable: true, out var location);
        length = location.Entry.RawLength;
        return found;
    }

    /// <summary>Whether these are a chunk's bytes.</summary>
    public bool IsChunk(ChunkId id, ReadOnlySpan<byte> plain) => core.Master.ToChunkId(SHA256.HashData(plain)) == id;

    /// <summary>Moves chunks from the pending ones to those that the index knows.</summary>
    public void Indexed(IEnumerable<PackListing> listings, ChunkTable published)
    {
        lock (sync)
        {
            foreach (var listing in listings)
            {
                if (!ReferenceEquals(published, table))
                {
                    table.Add(listing);
                }

                reliedOn.Add(listing.Hash);
                foreach (var entry in listing.Entries)
                {
                    pending.Remove(entry.Id);
                }
            }
        }
    }

    /// <summary>Ends the session for everybody in it.</summary>
    public void Fault(Exception exception) => Interlocked.CompareExchange(ref fault, exception, null);

    public void ThrowIfFaulted()
    {
        if (Volatile.Read(ref fault) is not { } first)
        {
            return;
        }

        if (first is EdgeBackupException known)
        {
            throw new EdgeBackupException(known.ErrorId, known.Message, known.Target, known);
        }

        throw new EdgeBackupException(
            ErrorIds.RepositoryNotWritable,
            $"The repository '{core.Store.Location}' could not be written: {first.Message} Nothing saved before was lost; see that it can be reached and try again.",
            core.Store.Location,
            first);
    }

    public async ValueTask DisposeAsync()
    {
        jobs.Writer.TryComplete();
        await Task.WhenAll(workers).ConfigureAwait(false);
    }

    private TaskCompletionSource? Claim(ChunkId id, out Task wait)
    {
        lock (sync)
        {
            if (table.TryFind(id, reliable: true, out var location))
            {
                reliedOn.Add(location.Pack);
                wait = Task.CompletedTask;
                return null;
            }

            if (pending.TryGetValue(id, out wait!))
            {
                return null;
            }

            var claim = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            pending.Add(id, claim.Task);
            wait = claim.Task;
            return claim;
        }
    }

    private async ValueTask AppendAsync(ChunkId id, ReadOnlyMemory<byte> plain)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(ChunkCodec.BufferSize(plain.Length));
        try
        {
            var written = ChunkCodec.TryCompress(plain.Span, buffer);
            var stored = written < 0 ? plain : buffer.AsMemory(0, written);
            await packs.AppendAsync(id, plain.Length, written < 0 ? ChunkCodec.Raw : ChunkCodec.Brotli, stored).ConfigureAwait(false);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async Task WorkAsync()
    {
        await foreach (var job in jobs.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            try
            {
                job.Completion.SetResult(await StoreAsync(job.Buffer.AsMemory(0, job.Length)).ConfigureAwait(false));
            }
            catch (Exception exception)
            {
                // Goes to whoever waits for this chunk; a capture that was given up waits for none.
                job.Completion.SetException(exception);
                _ = job.Completion.Task.Exception;
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(job.Buffer);
            }
        }
    }

    private sealed record Job(byte[] Buffer, int Length)
    {
        public TaskCompletionSource<StoredChunk> Completion { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
