using System.Buffers;
using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository.Index;
using EdgeBackup.Core.Repository.Packs;
using EdgeBackup.Core.Repository.Recovery;

namespace EdgeBackup.Core.Repository.Chunks;

/// <summary>Reads chunks out of packs.</summary>
internal sealed class ChunkReader(RepositoryCore core)
{
    private const int CachedKeys = 4096;

    private readonly ConcurrentDictionary<string, byte[]> keys = [];

    /// <summary>Packs that failed with an index just read: reading it again for every chunk of theirs would help nobody.</summary>
    private readonly ConcurrentDictionary<string, byte> failed = [];
    private readonly OtherCopies others = new(core);

    /// <param name="id">The chunk.</param>
    /// <param name="plain">At least <see cref="Chunker.MaximumSize"/> bytes.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Bytes of the chunk.</returns>
    /// <exception cref="ObjectDamagedException">It is in no pack, or all packs that hold it are missing or altered.</exception>
    public async ValueTask<int> ReadAsync(ChunkId id, Memory<byte> plain, CancellationToken cancellationToken)
    {
        var location = await core.Index.FindAsync(id, cancellationToken).ConfigureAwait(false)
            ?? throw new ObjectDamagedException($"chunk {id}", "no pack holds this chunk");
        try
        {
            return await ReadAsync(location, plain, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (ObjectDamagedException.IsMeantBy(exception))
        {
            return await ReadElsewhereAsync(id, location, plain, exception, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Reads a pack's own directory.</summary>
    /// <exception cref="ObjectDamagedException">It is missing or altered.</exception>
    public async Task<PackListing> ReadDirectoryAsync(string hash, long length, CancellationToken cancellationToken)
    {
        var name = PackFormat.ToName(hash);
        if (length is < PackFormat.SmallestBody or > int.MaxValue)
        {
            throw new ObjectDamagedException(name, "it has not the length of a pack");
        }

        var header = await ReadExactlyAsync(name, 0, PackFormat.HeaderSize, cancellationToken).ConfigureAwait(false);
        var end = await ReadExactlyAsync(name, length - RecoveryGeometry.HeadSize, RecoveryGeometry.HeadSize, cancellationToken).ConfigureAwait(false);
        var bodyLength = PackFormat.FindBodyLength(end, length);
        var trailer = await ReadExactlyAsync(name, bodyLength - PackFormat.TrailerSize, PackFormat.TrailerSize, cancellationToken).ConfigureAwait(false);
        var (directoryLength, _) = PackFormat.ReadTrailer(name, trailer, bodyLength);
        var directory = await ReadExactlyAsync(name, bodyLength - PackFormat.TrailerSize - directoryLength, directoryLength, cancellationToken).ConfigureAwait(false);
        return new PackListing(hash, (int)length, PackFormat.OpenDirectory(name, core.Master, header, directory, trailer, bodyLength));
    }

    /// <summary>Reads a chunk as it is stored, unsealed but still compressed.</summary>
    /// <exception cref="ObjectDamagedException">Its pack is missing or altered.</exception>
    public async Task<ReadOnlyMemory<byte>> ReadStoredAsync(string pack, PackEntry entry, CancellationToken cancellationToken)
    {
        var name = PackFormat.ToName(pack);
        var key = await GetKeyAsync(pack, name, cancellationToken).ConfigureAwait(false);
        var buffer = await ReadExactlyAsync(name, entry.Offset, entry.StoredLength, cancellationToken).ConfigureAwait(false);
        PackFormat.Unseal(name, key, entry, buffer);
        return buffer.AsMemory(0, entry.StoredLength - PackFormat.TagSize);
    }

    private async Task<int> ReadElsewhereAsync(ChunkId id, ChunkLocation damaged, Memory<byte> plain, Exception damage, CancellationToken cancellationToken)
    {
        if (failed.TryAdd(damaged.Pack, 0))
        {
            // Maintenance may have moved the chunk since the index was read.
            await core.Index.RefreshAsync(condemnedNow: null, force: true, cancellationToken).ConfigureAwait(false);
        }

        var places = await others.FindAsync(damaged.Pack, id, cancellationToken).ConfigureAwait(false);
        if (await core.Index.FindAsync(id, cancellationToken).ConfigureAwait(false) is { } moved && moved.Pack != damaged.Pack)
        {
            places = [moved, .. places];
        }

        foreach (var place in places)
        {
            try
            {
                return await ReadAsync(place, plain, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception exception) when (ObjectDamagedException.IsMeantBy(exception))
            {
                // The first place is the one that is told of.
            }
        }

        ExceptionDispatchInfo.Throw(damage);
        return 0;
    }

    private async ValueTask<int> ReadAsync(ChunkLocation location, Memory<byte> plain, CancellationToken cancellationToken)
    {
        var name = PackFormat.ToName(location.Pack);
        var entry = location.Entry;
        var buffer = ArrayPool<byte>.Shared.Rent(entry.StoredLength);
        try
        {
            var key = await GetKeyAsync(location.Pack, name, cancellationToken).ConfigureAwait(false);
            var read = await core.Store.ReadAsync(name, entry.Offset, buffer.AsMemory(0, entry.StoredLength), cancellationToken).ConfigureAwait(false);
            if (read < entry.StoredLength)
            {
                throw new ObjectDamagedException(name, read < 0 ? "it is missing" : "it is shorter than it was written");
            }

            PackFormat.OpenChunk(name, key, entry, buffer.AsSpan(0, entry.StoredLength), plain.Span);
            return entry.RawLength;
        }
        catch (ObjectDamagedException)
        {
            keys.TryRemove(location.Pack, out _);
            throw;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async ValueTask<byte[]> GetKeyAsync(string pack, string name, CancellationToken cancellationToken)
    {
        if (!keys.TryGetValue(pack, out var key))
        {
            var header = await ReadExactlyAsync(name, 0, PackFormat.HeaderSize, cancellationToken).ConfigureAwait(false);
            key = core.Master.ToPackKey(PackFormat.ReadHeader(name, header));
            if (keys.Count > CachedKeys)
            {
                keys.Clear();
            }

            keys[pack] = key;
        }

        return key;
    }

    private async Task<byte[]> ReadExactlyAsync(string name, long offset, int count, CancellationToken cancellationToken)
    {
        var buffer = new byte[count];
        var read = await core.Store.ReadAsync(name, offset, buffer, cancellationToken).ConfigureAwait(false);
        return read == count ? buffer : throw new ObjectDamagedException(name, read < 0 ? "it is missing" : "it is shorter than it was written");
    }
}
