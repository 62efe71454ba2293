using System.Runtime.CompilerServices;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Repository.Chain;
using EdgeBackup.Core.Repository.Stores;
using Xunit;

namespace EdgeBackup.Core.Tests.Repository;

/// <summary>What the chain knows and the store has lost, and what is written where the chain speaks against the store.</summary>
public sealed class ChainLossTests
{
    private static readonly ReclaimOptions Really = new(WhatIf: false);
    private static readonly Dictionary<string, byte[]> Files = new() { ["a"] = Bench.RandomBytes(1, 50_000) };

    [Fact]
    public async Task Nothing_is_freed_while_a_record_is_missing_and_it_comes_back_whole()
    {
        var store = new MemoryObjectStore();
        await using var repository = await Bench.CreateAsync(store);
        var record = await Bench.BackUpAsync(repository, "d", Files);
        var name = repository.BackupObjectName("d", record.Id);
        var content = store.Objects[name];
        store.Objects.Remove(name);
        foreach (var whatIf in new[] { true, false })
        {
            var report = await repository.ReclaimAsync(new ReclaimOptions(whatIf), default);
            Assert.True(report.IsStoppedByDamage);
            Assert.Contains(name, Assert.Single(report.Left), StringComparison.Ordinal);
        }

        store.Objects[name] = content;
        Assert.Equal(Files, await Bench.ReadAllAsync(repository, record));
        Assert.False((await repository.ReclaimAsync(Really, default)).IsStoppedByDamage);
        Assert.True((await ChainTests.VerifyAsync(repository)).Healthy);
    }

    [Fact]
    public async Task A_record_that_vanishes_while_space_is_freed_keeps_what_it_needs()
    {
        var store = new MemoryObjectStore();
        await (await Bench.CreateAsync(store)).DisposeAsync();
        var listed = new ListedStore(store);
        await using var repository = await Bench.OpenAsync(listed);
        var gone = await Bench.BackUpAsync(repository, "d", Files);
        await using var other = await Bench.OpenAsync(store);
        BackupRecord? late = null;
        byte[]? content = null;
        var begun = 0;

        // A backup that began before the mark relies on the condemned pack; its record is lost before it is read.
        var session = await other.BeginWriteAsync(default);
        await repository.DeleteBackupsAsync([repository.BackupObjectName("d", gone.Id)], default);
        listed.BeforeList = async prefix =>
        {
            if (prefix == "leases/" && store.Objects.Keys.Any(name => name.StartsWith("marks/", StringComparison.Ordinal)) && Interlocked.Exchange(ref begun, 1) == 0)
            {
                late = await Bench.BackUpAsync(session, "d", Files);
                await session.DisposeAsync();
                var lost = other.BackupObjectName("d", late.Id);
                content = store.Objects[lost];
                store.Objects.Remove(lost);
            }
        };
        var report = await repository.ReclaimAsync(Really, default);
        Assert.NotNull(late);
        Assert.True(report.IsStoppedByDamage);
        store.Objects[other.BackupObjectName("d", late.Id)] = content!;
        Assert.Equal(Files, await Bench.ReadAllAsync(repository, late));
    }

    [Fact]
    public async Task Missing_records_that_are_accepted_hold_nothing_up_any_more()
    {
        var store = new MemoryObjectStore();
        await using var repository = await Bench.CreateAsync(store);
        var record = await Bench.BackUpAsync(repository, "d", Files);
        await Bench.BackUpAsync(repository, "e", new Dictionary<string, byte[]> { ["b"] = [1] });
        var name = repository.BackupObjectName("d", record.Id);
        store.Objects.Remove(name);
        Assert.Equal([name], await repository.AcceptPresentStateAsync(default));
        var report = await repository.ReclaimAsync(Really, default);
        Assert.False(report.IsStoppedByDamage);
        Assert.True(report.BytesFreed > 40_000);
        Assert.True((await ChainTests.VerifyAsync(repository)).Healthy);
    }

