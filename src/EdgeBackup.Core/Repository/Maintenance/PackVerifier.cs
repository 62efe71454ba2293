using System.Security.Cryptography;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository.Chunks;
using EdgeBackup.Core.Repository.Packs;
using EdgeBackup.Core.Repository.Recovery;

namespace EdgeBackup.Core.Repository.Maintenance;

/// <summary>What reading every byte of a pack told.</summary>
/// <param name="Reason">What is wrong with it; null when nothing is.</param>
/// <param name="Listing">What it holds by its own directory; null when that cannot be read.</param>
/// <param name="BadChunks">Chunks that cannot be used.</param>
internal sealed record PackFinding(string? Reason, PackListing? Listing, IReadOnlyList<(ChunkId Id, string Reason)> BadChunks);

/// <summary>Reads every byte of a pack.</summary>
internal static class PackVerifier
{
    /// <param name="core">The repository.</param>
    /// <param name="hash">The pack's name.</param>
    /// <param name="content">Its bytes; overwritten.</param>
    /// <param name="indexed">What the index says of it; null to go by its own directory.</param>
    public static PackFinding Examine(RepositoryCore core, string hash, Span<byte> content, PackListing? indexed)
    {
        var name = PackFormat.ToName(hash);
        var isNamed = Convert.ToHexStringLower(SHA256.HashData(content)) == hash;
        var reason = isNamed ? null : "its bytes are not those that it was named for";

        PackListing? listing = null;
        try
        {
            listing = ReadDirectory(core, hash, content);
        }
        catch (ObjectDamagedException exception)
        {
            reason ??= exception.Reason;
        }

        var bad = new List<(ChunkId, string)>();
        var plain = new byte[Chunker.MaximumSize];
        byte[]? key = null;

        // Readers go by the index: what another pack at this place would hold helps none of them.
        foreach (var entry in ((isNamed ? listing ?? indexed : indexed ?? listing)?.Entries) ?? [])
        {
            try
            {
                key ??= core.Master.ToPackKey(PackFormat.ReadHeader(name, content));
                if (entry.Offset + entry.StoredLength > content.Length)
                {
                    throw new ObjectDamagedException(name, "it is shorter than it was written");
                }

                PackFormat.OpenChunk(name, key, entry, content.Slice(entry.Offset, entry.StoredLength), plain);
                if (core.Master.ToChunkId(SHA256.HashData(plain.AsSpan(0, entry.RawLength))) != entry.Id)
                {
                    throw new ObjectDamagedException(name, "a chunk in it is not the one that its id names");
                }
            }
            catch (ObjectDamagedException exception)
            {
                bad.Add((entry.Id, exception.Reason));
                reason ??= exception.Reason;
            }
        }

        return new PackFinding(reason, listing, bad);
    }

    private static PackListing ReadDirectory(RepositoryCore core, string hash, ReadOnlySpan<byte> content)
    {
        var name = PackFormat.ToName(hash);
        if (content.Length < PackFormat.SmallestBody)
        {
            throw new ObjectDamagedException(name, "it is shorter than it was written");
        }

        var body = content[..(int)PackFormat.FindBodyLength(content[^RecoveryGeometry.HeadSize..], content.Length)];
        var trailer = body[^PackFormat.TrailerSize..];
        var (length, _) = PackFormat.ReadTrailer(name, trailer, body.Length);
        var directory = body.Slice(body.Length - PackFormat.TrailerSize - length, length);
        return new PackListing(hash, content.Length, PackFormat.OpenDirectory(name, core.Master, body[..PackFormat.HeaderSize], directory, trailer, body.Length));
    }
}
