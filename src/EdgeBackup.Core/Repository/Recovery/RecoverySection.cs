using System.Buffers.Binary;

namespace EdgeBackup.Core.Repository.Recovery;

/// <summary>
/// Writes the recovery section of a pack: head, checksums, parity, checksums again, head again. It follows from the
/// bytes before it and the geometry alone, so that a pack whose body is whole can always be completed.
/// </summary>
internal static class RecoverySection
{
    /// <param name="pack">The whole pack's bytes, <see cref="RecoveryGeometry.TotalLength"/> of them; those behind the body are written.</param>
    /// <param name="geometry">How to divide them.</param>
    public static void Write(Span<byte> pack, RecoveryGeometry geometry)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(pack.Length, geometry.TotalLength);
        var body = pack[..geometry.BodyLength];
        var head = pack.Slice(geometry.BodyLength, RecoveryGeometry.HeadSize);
        geometry.WriteHead(head);
        head.CopyTo(pack[geometry.FooterOffset..]);
        var table = pack.Slice(geometry.BodyLength + RecoveryGeometry.HeadSize, geometry.TableLength);
        var parities = pack.Slice(geometry.ParityOffset, geometry.ParityShards * geometry.ShardSize);
        parities.Clear();
        var padded = new byte[geometry.BlockSize];

        // Block column by block column: what is added up stays in the processor's cache, however large the pack.
        for (var column = 0; column < geometry.Columns; column++)
        {
            for (var shard = 0; shard < geometry.DataShards; shard++)
            {
                var block = ReadBlock(body, geometry, shard, column, padded);
                WriteCheck(table, geometry, shard, column, block);
                for (var parity = 0; parity < geometry.ParityShards; parity++)
                {
                    var sum = parities.Slice((parity * geometry.ShardSize) + (column * geometry.BlockSize), geometry.BlockSize);
                    GaloisField.MultiplyAdd(ReedSolomon.Coefficient(parity, shard), block, sum);
                }
            }

            for (var parity = 0; parity < geometry.ParityShards; parity++)
            {
                var block = parities.Slice((parity * geometry.ShardSize) + (column * geometry.BlockSize), geometry.BlockSize);
                WriteCheck(table, geometry, geometry.DataShards + parity, column, block);
            }
        }

        table.CopyTo(pack[geometry.SecondTableOffset..]);
    }

    /// <summary>A block of the body; where that ends, zeros follow.</summary>
    private static ReadOnlySpan<byte> ReadBlock(ReadOnlySpan<byte> body, RecoveryGeometry geometry, int shard, int column, Span<byte> padded)
    {
        var offset = Math.Min(body.Length, (shard * geometry.ShardSize) + (column * geometry.BlockSize));
        var rest = body[offset..];
        if (rest.Length >= geometry.BlockSize)
        {
            return rest[..geometry.BlockSize];
        }

        padded.Clear();
        rest.CopyTo(padded);
        return padded;
    }

    private static void WriteCheck(Span<byte> table, RecoveryGeometry geometry, int shard, int column, ReadOnlySpan<byte> block) =>
        BinaryPrimitives.WriteUInt32LittleEndian(table[(((shard * geometry.Columns) + column) * Checksum.Size)..], Checksum.Of(block));
}
