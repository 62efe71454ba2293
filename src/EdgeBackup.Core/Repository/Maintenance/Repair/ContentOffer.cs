using System.Security.Cryptography;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository.Chunks;

namespace EdgeBackup.Core.Repository.Maintenance.Repair;

/// <summary>Cuts an offered content just as a backup of it would be cut.</summary>
internal sealed class ContentOffer(Chunker chunker, ChunkMender chunks) : IDisposable
{
    private readonly IncrementalHash digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly List<ChunkId> ids = [];
    private readonly byte[] buffer = new byte[2 * Chunker.MaximumSize];
    private int count;
    private long length;

    public void Add(ReadOnlySpan<byte> bytes)
    {
        digest.AppendData(bytes);
        length += bytes.Length;
        while (bytes.Length > 0)
        {
            var part = Math.Min(bytes.Length, buffer.Length - count);
            bytes[..part].CopyTo(buffer.AsSpan(count));
            bytes = bytes[part..];
            count += part;
            Cut(isAtEnd: false);
        }
    }

    public OfferedContent Complete()
    {
        Cut(isAtEnd: true);
        return new OfferedContent(Convert.ToHexStringLower(digest.GetHashAndReset()), length, ids);
    }

    public void Dispose() => digest.Dispose();

    /// <summary>Where the content goes on, a cut is sure only with the longest chunk in view.</summary>
    private void Cut(bool isAtEnd)
    {
        var start = 0;
        while (start < count && (isAtEnd || count - start >= Chunker.MaximumSize))
        {
            var cut = chunker.FindCut(buffer.AsSpan(start, count - start));
            ids.Add(chunks.Offer(buffer.AsSpan(start, cut)));
            start += cut;
        }

        buffer.AsSpan(start, count - start).CopyTo(buffer);
        count -= start;
    }
}
