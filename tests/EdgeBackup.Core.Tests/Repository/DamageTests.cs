using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository;
using Xunit;

namespace EdgeBackup.Core.Tests.Repository;

public sealed class DamageTests
{
    private static readonly VerifyOptions Deep = new(ReadData: true);
    private static readonly VerifyOptions Shallow = new(ReadData: false);

    [Fact]
    public async Task Every_altered_byte_of_every_small_object_is_noticed_and_named()
    {
        var (store, _) = await MakeAsync();
        await using var repository = await Bench.OpenAsync(store);
        await repository.AppendAsync(RecordArea.Events, "d", "{\"event\":1}"u8.ToArray(), default);
        await repository.AppendAsync(RecordArea.Policies, "d", "{\"policy\":1}"u8.ToArray(), default);
        foreach (var (name, content) in store.Objects.ToList())
        {
            var step = content.Length > 5000 ? 997 : content.Length > 1000 || name.StartsWith("chain/", StringComparison.Ordinal) ? 7 : 1;
            for (var position = 0; position < content.Length; position += step)
            {
                content[position] ^= 0x10;
                var report = await repository.VerifyAsync(Deep, null, default);
                Assert.True(report.Damage.Any(damage => damage.Object == name), $"byte {position} of {name}");
                content[position] ^= 0x10;
            }
        }

        Assert.True((await repository.VerifyAsync(Deep, null, default)).Healthy);
    }

