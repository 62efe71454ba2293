using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Repository.Stores;
using Xunit;

namespace EdgeBackup.Core.Tests.Repository.Recovery;

public sealed class RepairTests
{
    private static readonly VerifyOptions Deep = new(ReadData: true);
    private static readonly Dictionary<string, byte[]> First = Enumerable.Range(0, 6).ToDictionary(index => $"f{index}", index => Bench.RandomBytes(index, 30_000));
    private static readonly Dictionary<string, byte[]> Second = Enumerable.Range(0, 6).ToDictionary(index => $"g{index}", index => Bench.RandomBytes(100 + index, 30_000));

    public static TheoryData<string> Damages => new("flipped", "zeroed", "cut", "longer", "shorter", "footer", "section");

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task Damage_within_the_share_is_mended_in_place(string how)
    {
        var (store, records) = await MakeAsync();
        var intact = store.Reborn();
        var pack = Packs(store)[0];
        store.Objects[pack] = Hurt(store.Objects[pack], how);
        var damaged = store.Objects[pack];
        await using var repository = await Bench.OpenAsync(store);
        Assert.False((await repository.VerifyAsync(Deep, null, default)).Healthy);
        var report = await repository.RepairAsync(new RepairOptions(), null, default);
        Assert.Equal([new MendedObject(pack, RepairMethod.RecoveryData, null, null, null)], report.Mended);
        Assert.Empty(report.Left);
        Assert.True(report.Healthy);
        Assert.Equal(intact.Objects[pack], store.Objects[pack]);
        Assert.Equal(damaged, store.Objects[Assert.Single(report.Quarantined)]);
        var after = await repository.VerifyAsync(Deep, null, default);
        Assert.True(after.Healthy);
        Assert.Equal(report.Quarantined, after.Quarantined);
        Assert.Equal(First["f3"], (await Bench.ReadAllAsync(repository, records[0]))["f3"]);
    }

    [Fact]
    public async Task A_healthy_repository_is_left_as_it_is()
    {
        var (store, _) = await MakeAsync();
        var before = store.Reborn();
        await using var repository = await Bench.OpenAsync(store);
        var report = await repository.RepairAsync(new RepairOptions(), null, default);
        Assert.True(report.Healthy);
        Assert.Empty(report.Mended);
        AssertSame(before, store);
    }

    [Fact]
    public async Task Packs_at_each_others_place_go_back_and_a_second_copy_of_one_goes_away()
    {
        var (store, _) = await MakeAsync();
        var intact = store.Reborn();
        var packs = Packs(store);
        (store.Objects[packs[0]], store.Objects[packs[1]]) = (store.Objects[packs[1]], store.Objects[packs[0]]);
        var stray = $"packs/ab/ab{new string('0', 62)}";
        store.Objects[stray] = intact.Objects[packs[0]];
        await using var repository = await Bench.OpenAsync(store);
        var report = await repository.RepairAsync(new RepairOptions(), null, default);
        Assert.True(report.Healthy);
        Assert.Equal(new[] { packs[0], packs[1], stray }.Order(StringComparer.Ordinal), report.Mended.Select(row => row.Object).Order(StringComparer.Ordinal));
        Assert.All(report.Mended, row => Assert.Equal(RepairMethod.Misplaced, row.Method));
        AssertSame(intact, store);
    }

    [Fact]
    public async Task Of_a_pack_that_is_hurt_too_much_what_is_whole_is_saved_and_the_rest_named()
    {
        var (store, records) = await MakeAsync();
        var pack = Packs(store)[0];
        store.Objects[pack].AsSpan(44 + 100, 31_000).Clear();
        await using var repository = await Bench.OpenAsync(store);
        var report = await repository.RepairAsync(new RepairOptions(), null, default);
        Assert.Equal([new MendedObject(pack, RepairMethod.Salvaged, null, null, null)], report.Mended);
        Assert.Equal(["f0", "f1"], report.Gone.Select(row => row.Path).Order(StringComparer.Ordinal));
        Assert.All(report.Gone, row => Assert.Equal((records[0].Device, records[0].Id), (row.Device, row.Backup)));
        Assert.DoesNotContain(pack, store.Objects.Keys);
        Assert.Contains(report.Quarantined.Single(), store.Objects.Keys);
        var after = (await repository.VerifyAsync(Deep, null, default)).Damage;
        Assert.Equal(report.Gone, after);
        Assert.Equal(First["f3"], await Bench.ReadItemAsync(repository, records[0], await ItemAsync(repository, records[0], "f3")));

        // The device still has it: tonight's backup heals.
        await Bench.BackUpAsync(repository, "one", First);
        Assert.True((await repository.VerifyAsync(Deep, null, default)).Healthy);
    }

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
    public async Task Damaged_index_objects_marks_and_leases_are_moved_away_and_the_index_is_made_anew()
    {
        var (store, _) = await MakeAsync();
        var index = store.Objects.Keys.First(name => name.StartsWith("index/", StringComparison.Ordinal));
        store.Objects[index][77] ^= 1;
        store.Objects["marks/aa"] = [1, 2, 3];
        store.Objects["leases/bb"] = [4];
        await using var repository = await Bench.OpenAsync(store);
        var report = await repository.RepairAsync(new RepairOptions(), null, default);
        Assert.True(report.Healthy);
        Assert.Equal([index, "leases/bb", "marks/aa"], report.Mended.Select(row => row.Object).Order(StringComparer.Ordinal));
        Assert.All(report.Mended, row => Assert.Equal(RepairMethod.Rebuilt, row.Method));
        Assert.All(report.Mended, row => Assert.DoesNotContain(row.Object, store.Objects.Keys));
        Assert.Equal(3, report.Quarantined.Count);
        var after = await repository.VerifyAsync(Deep, null, default);
        Assert.Equal((true, 0), (after.Healthy, after.OrphanedPacks));
    }

