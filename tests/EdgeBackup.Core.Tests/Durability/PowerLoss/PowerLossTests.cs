using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Platform;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Repository.Stores;
using EdgeBackup.Core.Tests.Repository;
using Xunit;

namespace EdgeBackup.Core.Tests.Durability.PowerLoss;

/// <summary>The power fails after any change to the disk; what was not flushed is lost or torn in the worst ways.</summary>
public sealed class PowerLossTests
{
    private const int Fixed = 2;

    [Fact]
    public async Task Through_every_moment_of_a_creation_there_is_a_whole_repository_or_none()
    {
        using var folder = new TemporaryFolder();
        var run = new PowerRun(folder.Path);
        var recoveryKey = "";
        await run.RecordAsync(async (store, log) =>
        {
            var created = await EdgeRepository.CreateAsync(store, [Bench.Key], Bench.Environment, default);
            recoveryKey = created.RecoveryKey;
            log.Tell("created");
            await created.Repository.DisposeAsync();
        });
        var tally = new Tally { What = "power loss: creation" };
        using var report = Soak.ReportAtEnd(tally);
        await run.ForEachStateAsync(Soak.Count(everyBuild: 1, soak: 15) + Fixed, tally, async (store, told) =>
        {
            try
            {
                await using var repository = await Bench.OpenAsync(store);
                await using var byRecoveryKey = await EdgeRepository.OpenAsync(store, new RecoveryKeySecret(recoveryKey), Bench.Environment, default);
                await CheckAsync(repository, [], tally);
            }
            catch (EdgeBackupException exception) when (exception.ErrorId == ErrorIds.RepositoryNotFound)
            {
                Assert.DoesNotContain("created", told);
                await using var again = await Bench.CreateAsync(store);
            }
        });
    }

    [Fact]
    public async Task Through_every_moment_of_backups_none_that_was_acknowledged_is_lost()
    {
        using var folder = new TemporaryFolder();
        var run = new PowerRun(folder.Path);
        var known = new List<KnownBackup>();
        await run.RecordAsync(async (store, _) => known.AddRange(await FilledRepository.MakeAsync(store)));
        run.Forget();
        var initial = known.ToHashSet();
        await run.RecordAsync(async (store, log) =>
        {
            await using var repository = await Bench.OpenAsync(store);
            await using (var session = await repository.BeginWriteAsync(default))
            {
                foreach (var device in FilledRepository.Devices)
                {
                    await TakeAsync(repository, session, device, 7, known, log);
                }

                // Two at once share packs, and their records are written together.
                await using var hold = session.BeginBackup();
                var pair = new[] { "north", "new" }.Select(device => TakeAsync(repository, session, device, 8, known, log)).ToList();
                await hold.DisposeAsync();
                await Task.WhenAll(pair);
            }

            await repository.AppendAsync(RecordArea.Devices, "north", "{\"n\":1}"u8.ToArray(), default);
            await repository.AppendAsync(RecordArea.Events, "", "{\"n\":1}"u8.ToArray(), default);
            log.Tell("records");
        });
        var before = await CountRecordsAsync(run.Before);
        var tally = new Tally { What = "power loss: backups" };
        using var report = Soak.ReportAtEnd(tally);
        await run.ForEachStateAsync(Soak.Count(everyBuild: 1, soak: 15) + Fixed, tally, async (store, told) =>
        {
            await using var repository = await Bench.OpenAsync(store);
            await CheckAsync(repository, known.Where(backup => initial.Contains(backup) || told.Contains(backup.Record.Id)), tally);
            if (told.Contains("records"))
            {
                Assert.Equal(before + 2, await CountRecordsAsync(store));
            }
        });
    }

