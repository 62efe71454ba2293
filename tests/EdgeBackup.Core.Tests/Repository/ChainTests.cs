using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Repository.Chain;
using EdgeBackup.Core.Tests.Durability.Faults;
using Xunit;

namespace EdgeBackup.Core.Tests.Repository;

public sealed class ChainTests
{
    private static readonly Dictionary<string, byte[]> Files = new() { ["a"] = [1, 2, 3] };

    [Fact]
    public async Task A_group_of_backups_is_one_entry_that_names_them_all()
    {
        var store = new MemoryObjectStore();
        await using var repository = await Bench.CreateAsync(store, new StillClock());
        var before = CountEntries(store);
        await using (var session = await repository.BeginWriteAsync(default))
        {
            await using var hold = session.BeginBackup();
            var running = Enumerable.Range(0, 20).Select(index => Bench.BackUpAsync(session, $"d{index}", Files)).ToList();
            await hold.DisposeAsync();
            await Task.WhenAll(running);
        }

        Assert.InRange(CountEntries(store) - before, 1, 3);
        Assert.True((await repository.VerifyAsync(new VerifyOptions(ReadData: false), null, default)).Healthy);
    }

    [Fact]
    public async Task What_is_named_while_an_entry_is_written_shares_the_next_one()
    {
        var store = new MemoryObjectStore();
        await using var repository = await Bench.CreateAsync(store);
        var before = CountEntries(store);
        using var areNamed = new ManualResetEventSlim();
        store.AfterPut = name => Assert.True(!name.StartsWith("chain/", StringComparison.Ordinal) || areNamed.Wait(TimeSpan.FromMinutes(5)));
        var named = Enumerable.Range(0, 200).Select(index => repository.Core.Chain!.AppendAsync(ChainChange.Add($"events/none/{index}"))).ToList();
        areNamed.Set();
        await Task.WhenAll(named);
        Assert.InRange(CountEntries(store) - before, 1, 2);
        Assert.Equal(200, (await VerifyAsync(repository)).Damage.Count);
    }

    [Theory]
    [InlineData(nameof(StoreFaultKind.Short))]
    [InlineData(nameof(StoreFaultKind.Flipped))]
    public async Task An_entry_that_is_read_wrongly_once_takes_nothing_from_those_who_saw_what_was_written(string fault)
    {
        var store = new MemoryObjectStore();
        await (await Bench.CreateAsync(store)).DisposeAsync();
        var struck = 0;
        for (var call = 1; call <= 8; call++)
        {
            var faulty = new FaultyStore(store);
            await using var one = await Bench.OpenAsync(faulty);
            await using var other = await Bench.OpenAsync(store);
            await other.AppendAsync(RecordArea.Events, "", "{}"u8.ToArray(), default);

            // The other one sees what the first has written the moment that it is there.
            store.AfterPut = name =>
            {
                if (name.StartsWith("chain/", StringComparison.Ordinal))
                {
                    store.AfterPut = _ => { };
                    other.Core.Chain!.RefreshAsync(default).GetAwaiter().GetResult();
                }
            };
            faulty.Arm(call, Enum.Parse<StoreFaultKind>(fault));
            await Record.ExceptionAsync(() => one.AppendAsync(RecordArea.Events, "", "{}"u8.ToArray(), default));
            struck += faulty.HasStruck ? 1 : 0;
            faulty.Disarm();
            store.AfterPut = _ => { };
            await other.AppendAsync(RecordArea.Events, "", "{}"u8.ToArray(), default);
            await one.AppendAsync(RecordArea.Events, "", "{}"u8.ToArray(), default);
            Assert.Empty((await VerifyAsync(other)).Damage);
        }

        Assert.True(struck > 2);
    }

    [Fact]
    public async Task Several_writers_that_know_nothing_of_each_other_make_one_chain()
    {
        var store = new MemoryObjectStore();
        await (await Bench.CreateAsync(store)).DisposeAsync();
        var writers = new List<EdgeRepository>();
        for (var index = 0; index < 4; index++)
        {
            writers.Add(await Bench.OpenAsync(store));
        }

        await Task.WhenAll(writers.Select((writer, number) => Task.Run(async () =>
        {
            for (var index = 0; index < 25; index++)
            {
                await writer.AppendAsync(RecordArea.Events, "", "{}"u8.ToArray(), default);
                await writer.AppendAsync(RecordArea.Devices, $"d{number}", "{}"u8.ToArray(), default);
            }
        })));
        var report = await VerifyAsync(writers[0]);
        Assert.Empty(report.Damage);
        Assert.Empty(report.Notes);
        foreach (var writer in writers)
        {
            await writer.DisposeAsync();
        }
    }

