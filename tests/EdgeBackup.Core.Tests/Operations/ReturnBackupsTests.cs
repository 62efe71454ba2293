using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Operations.Sync;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Repository.Maintenance;
using EdgeBackup.Core.Tests.Repository;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations;

/// <summary>A second repository with keys of its own gives whole backups to one that has lost them.</summary>
public sealed class ReturnBackupsTests : IAsyncLifetime, IDisposable
{
    private static readonly VerifyOptions Deep = new(ReadData: true);

    private readonly MemoryContexts contexts = new();
    private readonly MemoryObjectStore store = new();
    private readonly MemoryObjectStore copyStore = new();
    private readonly List<BackupRecord> records = [];
    private RepositoryContext copy = null!;

    public async Task InitializeAsync()
    {
        var source = contexts.Open(await Bench.CreateAsync(store));
        copy = contexts.Open(await Bench.CreateAsync(copyStore));
        foreach (var (device, version) in new[] { ("a", 1), ("b", 2), ("a", 3) })
        {
            records.Add(await Bench.BackUpAsync(source.Repository, device, Files(version)));
        }

        Assert.Equal(3, (await new SyncRepository(source, copy, SilentObserver.Instance).RunAsync(new SyncOptions(), default)).Copied);
        Lose(store, "leases/");
    }

    public Task DisposeAsync() => contexts.CloseAsync();

    public void Dispose() => contexts.Dispose();

