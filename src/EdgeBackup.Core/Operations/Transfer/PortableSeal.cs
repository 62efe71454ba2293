using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace EdgeBackup.Core.Operations.Transfer;

/// <summary>
/// The last bytes of a portable file: the ZIP archive's comment, <c>sha256=</c> and the SHA-256, in lower-case hex, of all
/// that stands before the comment's length. ZIP's own checksums leave its names and its end uncovered, and
/// <c>backup.json</c> can say of everything but itself what it ought to be. It tells damage, not forgery: whoever alters
/// the file on purpose can seal it again.
/// </summary>
internal static class PortableSeal
{
    private const string Prefix = "sha256=";
    private const int LengthBytes = sizeof(ushort);

    private static readonly int CommentBytes = Prefix.Length + (SHA256.HashSizeInBytes * 2);

    /// <summary>Seals a finished archive that has no comment yet.</summary>
    /// <param name="stream">Readable and writable.</param>
    /// <param name="cancellationToken">Leaves it unsealed.</param>
    public static async Task WriteAsync(FileStream stream, CancellationToken cancellationToken)
    {
        var covered = stream.Length - LengthBytes;
        var end = Encode(await DigestAsync(stream, covered, cancellationToken).ConfigureAwait(false));
        stream.Position = covered;
        await stream.WriteAsync(end, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Whether the file is, byte by byte, what was sealed.</summary>
    /// <param name="stream">Readable; its position is changed.</param>
    /// <param name="cancellationToken">Stops.</param>
    public static async Task<bool> IsWholeAsync(FileStream stream, CancellationToken cancellationToken)
    {
        var covered = stream.Length - LengthBytes - CommentBytes;
        if (covered <= 0)
        {
            return false;
        }

        var expected = Encode(await DigestAsync(stream, covered, cancellationToken).ConfigureAwait(false));
        var found = new byte[expected.Length];
        await stream.ReadExactlyAsync(found, cancellationToken).ConfigureAwait(false);
        return found.AsSpan().SequenceEqual(expected);
    }

    private static byte[] Encode(byte[] digest)
    {
        var end = new byte[LengthBytes + CommentBytes];
        BinaryPrimitives.WriteUInt16LittleEndian(end, (ushort)CommentBytes);
        Encoding.ASCII.GetBytes(Prefix + Convert.ToHexStringLower(digest), end.AsSpan(LengthBytes));
        return end;
    }

    /// <returns>The digest of the first bytes; the stream stands behind them.</returns>
    private static async Task<byte[]> DigestAsync(FileStream stream, long covered, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[1 << 16];
        stream.Position = 0;
        for (var left = covered; left > 0;)
        {
            var part = buffer.AsMemory(0, (int)Math.Min(left, buffer.Length));
            await stream.ReadExactlyAsync(part, cancellationToken).ConfigureAwait(false);
            hash.AppendData(part.Span);
            left -= part.Length;
        }

        return hash.GetHashAndReset();
    }
}