    [Fact]
    public async Task Through_every_moment_of_an_optimization_no_backup_is_lost()
    {
        using var folder = new TemporaryFolder();
        var run = new PowerRun(folder.Path);
        var known = new List<KnownBackup>();
        await run.RecordAsync(async (store, _) =>
        {
            known.AddRange(await FilledRepository.MakeAsync(store));
            await using var repository = await EdgeRepository.OpenAsync(store, Bench.Key, Bench.Environment with { Clock = new StillClock() }, default);

            // A pack of which little is needed: it is written anew.
            await using var session = await repository.BeginWriteAsync(default);
            await using var hold = session.BeginBackup();
            var waste = Bench.BackUpAsync(session, "waste", new Dictionary<string, byte[]> { ["w"] = Bench.RandomBytes(71, 200_000) });
            var wanted = TakeAsync(repository, session, "wanted", 3, known, log: null);
            await hold.DisposeAsync();
            await wanted;
            await repository.DeleteBackupsAsync([repository.BackupObjectName("waste", (await waste).Id)], default);
        });
        run.Forget();
        var expired = known.Take(3).ToList();
        await run.RecordAsync(async (store, log) =>
        {
            await using var repository = await Bench.OpenAsync(store);
            log.Tell("expiring");
            await repository.DeleteBackupsAsync([.. expired.Select(backup => backup.ObjectName)], default);
            log.Tell("expired");
            var report = await repository.ReclaimAsync(new ReclaimOptions(WhatIf: false), default);
            Assert.True(report.PacksRewritten > 0 && report.BytesFreed > 100_000, report.ToString());
        });
        var tally = new Tally { What = "power loss: optimization" };
        using var report = Soak.ReportAtEnd(tally);
        await run.ForEachStateAsync(Soak.Count(everyBuild: 1, soak: 15) + Fixed, tally, async (store, told) =>
        {
            await using var repository = await Bench.OpenAsync(store);
            await CheckAsync(repository, known.Where(backup => !told.Contains("expiring") || !expired.Contains(backup)), tally);
            if (told.Contains("expired"))
            {
                Assert.DoesNotContain(expired, backup => store.Objects.ContainsKey(backup.ObjectName));
            }
        });
    }

    [Fact]
    public async Task Through_every_moment_of_a_change_of_keys_what_was_told_holds()
    {
        using var folder = new TemporaryFolder();
        var run = new PowerRun(folder.Path);
        var secrets = Enumerable.Range(1, 2).Select(seed => new KeyFileSecret(Bench.RandomBytes(seed, 32))).ToArray();
        await run.RecordAsync(async (store, _) => await (await Bench.CreateAsync(store)).DisposeAsync());
        run.Forget();
        await run.RecordAsync(async (store, log) =>
        {
            await using var repository = await Bench.OpenAsync(store);
            var first = await repository.Keyring.AddAsync(secrets[0], default);
            log.Tell("added first");
            await repository.Keyring.AddAsync(secrets[1], default);
            log.Tell("added second");
            log.Tell("removing first");
            await repository.Keyring.RemoveAsync([first.Id], default);
            log.Tell("removed first");
        });
        var tally = new Tally { What = "power loss: change of keys" };
        using var report = Soak.ReportAtEnd(tally);
        await run.ForEachStateAsync(Soak.Count(everyBuild: 1, soak: 15) + Fixed, tally, async (store, told) =>
        {
            await using var repository = await Bench.OpenAsync(store);
            if (told.Contains("removed first") || (told.Contains("added first") && !told.Contains("removing first")))
            {
                Assert.Equal(told.Contains("added first") && !told.Contains("removed first"), await OpensAsync(store, secrets[0]));
            }

            if (told.Contains("added second"))
            {
                Assert.True(await OpensAsync(store, secrets[1]));
            }

            await CheckAsync(repository, [], tally);
        });
    }

    private static async Task<bool> OpensAsync(MemoryObjectStore store, RepositorySecret secret)
    {
        try
        {
            await using var repository = await EdgeRepository.OpenAsync(store, secret, Bench.Environment, default);
            return true;
        }
        catch (EdgeBackupException exception) when (exception.ErrorId == ErrorIds.RepositoryKeyWrong)
        {
            return false;
        }
    }

    private static async Task TakeAsync(EdgeRepository repository, WriteSession session, string device, int night, List<KnownBackup> known, DiskLog? log)
    {
        var files = Array.IndexOf(FilledRepository.Devices, device) < 0
            ? new Dictionary<string, byte[]> { ["first"] = Bench.RandomBytes(device.Length + night, 30_000), ["second"] = Bench.Text(night, 20_000) }
            : FilledRepository.Files(device, night);
        var record = await Bench.BackUpAsync(session, device, files);
        lock (known)
        {
            known.Add(new KnownBackup(record, repository.BackupObjectName(device, record.Id), files));
        }

        log?.Tell(record.Id);
    }

