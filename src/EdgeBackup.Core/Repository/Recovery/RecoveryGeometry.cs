using System.Buffers.Binary;

namespace EdgeBackup.Core.Repository.Recovery;

/// <summary>How a pack's bytes are divided for recovery (docs/format.md, Recovery section).</summary>
/// <param name="BodyLength">Bytes that are protected: the pack before the section.</param>
/// <param name="DataShards">Contiguous pieces of these bytes; the last is filled up with zeros that are not stored.</param>
/// <param name="ParityShards">As many pieces may be lost.</param>
/// <param name="ShardSize">Bytes of each; a multiple of <paramref name="BlockSize"/>.</param>
/// <param name="BlockSize">Bytes with a checksum of their own.</param>
internal sealed record RecoveryGeometry(int BodyLength, int DataShards, int ParityShards, int ShardSize, int BlockSize)
{
    /// <summary>The head of a section, which stands again at its end, where it is the pack's footer.</summary>
    public const int HeadSize = 32;

    private const int UsualDataShards = 200;
    private const int SmallBlock = 512;
    private const int LargeBlock = 4096;

    /// <summary>From so many bytes on, blocks are large and their checksums a thousandth.</summary>
    private const int LargeFrom = 256 * 1024;

    /// <summary>Small packs can lose an eighth, up to a sector of today's disks.</summary>
    private const int SmallShare = 8;

    public static ReadOnlySpan<byte> Magic => "EDGERECV"u8;

    public int Columns => ShardSize / BlockSize;

    public int Shards => DataShards + ParityShards;

    public int TableLength => Shards * Columns * Checksum.Size;

    public int ParityOffset => BodyLength + HeadSize + TableLength;

    public int SecondTableOffset => ParityOffset + (ParityShards * ShardSize);

    public int FooterOffset => SecondTableOffset + TableLength;

    /// <summary>Bytes of the whole pack.</summary>
    public int TotalLength => FooterOffset + HeadSize;

    /// <summary>Chooses the division for a pack.</summary>
    /// <param name="bodyLength">Bytes to protect; at least 1.</param>
    /// <param name="percent">The share that may be lost, 1 to 30; small packs get more.</param>
    public static RecoveryGeometry For(int bodyLength, int percent)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bodyLength, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(percent, 1);
        var block = bodyLength < LargeFrom ? SmallBlock : LargeBlock;
        var most = Math.Min(UsualDataShards, 255 * 100 / (100 + percent));
        var smallest = Math.Max(DivideUp(bodyLength, most), Math.Min(bodyLength / SmallShare, LargeBlock));
        var shard = Math.Max(1, DivideUp(smallest, block)) * block;
        var data = DivideUp(bodyLength, shard);
        return new RecoveryGeometry(bodyLength, data, DivideUp(data * percent, 100), shard, block);
    }

    public void WriteHead(Span<byte> head)
    {
        head[..HeadSize].Clear();
        Magic.CopyTo(head);
        BinaryPrimitives.WriteUInt16LittleEndian(head[8..], (ushort)DataShards);
        BinaryPrimitives.WriteUInt16LittleEndian(head[10..], (ushort)ParityShards);
        BinaryPrimitives.WriteInt32LittleEndian(head[12..], BlockSize);
        BinaryPrimitives.WriteInt32LittleEndian(head[16..], ShardSize);
        BinaryPrimitives.WriteInt32LittleEndian(head[20..], BodyLength);
        BinaryPrimitives.WriteUInt32LittleEndian(head[28..], Checksum.Of(head[..28]));
    }

    /// <returns>Null when these bytes are no head, or an altered one.</returns>
    public static RecoveryGeometry? TryReadHead(ReadOnlySpan<byte> head)
    {
        if (head.Length < HeadSize || !head.StartsWith(Magic) || BinaryPrimitives.ReadUInt32LittleEndian(head[28..]) != Checksum.Of(head[..28]))
        {
            return null;
        }

        var geometry = new RecoveryGeometry(
            BinaryPrimitives.ReadInt32LittleEndian(head[20..]),
            BinaryPrimitives.ReadUInt16LittleEndian(head[8..]),
            BinaryPrimitives.ReadUInt16LittleEndian(head[10..]),
            BinaryPrimitives.ReadInt32LittleEndian(head[16..]),
            BinaryPrimitives.ReadInt32LittleEndian(head[12..]));
        return geometry.IsSound ? geometry : null;
    }

    /// <summary>Whether the numbers fit each other: a checksum keeps nobody from writing absurd ones.</summary>
    private bool IsSound =>
        BodyLength > 0 && DataShards > 0 && ParityShards > 0 && Shards <= ReedSolomon.MaximumShards
        && BlockSize is >= 64 and <= 1 << 20 && ShardSize >= BlockSize && ShardSize % BlockSize == 0
        && DataShards == (BodyLength + (long)ShardSize - 1) / ShardSize
        && BodyLength + (2L * HeadSize) + (2L * Checksum.Size * Shards * Columns) + ((long)ParityShards * ShardSize) <= int.MaxValue / 2;

    private static int DivideUp(int dividend, int divisor) => (dividend + divisor - 1) / divisor;
}
