using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Operations.Sync;
using EdgeBackup.Core.Operations.Transfer;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Repository.Chain;
using EdgeBackup.Core.Tests.Operations;
using EdgeBackup.Core.Tests.Repository;
using Xunit;

namespace EdgeBackup.Core.Tests.Durability.Crash;

/// <summary>What is announced ends, what is being removed is no promise, and who puts a record back is told of.</summary>
public sealed partial class ReturnTests
{
    [Theory]
    [InlineData("import")]
    [InlineData("sync")]
    public async Task A_backup_that_is_being_removed_is_no_promise_and_comes_back_afterwards(string deed)
    {
        var store = new MemoryObjectStore();
        await using var context = Context(await Bench.CreateAsync(store));
        await ReturnAsync(deed, context);
        await context.Repository.Core.Chain!.AppendAsync(new ChainChange { Removing = [NameIn(context.Repository)] });
        Assert.Contains("Optimize-EdgeRepository", await RefuseAsync(deed, context, ErrorIds.BackupNotFound), StringComparison.Ordinal);
        Assert.Empty(await StateAsync(context.Repository, ChainedState.Live));
        await MaintainAsync(context.Repository);
        Assert.DoesNotContain(NameIn(context.Repository), store.Objects.Keys);
        await ReturnAsync(deed, context);
        await CheckAsync(context.Repository);
    }

    [Theory]
    [InlineData("import")]
    [InlineData("sync")]
    public async Task A_backup_whose_data_is_not_written_was_never_announced(string deed)
    {
        var store = await RemovedAsync(isNoted: true);
        await using var context = Context(await Bench.OpenAsync(store));
        await MaintainAsync(context.Repository);
        await MaintainAsync(context.Repository);
        store.Refuses = name => name.StartsWith("packs/", StringComparison.Ordinal);
        Assert.NotNull(await Record.ExceptionAsync(() => ReturnAsync(deed, context)));
        Assert.Equal(0, await CountAnnouncementsAsync(context.Repository));
    }

    [Theory]
    [InlineData("import")]
    [InlineData("sync")]
    public async Task What_was_announced_and_not_written_is_called_off(string deed)
    {
        var store = await RemovedAsync(isNoted: true);
        await using var context = Context(await Bench.OpenAsync(store));
        var name = NameIn(context.Repository);
        store.Refuses = refused => refused == name;
        Assert.NotNull(await Record.ExceptionAsync(() => ReturnAsync(deed, context)));
        Assert.Equal(1, await CountAnnouncementsAsync(context.Repository));
        Assert.Single(await context.Repository.Core.Returns!.FindAsync([name], ChainReturn.IsReturn, default));
        store.Refuses = _ => false;
        await ReturnAsync(deed, context);
        await CheckAsync(context.Repository);
    }

    [Fact]
    public async Task An_announced_record_that_has_lost_its_data_is_not_taken_in()
    {
        var store = new MemoryObjectStore();
        await using var context = Context(await Bench.CreateAsync(store));
        await ReturnAsync("import", context);
        var name = NameIn(context.Repository);
        var record = store.Objects[name];
        await context.Repository.DeleteBackupsAsync([name], default);
        await MaintainAsync(context.Repository);
        await MaintainAsync(context.Repository);
        Assert.DoesNotContain(store.Objects.Keys, entry => entry.StartsWith("packs/", StringComparison.Ordinal));
        await context.Repository.Core.Returns!.AnnounceAsync([name]);
        store.Objects[name] = record;
        Assert.Contains((await MaintainAsync(context.Repository)).Left, text => text.Contains(name, StringComparison.Ordinal));
        Assert.Empty(await StateAsync(context.Repository, ChainedState.Live));
        Assert.Contains((await VerifyAsync(context.Repository)).Damage, damage => damage.Backup == backup.Id);
    }

