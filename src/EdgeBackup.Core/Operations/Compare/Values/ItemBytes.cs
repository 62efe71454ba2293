using System.Buffers;
using System.Security.Cryptography;

namespace EdgeBackup.Core.Operations.Compare.Values;

/// <summary>An item's bytes, read to their end: always the digest, and the bytes themselves where they are few enough to be looked into.</summary>
/// <param name="Length">Bytes.</param>
/// <param name="Digest">SHA-256, lower-case hex.</param>
/// <param name="Bytes">Null for too many.</param>
internal sealed record ItemBytes(long Length, string Digest, byte[]? Bytes)
{
    private const int PieceSize = 64 * 1024;

    public static async Task<ItemBytes> ReadAsync(Stream stream, CompareLimits limits, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var piece = ArrayPool<byte>.Shared.Rent(PieceSize);
        MemoryStream? kept = new();
        await using var keptLease = kept.ConfigureAwait(false);
        try
        {
            var length = 0L;
            int count;
            while ((count = await stream.ReadAsync(piece, cancellationToken).ConfigureAwait(false)) > 0)
            {
                hash.AppendData(piece, 0, count);
                length += count;
                if (kept is null)
                {
                    continue;
                }

                kept.Write(piece, 0, count);
                if (length > limits.TextBytes && (length > limits.DatabaseBytes || !SqliteValues.IsDatabase(kept.GetBuffer())))
                {
                    kept.Dispose();
                    kept = null;
                }
            }

            return new ItemBytes(length, Convert.ToHexStringLower(hash.GetHashAndReset()), kept?.ToArray());
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }
    }
}
