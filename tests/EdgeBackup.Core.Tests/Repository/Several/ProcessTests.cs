using System.Globalization;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Repository.Maintenance;
using EdgeBackup.Core.Repository.Stores;
using EdgeBackup.TestWorker;
using EdgeBackup.Core.Tests.Durability;
using Xunit;

namespace EdgeBackup.Core.Tests.Repository.Several;

/// <summary>Real processes on one repository, stopped and killed for real.</summary>
public sealed class ProcessTests
{
    private static readonly ReclaimOptions Really = new(WhatIf: false);

    [Fact]
    public async Task Backups_expiry_and_verification_in_processes_of_their_own_do_not_hurt_each_other()
    {
        var tally = new Tally { What = "several processes: backups, expiry and verification" };
        using var report = Soak.ReportAtEnd(tally);
        for (var round = 0; round < Soak.Count(everyBuild: 1, soak: 20); round++)
        {
            var random = new Random(Soak.Seed + round);
            using var folder = new TemporaryFolder();
            await CreateAsync(folder.Path);
            await using var first = new WorkerProcess("backup", folder.Path, "one", "0", "12");
            await using var second = new WorkerProcess("backup", folder.Path, "two", "4", "12");
            await using var victim = new WorkerProcess("backup", folder.Path, "three", "8", "1000");
            await using var expiry = new WorkerProcess("expire", folder.Path, "10", "2");
            await using var verification = new WorkerProcess("verify", folder.Path, "3");
            await victim.NextLineAsync();
            for (var stop = 0; stop < 3; stop++)
            {
                await Task.Delay(random.Next(200));
                await StopForAWhileAsync(stop % 2 == 0 ? expiry : first, random);
            }

            tally.Trials++;
            tally.Kills++;
            victim.Kill();
            await victim.EndAsync();
            foreach (var worker in new[] { first, second, expiry, verification })
            {
                Assert.True(await worker.EndAsync() == 0, string.Join("\n", worker.Said.Concat(worker.Errors)));
            }

            Assert.Equal(3, verification.Said.Count(line => line.StartsWith("verified ", StringComparison.Ordinal) && line.EndsWith(" 0", StringComparison.Ordinal)));
            await CheckAsync(folder.Path, [first, second, victim, expiry]);
        }
    }

