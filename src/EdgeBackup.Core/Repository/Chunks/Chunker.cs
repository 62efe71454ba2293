namespace EdgeBackup.Core.Repository.Chunks;

/// <summary>
/// Finds cuts by content, so that an insertion moves few of them. FastCDC with normalized chunking: Wen Xia et al.,
/// "FastCDC: a Fast and Efficient Content-Defined Chunking Approach for Data Deduplication", USENIX ATC 2016.
/// </summary>
internal sealed class Chunker(ulong[] gear)
{
    public const int MinimumSize = 16 * 1024;
    public const int AverageSize = 64 * 1024;
    public const int MaximumSize = 256 * 1024;

    // The upper bits of the hash depend on the last 64 bytes, the lower ones on few. Two bits more than the average asks
    // for below it and two less above bring the sizes nearer to it.
    private const ulong StrictMask = ~0UL << (64 - 18);
    private const ulong LooseMask = ~0UL << (64 - 14);

    /// <summary>The length of the first chunk.</summary>
    /// <param name="data">The stream from the last cut on: its rest, or at least <see cref="MaximumSize"/> bytes of it.</param>
    public int FindCut(ReadOnlySpan<byte> data)
    {
        if (data.Length <= MinimumSize)
        {
            return data.Length;
        }

        var table = gear;
        var end = Math.Min(data.Length, MaximumSize);
        var middle = Math.Min(end, AverageSize);
        var hash = 0UL;
        var index = MinimumSize;
        for (; index < middle; index++)
        {
            hash = (hash << 1) + table[data[index]];
            if ((hash & StrictMask) == 0)
            {
                return index + 1;
            }
        }

        for (; index < end; index++)
        {
            hash = (hash << 1) + table[data[index]];
            if ((hash & LooseMask) == 0)
            {
                return index + 1;
            }
        }

        return end;
    }
}
