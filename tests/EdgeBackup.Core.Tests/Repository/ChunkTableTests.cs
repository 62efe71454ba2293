using EdgeBackup.Core.Items;
using EdgeBackup.Core.Platform;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Repository.Index;
using EdgeBackup.Core.Repository.Keys;
using EdgeBackup.Core.Repository.Packs;
using Xunit;

namespace EdgeBackup.Core.Tests.Repository;

public sealed class ChunkTableTests
{
    private static readonly string FirstPack = new('a', 64);
    private static readonly string SecondPack = new('b', 64);

    [Fact]
    public void A_million_chunks_are_found_and_fit_into_a_hundred_megabytes()
    {
        var random = new Random(1);
        var ids = Enumerable.Range(0, 1_000_000).Select(_ => new ChunkId((ulong)random.NextInt64(), (ulong)random.NextInt64(), 0, 0)).ToArray();
        var listing = new PackListing(FirstPack, 0, [.. ids.Select((id, index) => new PackEntry(id, index, 100, index % 262_145, (byte)(index % 2)))]);

        // What this thread has asked for, whatever other tests do meanwhile.
        var before = GC.GetAllocatedBytesForCurrentThread();
        var table = new ChunkTable([]);
        table.Reserve(ids.Length);
        table.Add(listing);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 1, 100_000_000);
        Assert.Equal(ids.Length, table.Count);
        for (var index = 0; index < ids.Length; index += 97)
        {
            Assert.True(table.TryFind(ids[index], reliable: true, out var location));
            Assert.Equal(new PackEntry(ids[index], index, 100, index % 262_145, (byte)(index % 2)), location.Entry);
        }

        Assert.False(table.TryFind(new ChunkId(1, 2, 3, 4), reliable: false, out _));
    }

    [Fact]
    public void A_condemned_pack_is_read_from_but_not_relied_on_and_gives_way_to_another()
    {
        var id = new ChunkId(1, 2, 3, 4);
        var entry = new PackEntry(id, 44, 100, 84, 0);
        var table = new ChunkTable([FirstPack]);
        table.Add(new PackListing(FirstPack, 200, [entry]));
        Assert.False(table.TryFind(id, reliable: true, out _));
        Assert.True(table.TryFind(id, reliable: false, out _));
        table.Add(new PackListing(SecondPack, 200, [entry]));
        Assert.True(table.TryFind(id, reliable: true, out var location));
        Assert.Equal(SecondPack, location.Pack);
        table.Add(new PackListing(FirstPack, 200, [entry]));
        Assert.True(table.TryFind(id, reliable: true, out _));
    }

    [Fact]
    public void An_index_object_that_is_read_in_place_tells_the_same_as_one_that_is_read_into_lists()
    {
        var sealer = new Sealer(Bench.RandomBytes(1, 32), new SystemRandom());
        var packs = Enumerable.Range(0, 3).Select(number => MakePack(number, chunks: number * 50)).ToList();
        var (name, content) = IndexObject.Seal(sealer, packs);
        var listings = IndexObject.Open(sealer, name, (byte[])content.Clone());
        Assert.Equal(packs.Select(pack => (pack.Hash, pack.Length)), listings.Select(pack => (pack.Hash, pack.Length)));
        var present = packs.Skip(1).ToDictionary(pack => pack.Hash, pack => (long)pack.Length);
        var table = new ChunkTable([packs[2].Hash]);
        table.Reserve(IndexObject.EstimateEntries(content.Length));
        foreach (var pack in IndexObject.OpenInPlace(sealer, name, content))
        {
            table.Add(pack, present);
        }

        Assert.Equal(150, table.Count);
        foreach (var pack in listings)
        {
            foreach (var entry in pack.Entries)
            {
                Assert.True(table.TryFind(entry.Id, reliable: false, out var location));
                Assert.Equal(new ChunkLocation(pack.Hash, entry), location);
                Assert.Equal(pack.Hash == packs[1].Hash, table.TryFind(entry.Id, reliable: true, out _));
            }
        }

        Assert.True(table.Fits(present));
        Assert.False(table.Fits(packs.ToDictionary(pack => pack.Hash, pack => (long)pack.Length)));
    }

    [Fact]
    public void An_index_object_with_one_other_byte_or_without_its_end_is_refused()
    {
        var sealer = new Sealer(Bench.RandomBytes(1, 32), new SystemRandom());
        var (name, content) = IndexObject.Seal(sealer, [MakePack(1, chunks: 20)]);
        for (var position = 0; position < content.Length; position += 7)
        {
            var altered = (byte[])content.Clone();
            altered[position] ^= 1;
            Assert.Throws<ObjectDamagedException>(() => IndexObject.OpenInPlace(sealer, name, altered));
            Assert.Throws<ObjectDamagedException>(() => IndexObject.OpenInPlace(sealer, name, content.AsMemory(0, position)));
        }
    }

    private static PackListing MakePack(int number, int chunks)
    {
        var entries = new List<PackEntry>();
        var offset = PackFormat.HeaderSize;
        for (var index = 0; index < chunks; index++)
        {
            entries.Add(new PackEntry(ChunkId.Read(Bench.RandomBytes((number * 1000) + index, 32)), offset, 100 + index, 84 + index, (byte)(index % 2)));
            offset += 100 + index;
        }

        return new PackListing(new string((char)('a' + number), 64), offset + 1000, entries);
    }
}
