using System.IO.Compression;

namespace EdgeBackup.Core.Repository.Chunks;

/// <summary>How a chunk's bytes are stored. Values beyond these are left for other codecs.</summary>
internal static class ChunkCodec
{
    public const byte Raw = 0;
    public const byte Brotli = 1;

    private const int Window = 18;

    /// <summary>
    /// Of mixed files quality 2 stores 8 % less than quality 1 at some 150 MB/s a core; quality 3 gains 1 % more, and
    /// quality 5 costs three times the time.
    /// </summary>
    private const int Quality = 2;
    private const int TryFrom = 48;

    /// <summary>The size of a buffer that holds any compressed chunk of a length.</summary>
    public static int BufferSize(int length) => BrotliEncoder.GetMaxCompressedLength(length);

    /// <summary>
    /// Compresses a chunk where that saves at least a thirty-second part. Brotli itself gives up on incompressible
    /// data at some 1.8 GB/s, so a probe of our own would cost more than it spares.
    /// </summary>
    /// <returns>Bytes in <paramref name="buffer"/>, or -1 when the chunk is to be stored raw.</returns>
    public static int TryCompress(ReadOnlySpan<byte> plain, Span<byte> buffer) =>
        plain.Length >= TryFrom
        && BrotliEncoder.TryCompress(plain, buffer, out var written, Quality, Window)
        && written < plain.Length - (plain.Length / 32)
            ? written
            : -1;

    /// <returns>False when the bytes are no such chunk.</returns>
    public static bool TryExpand(byte codec, ReadOnlySpan<byte> stored, Span<byte> plain)
    {
        switch (codec)
        {
            case Raw when stored.Length == plain.Length:
                stored.CopyTo(plain);
                return true;
            case Brotli:
                return BrotliDecoder.TryDecompress(stored, plain, out var written) && written == plain.Length;
            default:
                return false;
        }
    }
}
