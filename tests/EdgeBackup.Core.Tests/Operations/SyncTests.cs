using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Operations.Sync;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Tests.Repository;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations;

public sealed class SyncTests : IAsyncLifetime, IDisposable
{
    private static readonly SyncOptions All = new();

    private readonly MemoryContexts contexts = new();
    private readonly MemoryObjectStore sourceStore = new();
    private RepositoryContext source = null!;

    public async Task InitializeAsync() => source = contexts.Open(await Bench.CreateAsync(sourceStore));

    public Task DisposeAsync() => contexts.CloseAsync();

    public void Dispose() => contexts.Dispose();

    [Fact]
    public async Task A_copy_holds_everything_under_keys_of_its_own_and_a_second_run_copies_nothing()
    {
        var records = await FillAsync();
        var (store, copy) = await CopyAsync();
        var objects = store.Objects.Keys.ToList();
        var preview = await SyncAsync(copy, All with { WhatIf = true });
        Assert.Equal((0, 4, 0), (preview.Copied, preview.Behind, preview.Failed.Count));
        Assert.Null(preview.Lag);
        Assert.Equal(objects, store.Objects.Keys);

        var first = await SyncAsync(copy);
        Assert.Equal((4, 0, 0, TimeSpan.Zero), (first.Copied, first.Behind, first.Failed.Count, first.Lag));
        Assert.True(first.Verified >= first.BytesRead && first.BytesRead > 0 && first.BytesWritten > 0 && first.Records == 5);
        await CheckAsync(copy, records);

        var registry = new DeviceRegistry(copy.Repository, "x");
        var state = await registry.GetAsync("a", default);
        Assert.Equal(("a", "b"), (state.Registration?.Id, state.Fence?.ReplacedBy));
        Assert.Equal(3, (await PolicyBook.LoadAsync(copy.Repository, default)).For("a", null, [], site: null).ManualLimit);
        Assert.DoesNotContain(sourceStore.Objects.Keys.Where(name => name.StartsWith("backups/", StringComparison.Ordinal)), store.Objects.ContainsKey);

        objects = [.. store.Objects.Keys];
        var second = await SyncAsync(copy);
        Assert.Equal((0, 4, 0, 0L, 0L), (second.Copied, second.Skipped, second.Records, second.BytesRead, second.BytesWritten));
        Assert.Equal(objects, store.Objects.Keys);
    }

    [Fact]
    public async Task Only_what_is_new_is_read_and_only_named_devices_are_copied()
    {
        await FillAsync();
        var (_, copy) = await CopyAsync();
        Assert.Equal(2, (await SyncAsync(copy, new SyncOptions { Devices = ["b"] })).Copied);
        Assert.Equal(2, (await SyncAsync(copy)).Copied);
        var files = Files(2);
        files["new"] = Bench.RandomBytes(77, 5000);
        await Bench.BackUpAsync(source.Repository, "a", files);
        var late = await SyncAsync(copy);
        Assert.Equal((1, 4, 5000L), (late.Copied, late.Skipped, late.BytesRead));
    }

    [Fact]
    public async Task A_damaged_item_fails_its_backup_by_path_and_the_others_are_copied()
    {
        var records = await FillAsync();
        var before = sourceStore.Objects.Keys.ToHashSet();
        var bad = await Bench.BackUpAsync(source.Repository, "c", new Dictionary<string, byte[]> { ["x/bad"] = Bench.RandomBytes(5, 50_000) });
        var pack = sourceStore.Objects.Keys.Single(name => name.StartsWith("packs/", StringComparison.Ordinal) && !before.Contains(name));
        sourceStore.Objects[pack][2000] ^= 1;
        var (_, copy) = await CopyAsync();
        for (var run = 0; run < 2; run++)
        {
            var outcome = await SyncAsync(copy);
            Assert.Equal((run == 0 ? 4 : 0, 1), (outcome.Copied, outcome.Behind));
            var failure = Assert.Single(outcome.Failed);
            Assert.Equal(("c", bad.Id, "x/bad"), (failure.Device, failure.Backup, failure.Path));
            await CheckAsync(copy, records);
        }
    }

