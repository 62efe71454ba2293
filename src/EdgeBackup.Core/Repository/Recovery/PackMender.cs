using System.Security.Cryptography;

namespace EdgeBackup.Core.Repository.Recovery;

/// <summary>What could be made of a damaged pack.</summary>
/// <param name="Content">All bytes of the pack, as far as they could be restored.</param>
/// <param name="IsProved">Whether they are those that the pack is named for.</param>
internal sealed record MendedPack(byte[] Content, bool IsProved);

/// <summary>Mends packs from their recovery sections, without a key; the pack's name proves the result.</summary>
internal static class PackMender
{
    /// <summary>Anybody can write heads; nobody shall keep a repair busy for days with them.</summary>
    private const int MostGeometries = 8;

    private static ReadOnlySpan<byte> BodyEnd => "EDGEPEND"u8;

    /// <param name="hash">The pack's name: SHA-256 of its bytes, hex.</param>
    /// <param name="content">What is left of it; where nothing could be read, anything.</param>
    /// <param name="bodyLength">Bytes before the recovery section, where the index tells them; else null.</param>
    /// <param name="percent">The share that the repository was made with; 0 for none.</param>
    /// <returns>Null when there is no recovery data to be found.</returns>
    public static MendedPack? TryMend(string hash, ReadOnlyMemory<byte> content, int? bodyLength, int percent)
    {
        MendedPack? best = null;
        foreach (var geometry in FindGeometries(content.Span, bodyLength, percent))
        {
            // Damage in the section alone, or a cut in it: the body tells the rest.
            var plain = new byte[geometry.TotalLength];
            content.Span[..Math.Min(content.Length, geometry.BodyLength)].CopyTo(plain);
            RecoverySection.Write(plain, geometry);
            if (IsNamed(plain, hash))
            {
                return new MendedPack(plain, IsProved: true);
            }

            var mended = new BlockMender(content, geometry).Mend();
            RecoverySection.Write(mended, geometry);
            if (IsNamed(mended, hash))
            {
                return new MendedPack(mended, IsProved: true);
            }

            best ??= new MendedPack(mended, IsProved: false);
        }

        return best;
    }

    private static List<RecoveryGeometry> FindGeometries(ReadOnlySpan<byte> content, int? bodyLength, int percent)
    {
        var found = new List<RecoveryGeometry>();

        // Where more than half is gone, no share helps.
        var longest = (2L * content.Length) + (1 << 20);
        if (percent > 0 && bodyLength is { } told)
        {
            Add(RecoveryGeometry.For(told, percent));
        }

        for (var position = 0; Next(content, RecoveryGeometry.Magic, ref position); position++)
        {
            Add(RecoveryGeometry.TryReadHead(content[position..]));
        }

        for (var position = 0; percent > 0 && Next(content, BodyEnd, ref position); position++)
        {
            Add(RecoveryGeometry.For(position + BodyEnd.Length, percent));
        }

        return found;

        void Add(RecoveryGeometry? geometry)
        {
            if (geometry is not null && found.Count < MostGeometries && geometry.TotalLength <= longest && !found.Contains(geometry))
            {
                found.Add(geometry);
            }
        }
    }

    private static bool Next(ReadOnlySpan<byte> content, ReadOnlySpan<byte> magic, ref int position)
    {
        var ahead = position >= content.Length ? -1 : content[position..].IndexOf(magic);
        position += Math.Max(0, ahead);
        return ahead >= 0;
    }

    private static bool IsNamed(ReadOnlySpan<byte> content, string hash) => Convert.ToHexStringLower(SHA256.HashData(content)) == hash;
}
