using System.Buffers.Binary;

namespace EdgeBackup.Core.Repository.Recovery;

/// <summary>
/// Finds the good blocks of a damaged pack by their checksums and computes the others, block column by block column. A
/// block is looked for also where bytes that were lost or came in before it have moved it.
/// </summary>
internal sealed class BlockMender
{
    private readonly ReadOnlyMemory<byte> source;
    private readonly RecoveryGeometry geometry;
    private readonly ReedSolomon code;
    private readonly List<int> shifts = [0];
    private readonly byte[] parities;
    private readonly byte[] result;

    public BlockMender(ReadOnlyMemory<byte> source, RecoveryGeometry geometry)
    {
        this.source = source;
        this.geometry = geometry;
        code = new ReedSolomon(geometry.DataShards, geometry.ParityShards);
        parities = new byte[geometry.ParityShards * geometry.ShardSize];

        // Longer than the pack by the padding of the last shard, while blocks are computed.
        result = new byte[geometry.DataShards * geometry.ShardSize];
        FindShifts();
    }

    /// <returns>The pack with as much of its body as could be restored; what is behind the body is not written.</returns>
    public byte[] Mend()
    {
        for (var column = 0; column < geometry.Columns; column++)
        {
            var lost = Enumerable.Range(0, geometry.DataShards).Where(shard => !TryTake(shard, column)).ToList();
            if (lost.Count == 0)
            {
                continue;
            }

            var there = Enumerable.Range(0, geometry.ParityShards).Where(parity => TryTakeParity(parity, column)).Take(lost.Count).ToList();
            if (there.Count == lost.Count)
            {
                Restore(lost, there, column);
            }
        }

        var pack = new byte[geometry.TotalLength];
        result.AsSpan(0, geometry.BodyLength).CopyTo(pack);
        return pack;
    }

    private void Restore(List<int> lost, List<int> there, int column)
    {
        var restored = code.Restore(lost, there, shard => DataBlock(shard, column), parity => ParityBlock(parity, column), geometry.BlockSize);
        for (var index = 0; index < lost.Count; index++)
        {
            restored[index].CopyTo(DataBlock(lost[index], column));
        }
    }

    private Span<byte> DataBlock(int shard, int column) => result.AsSpan((shard * geometry.ShardSize) + (column * geometry.BlockSize), geometry.BlockSize);

    private Span<byte> ParityBlock(int parity, int column) => parities.AsSpan((parity * geometry.ShardSize) + (column * geometry.BlockSize), geometry.BlockSize);

    private bool TryTake(int shard, int column)
    {
        var offset = (shard * geometry.ShardSize) + (column * geometry.BlockSize);
        var length = Math.Clamp(geometry.BodyLength - offset, 0, geometry.BlockSize);

        // Behind the end of the body there are zeros, which nothing can damage.
        return length == 0 || TryTake(offset, length, shard, column, DataBlock(shard, column));
    }

    private bool TryTakeParity(int parity, int column)
    {
        var offset = geometry.ParityOffset + (parity * geometry.ShardSize) + (column * geometry.BlockSize);
        return TryTake(offset, geometry.BlockSize, geometry.DataShards + parity, column, ParityBlock(parity, column));
    }

    private bool TryTake(int offset, int length, int shard, int column, Span<byte> block)
    {
        foreach (var shift in shifts)
        {
            var at = offset + shift;
            if (at < 0 || at + length > source.Length)
            {
                continue;
            }

            block.Clear();
            source.Span.Slice(at, length).CopyTo(block);
            if (HasCheck(shard, column, Checksum.Of(block)))
            {
                return true;
            }
        }

        // What could not be mended stays as it was found: its chunks prove themselves.
        block.Clear();
        if (offset < source.Length)
        {
            source.Span.Slice(offset, Math.Min(length, source.Length - offset)).CopyTo(block);
        }

        return false;
    }

    /// <summary>Whether one of the tables has this checksum for the block: they may be damaged themselves.</summary>
    private bool HasCheck(int shard, int column, uint check)
    {
        var entry = ((shard * geometry.Columns) + column) * Checksum.Size;
        foreach (var table in (ReadOnlySpan<int>)[geometry.BodyLength + RecoveryGeometry.HeadSize, geometry.SecondTableOffset])
        {
            foreach (var shift in shifts)
            {
                var at = table + entry + shift;
                if (at >= 0 && at + Checksum.Size <= source.Length && BinaryPrimitives.ReadUInt32LittleEndian(source.Span[at..]) == check)
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>A head that is not where it belongs tells how far bytes have moved.</summary>
    private void FindShifts()
    {
        var content = source.Span;
        for (var position = 0; position < content.Length; position++)
        {
            var ahead = content[position..].IndexOf(RecoveryGeometry.Magic);
            if (ahead < 0)
            {
                break;
            }

            position += ahead;
            if (geometry.Equals(RecoveryGeometry.TryReadHead(content[position..])))
            {
                Add(position - geometry.BodyLength);
                Add(position - geometry.FooterOffset);
            }
        }

        // Each further place to look costs time, and a pack has two heads.
        void Add(int shift)
        {
            if (shifts.Count < 5 && !shifts.Contains(shift))
            {
                shifts.Add(shift);
            }
        }
    }
}
