using System.Runtime.ExceptionServices;
using System.Security.Cryptography;
using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Repository.Packs;

/// <summary>Collects chunks into packs and writes the full ones while the next is filled.</summary>
internal sealed class PackWriter(RepositoryCore core, Action packClosed) : IDisposable
{
    /// <summary>One being filled and two being written: a bound on memory, and room to wait for the disk.</summary>
    private const int Builders = 3;

    private readonly SemaphoreSlim gate = new(1, 1);
    private readonly SemaphoreSlim free = new(Builders, Builders);
    private readonly Stack<PackBuilder> idle = [];
    private readonly Lock idleSync = new();
    private List<Task<PackListing>> written = [];
    private PackBuilder? current;
    private long bytesWritten;
    private int packsWritten;
    private Exception? failure;

    public long BytesWritten => Interlocked.Read(ref bytesWritten);

    public int PacksWritten => Volatile.Read(ref packsWritten);

    /// <summary>Adds a chunk; waits while too many packs are being written. Not to be cancelled: the chunk was promised to others.</summary>
    public async Task AppendAsync(ChunkId id, int rawLength, byte codec, ReadOnlyMemory<byte> stored)
    {
        await gate.WaitAsync().ConfigureAwait(false);
        try
        {
            if (Volatile.Read(ref failure) is { } first)
            {
                // No use in reading a whole device when its bytes cannot be kept.
                ExceptionDispatchInfo.Throw(first);
            }

            if (current is null)
            {
                await free.WaitAsync().ConfigureAwait(false);
                current = TakeBuilder();
                current.Begin(core.Master, core.Environment.Random);
            }

            current.Append(id, rawLength, codec, stored.Span);
            if (current.IsFull)
            {
                Close();
                packClosed();
            }
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>Takes over the packs closed since the last call.</summary>
    /// <param name="closeCurrent">Whether the pack that is being filled is closed too.</param>
    public async Task<List<Task<PackListing>>> TakeWrittenAsync(bool closeCurrent)
    {
        await gate.WaitAsync().ConfigureAwait(false);
        try
        {
            if (closeCurrent && current is not null)
            {
                Close();
            }

            var taken = written;
            written = [];
            return taken;
        }
        finally
        {
            gate.Release();
        }
    }

    public void Dispose()
    {
        current?.Dispose();
        foreach (var builder in idle)
        {
            builder.Dispose();
        }

        gate.Dispose();
        free.Dispose();
    }

    private void Close()
    {
        var builder = current!;
        current = null;
        written.Add(Task.Run(() => WriteAsync(builder)));
    }

    private async Task<PackListing> WriteAsync(PackBuilder builder)
    {
        try
        {
            var content = builder.Finish();
            var hash = Convert.ToHexStringLower(SHA256.HashData(content.Span));
            var listing = new PackListing(hash, content.Length, [.. builder.Entries]);
            await core.Store.PutAsync(listing.Name, content, CancellationToken.None).ConfigureAwait(false);
            Interlocked.Add(ref bytesWritten, content.Length);
            Interlocked.Increment(ref packsWritten);
            return listing;
        }
        catch (Exception exception)
        {
            Interlocked.CompareExchange(ref failure, exception, null);
            throw;
        }
        finally
        {
            lock (idleSync)
            {
                idle.Push(builder);
            }

            free.Release();
        }
    }

    private PackBuilder TakeBuilder()
    {
        lock (idleSync)
        {
            return idle.TryPop(out var builder) ? builder : new PackBuilder(core.Header);
        }
    }
}
