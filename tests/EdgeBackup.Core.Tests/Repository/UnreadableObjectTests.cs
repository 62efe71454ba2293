using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Repository.Stores;
using EdgeBackup.Core.Tests.Repository.Recovery;
using Xunit;

namespace EdgeBackup.Core.Tests.Repository;

/// <summary>A disk that gives no answer for one object must not take the others with it.</summary>
public sealed class UnreadableObjectTests
{
    private static readonly KeyFileSecret OtherKey = new([.. Enumerable.Range(101, 32).Select(value => (byte)value)]);
    private static readonly Dictionary<string, byte[]> Files = Enumerable.Range(0, 3).ToDictionary(index => $"f{index}", index => Bench.RandomBytes(index, 30_000));

    [Theory]
    [InlineData("backups/", 1)]
    [InlineData("chain/", 2)]
    [InlineData("devices/", 2)]
    [InlineData("index/", 2)]
    [InlineData("keys/", 2)]
    [InlineData("packs/", 1)]
    public async Task An_object_that_cannot_be_read_is_named_and_spoils_no_other(string folder, int whole)
    {
        var memory = new ChainMemory();
        var environment = Bench.Environment with { Memory = memory };
        var store = await FillAsync(environment);
        var names = store.Objects.Keys.Where(name => name.StartsWith(folder, StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(names);
        foreach (var name in names)
        {
            var broken = new BrokenSectorStore(store, name, 0, 100_000);
            await using var repository = await OpenAsync(broken, environment);
            Assert.Equal(whole, await CountReadableAsync(repository));
            var report = await repository.VerifyAsync(new VerifyOptions(ReadData: true), null, default);
            Assert.Contains(report.Damage, damage => damage.Object == name);
            Assert.All(report.Damage, damage => Assert.Equal(name, damage.Object));
        }
    }

    [Fact]
    public async Task Backups_go_on_and_space_is_freed_beside_an_index_object_that_cannot_be_read_and_it_stays()
    {
        var store = await FillAsync(Bench.Environment);
        var name = store.Objects.Keys.First(name => name.StartsWith("index/", StringComparison.Ordinal));
        await using (var repository = await OpenAsync(new BrokenSectorStore(store, name, 0, 100_000), Bench.Environment))
        {
            var record = await Bench.BackUpAsync(repository, "f", Files);
            await repository.ReclaimAsync(new ReclaimOptions(WhatIf: false), default);
            Assert.Equal(Files["f1"], (await Bench.ReadAllAsync(repository, record))["f1"]);
        }

        // It may be whole once the disk answers again.
        Assert.Contains(name, store.Objects.Keys);
        await using var later = await OpenAsync(store, Bench.Environment);
        Assert.Equal(3, await CountReadableAsync(later));
    }

    [Fact]
    public async Task A_chunk_is_read_from_its_other_copy_when_the_first_cannot_be_read()
    {
        var store = new MemoryObjectStore();
        await using var one = await Bench.CreateAsync(store);
        await using var other = await Bench.OpenAsync(store);

        // Both begin before the other one's chunks are known, so each stores its own.
        await using (var first = await one.BeginWriteAsync(default))
        await using (var second = await other.BeginWriteAsync(default))
        {
            await Bench.BackUpAsync(first, "d", Files);
            await Bench.BackUpAsync(second, "e", Files);
        }

        var packs = store.Objects.Keys.Where(name => name.StartsWith("packs/", StringComparison.Ordinal)).ToList();
        Assert.Equal(2, packs.Count);
        foreach (var pack in packs)
        {
            await using var repository = await OpenAsync(new BrokenSectorStore(store, pack, 0, 100_000), Bench.Environment);
            foreach (var name in await Bench.ListAsync(repository.ListBackupsAsync(null, default)))
            {
                var record = await repository.ReadBackupAsync(name, default);
                var item = Assert.Single(await ItemsAsync(other, record), item => item.Item.Path == "f1");
                Assert.Equal(Files["f1"], await Bench.ReadItemAsync(repository, record, item));
            }
        }
    }

    [Fact]
    public async Task An_unreadable_chain_is_accepted_and_written_to_again()
    {
        var memory = new ChainMemory();
        var environment = Bench.Environment with { Memory = memory };
        var store = await FillAsync(environment);
        var name = store.Objects.Keys.Where(name => name.StartsWith("chain/", StringComparison.Ordinal)).Max(StringComparer.Ordinal)!;
        await using var repository = await OpenAsync(new BrokenSectorStore(store, name, 0, 100_000), environment);
        Assert.Contains(name, repository.Core.Chain!.Notice, StringComparison.Ordinal);
        await repository.AcceptPresentStateAsync(default);
        await Bench.BackUpAsync(repository, "f", Files);
    }

    [Fact]
    public async Task A_damaged_mark_is_told_with_the_command_that_removes_it()
    {
        var store = await FillAsync(Bench.Environment);
        store.Objects["marks/000000000000000000000000"] = [1, 2, 3];
        await using var repository = await Bench.OpenAsync(store);
        var error = await Assert.ThrowsAsync<EdgeBackup.Core.Errors.EdgeBackupException>(() => repository.BeginWriteAsync(default));
        Assert.Contains("Optimize-EdgeRepository", error.Message, StringComparison.Ordinal);
        await repository.ReclaimAsync(new ReclaimOptions(WhatIf: false), default);
        await Bench.BackUpAsync(repository, "f", Files);
    }

    private static async Task<MemoryObjectStore> FillAsync(RepositoryEnvironment environment)
    {
        var store = new MemoryObjectStore();
        await using var repository = (await EdgeRepository.CreateAsync(store, [Bench.Key, OtherKey], environment, default)).Repository;
        foreach (var (device, seed) in new[] { ("d", 100), ("e", 200) })
        {
            await repository.AppendAsync(RecordArea.Devices, device, "{}"u8.ToArray(), default);
            await Bench.BackUpAsync(repository, device, new Dictionary<string, byte[]> { ["x"] = Bench.RandomBytes(seed, 50_000) });
        }

        return store;
    }

    private static async Task<EdgeRepository> OpenAsync(IObjectStore store, RepositoryEnvironment environment)
    {
        try
        {
            return await EdgeRepository.OpenAsync(store, Bench.Key, environment, default);
        }
        catch (EdgeBackup.Core.Errors.EdgeBackupException exception) when (exception.Target is string name && name.StartsWith("keys/", StringComparison.Ordinal))
        {
            return await EdgeRepository.OpenAsync(store, OtherKey, environment, default);
        }
    }

    private static async Task<int> CountReadableAsync(EdgeRepository repository)
    {
        var readable = 0;
        foreach (var name in await Bench.ListAsync(repository.ListBackupsAsync(null, default)))
        {
            try
            {
                Assert.NotEmpty(await Bench.ReadAllAsync(repository, await repository.ReadBackupAsync(name, default)));
                readable++;
            }
            catch (EdgeBackup.Core.Errors.EdgeBackupException)
            {
            }
        }

        return readable;
    }

    private static async Task<List<SavedItem>> ItemsAsync(EdgeRepository repository, BackupRecord record)
    {
        var items = new List<SavedItem>();
        await foreach (var item in repository.ReadItemsAsync(record, default))
        {
            items.Add(item);
        }

        return items;
    }
}