    [Fact]
    public async Task A_bad_sector_of_the_source_fails_one_backup_or_record_and_the_others_are_copied()
    {
        var records = await FillAsync();
        await source.Catalog.RefreshBackupsAsync(devices: null, default);
        await source.Catalog.RefreshDevicesAsync(default);
        var before = sourceStore.Objects.Keys.ToHashSet();
        var item = await Bench.BackUpAsync(source.Repository, "c", new Dictionary<string, byte[]> { ["x/bad"] = Bench.RandomBytes(5, 50_000) });
        var pack = sourceStore.Objects.Keys.Single(name => IsPack(name) && !before.Contains(name));
        var record = await Bench.BackUpAsync(source.Repository, "d", Files(1));
        await source.Catalog.RefreshBackupsAsync(devices: null, default);
        HashSet<string> bad =
        [
            pack,
            source.Repository.BackupObjectName("d", record.Id),
            sourceStore.Objects.Keys.Last(name => name.StartsWith("devices/", StringComparison.Ordinal)),
            sourceStore.Objects.Keys.First(name => name.StartsWith("events/", StringComparison.Ordinal)),
            sourceStore.Objects.Keys.First(name => name.StartsWith("policies/", StringComparison.Ordinal)),
        ];
        sourceStore.IsUnreadable = bad.Contains;
        var (_, copy) = await CopyAsync();
        for (var run = 0; run < 2; run++)
        {
            var outcome = await SyncAsync(copy);
            Assert.Equal((run == 0 ? 4 : 0, 2, run == 0 ? 2 : 0), (outcome.Copied, outcome.Behind, outcome.Records));
            Assert.Equal(bad.Count, outcome.Failed.Count);
            Assert.Equal([item.Id, record.Id], outcome.Failed.Where(failure => failure.Backup is not null).Select(failure => failure.Backup!).Order());
            Assert.All(outcome.Failed, failure => Assert.Contains(bad, name => failure.Reason.Contains(name, StringComparison.Ordinal)));
            await CheckAsync(copy, records);
        }

        sourceStore.IsUnreadable = _ => false;
        var late = await SyncAsync(copy);
        Assert.Equal((2, 3, 0, 0), (late.Copied, late.Records, late.Behind, late.Failed.Count));
    }

    [Fact]
    public async Task Records_on_bad_sectors_that_no_catalog_has_seen_hold_up_no_others()
    {
        var records = await FillAsync();
        var record = await Bench.BackUpAsync(source.Repository, "d", Files(1));
        HashSet<string> bad =
        [
            source.Repository.BackupObjectName("d", record.Id),
            sourceStore.Objects.Keys.Last(name => name.StartsWith("devices/", StringComparison.Ordinal)),
        ];
        sourceStore.IsUnreadable = bad.Contains;
        var (_, copy) = await CopyAsync();
        var outcome = await SyncAsync(copy);
        Assert.Equal(4, outcome.Copied);
        Assert.All(bad, name => Assert.Contains(outcome.Failed, failure => failure.Reason.Contains(name, StringComparison.Ordinal)));
        await CheckAsync(copy, records);
    }

