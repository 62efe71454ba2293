using System.Buffers;
using System.Runtime.CompilerServices;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository.Chunks;

namespace EdgeBackup.Core.Repository.Backups;

/// <summary>Reads the item list of a backup.</summary>
internal static class ManifestReader
{
    /// <summary>More levels than 2^63 items need.</summary>
    private const int DeepestRoot = 8;

    /// <summary>The items in the order of the list.</summary>
    /// <exception cref="ObjectDamagedException">A chunk of the list is missing or altered.</exception>
    public static async IAsyncEnumerable<SavedItem> ReadAsync(RepositoryCore core, ManifestRoot root, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Chunker.MaximumSize);
        try
        {
            var rest = new ArrayBufferWriter<byte>();
            var items = new List<SavedItem>();
            await foreach (var id in ReadChunkIdsAsync(core, root, leavesOnly: true, cancellationToken).ConfigureAwait(false))
            {
                var length = await core.Chunks.ReadAsync(id, buffer, cancellationToken).ConfigureAwait(false);
                ReadLines(core, id, buffer.AsSpan(0, length), rest, items);
                foreach (var item in items)
                {
                    yield return item;
                }

                items.Clear();
            }

            if (rest.WrittenCount > 0)
            {
                throw new ObjectDamagedException("manifest", "the item list ends within a line");
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>The ids of the chunks that hold the list and, unless only the leaves are asked for, the lists of ids.</summary>
    public static async IAsyncEnumerable<ChunkId> ReadChunkIdsAsync(
        RepositoryCore core, ManifestRoot root, bool leavesOnly, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (root.Depth is < 0 or > DeepestRoot)
        {
            throw new ObjectDamagedException("manifest", $"the item list has the depth {root.Depth}");
        }

        var ids = root.Chunks;
        for (var depth = root.Depth; depth > 0; depth--)
        {
            var below = new List<ChunkId>();
            var buffer = new byte[Chunker.MaximumSize];
            var bytes = new MemoryStream();
            foreach (var id in ids)
            {
                if (!leavesOnly)
                {
                    yield return id;
                }

                var length = await core.Chunks.ReadAsync(id, buffer, cancellationToken).ConfigureAwait(false);
                bytes.Write(buffer, 0, length);
            }

            below.AddRange(ToIds(bytes.ToArray()));
            ids = below;
        }

        foreach (var id in ids)
        {
            yield return id;
        }
    }

    private static ChunkId[] ToIds(byte[] bytes)
    {
        try
        {
            return ManifestCodec.ReadIds(bytes);
        }
        catch (FormatException exception)
        {
            throw new ObjectDamagedException("manifest", "a list of chunk ids is cut short", exception);
        }
    }

    private static void ReadLines(RepositoryCore core, ChunkId id, ReadOnlySpan<byte> chunk, ArrayBufferWriter<byte> rest, List<SavedItem> items)
    {
        try
        {
            int end;
            while ((end = chunk.IndexOf((byte)'\n')) >= 0)
            {
                if (rest.WrittenCount > 0)
                {
                    rest.Write(chunk[..end]);
                    items.Add(ManifestCodec.Read(rest.WrittenSpan, core.Master));
                    rest.ResetWrittenCount();
                }
                else
                {
                    items.Add(ManifestCodec.Read(chunk[..end], core.Master));
                }

                chunk = chunk[(end + 1)..];
            }
        }
        catch (FormatException exception)
        {
            throw new ObjectDamagedException($"chunk {id}", "a line of the item list in it cannot be read", exception);
        }

        rest.Write(chunk);
    }
}