    [Fact]
    public async Task Who_has_seen_the_last_entry_before_an_accepted_state_writes_behind_that_state()
    {
        var store = new MemoryObjectStore();
        var early = new ChainMemory();
        var late = new ChainMemory();
        await (await Bench.CreateAsync(store)).DisposeAsync();
        await using (var client = await early.OpenAsync(store))
        {
            await Bench.BackUpAsync(client, "d", Files);
        }

        var copy = store.Reborn();
        await using var sleeper = await early.OpenAsync(copy);
        await using (var client = await late.OpenAsync(store))
        {
            for (var index = 0; index < 10; index++)
            {
                await client.AppendAsync(RecordArea.Events, "", "{}"u8.ToArray(), default);
            }
        }

        await using var accepting = await late.OpenAsync(copy);
        Assert.NotNull(accepting.Notice);
        await accepting.AcceptPresentStateAsync(default);
        await using var next = await early.OpenAsync(copy);
        Assert.Null(next.Notice);
        var record = await Bench.BackUpAsync(next, "e", Files);
        await sleeper.AppendAsync(RecordArea.Events, "", "{}"u8.ToArray(), default);
        var report = await ChainTests.VerifyAsync(accepting);
        Assert.Empty(report.Damage);
        Assert.Empty(report.Notes);
        copy.Objects.Remove(next.BackupObjectName("e", record.Id));
        Assert.Equal(record.Id, Assert.Single((await ChainTests.VerifyAsync(accepting)).Damage).Backup);
    }

    [Fact]
    public async Task A_snapshot_that_was_written_behind_a_dropped_entry_is_taken_back()
    {
        var store = new MemoryObjectStore();
        await using var sleeper = await Bench.CreateAsync(store);
        var behind = sleeper.Core.Chain!.Head!;
        await using var other = await Bench.OpenAsync(store);
        for (var index = 0; index < 5; index++)
        {
            await other.AppendAsync(RecordArea.Events, "", "{}"u8.ToArray(), default);
        }

        await ChainTests.SumUpAsync(other);
        Assert.False(await sleeper.Core.Chain.Snapshots.TryWriteAsync(behind, entry => entry with { State = ChainState.Empty }));
        Assert.Equal(1, ChainTests.CountEntries(store));
        Assert.Empty((await ChainTests.VerifyAsync(sleeper)).Damage);
    }

    [Fact]
    public async Task A_record_that_is_written_again_while_its_removal_is_finished_stays()
    {
        var store = new MemoryObjectStore();
        await (await Bench.CreateAsync(store)).DisposeAsync();
        var listed = new ListedStore(store);
        await using var repository = await Bench.OpenAsync(listed);
        var record = await Bench.BackUpAsync(repository, "d", Files);
        var name = repository.BackupObjectName("d", record.Id);
        await repository.Core.Chain!.AppendAsync(new ChainChange { Removing = [name] });
        Assert.True(await repository.IsBeingRemovedAsync(name, default));

        // After maintenance has read the chain.
        await using var other = await Bench.OpenAsync(store);
        listed.BeforeList = prefix =>
        {
            if (prefix != "backups/")
            {
                return Task.CompletedTask;
            }

            listed.BeforeList = _ => Task.CompletedTask;
            return other.Core.Chain!.AppendAsync(ChainChange.Add(name));
        };
        await repository.ReclaimAsync(Really, default);
        Assert.Contains(name, store.Objects.Keys);
        Assert.Empty((await ChainTests.VerifyAsync(repository)).Damage);
    }

    [Fact]
    public async Task A_record_whose_naming_is_refused_is_taken_back()
    {
        var store = new MemoryObjectStore();
        await (await Bench.CreateAsync(store)).DisposeAsync();
        foreach (var write in new Func<EdgeRepository, WriteSession, Task>[]
        {
            (_, session) => Bench.BackUpAsync(session, "d", Files),
            (repository, _) => repository.AppendAsync(RecordArea.Events, "", "{}"u8.ToArray(), default),
        })
        {
            var copy = store.Reborn();
            await using var repository = await Bench.OpenAsync(store);
            await repository.AppendAsync(RecordArea.Policies, "policies", "{}"u8.ToArray(), default);
            await using var session = await repository.BeginWriteAsync(default);

            // The store is taken back after the last look at it.
            foreach (var name in store.Objects.Keys.Where(name => !copy.Objects.ContainsKey(name) && !name.StartsWith("leases/", StringComparison.Ordinal)).ToList())
            {
                store.Objects.Remove(name);
            }

            var error = await Assert.ThrowsAsync<EdgeBackupException>(() => write(repository, session));
            Assert.Equal(ErrorIds.RepositoryDamaged, error.ErrorId);
            Assert.DoesNotContain(store.Objects.Keys, name => name.StartsWith("backups/", StringComparison.Ordinal) || name.StartsWith("events/", StringComparison.Ordinal));
        }
    }

    /// <summary>Lets something happen before a listing.</summary>
    private sealed class ListedStore(MemoryObjectStore inner) : ForwardingStore(inner)
    {
        public Func<string, Task> BeforeList { get; set; } = _ => Task.CompletedTask;

        public override async IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await BeforeList(prefix);
            await foreach (var entry in base.ListAsync(prefix, cancellationToken))
            {
                yield return entry;
            }
        }
    }
}