    [Fact]
    public async Task Wherever_it_dies_each_backup_in_the_copy_is_whole_and_the_next_run_goes_on()
    {
        var records = await FillAsync();
        var (empty, _) = await CopyAsync();
        for (var operations = 0; ; operations++)
        {
            var store = empty.Reborn();
            var died = false;
            await using (var dying = contexts.Open(await Bench.OpenAsync(store), keep: false))
            {
                store.DieAfter(operations);
                try
                {
                    Assert.Equal(4, (await SyncAsync(dying)).Copied);
                }
                catch (Exception exception) when (exception is IOException or EdgeBackupException)
                {
                    died = true;
                }
            }

            await using var copy = contexts.Open(await Bench.OpenAsync(store.Reborn()), keep: false);
            Assert.Empty((await copy.Repository.VerifyAsync(new VerifyOptions(ReadData: true), null, default)).Damage);
            var rest = await SyncAsync(copy);
            Assert.Equal((4, 0, 0), (rest.Copied + rest.Skipped, rest.Behind, rest.Failed.Count));
            await CheckAsync(copy, records);
            if (!died)
            {
                Assert.True(operations > 10);
                return;
            }
        }
    }

    [Fact]
    public async Task What_does_not_come_back_from_the_copy_is_not_counted_as_copied()
    {
        await Bench.BackUpAsync(source.Repository, "a", Files(1));
        var (store, copy) = await CopyAsync();
        store.AfterPut = name =>
        {
            if (name.StartsWith("packs/", StringComparison.Ordinal))
            {
                store.Objects[name][100] ^= 1;
            }
        };
        var outcome = await SyncAsync(copy);
        Assert.Equal((0, 1), (outcome.Copied, outcome.Behind));
        Assert.Contains("does not come back", Assert.Single(outcome.Failed).Reason, StringComparison.Ordinal);
        Assert.DoesNotContain(store.Objects.Keys, name => name.StartsWith("backups/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_could_not_be_read_back_is_not_recorded_and_the_next_run_copies_it()
    {
        var records = new List<(BackupRecord, int)> { (await Bench.BackUpAsync(source.Repository, "a", Files(1)), 1) };
        var (store, copy) = await CopyAsync();
        store.IsUnreadable = IsPack;
        var failed = await SyncAsync(copy);
        Assert.Equal((0, 1), (failed.Copied, failed.Behind));
        Assert.Contains("does not come back", Assert.Single(failed.Failed).Reason, StringComparison.Ordinal);
        Assert.DoesNotContain(store.Objects.Keys, IsBackup);

        store.IsUnreadable = _ => false;
        var next = await SyncAsync(copy);
        Assert.Equal((1, 0, 0), (next.Copied, next.Skipped, next.Behind));
        await CheckAsync(copy, records);
    }

    [Fact]
    public async Task A_run_that_is_killed_before_it_has_read_back_leaves_nothing_that_counts_as_copied()
    {
        // In one chunk, which the next run finds by its digest.
        await Bench.BackUpAsync(source.Repository, "a", new Dictionary<string, byte[]> { ["small"] = Bench.Text(3, 900) });
        var (store, copy) = await CopyAsync();
        var kills = new List<MemoryObjectStore>();
        store.AfterPut = _ => kills.Add(store.Reborn());
        Assert.Equal(1, (await SyncAsync(copy)).Copied);

        var written = kills.Where(killed => killed.Objects.Keys.Any(IsPack) && !killed.Objects.Keys.Any(IsBackup)).ToList();
        Assert.True(written.Count > 1);
        foreach (var killed in written)
        {
            killed.Objects[killed.Objects.Keys.Single(IsPack)][100] ^= 1;
            await using var next = contexts.Open(await Bench.OpenAsync(killed), keep: false);
            var outcome = await SyncAsync(next);
            Assert.Equal(outcome.Copied, killed.Objects.Keys.Count(IsBackup));
            Assert.Equal((0, 1), (outcome.Skipped, outcome.Copied + outcome.Failed.Count));
            Assert.DoesNotContain((await next.Repository.VerifyAsync(new VerifyOptions(ReadData: true), null, default)).Damage, damage => damage.Backup is not null);
        }
    }

    [Fact]
    public async Task A_run_that_dies_at_the_record_leaves_none_whose_bytes_do_not_come_back()
    {
        await Bench.BackUpAsync(source.Repository, "a", Files(1));
        var (store, copy) = await CopyAsync();
        store.AfterPut = name =>
        {
            if (IsPack(name))
            {
                store.Objects[name][100] ^= 1;
            }
            else if (IsBackup(name))
            {
                store.DieAfter(0);
            }
        };
        await Record.ExceptionAsync(() => SyncAsync(copy));
        Assert.DoesNotContain(store.Objects.Keys, IsBackup);
    }

    [Fact]
    public async Task Itself_and_a_copy_of_its_bytes_are_refused()
    {
        var twin = contexts.Open(await Bench.OpenAsync(sourceStore.Reborn()));
        foreach (var target in new[] { source, twin })
        {
            var error = await Assert.ThrowsAsync<EdgeBackupException>(() => SyncAsync(target));
            Assert.Equal(ErrorIds.SyncRefused, error.ErrorId);
        }
    }

    private static bool IsPack(string name) => name.StartsWith("packs/", StringComparison.Ordinal);

    private static bool IsBackup(string name) => name.StartsWith("backups/", StringComparison.Ordinal);

    private static Dictionary<string, byte[]> Files(int version) => new()
    {
        ["big"] = Bench.RandomBytes(1, 700_000),
        ["changing"] = Bench.RandomBytes(100 + version, 30_000),
        ["empty"] = [],
        ["small"] = Bench.Text(3, 900),
    };

    private static async Task CheckAsync(RepositoryContext copy, List<(BackupRecord Record, int Version)> records)
    {
        Assert.Empty((await copy.Repository.VerifyAsync(new VerifyOptions(ReadData: true), null, default)).Damage);
        foreach (var (record, version) in records)
        {
            var copied = await copy.Repository.ReadBackupAsync(copy.Repository.BackupObjectName(record.Device, record.Id), default);
            Assert.Equal((record.StateDigest, record.Created, record.Kind, record.Name, record.Changed, record.Length), (copied.StateDigest, copied.Created, copied.Kind, copied.Name, copied.Changed, copied.Length));
            Assert.Equal(Files(version), await Bench.ReadAllAsync(copy.Repository, copied));
        }
    }

    private async Task<List<(BackupRecord Record, int Version)>> FillAsync()
    {
        var devices = new DeviceRegistry(source.Repository, "me@here");
        await devices.AppendAsync("a", DeviceLogEntryKind.Registered, entry => entry with { Registration = new DeviceRegistration { Id = "a", Type = "edge-controller", Address = "/srv/a", Registered = DateTimeOffset.UnixEpoch } }, default);
        await devices.AppendAsync("a", DeviceLogEntryKind.RestoreOpened, entry => entry with { Session = "1" }, default);
        await devices.TryAppendAsync(await devices.GetAsync("a", default), DeviceLogEntryKind.Fenced, entry => entry with { ReplacedBy = "b" }, default);
        await PolicyBook.SetAsync(source.Repository, new PolicyEntry { Scope = PolicyScope.All, Values = new PolicyValues { ManualLimit = 3 }, Time = DateTimeOffset.UtcNow, Author = "me@here" }, default);
        await source.Events.AppendAsync(EdgeEventCategory.Backup, "Failed", "one", "a", default);
        await source.Events.AppendAsync(EdgeEventCategory.Repository, "Failed", "two", null, default);
        var records = new List<(BackupRecord, int)>();
        for (var version = 1; version < 3; version++)
        {
            records.Add((await Bench.BackUpAsync(source.Repository, "a", Files(version)), version));
            records.Add((await Bench.BackUpAsync(source.Repository, "b", Files(version)), version));
        }

        return records;
    }

    private Task<SyncOutcome> SyncAsync(RepositoryContext copy, SyncOptions? options = null) => new SyncRepository(source, copy, SilentObserver.Instance).RunAsync(options ?? All, default);

    private async Task<(MemoryObjectStore Store, RepositoryContext Copy)> CopyAsync()
    {
        var store = new MemoryObjectStore();
        return (store, contexts.Open(await Bench.CreateAsync(store)));
    }
}
