using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository;
using Xunit;

namespace EdgeBackup.Core.Tests.Repository;

/// <summary>What somebody can do who may write to the store and has no key.</summary>
public sealed class TamperTests
{
    private static readonly Dictionary<string, byte[]> Files = new() { ["a"] = [1, 2, 3] };

    [Theory]
    [InlineData("backups/")]
    [InlineData("devices/")]
    [InlineData("events/")]
    [InlineData("policies/")]
    [InlineData("types/")]
    [InlineData("keys/")]
    public async Task A_record_that_was_deleted_is_missed(string area)
    {
        var (store, record) = await MakeAsync();
        foreach (var name in store.Objects.Keys.Where(name => name.StartsWith(area, StringComparison.Ordinal)).ToList())
        {
            var reborn = store.Reborn();
            await using var repository = await Bench.OpenAsync(reborn);
            reborn.Objects.Remove(name);
            var damage = Assert.Single((await ChainTests.VerifyAsync(repository)).Damage);
            Assert.Equal(name, damage.Object);
            Assert.Contains("missing", damage.Reason, StringComparison.Ordinal);
            if (area is "backups/" or "devices/")
            {
                Assert.Equal("device one", damage.Device);
            }

            Assert.Equal(area == "backups/" ? record.Id : null, damage.Backup);
        }
    }

    [Fact]
    public async Task A_fence_that_was_deleted_is_missed()
    {
        var (store, _) = await MakeAsync();
        await using var repository = await Bench.OpenAsync(store);
        var name = await repository.TryAppendAfterAsync(RecordArea.Devices, "broken", null, "{\"device\":\"broken\",\"kind\":\"Fenced\"}"u8.ToArray(), default);
        store.Objects.Remove(name!);
        Assert.Equal(name, Assert.Single((await ChainTests.VerifyAsync(repository)).Damage).Object);
    }

    [Fact]
    public async Task A_removed_backup_that_is_put_back_is_found()
    {
        var (store, record) = await MakeAsync();
        await using var repository = await Bench.OpenAsync(store);
        var name = repository.BackupObjectName(record.Device, record.Id);
        var content = store.Objects[name];
        await repository.DeleteBackupsAsync([name], default);
        await repository.AppendAsync(RecordArea.Events, "", "{}"u8.ToArray(), default);
        store.Objects[name] = content;
        var damage = Assert.Single((await ChainTests.VerifyAsync(repository)).Damage);
        Assert.Equal((name, record.Id), (damage.Object, damage.Backup));
        await repository.ReclaimAsync(new ReclaimOptions(WhatIf: false), default);
        Assert.False((await ChainTests.VerifyAsync(repository)).Healthy);
    }

    [Fact]
    public async Task Every_entry_of_the_chain_that_is_missing_altered_or_swapped_is_found()
    {
        var (store, _) = await MakeAsync();
        var entries = store.Objects.Keys.Where(name => name.StartsWith("chain/", StringComparison.Ordinal)).ToList();
        Assert.True(entries.Count > 4);
        for (var index = 0; index < entries.Count; index++)
        {
            foreach (var how in new[] { "missing", "altered", "swapped", "doubled" })
            {
                // The newest one of all can be cut without a trace where nobody remembers it; see below.
                var isNewest = index == entries.Count - 1;
                var reborn = store.Reborn();
                await using var before = await Bench.OpenAsync(reborn);
                var other = entries[index == 0 ? 1 : index - 1];
                switch (how)
                {
                    case "missing":
                        reborn.Objects.Remove(entries[index]);
                        break;
                    case "altered":
                        reborn.Objects[entries[index]][60] ^= 1;
                        break;
                    case "swapped":
                        (reborn.Objects[entries[index]], reborn.Objects[other]) = (reborn.Objects[other], reborn.Objects[entries[index]]);
                        break;
                    default:
                        reborn.Objects[entries[index]] = reborn.Objects[other];
                        break;
                }

                Assert.False((await ChainTests.VerifyAsync(before)).Healthy, $"{how} {index}, open before");
                await using var after = await Bench.OpenAsync(reborn);
                var report = await ChainTests.VerifyAsync(after);
                Assert.True(!report.Healthy || (isNewest && how == "missing" && report.Notes.Count > 0), $"{how} {index}");
                if (how == "swapped")
                {
                    Assert.All(new[] { entries[index], other }, name => Assert.Contains(report.Damage, damage => damage.Object == name));
                }
            }
        }
    }

