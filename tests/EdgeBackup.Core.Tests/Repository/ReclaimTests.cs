using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Repository.Maintenance;
using Xunit;

namespace EdgeBackup.Core.Tests.Repository;

public sealed class ReclaimTests
{
    private static readonly ReclaimOptions Really = new(WhatIf: false);

    [Fact]
    public async Task Space_is_freed_and_shared_chunks_stay()
    {
        var store = new MemoryObjectStore();
        await using var repository = await Bench.CreateAsync(store);
        var shared = Bench.RandomBytes(1, 400_000);
        var first = await Bench.BackUpAsync(repository, "a", new Dictionary<string, byte[]> { ["own"] = Bench.RandomBytes(2, 2_000_000), ["shared"] = shared });
        var second = await Bench.BackUpAsync(repository, "b", new Dictionary<string, byte[]> { ["shared"] = shared });
        await repository.DeleteBackupsAsync([repository.BackupObjectName("a", first.Id)], default);

        var names = store.Objects.Keys.ToList();
        var preview = await repository.ReclaimAsync(new ReclaimOptions(WhatIf: true), default);
        Assert.InRange(preview.BytesFreed, 1_900_000, 2_100_000);
        Assert.Equal(names, store.Objects.Keys);

        var report = await repository.ReclaimAsync(Really, default);
        Assert.Empty(report.Left);
        Assert.InRange(report.BytesFreed, 1_900_000, 2_100_000);
        Assert.Equal(1, report.PacksRewritten);
        Assert.InRange(store.Objects.Values.Sum(content => content.Length), 400_000, 420_000);
        Assert.Equal(shared, (await Bench.ReadAllAsync(repository, second))["shared"]);
        await using var again = await Bench.OpenAsync(store);
        Assert.Empty((await again.VerifyAsync(new VerifyOptions(ReadData: true), null, default)).Damage);
    }

    [Fact]
    public async Task Nothing_goes_while_a_session_lives_that_may_rely_on_it()
    {
        var store = new MemoryObjectStore();
        await using var repository = await Bench.CreateAsync(store);
        var files = new Dictionary<string, byte[]> { ["x"] = Bench.RandomBytes(2, 500_000) };
        var first = await Bench.BackUpAsync(repository, "a", files);
        await using var other = await Bench.OpenAsync(store);
        BackupRecordPair again;
        await using (var session = await other.BeginWriteAsync(default))
        {
            await repository.DeleteBackupsAsync([repository.BackupObjectName("a", first.Id)], default);
            var report = await repository.ReclaimAsync(Really, default);
            Assert.Equal(1, report.PacksCondemned);
            Assert.Equal(0, report.PacksDeleted);
            Assert.Contains("writes backups", Assert.Single(report.Left), StringComparison.Ordinal);

            // It began before the mark and relies on the old pack.
            var before = session.Statistics.BytesAdded;
            var record = await Bench.BackUpAsync(session, "a", files);
            Assert.InRange(session.Statistics.BytesAdded - before, 1, 20_000);

            // This one began after the mark and must not.
            await using var late = await repository.BeginWriteAsync(default);
            await Bench.BackUpAsync(late, "b", files);
            Assert.InRange(late.Statistics.BytesAdded, 500_000, 600_000);
            again = new BackupRecordPair(record.Device, record.Id);
        }

        var second = await repository.ReclaimAsync(Really, default);
        Assert.Empty((await repository.VerifyAsync(new VerifyOptions(ReadData: true), null, default)).Damage);
        var read = await repository.ReadBackupAsync(repository.BackupObjectName(again.Device, again.Id), default);
        Assert.Equal(files["x"], (await Bench.ReadAllAsync(repository, read))["x"]);
        Assert.DoesNotContain(store.Objects.Keys, name => name.StartsWith(Marks.Folder, StringComparison.Ordinal));
        Assert.NotNull(second);
    }

