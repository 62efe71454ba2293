using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository.Index;
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
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var table = new ChunkTable([]);
        for (var index = 0; index < ids.Length; index++)
        {
            table.Add(new PackListing(FirstPack, 0, [new PackEntry(ids[index], index, 100, index % 262_145, (byte)(index % 2))]));
        }

        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, 0, 100_000_000);
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
}