    [Fact]
    public async Task An_older_copy_of_the_whole_store_is_noticed_when_it_is_opened_and_nothing_is_written_to_it()
    {
        var (store, record) = await MakeAsync();
        var memory = new ChainMemory();
        var copy = store.Reborn();
        await using (var repository = await memory.OpenAsync(store))
        {
            Assert.Null(repository.Notice);
            await Bench.BackUpAsync(repository, "d", Files);
        }

        await using var old = await memory.OpenAsync(copy);
        Assert.Contains("taken back", old.Notice, StringComparison.Ordinal);
        Assert.Equal(record.Id, (await old.ReadBackupAsync(old.BackupObjectName(record.Device, record.Id), default)).Id);
        Assert.False((await ChainTests.VerifyAsync(old)).Healthy);
        var objects = copy.Objects.Count;
        foreach (var write in new Func<Task>[]
        {
            () => Bench.BackUpAsync(old, "d", Files),
            () => old.AppendAsync(RecordArea.Events, "", "{}"u8.ToArray(), default),
            () => old.TryAppendAfterAsync(RecordArea.Devices, "d", null, "{}"u8.ToArray(), default),
            () => old.DeleteBackupsAsync([old.BackupObjectName(record.Device, record.Id)], default),
            () => old.ReclaimAsync(new ReclaimOptions(WhatIf: false), default),
        })
        {
            var error = await Assert.ThrowsAsync<EdgeBackupException>(write);
            Assert.Equal(ErrorIds.RepositoryDamaged, error.ErrorId);
            Assert.Contains("-AcceptRollback", error.Message, StringComparison.Ordinal);
        }

        Assert.Equal(objects, copy.Objects.Count);

        // Still so the next time.
        await using var again = await memory.OpenAsync(copy);
        Assert.NotNull(again.Notice);
        await using var healthy = await memory.OpenAsync(store);
        Assert.Null(healthy.Notice);

        // And no longer when the newest copy is brought back.
        foreach (var (name, content) in store.Objects)
        {
            copy.Objects[name] = content;
        }

        Assert.True((await ChainTests.VerifyAsync(again)).Healthy);
        Assert.Null(again.Notice);
    }

