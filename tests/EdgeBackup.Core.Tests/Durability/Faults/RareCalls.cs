using EdgeBackup.Core.Platform;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Tests.Repository;
using Xunit;

namespace EdgeBackup.Core.Tests.Durability.Faults;

/// <summary>Runs the parts of the engine that a user's doings reach only now and then: gaps, marks, damage, dead leases.</summary>
internal static class RareCalls
{
    /// <returns>The lines of source that called the store.</returns>
    public static async Task<IReadOnlyCollection<string>> RunAsync()
    {
        var memory = new MemoryObjectStore();
        var store = new FaultyStore(memory) { NotesCallers = true };
        var clock = new HurriedTime();
        var environment = new RepositoryEnvironment(clock, new SystemRandom(), SystemPlatform.Create());
        await using var repository = (await EdgeRepository.CreateAsync(store, [Bench.Key], environment, default)).Repository;
        await repository.TryAppendAfterAsync(RecordArea.Devices, "d", last: null, "{}"u8.ToArray(), default);
        await Bench.BackUpAsync(repository, "d", new Dictionary<string, byte[]> { ["a"] = Bench.RandomBytes(1, 20_000) });

        // A session that sleeps longer than its lease holds, after it was seen to be renewed.
        await using (var session = await repository.BeginWriteAsync(default))
        {
            var before = memory.Operations;
            await Wait.UntilAsync(() => memory.Operations > before + 1);
            clock.Skip(TimeSpan.FromMinutes(10));
            await Bench.BackUpAsync(session, "d", new Dictionary<string, byte[]> { ["a"] = Bench.RandomBytes(1, 20_000), ["b"] = Bench.RandomBytes(2, 20_000) });

            // A mark that this writer holds up, and one that cannot be read.
            var gone = await Bench.BackUpAsync(session, "e", new Dictionary<string, byte[]> { ["x"] = Bench.RandomBytes(3, 20_000) });
            await repository.DeleteBackupsAsync([repository.BackupObjectName("e", gone.Id)], default);
            await repository.ReclaimAsync(new ReclaimOptions(WhatIf: false), default);
        }

        memory.Objects["marks/0123456789ab0123456789ab"] = [1, 2, 3];
        await repository.ReclaimAsync(new ReclaimOptions(WhatIf: false), default);
        await (await repository.BeginReadAsync(default)).DisposeAsync();

        // A damaged pack: its chunks are looked for elsewhere.
        foreach (var pack in memory.Objects.Where(entry => entry.Key.StartsWith("packs/", StringComparison.Ordinal)))
        {
            pack.Value[60] ^= 1;
        }

        await using (var reading = await EdgeRepository.OpenAsync(store, Bench.Key, environment, default))
        {
            await foreach (var name in reading.ListBackupsAsync("d", default))
            {
                await reading.VerifyBackupAsync(await reading.ReadBackupAsync(name, default), default);
            }
        }

        foreach (var pack in memory.Objects.Where(entry => entry.Key.StartsWith("packs/", StringComparison.Ordinal)))
        {
            pack.Value[60] ^= 1;
        }

        // No index object: everything is looked up in the packs themselves.
        foreach (var name in memory.Objects.Keys.Where(name => name.StartsWith("index/", StringComparison.Ordinal)).ToList())
        {
            memory.Objects.Remove(name);
        }

        await using var other = await EdgeRepository.OpenAsync(store, Bench.Key, environment, default);
        await foreach (var name in other.ListBackupsAsync("d", default))
        {
            var record = await other.ReadBackupAsync(name, default);
            await Bench.ReadAllAsync(other, record);
            await other.VerifyBackupAsync(record, default);
        }

        await other.VerifyAsync(new VerifyOptions(ReadData: true), progress: null, default);

        // Packs that are gone, and that no backup needs, under an index object that names them.
        await other.ReclaimAsync(new ReclaimOptions(WhatIf: false), default);
        foreach (var name in memory.Objects.Keys.Where(name => name.StartsWith("packs/", StringComparison.Ordinal) || name.StartsWith("backups/", StringComparison.Ordinal)).ToList())
        {
            memory.Objects.Remove(name);
        }

        await using var third = await EdgeRepository.OpenAsync(store, Bench.Key, environment, default);
        await third.VerifyAsync(new VerifyOptions(ReadData: true), progress: null, default);
        await RunDeadLeaseAsync(third, memory, clock);
        return [.. store.Callers, .. await RunSleepBehindRecordsAsync()];
    }

    /// <summary>A session that sleeps right behind its records, and cannot find out afterwards whether it was given up.</summary>
    private static async Task<HashSet<string>> RunSleepBehindRecordsAsync()
    {
        var reached = new HashSet<string>();
        for (var call = 1; call < 40; call++)
        {
            var memory = new MemoryObjectStore();
            var store = new FaultyStore(memory) { NotesCallers = true };
            var clock = new HurriedTime();
            var environment = new RepositoryEnvironment(clock, new SystemRandom(), SystemPlatform.Create());
            await using var repository = (await EdgeRepository.CreateAsync(store, [Bench.Key], environment, default)).Repository;
            var session = await repository.BeginWriteAsync(default);
            memory.AfterPut = name => clock.Skip(name.StartsWith("backups/", StringComparison.Ordinal) ? TimeSpan.FromMinutes(10) : TimeSpan.Zero);
            store.Arm(call, StoreFaultKind.Fails);
            try
            {
                await Bench.BackUpAsync(session, "d", new Dictionary<string, byte[]> { ["a"] = Bench.RandomBytes(1, 2_000) });
                await session.DisposeAsync();
            }
            catch (Core.Errors.EdgeBackupException)
            {
                store.Disarm();
                await session.DisposeAsync();
            }

            reached.UnionWith(store.Callers);
        }

        return reached;
    }

    /// <summary>Somebody's lease, nobody knows whose, that does not change for hours.</summary>
    private static async Task RunDeadLeaseAsync(EdgeRepository repository, MemoryObjectStore memory, HurriedTime clock)
    {
        memory.Objects["leases/0123456789ab0123456789ab"] = [1, 2, 3];
        await Bench.BackUpAsync(repository, "e", new Dictionary<string, byte[]> { ["y"] = Bench.RandomBytes(4, 20_000) });
        foreach (var name in await Bench.ListAsync(repository.ListBackupsAsync(device: null, default)))
        {
            // What cannot be read would stop maintenance before it looks at leases again.
            await repository.DeleteBackupsAsync([name], default);
        }

        await repository.ReclaimAsync(new ReclaimOptions(WhatIf: false), default);
        clock.Skip(TimeSpan.FromHours(3));
        await repository.ReclaimAsync(new ReclaimOptions(WhatIf: false), default);
        Assert.DoesNotContain("leases/0123456789ab0123456789ab", memory.Objects.Keys);
    }

    /// <summary>Timers run a thousand times as fast, and the clock can skip.</summary>
    private sealed class HurriedTime : TimeProvider
    {
        private long skipped;

        public void Skip(TimeSpan time) => Interlocked.Add(ref skipped, time.Ticks);

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + TimeSpan.FromTicks(Interlocked.Read(ref skipped));

        public override long GetTimestamp() => base.GetTimestamp() + (long)(Interlocked.Read(ref skipped) * (TimestampFrequency / (double)TimeSpan.TicksPerSecond));

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(callback, state, dueTime > TimeSpan.Zero ? dueTime / 1000 : dueTime, period);
    }
}