    [Fact]
    public async Task An_altered_pack_names_each_item_that_suffers_and_no_other()
    {
        var (store, records) = await MakeAsync();
        var pack = store.Objects.Single(entry => entry.Key.StartsWith("packs/", StringComparison.Ordinal));
        pack.Value[44 + 100] ^= 1;
        await using var repository = await Bench.OpenAsync(store);
        var report = await repository.VerifyAsync(Deep, null, default);
        var damage = Assert.Single(report.Damage);
        Assert.Equal((pack.Key, "device one", records[0].Id, "a"), (damage.Object, damage.Device, damage.Backup, damage.Path));
        Assert.Equal("a", Assert.Single(await repository.VerifyBackupAsync(records[0], default)).Path);
        Assert.Empty(await repository.VerifyBackupAsync(records[1], default));

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => Bench.ReadAllAsync(repository, records[0]));
        Assert.Equal(ErrorIds.BackupDamaged, error.ErrorId);
        Assert.Contains(records[0].Id, error.Message, StringComparison.Ordinal);
        Assert.Contains("'a'", error.Message, StringComparison.Ordinal);
        Assert.Equal(2, (await Bench.ReadAllAsync(repository, records[1])).Count);
    }

    [Theory]
    [InlineData("missing")]
    [InlineData("cut")]
    [InlineData("empty")]
    public async Task A_pack_that_is_gone_or_torn_is_reported_without_reading_data(string how)
    {
        var (store, records) = await MakeAsync();
        var pack = store.Objects.Single(entry => entry.Key.StartsWith("packs/", StringComparison.Ordinal)).Key;
        if (how == "missing")
        {
            store.Objects.Remove(pack);
        }
        else
        {
            store.Objects[pack] = how == "cut" ? store.Objects[pack][..^1000] : [];
        }

        await using var repository = await Bench.OpenAsync(store);
        var report = await repository.VerifyAsync(Shallow, null, default);
        Assert.All(report.Damage, damage => Assert.Equal(pack, damage.Object));
        foreach (var record in records)
        {
            Assert.Contains(report.Damage, damage => damage.Backup == record.Id && damage.Device == record.Device);
        }
    }

    [Fact]
    public async Task Records_at_each_others_place_are_noticed()
    {
        var (store, records) = await MakeAsync();
        await using var repository = await Bench.OpenAsync(store);
        var first = repository.BackupObjectName(records[0].Device, records[0].Id);
        var second = repository.BackupObjectName(records[1].Device, records[1].Id);
        (store.Objects[first], store.Objects[second]) = (store.Objects[second], store.Objects[first]);
        Assert.Equal(ErrorIds.BackupDamaged, (await Assert.ThrowsAsync<EdgeBackupException>(() => repository.ReadBackupAsync(first, default))).ErrorId);
        var damage = (await repository.VerifyAsync(Shallow, null, default)).Damage;
        Assert.Equal(new[] { first, second }.Order(StringComparer.Ordinal), damage.Select(row => row.Object).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_damaged_record_is_named_with_its_backup_and_where_possible_its_device()
    {
        var store = new MemoryObjectStore();
        await using var repository = await Bench.CreateAsync(store);
        var files = new Dictionary<string, byte[]> { ["a"] = [1] };
        var bad = await Bench.BackUpAsync(repository, "d", files);
        await Bench.BackUpAsync(repository, "d", files);
        var name = repository.BackupObjectName("d", bad.Id);
        store.Objects[name] = store.Objects[name][..50];
        var damage = Assert.Single((await repository.VerifyAsync(Shallow, null, default)).Damage);
        Assert.Equal((name, "d", bad.Id), (damage.Object, damage.Device, damage.Backup));
    }

    [Fact]
    public async Task Without_any_index_object_all_is_read_from_the_packs()
    {
        var (store, records) = await MakeAsync();
        foreach (var name in store.Objects.Keys.Where(name => name.StartsWith("index/", StringComparison.Ordinal)).ToList())
        {
            store.Objects.Remove(name);
        }

        await using var repository = await Bench.OpenAsync(store);
        Assert.Equal(2, (await Bench.ReadAllAsync(repository, records[1])).Count);
        var damage = Assert.Single((await repository.VerifyAsync(Shallow, null, default)).Damage);
        Assert.Equal(("index", null), (damage.Object, damage.Backup));
        await repository.ReclaimAsync(new ReclaimOptions(WhatIf: false), default);
        Assert.True((await repository.VerifyAsync(Deep, null, default)).Healthy);
        await Bench.BackUpAsync(repository, "again", new Dictionary<string, byte[]> { ["z"] = Bench.RandomBytes(1, 50_000) });
    }

    [Fact]
    public async Task A_damaged_index_object_hurts_no_backup_and_is_named()
    {
        var (store, records) = await MakeAsync();
        var index = store.Objects.Single(entry => entry.Key.StartsWith("index/", StringComparison.Ordinal));
        index.Value[100] ^= 1;
        await using var repository = await Bench.OpenAsync(store);
        Assert.Empty(await repository.VerifyBackupAsync(records[0], default));
        var damage = Assert.Single((await repository.VerifyAsync(Shallow, null, default)).Damage);
        Assert.Equal((index.Key, null), (damage.Object, damage.Backup));
    }

    [Fact]
    public async Task Garbage_is_no_damage_until_it_is_altered()
    {
        var (store, records) = await MakeAsync();
        await using var repository = await Bench.OpenAsync(store);
        await repository.DeleteBackupsAsync([.. records.Select(record => repository.BackupObjectName(record.Device, record.Id))], default);
        var report = await repository.VerifyAsync(Deep, null, default);
        Assert.True(report.Healthy);
        Assert.Equal(1, report.OrphanedPacks);
        store.Objects.Single(entry => entry.Key.StartsWith("packs/", StringComparison.Ordinal)).Value[200] ^= 1;
        Assert.Null(Assert.Single((await repository.VerifyAsync(Deep, null, default)).Damage).Backup);
    }

    [Fact]
    public async Task Damage_in_an_item_list_is_reported_for_the_backup()
    {
        var store = new MemoryObjectStore();
        await using var repository = await Bench.CreateAsync(store);
        var record = await Bench.BackUpAsync(repository, "d", new Dictionary<string, byte[]> { ["only"] = [] });
        var pack = store.Objects.Single(entry => entry.Key.StartsWith("packs/", StringComparison.Ordinal));
        pack.Value[50] ^= 1;
        var damage = Assert.Single((await repository.VerifyAsync(Deep, null, default)).Damage);
        Assert.Equal((pack.Key, record.Id, null), (damage.Object, damage.Backup, damage.Path));
        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => Bench.ReadAllAsync(repository, record));
        Assert.Equal(ErrorIds.BackupDamaged, error.ErrorId);
    }

    private static async Task<(MemoryObjectStore Store, BackupRecord[] Records)> MakeAsync()
    {
        var store = new MemoryObjectStore();
        await using var repository = await Bench.CreateAsync(store, new StillClock());
        await using var session = await repository.BeginWriteAsync(default);
        await using var hold = session.BeginBackup();
        var first = Bench.BackUpAsync(session, "device one", new Dictionary<string, byte[]> { ["a"] = Bench.RandomBytes(1, 10_000), ["b"] = Bench.RandomBytes(2, 10_000) });
        var second = Bench.BackUpAsync(session, "device two", new Dictionary<string, byte[]> { ["b"] = Bench.RandomBytes(2, 10_000), ["c"] = Bench.Text(3, 10_000) });
        await hold.DisposeAsync();
        return (store, [await first, await second]);
    }
}