    [Fact]
    public async Task A_store_that_is_taken_back_under_an_open_repository_is_noticed_at_the_next_write()
    {
        var (store, _) = await MakeAsync();
        var copy = store.Reborn();
        await using var repository = await Bench.OpenAsync(store);
        await Bench.BackUpAsync(repository, "d", Files);
        store.Objects.Clear();
        foreach (var (name, content) in copy.Objects)
        {
            store.Objects[name] = content;
        }

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => repository.AppendAsync(RecordArea.Events, "", "{}"u8.ToArray(), default));
        Assert.Equal(ErrorIds.RepositoryDamaged, error.ErrorId);
        Assert.NotNull(repository.Notice);
        Assert.Equal(ChainTests.CountEntries(copy), ChainTests.CountEntries(store));
    }

    [Fact]
    public async Task A_store_without_its_chain_is_noticed_by_everybody()
    {
        var (store, record) = await MakeAsync();
        foreach (var name in store.Objects.Keys.Where(name => name.StartsWith("chain/", StringComparison.Ordinal)).ToList())
        {
            store.Objects.Remove(name);
        }

        await using var repository = await Bench.OpenAsync(store);
        Assert.NotNull(repository.Notice);
        Assert.Single(await Bench.ReadAllAsync(repository, record));
        Assert.False((await ChainTests.VerifyAsync(repository)).Healthy);
        await Assert.ThrowsAsync<EdgeBackupException>(() => Bench.BackUpAsync(repository, "d", Files));
    }

    [Fact]
    public async Task The_newest_entries_cut_with_their_records_are_missed_by_who_has_seen_them()
    {
        var (store, _) = await MakeAsync();
        var before = store.Objects.Keys.ToHashSet();
        var memory = new ChainMemory();
        await using (var writer = await Bench.OpenAsync(store))
        {
            await Bench.BackUpAsync(writer, "d", Files);
        }

        await using (var reader = await memory.OpenAsync(store))
        {
            Assert.Null(reader.Notice);
        }

        foreach (var name in store.Objects.Keys.Where(name => !before.Contains(name)).ToList())
        {
            store.Objects.Remove(name);
        }

        await using var repository = await memory.OpenAsync(store);
        Assert.NotNull(repository.Notice);
    }

    [Fact]
    public async Task Two_histories_are_told_apart()
    {
        var (store, _) = await MakeAsync();
        var memory = new ChainMemory();
        var other = store.Reborn();
        await using (var mine = await memory.OpenAsync(store))
        {
            await Bench.BackUpAsync(mine, "d", Files);
        }

        await using (var others = await Bench.OpenAsync(other))
        {
            for (var index = 0; index < 3; index++)
            {
                await Bench.BackUpAsync(others, "d", Files);
            }
        }

        await using var repository = await memory.OpenAsync(other);
        Assert.Contains("another history", repository.Notice, StringComparison.Ordinal);

        // Also where the entry itself is summed up by now.
        await using (var others = await Bench.OpenAsync(other))
        {
            await ChainTests.SumUpAsync(others);
        }

        await using var later = await memory.OpenAsync(other);
        Assert.Contains("another history", later.Notice, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Accepting_a_store_that_was_taken_back_says_what_is_missing_and_goes_on()
    {
        var (store, _) = await MakeAsync();
        var memory = new ChainMemory();
        var other = new ChainMemory();
        var copy = store.Reborn();
        await using (var writer = await memory.OpenAsync(store))
        {
            await Bench.BackUpAsync(writer, "d", Files);
            (await other.OpenAsync(store)).ToString();
        }

        var lost = copy.Objects.Keys.Single(name => name.StartsWith("policies/", StringComparison.Ordinal));
        copy.Objects.Remove(lost);
        await using (var repository = await memory.OpenAsync(copy))
        {
            Assert.Equal([lost], await repository.AcceptPresentStateAsync(default));
            Assert.Null(repository.Notice);
            await Bench.BackUpAsync(repository, "d", Files);
            Assert.True((await ChainTests.VerifyAsync(repository)).Healthy);
        }

        foreach (var client in new[] { memory, other })
        {
            await using var again = await client.OpenAsync(copy);
            Assert.Null(again.Notice);
            Assert.True((await ChainTests.VerifyAsync(again)).Healthy);
        }
    }

    [Theory]
    [InlineData("gone")]
    [InlineData("newest damaged")]
    [InlineData("hole")]
    public async Task A_chain_that_is_damaged_can_be_accepted(string how)
    {
        var (store, _) = await MakeAsync();
        var entries = store.Objects.Keys.Where(name => name.StartsWith("chain/", StringComparison.Ordinal)).ToList();
        switch (how)
        {
            case "gone":
                entries.ForEach(name => store.Objects.Remove(name));
                break;
            case "hole":
                store.Objects.Remove(entries[2]);
                break;
            default:
                store.Objects[entries[^1]][50] ^= 1;
                break;
        }

        await using (var repository = await Bench.OpenAsync(store))
        {
            Assert.NotNull(repository.Notice);
            await repository.AcceptPresentStateAsync(default);
        }

        await using var again = await Bench.OpenAsync(store);
        Assert.Null(again.Notice);
        Assert.True((await ChainTests.VerifyAsync(again)).Healthy);
        await Bench.BackUpAsync(again, "d", Files);
        await again.ReclaimAsync(new ReclaimOptions(WhatIf: false), default);
        Assert.True((await ChainTests.VerifyAsync(again)).Healthy);
    }

    private static async Task<(MemoryObjectStore Store, BackupRecord Record)> MakeAsync()
    {
        var store = new MemoryObjectStore();
        await using var repository = await Bench.CreateAsync(store);
        await repository.AppendAsync(RecordArea.Devices, "device one", "{\"device\":\"device one\",\"kind\":\"Registered\"}"u8.ToArray(), default);
        await repository.AppendAsync(RecordArea.Devices, "device one", "{\"device\":\"device one\",\"kind\":\"Unregistered\"}"u8.ToArray(), default);
        var record = await Bench.BackUpAsync(repository, "device one", Files);
        await repository.AppendAsync(RecordArea.Policies, "policies", "{}"u8.ToArray(), default);
        await repository.AppendAsync(RecordArea.Types, "press", "{}"u8.ToArray(), default);
        await repository.AppendAsync(RecordArea.Events, "", "{}"u8.ToArray(), default);
        return (store, record);
    }
}