    [Fact]
    public async Task Backups_whose_lists_and_items_are_lost_come_back_whole()
    {
        Lose(store, "packs/");
        var damaged = store.Reborn();
        var context = contexts.Open(await Bench.OpenAsync(store));
        var told = await RepairAsync(context, whatIf: true);
        Assert.Equal(damaged.Objects.Keys.Order(StringComparer.Ordinal), store.Objects.Keys.Order(StringComparer.Ordinal));

        var report = await RepairAsync(context);
        Assert.True(report.Healthy, string.Join('\n', report.Gone));
        Assert.True(told.Healthy, string.Join('\n', told.Gone));
        Assert.Empty(report.Left);
        var returned = report.Mended.Where(row => row.Backup is not null).ToList();
        Assert.All(returned, row => Assert.Equal((RepairMethod.SecondRepository, (string?)null), (row.Method, row.Path)));
        Assert.Equal(records.Select(record => (record.Device, record.Id)).Order(), returned.Select(row => (row.Device!, row.Backup!)).Order());
        Assert.Equal(Rows(told), Rows(report));
        Assert.Equal(told.Quarantined.Count, report.Quarantined.Count);
        foreach (var record in records)
        {
            var name = context.Repository.BackupObjectName(record.Device, record.Id);
            Assert.Equal(damaged.Objects[name], store.Objects[report.Quarantined.Single(kept => kept.EndsWith(name, StringComparison.Ordinal))]);
        }

        await CheckAsync(context);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_record_that_is_missing_or_damaged_comes_back(bool missing)
    {
        // All of one device, so that nothing else tells whose they are.
        foreach (var name in store.Objects.Keys.Where(name => name.StartsWith("backups/", StringComparison.Ordinal) && !name.EndsWith(records[1].Id, StringComparison.Ordinal)).ToList())
        {
            if (missing)
            {
                store.Objects.Remove(name);
            }
            else
            {
                store.Objects[name][60] ^= 1;
            }
        }

        var entries = store.Objects.Keys.Count(name => name.StartsWith("chain/", StringComparison.Ordinal));
        var context = contexts.Open(await Bench.OpenAsync(store));
        Assert.False((await context.Repository.RepairAsync(new RepairOptions(), null, default)).Healthy);
        var told = await RepairAsync(context, whatIf: true);
        var report = await RepairAsync(context);
        Assert.True(report.Healthy, string.Join('\n', report.Gone));
        Assert.Equal(Rows(told), Rows(report));
        Assert.Equal([("a", records[0].Id), ("a", records[2].Id)], report.Mended.Select(row => (row.Device!, row.Backup!)).Order());
        Assert.Equal(missing ? 0 : 2, report.Quarantined.Count);
        await CheckAsync(context);

        // The note of the repair is the only new record.
        Assert.Equal(entries + 1, store.Objects.Keys.Count(name => name.StartsWith("chain/", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task It_is_foretold_that_a_pack_comes_to_nothing_which_only_a_missing_record_needs()
    {
        Lose(store, "packs/");
        store.Objects.Remove(store.Objects.Keys.Single(name => name.StartsWith("backups/", StringComparison.Ordinal) && name.EndsWith(records[1].Id, StringComparison.Ordinal)));
        var context = contexts.Open(await Bench.OpenAsync(store));
        var told = await RepairAsync(context, whatIf: true);
        var report = await RepairAsync(context);
        Assert.Empty(report.Gone);
        Assert.Equal(report.Gone, told.Gone);
        Assert.Equal(Rows(told), Rows(report));
        await CheckAsync(context);
    }

    [Fact]
    public async Task What_is_damaged_in_the_copy_too_stays_gone_and_its_record_as_it_is()
    {
        // The newest pack of the copy holds what only the last backup has.
        Lose(store, "packs/");
        var bad = copyStore.Objects.Keys.Where(name => name.StartsWith("packs/", StringComparison.Ordinal)).ToList();
        foreach (var name in bad)
        {
            copyStore.Objects[name].AsSpan(44, copyStore.Objects[name].Length / 2).Clear();
        }

        var before = store.Reborn();
        var context = contexts.Open(await Bench.OpenAsync(store));
        var report = await RepairAsync(context);
        Assert.Equal(records.Select(record => (record.Device, record.Id)).Order(), report.Gone.Select(row => (row.Device!, row.Backup!)).Distinct().Order());
        Assert.DoesNotContain(report.Mended, row => row.Backup is not null);
        Assert.NotEmpty(report.Left);
        Assert.All(before.Objects.Where(entry => entry.Key.StartsWith("backups/", StringComparison.Ordinal)), entry => Assert.Equal(entry.Value, store.Objects[entry.Key]));
        Assert.Equal((await RepairAsync(context, whatIf: true)).Gone.Count, report.Gone.Count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_record_whose_new_data_maintenance_took_meanwhile_is_as_it_was(bool missing)
    {
        Lose(store, "packs/");
        var name = store.Objects.Keys.Single(name => name.EndsWith(records[0].Id, StringComparison.Ordinal));
        if (missing)
        {
            store.Objects.Remove(name);
        }

        var before = store.Reborn();
        var context = contexts.Open(await Bench.OpenAsync(store));
        var isReplaced = false;
        store.AfterOverwrite = replaced =>
        {
            if (replaced != name || isReplaced)
            {
                return;
            }

            // The session slept, and maintenance gave it up and removed what nobody needed by then.
            isReplaced = true;
            foreach (var lease in store.Objects.Keys.Where(lease => lease.StartsWith("leases/", StringComparison.Ordinal)).ToList())
            {
                store.Objects[LeaseNames.ToGone(lease)] = [1];
            }

            store.Objects.Keys.Where(pack => pack.StartsWith("packs/", StringComparison.Ordinal) && !before.Objects.ContainsKey(pack)).ToList().ForEach(pack => store.Objects.Remove(pack));
        };
        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => RepairAsync(context));
        Assert.Equal(ErrorIds.CaptureFailed, error.ErrorId);
        Assert.True(isReplaced);
        Assert.Equal(before.Objects.GetValueOrDefault(name), store.Objects.GetValueOrDefault(name));
    }

    [Fact]
    public async Task Another_state_under_the_same_id_is_not_taken()
    {
        Lose(store, "packs/");
        var foreign = new MemoryObjectStore();
        var other = contexts.Open(await Bench.CreateAsync(foreign));
        await using (var session = await other.Repository.BeginWriteAsync(default))
        {
            await using var draft = session.BeginBackup();
            await draft.AddAsync(await session.StoreAsync(new Item { Path = "changing", Stamp = "1" }, new MemoryStream([1, 2, 3]), default), default);
            await draft.CommitAsync(records[0], _ => true, default);
        }

        var context = contexts.Open(await Bench.OpenAsync(store));
        var report = await new RepairRepository(context, SilentObserver.Instance).RunAsync(new RepairRepositoryOptions { From = other }, default);
        Assert.Contains(report.Gone, row => row.Backup == records[0].Id);
        Assert.Contains(records[0].Id, Assert.Single(report.Left), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("packs/")]
    [InlineData("backups/")]
    public async Task A_repair_that_is_killed_anywhere_makes_nothing_worse_and_can_be_run_again(string lost)
    {
        Lose(store, lost);
        for (var operations = 0; ; operations++)
        {
            var dyingStore = store.Reborn();
            var died = false;
            await using (var dying = contexts.Open(await Bench.OpenAsync(dyingStore), keep: false))
            {
                dyingStore.DieAfter(operations);
                try
                {
                    Assert.True((await RepairAsync(dying)).Healthy);
                }
                catch (Exception exception) when (exception is IOException or EdgeBackupException)
                {
                    died = true;
                }
            }

            var reborn = dyingStore.Reborn();
            Lose(reborn, "leases/");
            await using var context = contexts.Open(await Bench.OpenAsync(reborn), keep: false);
            var between = await context.Repository.VerifyAsync(Deep, null, default);
            foreach (var record in records)
            {
                // A record that could be read can be read, and one that is not named by now is whole.
                var name = context.Repository.BackupObjectName(record.Device, record.Id);
                Assert.True(reborn.Objects.ContainsKey(name) || lost == "backups/");
                if (between.Damage.All(row => row.Backup != record.Id))
                {
                    await CheckAsync(context, record);
                }
            }

            var again = await RepairAsync(context);
            Assert.True(again.Healthy, string.Join('\n', again.Gone.Select(row => row.ToString()).Concat(again.Left)));
            await CheckAsync(context);
            if (!died)
            {
                Assert.True(operations > 4);
                return;
            }
        }
    }

    private static IEnumerable<MendedObject> Rows(RepairReport report) => report.Mended.OrderBy(row => row.Object, StringComparer.Ordinal).ThenBy(row => row.Backup, StringComparer.Ordinal);

    private static Dictionary<string, byte[]> Files(int version) => new()
    {
        ["big"] = Bench.RandomBytes(1, 300_000),
        ["changing"] = Bench.RandomBytes(100 + version, 30_000),
        ["empty"] = [],
    };

    private static void Lose(MemoryObjectStore from, string prefix) =>
        from.Objects.Keys.Where(name => name.StartsWith(prefix, StringComparison.Ordinal)).ToList().ForEach(name => from.Objects.Remove(name));

    private async Task CheckAsync(RepositoryContext context)
    {
        Assert.Empty((await context.Repository.VerifyAsync(Deep, null, default)).Damage);
        foreach (var record in records)
        {
            await CheckAsync(context, record);
        }
    }

    private async Task CheckAsync(RepositoryContext context, BackupRecord record)
    {
        var found = await context.Repository.ReadBackupAsync(context.Repository.BackupObjectName(record.Device, record.Id), default);
        Assert.Equal(record with { Manifest = found.Manifest, NotSaved = found.NotSaved }, found);
        Assert.Equal(Files(records.IndexOf(record) + 1), await Bench.ReadAllAsync(context.Repository, found));
    }

    private Task<RepairReport> RepairAsync(RepositoryContext context, bool whatIf = false) =>
        new RepairRepository(context, SilentObserver.Instance).RunAsync(new RepairRepositoryOptions { From = copy, WhatIf = whatIf }, default);
}
