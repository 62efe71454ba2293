using System.Buffers;
using System.Security.Cryptography;
using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Repository.Chunks;

/// <summary>What became of a stream.</summary>
internal sealed record StoredContent(IReadOnlyList<ChunkId> Chunks, byte[] Digest, long Length);

/// <summary>Cuts one stream into chunks and hands them to the workers. Dispose without completing gives it up.</summary>
/// <param name="store">Takes the chunks.</param>
/// <param name="chunker">Finds cuts.</param>
/// <param name="earlier">The chunks of what the stream may have grown from; null for none.</param>
internal sealed class ContentWriter(ChunkStore store, Chunker chunker, IReadOnlyList<ChunkId>? earlier = null) : IDisposable
{
    private const int FirstBuffer = 2 * Chunker.MinimumSize;
    private const int FullBuffer = 2 * Chunker.MaximumSize;

    private readonly List<Task<StoredChunk>> chunks = [];
    private readonly GrownTail? tail = earlier is null ? null : new GrownTail(store, earlier);
    private byte[] buffer = ArrayPool<byte>.Shared.Rent(FirstBuffer);
    private IncrementalHash? digest;
    private int start;
    private int end;
    private long length;

    /// <summary>Reads a stream to its end.</summary>
    public async Task ReadFromAsync(Stream content, CancellationToken cancellationToken)
    {
        while (true)
        {
            Reserve();
            var read = await content.ReadAsync(buffer.AsMemory(end), cancellationToken).ConfigureAwait(false);
            if (read == 0)
            {
                return;
            }

            store.CountRead(read);
            await AdvanceAsync(read, cancellationToken).ConfigureAwait(false);
        }
    }

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        while (content.Length > 0)
        {
            Reserve();
            var count = Math.Min(content.Length, buffer.Length - end);
            content.Span[..count].CopyTo(buffer.AsSpan(end));
            content = content[count..];
            await AdvanceAsync(count, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Stores the rest and waits until all of it is packed.</summary>
    public async Task<StoredContent> CompleteAsync(CancellationToken cancellationToken)
    {
        if (chunks.Count == 0 && end - start <= Chunker.MinimumSize)
        {
            return await CompleteSmallAsync().ConfigureAwait(false);
        }

        while (start < end)
        {
            await CutAsync(isEnding: true, cancellationToken).ConfigureAwait(false);
        }

        var stored = await Task.WhenAll(chunks).WaitAsync(cancellationToken).ConfigureAwait(false);

        // The digest of a one-chunk stream is that of its chunk, already computed.
        var hash = stored.Length == 1 ? stored[0].Digest : digest!.GetHashAndReset();
        return new StoredContent(Array.ConvertAll(stored, chunk => chunk.Id), hash, length);
    }

    public void Dispose()
    {
        digest?.Dispose();
        if (buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
            buffer = [];
        }
    }

    private async Task<StoredContent> CompleteSmallAsync()
    {
        if (length == 0)
        {
            return new StoredContent([], SHA256.HashData([]), 0);
        }

        // Handing so little to a worker would cost more than doing it here.
        var stored = await store.StoreAsync(buffer.AsMemory(start, end - start)).ConfigureAwait(false);
        return new StoredContent([stored.Id], stored.Digest, length);
    }

    private async ValueTask AdvanceAsync(int count, CancellationToken cancellationToken)
    {
        end += count;
        length += count;
        while (end - start >= Chunker.MaximumSize)
        {
            await CutAsync(isEnding: false, cancellationToken).ConfigureAwait(false);
        }
    }

    private async ValueTask CutAsync(bool isEnding, CancellationToken cancellationToken)
    {
        var rest = buffer.AsMemory(start, end - start);
        var cut = chunker.FindCut(rest.Span);
        var chunk = rest[..(tail?.FindCut(rest.Span, cut) ?? cut)];
        if (!isEnding || chunks.Count > 0 || chunk.Length < rest.Length)
        {
            digest ??= IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            digest.AppendData(chunk.Span);
        }

        chunks.Add(await store.EnqueueAsync(chunk, cancellationToken).ConfigureAwait(false));
        start += chunk.Length;
    }

    private void Reserve()
    {
        if (start == end)
        {
            start = end = 0;
        }

        if (end < buffer.Length)
        {
            return;
        }

        if (start > 0)
        {
            buffer.AsSpan(start, end - start).CopyTo(buffer);
        }
        else
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Min(buffer.Length * 4, FullBuffer));
            buffer.AsSpan(0, end).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(buffer);
            buffer = larger;
        }

        end -= start;
        start = 0;
    }
}