    [Theory]
    [InlineData("import")]
    [InlineData("sync")]
    public async Task A_record_that_was_put_back_is_named_with_a_warning_and_an_event(string deed)
    {
        var store = new MemoryObjectStore();
        await using var context = Context(await Bench.CreateAsync(store));
        await ReturnAsync(deed, context);
        var name = NameIn(context.Repository);
        var record = store.Objects[name];
        await context.Repository.DeleteBackupsAsync([name], default);
        await NoteAsync(context.Repository);
        store.Objects[name] = record;
        var observer = new RecordingObserver();
        await ReturnAsync(deed, context, observer);
        Assert.Contains(backup.Id, Assert.Single(observer.Warnings), StringComparison.Ordinal);
        Assert.Contains(await ReadEventsAsync(context), entry => entry is { Action: "PutBack" } && entry.Backup == backup.Id);
        await CheckAsync(context.Repository);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_record_that_is_named_while_its_removal_is_cut_short_is_not_missed(bool isSummedUp)
    {
        var store = new MemoryObjectStore();
        await using var context = Context(await Bench.CreateAsync(store));
        await ReturnAsync("import", context);
        await using var other = await Bench.OpenAsync(store);
        var name = NameIn(other);
        store.BeforeDelete = deleted =>
        {
            if (deleted == name)
            {
                other.NameAgainAsync([name]).GetAwaiter().GetResult();
                if (isSummedUp)
                {
                    // The entries since are gone, too.
                    ChainTests.SumUpAsync(other).GetAwaiter().GetResult();
                }
            }
        };
        await Assert.ThrowsAsync<InvalidOperationException>(() => context.Repository.DeleteBackupsAsync([name], _ => throw new InvalidOperationException(), default));
        Assert.DoesNotContain(name, store.Objects.Keys);
        Assert.Empty((await VerifyAsync(context.Repository)).Damage);
    }

    [Fact]
    public async Task A_record_that_is_gone_is_not_named()
    {
        var store = await RemovedAsync(isNoted: true);
        await using var context = Context(await Bench.OpenAsync(store));
        var left = Assert.Single(await UnnamedBackups.NameAsync(context, SilentObserver.Instance, [NameIn(context.Repository)], default));
        Assert.True(left.IsGone);
        Assert.Single(await StateAsync(context.Repository, ChainedState.Removed));
    }

    [Fact]
    public async Task A_damaged_chain_says_nothing_of_all_names()
    {
        var store = await RemovedAsync(isNoted: true);
        await using var context = Context(await Bench.OpenAsync(store));
        Assert.NotNull(await context.Repository.Core.Returns!.FoldAsync(default));
        store.Objects[context.Repository.Core.Chain!.Store.ToName(2)][^1] ^= 1;
        Assert.Null(await context.Repository.Core.Returns!.FoldAsync(default));
    }

    private async Task<string> RefuseAsync(string deed, RepositoryContext target, string errorId)
    {
        if (deed == "import")
        {
            var error = await Assert.ThrowsAsync<EdgeBackupException>(() => ReturnAsync(deed, target));
            Assert.Equal(errorId, error.ErrorId);
            return error.Message;
        }

        var outcome = await new SyncRepository(source, target, SilentObserver.Instance).RunAsync(new SyncOptions(), default);
        return Assert.Single(outcome.Failed, failure => failure.Backup == backup.Id).Reason;
    }

    private Task<IReadOnlyList<string>> StateAsync(EdgeRepository repository, ChainedState wanted) =>
        repository.Core.Returns!.FindAsync([NameIn(repository)], state => state == wanted, default);

    private async Task<int> CountAnnouncementsAsync(EdgeRepository repository)
    {
        var count = 0;
        for (var sequence = 1L; await repository.Core.Chain!.Store.ReadAsync(sequence, default) is var (entry, _); sequence++)
        {
            count += entry.Returning?.Count(name => name == NameIn(repository)) ?? 0;
        }

        return count;
    }

    /// <summary>Those that are events.</summary>
    private static async Task<List<EdgeEvent>> ReadEventsAsync(RepositoryContext context)
    {
        var events = new List<EdgeEvent>();
        await foreach (var name in context.Repository.ListAsync(RecordArea.Events, subject: null, default))
        {
            var json = await context.Repository.ReadAsync(name, default);
            if (json.Length > 2)
            {
                events.Add(EdgeEvent.FromJson(json));
            }
        }

        return events;
    }
}