    [Fact]
    public async Task A_missing_index_object_is_made_anew()
    {
        var (store, _) = await MakeAsync();
        foreach (var name in store.Objects.Keys.Where(name => name.StartsWith("index/", StringComparison.Ordinal)).ToList())
        {
            store.Objects.Remove(name);
        }

        await using var repository = await Bench.OpenAsync(store);
        Assert.False((await repository.VerifyAsync(Deep, null, default)).Healthy);
        var report = await repository.RepairAsync(new RepairOptions(), null, default);
        Assert.True(report.Healthy);
        Assert.Equal(("index", RepairMethod.Rebuilt), report.Mended.Select(row => (row.Object, row.Method)).Single());
        Assert.True((await repository.VerifyAsync(Deep, null, default)).Healthy);
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

    [Theory]
    [InlineData("flipped")]
    [InlineData("too much")]
    [InlineData("removed")]
    public async Task Whatif_writes_nothing_and_tells_what_would_happen(string how)
    {
        var (store, _) = await MakeAsync();
        var pack = Packs(store)[0];
        if (how == "removed")
        {
            store.Objects.Remove(pack);
        }
        else
        {
            store.Objects[pack].AsSpan(144, how == "flipped" ? 1 : 31_000).Clear();
        }

        await using var repository = await Bench.OpenAsync(store);
        var before = store.Reborn();
        var told = await repository.RepairAsync(new RepairOptions { WhatIf = true }, null, default);
        AssertSame(before, store, quarantine: true);
        var done = await repository.RepairAsync(new RepairOptions(), null, default);
        Assert.Equal(done.Mended, told.Mended);
        Assert.Equal(done.Quarantined.Count, told.Quarantined.Count);
        if (how != "removed")
        {
            Assert.Equal(done.Gone.Select(row => row.Path), told.Gone.Select(row => row.Path));
        }

        Assert.Equal(done.Healthy, told.Healthy);
    }

    [Theory]
    [InlineData("flipped")]
    [InlineData("swapped")]
    [InlineData("too much")]
    [InlineData("index")]
    public async Task A_repair_that_is_killed_anywhere_loses_nothing_and_can_be_run_again(string how)
    {
        var (first, records) = await MakeAsync();
        var packs = Packs(first);
        if (how == "swapped")
        {
            (first.Objects[packs[0]], first.Objects[packs[1]]) = (first.Objects[packs[1]], first.Objects[packs[0]]);
        }
        else if (how == "index")
        {
            first.Objects.First(entry => entry.Key.StartsWith("index/", StringComparison.Ordinal)).Value[50] ^= 1;
        }
        else
        {
            first.Objects[packs[0]].AsSpan(144, how == "flipped" ? 400 : 31_000).Clear();
        }

        for (var operations = 0; ; operations++)
        {
            var store = first.Reborn();
            store.DieAfter(operations);
            var died = false;
            try
            {
                await using var dying = await Bench.OpenAsync(store);
                await dying.RepairAsync(new RepairOptions(), null, default);
            }
            catch (Exception exception) when (exception is IOException or EdgeBackupException)
            {
                died = true;
            }

            var reborn = store.Reborn();
            foreach (var lease in reborn.Objects.Keys.Where(name => name.StartsWith("leases/", StringComparison.Ordinal)).ToList())
            {
                reborn.Objects.Remove(lease);
            }

            await using var repository = await Bench.OpenAsync(reborn);

            // What could be read before can be read in between, and after the second run.
            if (how != "swapped")
            {
                Assert.Equal(Second["g1"], await Bench.ReadItemAsync(repository, records[1], await ItemAsync(repository, records[1], "g1")));
            }

            var report = await repository.RepairAsync(new RepairOptions(), null, default);
            Assert.Equal(how == "too much" ? 2 : 0, report.Gone.Count);
            Assert.Equal(Second, await Bench.ReadAllAsync(repository, records[1]));
            Assert.Equal(First["f4"], await Bench.ReadItemAsync(repository, records[0], await ItemAsync(repository, records[0], "f4")));
            Assert.Equal(report.Gone.Count, (await repository.VerifyAsync(Deep, null, default)).Damage.Count);
            if (!died)
            {
                Assert.True(operations >= 3);
                return;
            }
        }
    }

    [Fact]
    public async Task A_pack_that_the_disk_cannot_read_as_a_whole_is_mended_or_stays()
    {
        var (store, _) = await MakeAsync();
        var intact = store.Reborn();
        var pack = Packs(store)[0];
        var broken = new BrokenSectorStore(store, pack, sector: 3, sectors: 1);
        await using (var repository = await Bench.OpenAsync(broken))
        {
            var report = await repository.RepairAsync(new RepairOptions(), null, default);
            Assert.Equal((pack, RepairMethod.RecoveryData), report.Mended.Select(row => (row.Object, row.Method)).Single());
            Assert.True(report.Healthy);
            AssertSame(intact, store);
        }

        var worse = new BrokenSectorStore(store, pack, sector: 0, sectors: 12);
        await using (var repository = await Bench.OpenAsync(worse))
        {
            var report = await repository.RepairAsync(new RepairOptions(), null, default);
            Assert.False(report.Healthy);
            Assert.Contains(pack, Assert.Single(report.Left), StringComparison.Ordinal);
            Assert.Equal(intact.Objects[pack], store.Objects[pack]);
        }
    }

    private static async Task<(MemoryObjectStore Store, BackupRecord[] Records)> MakeAsync()
    {
        // The pack of the first backup comes first by its name, and each item is one chunk: random keys decide both.
        while (true)
        {
            var store = new MemoryObjectStore();
            await using var repository = await Bench.CreateAsync(store);
            var first = await Bench.BackUpAsync(repository, "one", First);
            var pack = Assert.Single(Packs(store));
            var second = await Bench.BackUpAsync(repository, "two", Second);
            if (Packs(store)[0] == pack && await IsUncutAsync(repository, first) && await IsUncutAsync(repository, second))
            {
                return (store, [first, second]);
            }
        }
    }

    private static async Task<bool> IsUncutAsync(EdgeRepository repository, BackupRecord record) =>
        await repository.ReadItemsAsync(record, default).AllAsync(item => item.Chunks.Count == 1);

    private static List<string> Packs(MemoryObjectStore store) => [.. store.Objects.Keys.Where(name => name.StartsWith("packs/", StringComparison.Ordinal))];

    private static void HurtItem(MemoryObjectStore store, int length) => store.Objects[Packs(store)[0]].AsSpan(144, length).Clear();

    private static async Task<SavedItem> ItemAsync(EdgeRepository repository, BackupRecord record, string path)
    {
        await foreach (var item in repository.ReadItemsAsync(record, default))
        {
            if (item.Item.Path == path)
            {
                return item;
            }
        }

        throw new InvalidOperationException(path);
    }

    private static byte[] Hurt(byte[] pack, string how)
    {
        var hurt = pack.ToArray();
        switch (how)
        {
            case "flipped":
                hurt[20_000] ^= 64;
                return hurt;
            case "zeroed":
                hurt.AsSpan(8192, 4096).Clear();
                return hurt;
            case "cut":
                return hurt[..^3000];
            case "longer":
                return [.. hurt[..5000], 1, 2, 3, .. hurt[5000..]];
            case "shorter":
                return [.. hurt[..5000], .. hurt[5007..]];
            case "footer":
                hurt.AsSpan()[^32..].Clear();
                return hurt;
            default:
                hurt.AsSpan()[^2000..].Fill(255);
                return hurt;
        }
    }

    private static void AssertSame(MemoryObjectStore expected, MemoryObjectStore actual, bool quarantine = false)
    {
        var found = Select(actual);
        Assert.Equal(Select(expected).Keys.Order(StringComparer.Ordinal), found.Keys.Order(StringComparer.Ordinal));
        Assert.All(Select(expected), entry => Assert.Equal(entry.Value, found[entry.Key]));

        Dictionary<string, byte[]> Select(MemoryObjectStore store) => store.Objects
            .Where(entry => !entry.Key.StartsWith("leases/", StringComparison.Ordinal) && (quarantine || !entry.Key.StartsWith("quarantine/", StringComparison.Ordinal)))
            .ToDictionary();
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
