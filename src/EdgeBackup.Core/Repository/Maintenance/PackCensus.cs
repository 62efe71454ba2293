using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository.Packs;

namespace EdgeBackup.Core.Repository.Maintenance;

/// <summary>What a verification knows of the packs: where chunks are, and which packs and chunks cannot be used.</summary>
internal sealed class PackCensus
{
    private readonly Dictionary<ChunkId, List<string>> places = [];
    private readonly Dictionary<string, string> badPacks = [];
    private readonly Dictionary<(string Pack, ChunkId Chunk), string> badChunks = [];
    private readonly HashSet<string> used = [];

    /// <summary>Packs with something wrong in them, by hash, with the reason.</summary>
    public IReadOnlyDictionary<string, string> BadPacks => badPacks;

    public void Add(PackListing listing)
    {
        foreach (var entry in listing.Entries)
        {
            if (!places.TryGetValue(entry.Id, out var packs))
            {
                places.Add(entry.Id, packs = []);
            }

            if (!packs.Contains(listing.Hash))
            {
                packs.Add(listing.Hash);
            }
        }
    }

    /// <summary>No chunk of this pack can be used.</summary>
    public void Condemn(string hash, string reason) => badPacks.TryAdd(hash, reason);

    /// <summary>One chunk of this pack cannot be used.</summary>
    public void Condemn(string hash, ChunkId chunk, string reason) => badChunks.TryAdd((hash, chunk), reason);

    public bool IsUsed(string hash) => used.Contains(hash);

    /// <summary>Looks for a usable copy of a chunk and notes the packs that are needed for it.</summary>
    /// <returns>Null when there is one; else the object to blame and why.</returns>
    public (string Object, string Reason)? Examine(ChunkId id)
    {
        if (!places.TryGetValue(id, out var packs))
        {
            return ($"chunk {id}", "no pack holds this chunk");
        }

        (string, string)? blame = null;
        foreach (var pack in packs)
        {
            used.Add(pack);
            if (!badPacks.TryGetValue(pack, out var reason) && !badChunks.TryGetValue((pack, id), out reason))
            {
                return null;
            }

            blame ??= (PackFormat.ToName(pack), reason);
        }

        return blame;
    }
}
