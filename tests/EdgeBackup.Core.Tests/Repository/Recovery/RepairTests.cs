using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Repository;
using Xunit;
using static EdgeBackup.Core.Tests.Repository.Recovery.RepairSite;

namespace EdgeBackup.Core.Tests.Repository.Recovery;

/// <summary>What a repository mends by itself.</summary>
public sealed class RepairTests
{
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
    [InlineData(true)]
    [InlineData(false)]
    public async Task Whatif_tells_that_a_lost_pack_which_no_backup_needs_is_no_loss(bool removed)
    {
        var (store, records) = await MakeAsync();
        var pack = Packs(store)[0];
        store.Objects.Remove(store.Objects.Keys.Single(name => name.StartsWith("backups/", StringComparison.Ordinal) && name.EndsWith(records[0].Id, StringComparison.Ordinal)));
        if (removed)
        {
            store.Objects.Remove(pack);
        }
        else
        {
            store.Objects[pack].AsSpan().Clear();
        }

        await using var repository = await Bench.OpenAsync(store);
        Assert.Contains((await repository.VerifyAsync(Deep, null, default)).Damage, row => row.Object == pack);
        var told = await repository.RepairAsync(new RepairOptions { WhatIf = true }, null, default);
        var done = await repository.RepairAsync(new RepairOptions(), null, default);
        Assert.Equal(records[0].Id, Assert.Single(done.Gone).Backup);
        Assert.Equal(done.Gone, told.Gone);
        Assert.Equal(done.Mended, told.Mended);
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
}