    [Fact]
    public async Task An_entry_that_cannot_be_written_fails_the_command()
    {
        var store = new MemoryObjectStore();
        await using var repository = await Bench.CreateAsync(store);
        store.Refuses = name => name.StartsWith("chain/", StringComparison.Ordinal);
        var appended = await Assert.ThrowsAsync<EdgeBackupException>(() => repository.AppendAsync(RecordArea.Events, "", "{}"u8.ToArray(), default));
        Assert.Equal(ErrorIds.RepositoryNotWritable, appended.ErrorId);
        var backedUp = await Assert.ThrowsAsync<EdgeBackupException>(() => Bench.BackUpAsync(repository, "d", Files));
        Assert.Equal(ErrorIds.RepositoryNotWritable, backedUp.ErrorId);
        store.Refuses = _ => false;
        await Bench.BackUpAsync(repository, "d", Files);
        var report = await VerifyAsync(repository);
        Assert.Empty(report.Damage);
        Assert.Equal(2, report.Notes.Count);
    }

    [Fact]
    public async Task Maintenance_takes_in_what_a_killed_writer_could_not_name()
    {
        var store = new MemoryObjectStore();
        await using var repository = await Bench.CreateAsync(store);
        store.Refuses = name => name.StartsWith("chain/", StringComparison.Ordinal);
        await Assert.ThrowsAsync<EdgeBackupException>(() => Bench.BackUpAsync(repository, "d", Files));
        store.Refuses = _ => false;
        await repository.ReclaimAsync(new ReclaimOptions(WhatIf: false), default);
        var report = await VerifyAsync(repository);
        Assert.Empty(report.Notes);
        Assert.Equal(1, report.Backups);
        store.Objects.Remove(store.Objects.Keys.Single(name => name.StartsWith("backups/", StringComparison.Ordinal)));
        Assert.False((await VerifyAsync(repository)).Healthy);
    }

    [Fact]
    public async Task A_removal_that_was_interrupted_is_no_damage_and_maintenance_finishes_it()
    {
        var store = new MemoryObjectStore();
        await using var repository = await Bench.CreateAsync(store);
        var record = await Bench.BackUpAsync(repository, "d", Files);
        var name = repository.BackupObjectName("d", record.Id);
        store.DieAfter(1);
        await Assert.ThrowsAsync<EdgeBackupException>(() => repository.DeleteBackupsAsync([name], default));
        var reborn = store.Reborn();
        await using var next = await Bench.OpenAsync(reborn);
        var report = await VerifyAsync(next);
        Assert.Empty(report.Damage);
        Assert.Contains(name, Assert.Single(report.Notes), StringComparison.Ordinal);
        await next.ReclaimAsync(new ReclaimOptions(WhatIf: false), default);
        Assert.DoesNotContain(name, reborn.Objects.Keys);
        report = await VerifyAsync(next);
        Assert.Empty(report.Damage);
        Assert.Empty(report.Notes);
    }

    [Fact]
    public async Task Summing_up_drops_old_entries_and_keeps_what_they_said()
    {
        var store = new MemoryObjectStore();
        var memory = new ChainMemory();
        await (await Bench.CreateAsync(store)).DisposeAsync();
        await using (var early = await memory.OpenAsync(store))
        {
            await early.AppendAsync(RecordArea.Devices, "d", "{\"device\":\"d\"}"u8.ToArray(), default);
        }

        await using var repository = await Bench.OpenAsync(store);
        var kept = await Bench.BackUpAsync(repository, "d", Files);
        var gone = await Bench.BackUpAsync(repository, "d", Files);
        await repository.DeleteBackupsAsync([repository.BackupObjectName("d", gone.Id)], default);
        await SumUpAsync(repository);
        Assert.Equal(1, CountEntries(store));
        Assert.Empty((await VerifyAsync(repository)).Damage);

        // Who slept meanwhile writes on at the right place, and who remembers an old entry still finds its past.
        await using var late = await memory.OpenAsync(store);
        Assert.Null(late.Notice);
        await Bench.BackUpAsync(late, "e", Files);
        await SumUpAsync(late);
        Assert.Empty((await VerifyAsync(late)).Damage);
        store.Objects.Remove(late.BackupObjectName("d", kept.Id));
        Assert.Equal(kept.Id, Assert.Single((await VerifyAsync(late)).Damage).Backup);
    }

    [Fact]
    public async Task A_writer_that_slept_while_old_entries_were_dropped_goes_on_at_the_end()
    {
        var store = new MemoryObjectStore();
        await using var sleeper = await Bench.CreateAsync(store);
        await using (var other = await Bench.OpenAsync(store))
        {
            for (var index = 0; index < 10; index++)
            {
                await other.AppendAsync(RecordArea.Events, "", "{}"u8.ToArray(), default);
            }

            await SumUpAsync(other);
            await other.AppendAsync(RecordArea.Events, "", "{}"u8.ToArray(), default);
        }

        await sleeper.AppendAsync(RecordArea.Devices, "d", "{}"u8.ToArray(), default);
        Assert.Equal(3, CountEntries(store));
        var report = await VerifyAsync(sleeper);
        Assert.Empty(report.Damage);
        Assert.Empty(report.Notes);
    }