    [Fact]
    public async Task Nothing_goes_while_somebody_reads()
    {
        var store = new MemoryObjectStore();
        await using var repository = await Bench.CreateAsync(store);
        var record = await Bench.BackUpAsync(repository, "a", new Dictionary<string, byte[]> { ["x"] = Bench.RandomBytes(2, 500_000) });
        await using (await repository.BeginReadAsync(default))
        {
            await repository.DeleteBackupsAsync([repository.BackupObjectName("a", record.Id)], default);
            Assert.Contains("reads", Assert.Single((await repository.ReclaimAsync(Really, default)).Left), StringComparison.Ordinal);
            Assert.Empty(await repository.VerifyBackupAsync(record, default));
        }

        Assert.InRange((await repository.ReclaimAsync(Really, default)).BytesFreed, 490_000, 600_000);
        Assert.DoesNotContain(store.Objects.Keys, name => name.StartsWith("packs/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_lease_of_a_dead_process_holds_nothing_up()
    {
        var store = new MemoryObjectStore();
        await using var repository = await Bench.CreateAsync(store);
        var record = await Bench.BackUpAsync(repository, "a", new Dictionary<string, byte[]> { ["x"] = Bench.RandomBytes(2, 500_000) });
        await repository.DeleteBackupsAsync([repository.BackupObjectName("a", record.Id)], default);
        await PutLeaseAsync(repository, store, pid: 99_999_999, scope: null);
        Assert.Empty((await repository.ReclaimAsync(Really, default)).Left);
        Assert.DoesNotContain(store.Objects.Keys, name => name.StartsWith("packs/", StringComparison.Ordinal) || (IsLease(name) && !IsNumber(name)));
    }

    [Fact]
    public async Task The_lease_of_another_machine_is_dead_only_when_it_has_not_moved_for_long()
    {
        var store = new MemoryObjectStore();
        var clock = new ShiftedClock();
        var environment = Bench.Environment with { Clock = clock };
        await (await Bench.CreateAsync(store)).DisposeAsync();
        await using var repository = await EdgeRepository.OpenAsync(store, Bench.Key, environment, default);
        var record = await Bench.BackUpAsync(repository, "a", new Dictionary<string, byte[]> { ["x"] = Bench.RandomBytes(2, 500_000) });
        await repository.DeleteBackupsAsync([repository.BackupObjectName("a", record.Id)], default);
        await PutLeaseAsync(repository, store, pid: 1, scope: "elsewhere");
        Assert.Single((await repository.ReclaimAsync(Really, default)).Left);
        clock.Shift = TimeSpan.FromMinutes(30);
        Assert.Single((await repository.ReclaimAsync(Really, default)).Left);
        clock.Shift = TimeSpan.FromMinutes(61);
        Assert.Empty((await repository.ReclaimAsync(Really, default)).Left);
        Assert.DoesNotContain(store.Objects.Keys, name => name.StartsWith("packs/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_writer_that_slept_through_maintenance_records_nothing()
    {
        var store = new MemoryObjectStore();
        await using var repository = await Bench.CreateAsync(store);
        var files = new Dictionary<string, byte[]> { ["x"] = Bench.RandomBytes(2, 500_000) };
        var first = await Bench.BackUpAsync(repository, "a", files);
        await using var sleeper = await Bench.OpenAsync(store);
        await using var session = await sleeper.BeginWriteAsync(default);

        // Somebody held it for dead.
        store.Objects.Remove(store.Objects.Keys.Single(name => name.StartsWith("leases/", StringComparison.Ordinal)));
        await repository.DeleteBackupsAsync([repository.BackupObjectName("a", first.Id)], default);
        Assert.Empty((await repository.ReclaimAsync(Really, default)).Left);

        var error = await Assert.ThrowsAsync<Core.Errors.EdgeBackupException>(() => Bench.BackUpAsync(session, "a", files));
        Assert.Equal(Core.Errors.ErrorIds.CaptureFailed, error.ErrorId);
        Assert.Empty(await Bench.ListAsync(repository.ListBackupsAsync(null, default)));
    }

    [Theory]
    [InlineData("record")]
    [InlineData("item list")]
    public async Task What_cannot_be_read_is_named_and_stops_the_freeing_without_an_error(string damaged)
    {
        var store = new MemoryObjectStore();
        await using var repository = await Bench.CreateAsync(store);
        var gone = await Bench.BackUpAsync(repository, "gone", new Dictionary<string, byte[]> { ["x"] = Bench.RandomBytes(1, 500_000) });
        var before = store.Objects.Keys.ToHashSet();
        var bad = await Bench.BackUpAsync(repository, "bad", new Dictionary<string, byte[]> { ["empty"] = [] });
        var name = damaged == "record"
            ? repository.BackupObjectName("bad", bad.Id)
            : store.Objects.Keys.Single(key => key.StartsWith("packs/", StringComparison.Ordinal) && !before.Contains(key));
        store.Objects[name][60] ^= 1;
        await repository.DeleteBackupsAsync([repository.BackupObjectName("gone", gone.Id)], default);

        await using var fresh = await Bench.OpenAsync(store);
        var objects = store.Objects.Keys.ToList();
        foreach (var options in new[] { new ReclaimOptions(WhatIf: true), Really })
        {
            var report = await fresh.ReclaimAsync(options, default);
            Assert.True(report.IsStoppedByDamage);
            Assert.Equal(0, report.BytesFreed);
            var left = Assert.Single(report.Left);
            Assert.Contains(name, left, StringComparison.Ordinal);
            Assert.Contains(bad.Id, left, StringComparison.Ordinal);
            Assert.Equal(objects, store.Objects.Keys.Where(key => !IsNumber(key)));
        }

        store.Objects[name][60] ^= 1;
        await using var mended = await Bench.OpenAsync(store);
        var after = await mended.ReclaimAsync(Really, default);
        Assert.Empty(after.Left);
        Assert.False(after.IsStoppedByDamage);
        Assert.InRange(after.BytesFreed, 490_000, 600_000);
    }

    [Fact]
    public async Task Many_index_objects_become_one()
    {
        var store = new MemoryObjectStore();
        await using var repository = await Bench.CreateAsync(store);
        for (var index = 0; index < 20; index++)
        {
            await Bench.BackUpAsync(repository, "a", new Dictionary<string, byte[]> { ["x"] = Bench.RandomBytes(index, 1000) });
        }

        Assert.Equal(20, (await repository.ReclaimAsync(Really, default)).IndexObjectsMerged);
        Assert.Single(store.Objects.Keys, name => name.StartsWith("index/", StringComparison.Ordinal));
        Assert.Empty((await repository.VerifyAsync(new VerifyOptions(ReadData: true), null, default)).Damage);
    }

    private static bool IsLease(string name) => name.StartsWith("leases/", StringComparison.Ordinal);

    /// <summary>The lease of the last maintainer stays, so that its number is not given again.</summary>
    private static bool IsNumber(string name) => name.StartsWith("leases/maintain-", StringComparison.Ordinal);

    private static Task PutLeaseAsync(EdgeRepository repository, MemoryObjectStore store, int pid, string? scope)
    {
        var self = Core.Repository.Stores.ProcessIdentity.Current();
        var body = new LeaseBody(LeaseKind.Write, DateTimeOffset.UtcNow, scope ?? self.Scope, pid, "1", 5, []);
        store.Objects["leases/0123"] = repository.Core.Seal("leases/0123", body, RepositoryJson.Default.LeaseBody);
        return Task.CompletedTask;
    }

    private sealed record BackupRecordPair(string Device, string Id);
}
