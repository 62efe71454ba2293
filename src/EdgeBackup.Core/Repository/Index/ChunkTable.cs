using System.Numerics;
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

    /// <summary>Room is made beforehand for so many at most: what is announced comes from lengths that may be wrong.</summary>
    private const int LargestReserve = 1 << 24;

    private readonly List<Slot[]> segments = [];
    private readonly List<Pack> packs = [];
    private readonly Dictionary<string, int> packNumbers = [];
    private readonly HashSet<string> condemned;
    private readonly HashSet<string> lost = [];
    private readonly HashSet<string> uncovered = [];
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
            return packs.TrueForAll(pack => IsWhole(pack.Hash, pack.Length, present) != lost.Contains(pack.Hash));
        }
    }

    /// <summary>Makes room for chunks to come, so that growing does not move those that are there again and again.</summary>
    public void Reserve(long chunks)
    {
        lock (sync)
        {
            Resize((int)Math.Min(count + chunks, LargestReserve));
        }
    }

    /// <summary>Adds a pack of an index object; when it is not in the store as the index tells, nobody may rely on it.</summary>
    /// <param name="indexed">What the index tells.</param>
    /// <param name="present">Lengths of the packs in the store, by hash.</param>
    public void Add(IndexedPack indexed, IReadOnlyDictionary<string, long> present)
    {
        lock (sync)
        {
            uncovered.Remove(indexed.Hash);
            if (!IsWhole(indexed.Hash, indexed.Length, present))
            {
                lost.Add(indexed.Hash);
            }

            var pack = NumberOf(indexed.Hash, indexed.Length);
            var offset = PackFormat.HeaderSize;
            for (var entries = indexed.Entries.Span; entries.Length > 0; entries = entries[PackFormat.EntrySize..])
            {
                var entry = PackFormat.ReadEntry(entries[..PackFormat.EntrySize], offset);
                Add(entry, pack);
                offset += entry.StoredLength;
            }
        }
    }

    /// <summary>Adds a pack that is in the store, and that an index object names.</summary>
    public void Add(PackListing listing)
    {
        lock (sync)
        {
            uncovered.Remove(listing.Hash);
            AddListing(listing);
        }
    }

    /// <summary>
    /// Adds a pack that is in the store and in no index object. It is good for reading only: a record that relied on it
    /// would stand without an index object of its packs.
    /// </summary>
    public void AddUncovered(PackListing listing)
    {
        lock (sync)
        {
            // Its index object may have come while the directory was read.
            if (!packNumbers.ContainsKey(listing.Hash))
            {
                uncovered.Add(listing.Hash);
                AddListing(listing);
            }
        }
    }

    /// <param name="id">The chunk.</param>
    /// <param name="reliable">Only where it is and will stay: not in a condemned or lost pack, nor in one that no index object names.</param>
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
            var pack = packs[slot.Pack];
            location = new ChunkLocation(pack.Hash, new PackEntry(id, slot.Offset, slot.Stored, slot.Raw & 0xFFFFFF, (byte)(slot.Raw >>> 24)));
            return !reliable || !pack.IsUnreliable;
        }
    }

    private static bool IsWhole(string hash, int length, IReadOnlyDictionary<string, long> present) =>
        present.TryGetValue(hash, out var found) && found == length;

    private void AddListing(PackListing listing)
    {
        var pack = NumberOf(listing.Hash, listing.Length);
        foreach (var entry in listing.Entries)
        {
            Add(entry, pack);
        }
    }

    /// <summary>A pack's number; known from here on, with what is known of it by now.</summary>
    private int NumberOf(string hash, int length)
    {
        var isUnreliable = condemned.Contains(hash) || lost.Contains(hash) || uncovered.Contains(hash);
        if (!packNumbers.TryGetValue(hash, out var number))
        {
            number = packs.Count;
            packs.Add(new Pack(hash, length, isUnreliable));
            packNumbers.Add(hash, number);
        }
        else if (packs[number].IsUnreliable != isUnreliable)
        {
            packs[number] = packs[number] with { IsUnreliable = isUnreliable };
        }

        return number;
    }

    private void Add(PackEntry entry, int pack)
    {
        if ((count + 1) * 5L > buckets.Length * 3L)
        {
            Resize(buckets.Length);
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
        else if (packs[pack].IsUnreliable || !packs[SlotAt(buckets[bucket] - 1).Pack].IsUnreliable)
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

    /// <param name="chunks">So many at least must have room.</param>
    private void Resize(int chunks)
    {
        var wanted = (int)BitOperations.RoundUpToPowerOf2((uint)((chunks * 5L / 3L) + 1));
        if (wanted <= buckets.Length)
        {
            return;
        }

        buckets = new int[wanted];
        for (var number = 0; number < count; number++)
        {
            buckets[FindBucket(SlotAt(number).Id)] = number + 1;
        }
    }

    private readonly record struct Pack(string Hash, int Length, bool IsUnreliable);

    private struct Slot
    {
        public ChunkId Id;
        public int Pack;
        public int Offset;
        public int Stored;
        public int Raw;
    }
}