    [Fact]
    public async Task Whenever_summing_up_dies_the_chain_stays_whole()
    {
        for (var operations = 0; ; operations++)
        {
            var store = new MemoryObjectStore();
            await using (var repository = await Bench.CreateAsync(store))
            {
                for (var index = 0; index < 5; index++)
                {
                    await Bench.BackUpAsync(repository, "d", Files);
                }
            }

            store.DieAfter(operations);
            var died = false;
            try
            {
                await using var repository = await Bench.OpenAsync(store);
                await SumUpAsync(repository);
            }
            catch (Exception exception) when (exception is IOException or EdgeBackupException)
            {
                died = true;
            }

            var reborn = store.Reborn();
            await using var next = await Bench.OpenAsync(reborn);
            Assert.Empty((await VerifyAsync(next)).Damage);
            await Bench.BackUpAsync(next, "d", Files);
            await SumUpAsync(next);
            Assert.Empty((await VerifyAsync(next)).Damage);
            Assert.Equal(1, CountEntries(reborn));
            if (!died)
            {
                return;
            }
        }
    }

    [Fact]
    public async Task Whenever_a_client_dies_what_it_remembers_raises_no_alarm()
    {
        for (var operations = 0; ; operations++)
        {
            var store = new MemoryObjectStore();
            await (await Bench.CreateAsync(store)).DisposeAsync();
            var memory = new ChainMemory();
            store.DieAfter(operations);
            var died = false;
            try
            {
                await using var repository = await memory.OpenAsync(store);
                var record = await Bench.BackUpAsync(repository, "d", Files);
                await repository.AppendAsync(RecordArea.Events, "", "{}"u8.ToArray(), default);
                await Bench.BackUpAsync(repository, "d", Files);
                await repository.DeleteBackupsAsync([repository.BackupObjectName("d", record.Id)], default);
                await SumUpAsync(repository);
                await repository.ReclaimAsync(new ReclaimOptions(WhatIf: false), default);
            }
            catch (Exception exception) when (exception is IOException or EdgeBackupException)
            {
                died = true;
            }

            var reborn = store.Reborn();
            foreach (var name in reborn.Objects.Keys.Where(name => name.StartsWith("leases/", StringComparison.Ordinal)).ToList())
            {
                reborn.Objects.Remove(name);
            }

            await using (var next = await memory.OpenAsync(reborn))
            {
                Assert.Null(next.Notice);
                Assert.Empty((await VerifyAsync(next)).Damage);
                await next.ReclaimAsync(new ReclaimOptions(WhatIf: false), default);
                await Bench.BackUpAsync(next, "d", Files);
                var report = await VerifyAsync(next);
                Assert.Empty(report.Damage);
                Assert.Empty(report.Notes);
            }

            if (!died)
            {
                return;
            }
        }
    }

    [Fact]
    public async Task An_index_can_follow_the_chain()
    {
        var store = new MemoryObjectStore();
        await using var repository = await Bench.CreateAsync(store);
        var first = await repository.ReadChangesAsync(null, default);
        Assert.True(first!.StartOver);
        var one = await Bench.BackUpAsync(repository, "d", Files);
        var two = await Bench.BackUpAsync(repository, "d", Files);
        var second = await repository.ReadChangesAsync(first.Head, default);
        Assert.Equal([repository.BackupObjectName("d", one.Id), repository.BackupObjectName("d", two.Id)], second!.Added.Order());
        await repository.DeleteBackupsAsync([repository.BackupObjectName("d", one.Id)], default);
        var third = await repository.ReadChangesAsync(second.Head, default);
        Assert.Equal([repository.BackupObjectName("d", one.Id)], third!.Removed);
        Assert.Empty(third.Added);
        await SumUpAsync(repository);
        Assert.True((await repository.ReadChangesAsync(second.Head, default))!.StartOver);
    }

    internal static int CountEntries(MemoryObjectStore store) => store.Objects.Keys.Count(name => name.StartsWith("chain/", StringComparison.Ordinal));

    internal static Task SumUpAsync(EdgeRepository repository) => new ChainKeeper(repository.Core, repository.Core.Chain!).SumUpNowAsync(default);

    internal static Task<VerificationReport> VerifyAsync(EdgeRepository repository) => repository.VerifyAsync(new VerifyOptions(ReadData: false), null, default);
}