    /// <summary>All that was acknowledged is there, all that is visible is whole, and work goes on without repair.</summary>
    private static async Task CheckAsync(EdgeRepository repository, IEnumerable<KnownBackup> acknowledged, Tally tally)
    {
        var report = await repository.VerifyAsync(new VerifyOptions(ReadData: true), progress: null, default);
        Assert.Empty(report.Damage);
        await BackupCheck.AllAreIntactAsync(repository, acknowledged, tally, "after the power came back");
        await foreach (var name in repository.ListBackupsAsync(device: null, default))
        {
            await Bench.ReadAllAsync(repository, await repository.ReadBackupAsync(name, default));
        }

        await Bench.BackUpAsync(repository, "later", new Dictionary<string, byte[]> { ["a"] = Bench.Text(1, 3_000) });
        var reclaimed = await repository.ReclaimAsync(new ReclaimOptions(WhatIf: false), default);
        Assert.False(reclaimed.IsStoppedByDamage);
        Assert.Empty((await repository.VerifyAsync(new VerifyOptions(ReadData: true), progress: null, default)).Damage);
    }

    private static async Task<int> CountRecordsAsync(MemoryObjectStore store)
    {
        await using var repository = await Bench.OpenAsync(store);
        return (await Bench.ListAsync(repository.ListAsync(RecordArea.Devices, null, default))).Count + (await Bench.ListAsync(repository.ListAsync(RecordArea.Events, null, default))).Count;
    }
}

/// <summary>Records what happens on a disk, and then what may be left of it after each moment.</summary>
internal sealed class PowerRun(string folder)
{
    private readonly string root = Path.Combine(folder, "repository");
    private Dictionary<string, byte[]> before = [];
    private IReadOnlyList<string> foldersBefore = [];
    private IReadOnlyList<DiskChange> changes = [];

    /// <summary>The disk before what was recorded last.</summary>
    public MemoryObjectStore Before => LostPower.Remains(before, foldersBefore, [], root, Luck.AllLost, new Random(0));

    public async Task RecordAsync(Func<IObjectStore, DiskLog, Task> work)
    {
        var log = new DiskLog();
        using (var store = new FileObjectStore(root, log, log))
        {
            await work(store, log);
        }

        changes = log.Changes;
    }

    /// <summary>What was recorded is long past and on the disk.</summary>
    public void Forget()
    {
        before = Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories).ToDictionary(file => file, File.ReadAllBytes);

        // One whose files are gone stays, and the next object that belongs into it makes none.
        foldersBefore = [.. Directory.EnumerateDirectories(root, "*", SearchOption.AllDirectories)];
    }

    /// <summary>Looks at states of the disk after each change.</summary>
    /// <param name="statesOfAMoment">Of each moment, so many.</param>
    /// <param name="tally">Counts.</param>
    /// <param name="check">Is given what a process finds, and what was told before.</param>
    public async Task ForEachStateAsync(int statesOfAMoment, Tally tally, Func<MemoryObjectStore, HashSet<string>, Task> check)
    {
        // The folder above is there, whatever happens.
        var held = new Dictionary<string, byte[]>(before) { [Path.Combine(folder, "elsewhere")] = [] };
        var random = new Random(Soak.Seed);
        for (var moment = 0; moment <= changes.Count; moment++)
        {
            for (var state = 0; state < statesOfAMoment; state++)
            {
                var luck = state < (int)Luck.Random ? (Luck)state : Luck.Random;
                var store = LostPower.Remains(held, foldersBefore, changes.Take(moment), root, luck, random);
                RemoveOwnLeases(store);
                var told = changes.Take(moment).OfType<DiskChange.Told>().Select(change => change.What).ToHashSet();
                tally.Trials++;
                tally.Faults++;
                try
                {
                    await check(store, told);
                }
                catch (Exception exception)
                {
                    tally.Lost++;
                    var around = string.Join("\n", changes.Skip(Math.Max(0, moment - 3)).Take(4));
                    throw new Xunit.Sdk.XunitException($"seed {Soak.Seed}, moment {moment} of {changes.Count}, {luck}:\n{around}\n{exception}");
                }
            }
        }
    }

    /// <summary>
    /// Leases of this process, which is alive; after a loss of power their process is dead. Torn ones stay.
    /// </summary>
    private static void RemoveOwnLeases(MemoryObjectStore store)
    {
        foreach (var lease in store.Objects.Keys.Where(name => name.StartsWith("leases/", StringComparison.Ordinal)).ToList())
        {
            store.Objects.Remove(lease);
        }
    }
}