    [Fact]
    public async Task A_stopped_maintainer_is_taken_over_and_cannot_remove_what_others_need_when_it_goes_on()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        var tally = new Tally { What = "several processes: a stopped maintainer is taken over and goes on" };
        using var report = Soak.ReportAtEnd(tally);
        for (var trial = 0; trial < Soak.Count(everyBuild: 4, soak: 60); trial++)
        {
            var random = new Random(Soak.Seed + trial);
            using var folder = new TemporaryFolder();
            await CreateAsync(folder.Path);
            await using var writer = new WorkerProcess("backup", folder.Path, "one", "0", "14");
            Assert.Equal(0, await writer.EndAsync());
            await using var sleeper = new WorkerProcess("expire", folder.Path, "4", "3");
            await sleeper.NextLineAsync();
            await Task.Delay(random.Next(120));
            await sleeper.SignalAsync("STOP");

            var clock = new ShiftedClock();
            var environment = Bench.Environment with { Clock = clock };
            var kept = new List<(BackupRecord Record, int Seed)>();
            using var store = new FileObjectStore(folder.Path, environment.Platform);
            await using (var repository = await EdgeRepository.OpenAsync(store, WorkerRepository.Key, environment, default))
            {
                // What was expired is saved again, before and after the hour.
                kept.Add((await BackUpAsync(repository, 0), 0));
                await repository.ReclaimAsync(Really, default);
                clock.Shift = TimeSpan.FromMinutes(61);
                kept.Add((await BackUpAsync(repository, 5), 5));
                Assert.DoesNotContain(await ReclaimAsync(repository), line => line.Contains("maintains the repository", StringComparison.Ordinal));
                kept.Add((await BackUpAsync(repository, 9), 9));
            }

            tally.Trials++;
            await sleeper.SignalAsync("CONT");
            await sleeper.EndAsync();
            await using var again = await EdgeRepository.OpenAsync(store, WorkerRepository.Key, environment, default);
            Assert.Empty((await again.VerifyAsync(new VerifyOptions(ReadData: true), null, default)).Damage);
            var gone = Expired([sleeper]);
            foreach (var (record, seed) in kept.Where(entry => !gone.Contains(entry.Record.Id)))
            {
                await CheckBytesAsync(again, record.Device, record.Id, seed);
            }
        }
    }

    [Fact]
    public async Task A_killed_process_holds_nothing_up()
    {
        using var folder = new TemporaryFolder();
        await CreateAsync(folder.Path);
        await using var writer = new WorkerProcess("backup", folder.Path, "one", "0", "3");
        Assert.Equal(0, await writer.EndAsync());
        foreach (var kind in new[] { "read", "write" })
        {
            await using var holder = new WorkerProcess("hold", folder.Path, kind);
            Assert.Equal("held", await holder.NextLineAsync());
            await using var held = new WorkerProcess("expire", folder.Path, "1", "1");
            Assert.Equal(0, await held.EndAsync());
            if (kind == "read")
            {
                Assert.EndsWith(" 0 1", held.Said.Last(), StringComparison.Ordinal);
            }

            holder.Kill();
            await holder.EndAsync();
            await using var free = new WorkerProcess("expire", folder.Path, "1", "1");
            Assert.Equal(0, await free.EndAsync());
            Assert.EndsWith(" 0", free.Said.Last(), StringComparison.Ordinal);
        }

        Assert.Equal(["leases/maintain-0000000000000004"], Directory.GetFiles(folder.Combine("leases")).Select(path => "leases/" + Path.GetFileName(path)));
        await CheckAsync(folder.Path, []);
    }

    private static async Task CreateAsync(string path)
    {
        using var store = new FileObjectStore(path, Bench.Environment.Platform);
        await (await EdgeRepository.CreateAsync(store, [WorkerRepository.Key], Bench.Environment, default)).Repository.DisposeAsync();
    }

    private static async Task StopForAWhileAsync(WorkerProcess worker, Random random)
    {
        if (!OperatingSystem.IsWindows())
        {
            await worker.SignalAsync("STOP");
            await Task.Delay(random.Next(300));
            await worker.SignalAsync("CONT");
        }
    }

    private static async Task<BackupRecord> BackUpAsync(EdgeRepository repository, int seed)
    {
        await using var session = await repository.BeginWriteAsync(default);
        return await WorkerContent.BackUpAsync(session, "one", seed, default);
    }

    private static async Task<IReadOnlyList<string>> ReclaimAsync(EdgeRepository repository) => (await repository.ReclaimAsync(Really, default)).Left;

    private static HashSet<string> Expired(IEnumerable<WorkerProcess> workers) =>
        workers.SelectMany(worker => worker.Said).Where(line => line.StartsWith("expiring ", StringComparison.Ordinal)).Select(line => line["expiring ".Length..]).ToHashSet();

    /// <summary>All that was acknowledged and not expired is there, and maintenance ends by itself.</summary>
    private static async Task CheckAsync(string path, IReadOnlyList<WorkerProcess> workers)
    {
        await using var place = await WorkerRepository.OpenAsync(path, default);
        for (var run = 0; run < 2; run++)
        {
            var gone = Expired(workers);
            foreach (var line in workers.SelectMany(worker => worker.Said).Where(line => line.StartsWith("backup ", StringComparison.Ordinal)))
            {
                var parts = line.Split(' ');
                if (!gone.Contains(parts[2]))
                {
                    await CheckBytesAsync(place.Repository, parts[1], parts[2], int.Parse(parts[3], CultureInfo.InvariantCulture));
                }
            }

            Assert.Empty((await place.Repository.VerifyAsync(new VerifyOptions(ReadData: true), null, default)).Damage);
            Assert.All(await ReclaimAsync(place.Repository), line => Assert.Contains("needed again", line, StringComparison.Ordinal));
        }

        Assert.Empty(Directory.Exists(Path.Combine(path, Marks.Folder)) ? Directory.GetFiles(Path.Combine(path, Marks.Folder)) : []);
    }

    private static async Task CheckBytesAsync(EdgeRepository repository, string device, string id, int seed)
    {
        var record = await repository.ReadBackupAsync(repository.BackupObjectName(device, id), default);
        var read = await Bench.ReadAllAsync(repository, record);
        foreach (var (path, bytes) in WorkerContent.Files(device, seed))
        {
            Assert.True(bytes.AsSpan().SequenceEqual(read[path]), $"'{path}' of {id}");
        }
    }
}
