using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository;
using Xunit;

namespace EdgeBackup.Core.Tests.Repository;

/// <summary>What is lost in a repository is stored anew by the next backup.</summary>
public sealed class HealingTests
{
    private static readonly VerifyOptions Deep = new(ReadData: true);
    private static readonly Dictionary<string, byte[]> Files = Enumerable.Range(0, 5).ToDictionary(index => $"f{index}", index => Bench.RandomBytes(index, 60_000));

    [Theory]
    [InlineData("missing", true)]
    [InlineData("missing", false)]
    [InlineData("cut", true)]
    [InlineData("cut", false)]
    [InlineData("empty", false)]
    public async Task The_backup_after_a_lost_pack_is_whole_and_heals_the_one_before(string how, bool inSameProcess)
    {
        var store = new MemoryObjectStore();
        await using var first = await Bench.CreateAsync(store);
        var before = await Bench.BackUpAsync(first, "d", Files);
        var previous = await ReadItemsAsync(first, before);
        var pack = Packs(store).Single();
        if (how == "missing")
        {
            store.Objects.Remove(pack);
        }
        else
        {
            store.Objects[pack] = how == "cut" ? store.Objects[pack][..^100_000] : [];
        }

        await using var other = await Bench.OpenAsync(store);
        var repository = inSameProcess ? first : other;
        BackupRecord after;
        await using (var session = await repository.BeginWriteAsync(default))
        {
            foreach (var item in previous)
            {
                Assert.False(await session.CanReuseAsync(item));
            }

            after = await Bench.BackUpAsync(session, "d", Files);
        }

        foreach (var record in new[] { before, after })
        {
            Assert.Empty(await repository.VerifyBackupAsync(record, default));
            Assert.Equal(Files["f3"], (await Bench.ReadAllAsync(repository, record))["f3"]);
        }

        Assert.DoesNotContain((await repository.VerifyAsync(Deep, null, default)).Damage, damage => damage.Backup is not null);

        // Freeing space must not take the torn copy for the better one.
        await repository.ReclaimAsync(new ReclaimOptions(WhatIf: false), default);
        await using var third = await Bench.OpenAsync(store);
        Assert.Equal(Files["f3"], (await Bench.ReadAllAsync(third, before))["f3"]);
        Assert.Equal(Files["f4"], (await Bench.ReadAllAsync(third, after))["f4"]);
        await using var last = await third.BeginWriteAsync(default);
        await Bench.BackUpAsync(last, "d", Files);
        Assert.Equal(0, last.Statistics.ChunksAdded);
    }

    [Fact]
    public async Task A_pack_that_came_back_is_relied_on_again()
    {
        var store = new MemoryObjectStore();
        await using var repository = await Bench.CreateAsync(store);
        await Bench.BackUpAsync(repository, "d", Files);
        var pack = Packs(store).Single();
        var content = store.Objects[pack];
        store.Objects.Remove(pack);
        await (await repository.BeginWriteAsync(default)).DisposeAsync();
        store.Objects[pack] = content;
        await using var session = await repository.BeginWriteAsync(default);
        await Bench.BackUpAsync(session, "d", Files);
        Assert.Equal(0, session.Statistics.ChunksAdded);
    }

    [Fact]
    public async Task What_is_whole_in_a_torn_pack_stays_readable_after_space_was_freed()
    {
        var store = new MemoryObjectStore();
        await using var repository = await Bench.CreateAsync(store);
        var record = await Bench.BackUpAsync(repository, "d", Files);
        var gone = await Bench.BackUpAsync(repository, "e", new Dictionary<string, byte[]> { ["x"] = Bench.RandomBytes(99, 100_000) });
        await repository.DeleteBackupsAsync([repository.BackupObjectName("e", gone.Id)], default);
        var pack = Packs(store).MaxBy(name => store.Objects[name].Length)!;
        store.Objects[pack] = store.Objects[pack][..^20];
        await using var other = await Bench.OpenAsync(store);
        var report = await other.ReclaimAsync(new ReclaimOptions(WhatIf: false), default);
        Assert.Contains(report.Left, left => left.Contains(pack, StringComparison.Ordinal));
        Assert.Equal(1, report.PacksDeleted);
        await using var third = await Bench.OpenAsync(store);
        Assert.Equal(Files["f0"], (await Bench.ReadAllAsync(third, record))["f0"]);
    }

    [Fact]
    public async Task A_pack_that_was_read_without_an_index_and_then_removed_is_not_relied_on()
    {
        var store = new MemoryObjectStore();
        await using var repository = await Bench.CreateAsync(store);
        var record = await Bench.BackUpAsync(repository, "d", Files);
        foreach (var name in store.Objects.Keys.Where(name => name.StartsWith("index/", StringComparison.Ordinal)).ToList())
        {
            store.Objects.Remove(name);
        }

        // Reads the orphaned pack's directory into the long-lived table; then another process frees it.
        await using var longLived = await Bench.OpenAsync(store);
        Assert.Equal(5, (await Bench.ReadAllAsync(longLived, record)).Count);
        await longLived.DeleteBackupsAsync([longLived.BackupObjectName("d", record.Id)], default);
        await using (var other = await Bench.OpenAsync(store))
        {
            await other.ReclaimAsync(new ReclaimOptions(WhatIf: false), default);
            Assert.Empty(Packs(store));
        }

        var again = await Bench.BackUpAsync(longLived, "d", Files);
        await using var fresh = await Bench.OpenAsync(store);
        Assert.Empty(await fresh.VerifyBackupAsync(again, default));
    }

    private static IEnumerable<string> Packs(MemoryObjectStore store) => store.Objects.Keys.Where(name => name.StartsWith("packs/", StringComparison.Ordinal));

    private static async Task<List<SavedItem>> ReadItemsAsync(EdgeRepository repository, BackupRecord record)
    {
        var items = new List<SavedItem>();
        await foreach (var item in repository.ReadItemsAsync(record, default))
        {
            items.Add(item);
        }

        return items;
    }
}
