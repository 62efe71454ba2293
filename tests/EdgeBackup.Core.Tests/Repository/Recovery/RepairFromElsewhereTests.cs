using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Repository.Stores;
using Xunit;
using static EdgeBackup.Core.Tests.Repository.Recovery.RepairSite;

namespace EdgeBackup.Core.Tests.Repository.Recovery;

/// <summary>What a copy, another repository or a device gives back to a damaged repository.</summary>
public sealed class RepairFromElsewhereTests
{
    [Theory]
    [InlineData("removed")]
    [InlineData("emptied")]
    [InlineData("overwritten")]
    public async Task A_lost_pack_comes_back_from_a_copy_of_the_repository(string how)
    {
        var (store, _) = await MakeAsync();
        var copy = store.Reborn();
        var pack = Packs(store)[0];
        if (how == "removed")
        {
            store.Objects.Remove(pack);
        }
        else
        {
            store.Objects[pack] = how == "emptied" ? [] : Bench.RandomBytes(7, store.Objects[pack].Length);
        }

        await using var repository = await Bench.OpenAsync(store);
        await using var second = await Bench.OpenAsync(copy);
        var report = await repository.RepairAsync(new RepairOptions { From = second }, null, default);
        Assert.Equal([new MendedObject(pack, RepairMethod.SecondRepository, null, null, null)], report.Mended);
        Assert.True(report.Healthy);
        AssertSame(copy, store);
    }

    [Fact]
    public async Task A_copy_with_other_packs_gives_chunks_the_item_list_included()
    {
        var (store, records) = await MakeAsync();
        var copy = store.Reborn();
        foreach (var name in copy.Objects.Keys.Where(name => name.StartsWith("index/", StringComparison.Ordinal)).ToList())
        {
            copy.Objects.Remove(name);
        }

        foreach (var name in Packs(copy))
        {
            // As if it had been optimized there: the same chunks under another name.
            var bytes = copy.Objects[name];
            copy.Objects.Remove(name);
            copy.Objects[$"packs/ab/ab{name[^62..]}"] = bytes;
        }

        foreach (var name in Packs(store))
        {
            store.Objects.Remove(name);
        }

        await using var repository = await Bench.OpenAsync(store);
        await using var second = await Bench.OpenAsync(copy);
        var report = await repository.RepairAsync(new RepairOptions { From = second }, null, default);
        Assert.True(report.Healthy, string.Join('\n', report.Gone));
        Assert.Contains(report.Mended, row => row is { Method: RepairMethod.SecondRepository, Path: null, Backup: not null });
        Assert.Equal(First["f5"], (await Bench.ReadAllAsync(repository, records[0]))["f5"]);
        Assert.True((await repository.VerifyAsync(Deep, null, default)).Healthy);
    }

    [Fact]
    public async Task Another_repository_with_keys_of_its_own_gives_the_items_that_are_the_same()
    {
        var (store, records) = await MakeAsync();
        HurtItem(store, 31_000);
        var other = new MemoryObjectStore();
        await using var second = await Bench.CreateAsync(other);
        await Bench.BackUpAsync(second, "elsewhere", new Dictionary<string, byte[]> { ["under another name"] = First["f0"], ["f1"] = First["f1"] });
        await using var repository = await Bench.OpenAsync(store);
        var report = await repository.RepairAsync(new RepairOptions { From = second }, null, default);
        Assert.True(report.Healthy, string.Join('\n', report.Gone));
        Assert.Equal(["f0", "f1"], report.Mended.Where(row => row.Method == RepairMethod.SecondRepository).Select(row => row.Path).Order(StringComparer.Ordinal));
        Assert.Equal(First["f0"], (await Bench.ReadAllAsync(repository, records[0]))["f0"]);
    }

    [Fact]
    public async Task Whoever_still_has_the_bytes_may_offer_them_and_what_does_not_fit_is_not_stored()
    {
        var (store, records) = await MakeAsync();
        HurtItem(store, 31_000);
        var bytesBefore = store.Objects.Values.Sum(content => content.Length);
        await using var repository = await Bench.OpenAsync(store);
        var source = new Source(new Dictionary<string, byte[]> { ["f0"] = First["f0"], ["f1"] = Bench.RandomBytes(99, 500_000) });
        var report = await repository.RepairAsync(new RepairOptions { Source = source }, null, default);
        Assert.Equal(["f0", "f1"], source.Asked.Select(item => item.Path).Order(StringComparer.Ordinal));
        Assert.Equal("f0", Assert.Single(report.Mended, row => row.Method == RepairMethod.Device).Path);
        Assert.Equal("f1", Assert.Single(report.Gone).Path);
        Assert.Equal(First["f0"], await Bench.ReadItemAsync(repository, records[0], await ItemAsync(repository, records[0], "f0")));
        Assert.InRange(store.Objects.Values.Sum(content => content.Length) - bytesBefore, 0, 350_000);
    }

