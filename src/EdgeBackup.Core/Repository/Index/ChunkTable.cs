using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository.Packs;

namespace EdgeBackup.Core.Repository.Index;

/// <summary>Where a chunk is.</summary>
internal readonly record struct ChunkLocation(string Pack, PackEntry Entry);

/// <summary>
/// Where every chunk is, in memory: open addressing over arrays of structs, some 60 bytes a chunk. Thread-safe.
/// </summary>
internal sealed class ChunkTable
{
    private const int SegmentBits = 14;
    private const int SegmentSize = 1 << SegmentBits;

    private readonly List<Slot[]> segments = [];
    private readonly List<string> packs = [];
    private readonly Dictionary<string, int> packNumbers = [];
    private readonly List<int> packLengths = [];
    private readonly HashSet<string> condemned;
    private readonly HashSet<string> lost = [];
    private readonly Lock sync = new();
    private int[] buckets = new int[1024];
    private int count;

    /// <param name="condemned">Hashes of packs that are about to be removed: good for reading, not for relying on.</param>
    public ChunkTable(IEnumerable<string> condemned) => this.condemned = [.. condemned];

    public int Count
    {
        get
        {
            lock (sync)
            {
                return count;
            }
        }
    }

    public bool HasPack(string hash)
    {
        lock (sync)
        {
            return packNumbers.ContainsKey(hash);
        }
    }

    /// <summary>Whether the packs in the table are in the store as the table has them: those that are there, and those that are lost.</summary>
    /// <param name="present">Lengths of the packs in the store, by hash.</param>
    public bool Fits(IReadOnlyDictionary<string, long> present)
    {
        lock (sync)
        {
            return packNumbers.All(pack => IsWhole(pack.Key, packLengths[pack.Value], present) != lost.Contains(pack.Key));
        }
    }

    /// <summary>Adds a pack of an index object; when it is not in the store as the index tells, nobody may rely on it.</summary>
    /// <param name="listing">What the index tells.</param>
    /// <param name="present">Lengths of the packs in the store, by hash.</param>
    public void Add(PackListing listing, IReadOnlyDictionary<string, long> present)
    {
        lock (sync)
        {
            if (!IsWhole(listing.Hash, listing.Length, present))
            {
                lost.Add(listing.Hash);
            }

            Add(listing);
        }
    }

    /// <summary>Adds a pack that is in the store.</summary>
    public void Add(PackListing listing)
    {
        lock (sync)
        {
            if (!packNumbers.TryGetValue(listing.Hash, out var pack))
            {
                pack = packs.Count;
                packs.Add(listing.Hash);
                packLengths.Add(listing.Length);
                packNumbers.Add(listing.Hash, pack);
            }

            var isUnreliable = IsUnreliable(listing.Hash);
            foreach (var entry in listing.Entries)
            {
                Add(entry, pack, isUnreliable);
            }
        }
    }

    /// <param name="id">The chunk.</param>
    /// <param name="reliable">Only where it is and will stay: not in a condemned or lost pack.</param>
    /// <param name="location">Where it is.</param>
    public bool TryFind(ChunkId id, bool reliable, out ChunkLocation location)
    {
        lock (sync)
        {
            var bucket = FindBucket(id);
            if (buckets[bucket] == 0)
            {
                location = default;
                return false;
            }

            ref var slot = ref SlotAt(buckets[bucket] - 1);
            var hash = packs[slot.Pack];
            location = new ChunkLocation(hash, new PackEntry(id, slot.Offset, slot.Stored, slot.Raw & 0xFFFFFF, (byte)(slot.Raw >>> 24)));
            return !reliable || !IsUnreliable(hash);
        }
    }

    private static bool IsWhole(string hash, int length, IReadOnlyDictionary<string, long> present) =>
        present.TryGetValue(hash, out var found) && found == length;

    private bool IsUnreliable(string hash) => condemned.Contains(hash) || lost.Contains(hash);

    private void Add(PackEntry entry, int pack, bool isUnreliable)
    {
        if ((count + 1) * 5L > buckets.Length * 3L)
        {
            Grow();
        }

        var bucket = FindBucket(entry.Id);
        if (buckets[bucket] == 0)
        {
            if (count >> SegmentBits == segments.Count)
            {
                segments.Add(new Slot[SegmentSize]);
            }

            buckets[bucket] = ++count;
        }
        else if (isUnreliable || !IsUnreliable(packs[SlotAt(buckets[bucket] - 1).Pack]))
        {
            // The first place stays, unless it is gone or about to go and the new one is not.
            return;
        }

        SlotAt(buckets[bucket] - 1) = new Slot
        {
            Id = entry.Id,
            Pack = pack,
            Offset = entry.Offset,
            Stored = entry.StoredLength,
            Raw = entry.RawLength | (entry.Codec << 24),
        };
    }

    private ref Slot SlotAt(int number) => ref segments[number >> SegmentBits][number & (SegmentSize - 1)];

    private int FindBucket(ChunkId id)
    {
        // Ids are keyed hashes: any of their bits are as good as a hash of them.
        var mask = buckets.Length - 1;
        var bucket = (int)(id.A & (uint)mask);
        while (buckets[bucket] != 0 && SlotAt(buckets[bucket] - 1).Id != id)
        {
            bucket = (bucket + 1) & mask;
        }

        return bucket;
    }

    private void Grow()
    {
        buckets = new int[buckets.Length * 2];
        for (var number = 0; number < count; number++)
        {
            buckets[FindBucket(SlotAt(number).Id)] = number + 1;
        }
    }

    private struct Slot
    {
        public ChunkId Id;
        public int Pack;
        public int Offset;
        public int Stored;
        public int Raw;
    }
}
