using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Repository.Chunks;

/// <summary>
/// Cuts a stream that grew at its end where its earlier form ended, so that of a log only the new lines are stored and
/// not its last chunk once more. Nothing is taken on trust: a cut is made only where the bytes are those of the earlier
/// chunk. Many small pieces are joined again by an ordinary cut.
/// </summary>
/// <param name="store">Knows the earlier chunks.</param>
/// <param name="earlier">The chunks of the earlier form, in order.</param>
internal sealed class GrownTail(ChunkStore store, IReadOnlyList<ChunkId> earlier)
{
    /// <summary>So many pieces may stand where an ordinary cut would make one chunk: each costs an entry, and compresses by itself.</summary>
    private const int MostPieces = 8;

    private int next;
    private int pieces;

    /// <summary>The length of the first chunk.</summary>
    /// <param name="data">The stream from the last cut on.</param>
    /// <param name="ordinary">Where the chunker cuts it.</param>
    public int FindCut(ReadOnlySpan<byte> data, int ordinary)
    {
        if (next >= earlier.Count || !store.TryGetLength(earlier[next], out var length))
        {
            return GiveUp(ordinary);
        }

        if (pieces == 0)
        {
            if (length == ordinary)
            {
                next++;
                return ordinary;
            }

            pieces = CountPieces(ordinary);
        }

        if (pieces is 0 or > MostPieces || length > data.Length || !store.IsChunk(earlier[next], data[..length]))
        {
            return GiveUp(ordinary);
        }

        pieces--;
        next++;
        return length;
    }

    private int CountPieces(int ordinary)
    {
        var count = 0;
        var total = 0;
        while (next + count < earlier.Count && store.TryGetLength(earlier[next + count], out var length) && total + length <= ordinary)
        {
            total += length;
            count++;
        }

        return count;
    }

    private int GiveUp(int ordinary)
    {
        next = earlier.Count;
        return ordinary;
    }
}