    [Fact]
    public async Task A_repository_of_format_1_goes_on_getting_packs_of_version_1_and_is_repaired_from_a_copy()
    {
        using var folder = new TemporaryFolder();
        foreach (var file in Directory.GetFiles(Golden("repository"), "*", SearchOption.AllDirectories))
        {
            foreach (var root in new[] { "one", "two" })
            {
                var target = folder.Combine(root, Path.GetRelativePath(Golden("repository"), file));
                Directory.CreateDirectory(Path.GetDirectoryName(target)!);
                File.Copy(file, target);
            }
        }

        using var store = new FileObjectStore(folder.Combine("one"), Bench.Environment.Platform);
        using var copy = new FileObjectStore(folder.Combine("two"), Bench.Environment.Platform);
        var key = KeyFile.Read(Golden("edge.key"), Bench.Environment.Platform);
        await using var repository = await EdgeRepository.OpenAsync(store, key, Bench.Environment, default);
        await using var second = await EdgeRepository.OpenAsync(copy, key, Bench.Environment, default);
        var packs = Directory.GetFiles(folder.Combine("one", "packs"), "*", SearchOption.AllDirectories);
        foreach (var pack in packs)
        {
            var bytes = await File.ReadAllBytesAsync(pack);
            Assert.Equal(1, bytes[8]);
            bytes[60] ^= 1;
            await File.WriteAllBytesAsync(pack, bytes);
        }

        var report = await repository.RepairAsync(new RepairOptions { From = second }, null, default);
        Assert.True(report.Healthy);
        Assert.All(report.Mended, row => Assert.Equal(RepairMethod.SecondRepository, row.Method));
        await Bench.BackUpAsync(repository, "new", First);
        var fresh = Assert.Single(Directory.GetFiles(folder.Combine("one", "packs"), "*", SearchOption.AllDirectories), file => !packs.Contains(file));
        Assert.Equal(1, (await File.ReadAllBytesAsync(fresh))[8]);
        Assert.True((await repository.VerifyAsync(Deep, null, default)).Healthy);

        static string Golden(string name) => Path.Combine(Reader.SourceTree.Root, "tests", "EdgeBackup.Core.Tests", "Golden", "format-1", name);
    }

    [Fact]
    public async Task Damaged_records_and_keys_come_from_a_copy_and_are_named_without_one()
    {
        var (store, records) = await MakeAsync();
        string logged;
        await using (var repository = await Bench.OpenAsync(store))
        {
            logged = await repository.AppendAsync(RecordArea.Devices, "one", "{}"u8.ToArray(), default);
        }

        var copy = store.Reborn();
        await using var second = await Bench.OpenAsync(copy);
        var key = store.Objects.Keys.Last(name => name.StartsWith("keys/", StringComparison.Ordinal));
        await using var open = await Bench.OpenAsync(store);
        string[] hurt = [open.BackupObjectName("one", records[0].Id), logged, key, "repository.json"];
        foreach (var name in hurt)
        {
            store.Objects[name] = store.Objects[name][..^3];
        }

        var alone = await open.RepairAsync(new RepairOptions(), null, default);
        Assert.Equal(("repository.json", RepairMethod.Rebuilt), alone.Mended.Select(row => (row.Object, row.Method)).Single());
        Assert.Equal(hurt[..3].Order(StringComparer.Ordinal), alone.Gone.Select(row => row.Object).Order(StringComparer.Ordinal));
        var report = await open.RepairAsync(new RepairOptions { From = second }, null, default);
        Assert.True(report.Healthy);
        Assert.Equal(3, report.Mended.Count);
        AssertSame(copy, store);
    }

    private sealed class Source(Dictionary<string, byte[]> contents) : IRepairSource
    {
        public IReadOnlyList<LostItem> Asked { get; private set; } = [];

        public async Task OfferAsync(IReadOnlyList<LostItem> lost, IRepairSink sink, CancellationToken cancellationToken)
        {
            Asked = lost;
            foreach (var item in lost)
            {
                await sink.OfferAsync(new MemoryStream(contents[item.Path!]), cancellationToken);
            }

            await sink.AcceptAsync();

            // Not accepted, so not stored.
            await sink.OfferAsync(new MemoryStream(First["f1"]), cancellationToken);
            Assert.Equal(30_000, sink.StagedBytes);
        }
    }
}
