using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository;
using Xunit;

namespace EdgeBackup.Core.Tests.Repository;

public sealed class CrashTests
{
    private static readonly Dictionary<string, byte[]> Files = Enumerable.Range(0, 5).ToDictionary(index => $"f{index}", index => Bench.Text(index, 30_000));

    [Fact]
    public async Task Whenever_writing_dies_each_acknowledged_backup_is_whole_and_a_new_one_works()
    {
        for (var operations = 0; ; operations++)
        {
            var store = new MemoryObjectStore();
            await (await Bench.CreateAsync(store)).DisposeAsync();
            var acknowledged = new List<BackupRecord>();
            store.DieAfter(operations);
            var died = false;
            try
            {
                await using var repository = await Bench.OpenAsync(store);
                await using var session = await repository.BeginWriteAsync(default);
                acknowledged.Add(await Bench.BackUpAsync(session, "one", Files));
                acknowledged.Add(await Bench.BackUpAsync(session, "two", new Dictionary<string, byte[]>(Files) { ["new"] = Bench.RandomBytes(9, 40_000) }));
            }
            catch (Exception exception) when (exception is IOException or EdgeBackupException)
            {
                died = true;
            }

            await CheckAsync(store.Reborn(), acknowledged);
            if (!died)
            {
                Assert.Equal(2, acknowledged.Count);
                return;
            }
        }
    }

    [Fact]
    public async Task Whenever_reclaiming_dies_no_backup_is_hurt_and_the_next_run_finishes()
    {
        for (var operations = 0; ; operations++)
        {
            var store = new MemoryObjectStore();
            var kept = new List<BackupRecord>();
            await using (var repository = await Bench.CreateAsync(store))
            {
                var gone = await Bench.BackUpAsync(repository, "one", Enumerable.Range(0, 9).ToDictionary(index => $"x{index}", index => Bench.RandomBytes(100 + index, 40_000)));
                await using (var session = await repository.BeginWriteAsync(default))
                {
                    // A pack that is half needed.
                    var first = Bench.BackUpAsync(session, "two", Enumerable.Range(0, 9).ToDictionary(index => $"y{index}", index => Bench.RandomBytes(200 + index, 40_000)));
                    var second = Bench.BackUpAsync(session, "three", Files);
                    await repository.DeleteBackupsAsync([repository.BackupObjectName("two", (await first).Id)], default);
                    kept.Add(await second);
                }

                await repository.DeleteBackupsAsync([repository.BackupObjectName("one", gone.Id)], default);
            }

            store.DieAfter(operations);
            var died = false;
            try
            {
                await using var repository = await Bench.OpenAsync(store);
                Assert.True((await repository.ReclaimAsync(new ReclaimOptions(WhatIf: false), default)).BytesFreed > 300_000);
            }
            catch (Exception exception) when (exception is IOException or EdgeBackupException)
            {
                died = true;
            }

            var reborn = store.Reborn();
            RemoveLeases(reborn);
            await CheckAsync(reborn, kept);
            var after = store.Reborn();
            RemoveLeases(after);
            await using (var repository = await Bench.OpenAsync(after))
            {
                await repository.ReclaimAsync(new ReclaimOptions(WhatIf: false), default);
                Assert.InRange(after.Objects.Where(entry => entry.Key.StartsWith("packs/", StringComparison.Ordinal)).Sum(entry => entry.Value.Length), 1, 200_000);
                Assert.DoesNotContain(after.Objects.Keys, name => name.StartsWith("marks/", StringComparison.Ordinal));
            }

            await CheckAsync(after, kept);
            if (!died)
            {
                return;
            }
        }
    }

    /// <summary>The leases of the killed process: this test's process is still alive, which a killed one is not.</summary>
    private static void RemoveLeases(MemoryObjectStore store)
    {
        foreach (var name in store.Objects.Keys.Where(name => name.StartsWith("leases/", StringComparison.Ordinal)).ToList())
        {
            store.Objects.Remove(name);
        }
    }

    private static async Task CheckAsync(MemoryObjectStore store, List<BackupRecord> acknowledged)
    {
        await using var repository = await Bench.OpenAsync(store);
        var report = await repository.VerifyAsync(new VerifyOptions(ReadData: true), null, default);
        Assert.Empty(report.Damage);
        Assert.True(report.Backups >= acknowledged.Count);
        foreach (var record in acknowledged)
        {
            var read = await repository.ReadBackupAsync(repository.BackupObjectName(record.Device, record.Id), default);
            Assert.Empty(await repository.VerifyBackupAsync(read, default));
        }

        var fresh = await Bench.BackUpAsync(repository, "new", Files);
        Assert.Equal(Files["f3"], (await Bench.ReadAllAsync(repository, fresh))["f3"]);
    }
}
