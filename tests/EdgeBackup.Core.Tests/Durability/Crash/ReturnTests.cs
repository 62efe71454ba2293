using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Operations.Sync;
using EdgeBackup.Core.Operations.Transfer;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Repository.Chain;
using EdgeBackup.Core.Tests.Repository;
using Xunit;

namespace EdgeBackup.Core.Tests.Durability.Crash;

/// <summary>
/// A backup that was removed comes back under its old name. Wherever that is cut short nobody is accused of having put it
/// back, and the next run ends it; who really puts a record back is found.
/// </summary>
public sealed partial class ReturnTests : IAsyncLifetime, IDisposable
{
    private static readonly Dictionary<string, byte[]> Files = new() { ["a"] = Bench.RandomBytes(1, 40_000), ["b"] = [1, 2, 3] };

    private readonly TemporaryFolder folder = new();
    private readonly MemoryObjectStore sourceStore = new();
    private RepositoryContext source = null!;
    private CatalogBackup backup = null!;

    private string File => folder.Combine("x.edgebackup");

    public async Task InitializeAsync()
    {
        source = Context(await Bench.CreateAsync(sourceStore));
        await Bench.BackUpAsync(source.Repository, "d", Files);
        await source.Catalog.RefreshBackupsAsync(devices: null, default);
        backup = await source.Catalog.QueryBackupsAsync(new BackupQuery(), default).SingleAsync();
        await new ExportBackup(source, SilentObserver.Instance).RunAsync(backup, File, default);
    }

    public async Task DisposeAsync() => await source.DisposeAsync();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("import", false)]
    [InlineData("import", true)]
    [InlineData("sync", false)]
    [InlineData("sync", true)]
    public async Task Wherever_a_return_is_cut_short_nobody_is_accused_and_the_next_run_ends_it(string deed, bool isRemovalNoted)
    {
        var start = await RemovedAsync(isRemovalNoted);
        var cutShort = 0;
        for (var operations = 0; ; operations++)
        {
            var store = start.Reborn();
            var died = false;
            await using (var dying = Context(await Bench.OpenAsync(store)))
            {
                store.DieAfter(operations);
                died = await Record.ExceptionAsync(() => ReturnAsync(deed, dying)) is not null || store.IsDead;
            }

            foreach (var isMaintained in new[] { false, true })
            {
                var reborn = store.Reborn();
                foreach (var lease in reborn.Objects.Keys.Where(name => name.StartsWith("leases/", StringComparison.Ordinal)).ToList())
                {
                    reborn.Objects.Remove(lease);
                }

                await using var next = Context(await Bench.OpenAsync(reborn));
                var report = await VerifyAsync(next.Repository);
                Assert.Empty(report.Damage);
                cutShort += report.Notes.Count(note => note.Contains("being written again", StringComparison.Ordinal));
                if (isMaintained)
                {
                    await MaintainAsync(next.Repository);
                }

                await ReturnAsync(deed, next);
                await CheckAsync(next.Repository);
                await MaintainAsync(next.Repository);
                await CheckAsync(next.Repository);
                Assert.Empty((await VerifyAsync(next.Repository)).Notes);
            }

            if (!died)
            {
                Assert.True(operations > 4);
                Assert.True(cutShort > 0);
                return;
            }
        }
    }

    [Theory]
    [InlineData("import")]
    [InlineData("sync")]
    public async Task A_record_that_has_lost_its_data_is_not_taken_for_the_backup(string deed)
    {
        var store = await RemovedAsync(isNoted: true);
        await using var context = Context(await Bench.OpenAsync(store));
        await ReturnAsync(deed, context);
        var name = NameIn(context.Repository);
        var record = store.Objects[name];
        await context.Repository.DeleteBackupsAsync([name], default);
        await MaintainAsync(context.Repository);
        await MaintainAsync(context.Repository);
        Assert.DoesNotContain(store.Objects.Keys, entry => entry.StartsWith("packs/", StringComparison.Ordinal));
        await NoteAsync(context.Repository);
        store.Objects[name] = record;
        if (deed == "import")
        {
            Assert.Equal(ErrorIds.BackupDamaged, (await Assert.ThrowsAsync<EdgeBackupException>(() => ReturnAsync(deed, context))).ErrorId);
        }
        else
        {
            var outcome = await new SyncRepository(source, context, SilentObserver.Instance).RunAsync(new SyncOptions(), default);
            Assert.Equal(backup.Id, Assert.Single(outcome.Failed).Backup);
        }

        Assert.Contains((await VerifyAsync(context.Repository)).Damage, damage => damage.Backup == backup.Id);
        Assert.Empty(await context.Repository.Core.Returns!.FindAsync([name], state => state == ChainedState.Live, default));
    }

    [Fact]
    public async Task Who_puts_a_removed_record_back_is_found_while_others_return()
    {
        var store = await RemovedAsync(isNoted: true);
        await using var context = Context(await Bench.OpenAsync(store));
        var other = await Bench.BackUpAsync(context.Repository, "d", Files);
        var name = context.Repository.BackupObjectName("d", other.Id);
        var record = store.Objects[name];
        await context.Repository.DeleteBackupsAsync([name], default);
        await ReturnAsync("import", context);
        store.Objects[name] = record;
        await MaintainAsync(context.Repository);
        Assert.Equal(name, Assert.Single((await VerifyAsync(context.Repository)).Damage).Object);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_record_that_is_named_at_the_moment_of_its_removal_is_not_missed(bool isMaintenance)
    {
        var store = new MemoryObjectStore();
        await using var context = Context(await Bench.CreateAsync(store));
        await ReturnAsync("import", context);
        await using var other = await Bench.OpenAsync(store);
        var name = NameIn(other);
        if (isMaintenance)
        {
            await other.Core.Chain!.AppendAsync(new ChainChange { Removing = [name] });
        }

        store.BeforeDelete = deleted =>
        {
            if (deleted == name)
            {
                other.NameAgainAsync([name]).GetAwaiter().GetResult();
            }
        };
        if (isMaintenance)
        {
            await MaintainAsync(context.Repository);
        }
        else
        {
            await context.Repository.DeleteBackupsAsync([name], default);
        }

        Assert.DoesNotContain(name, store.Objects.Keys);
        Assert.Empty((await VerifyAsync(context.Repository)).Damage);
    }

    private static Task<ReclaimReport> MaintainAsync(EdgeRepository repository) => repository.ReclaimAsync(new ReclaimOptions(WhatIf: false), default);

    private static Task<VerificationReport> VerifyAsync(EdgeRepository repository) => repository.VerifyAsync(new VerifyOptions(ReadData: true), null, default);

    private async Task CheckAsync(EdgeRepository repository)
    {
        var report = await VerifyAsync(repository);
        Assert.Empty(report.Damage);
        Assert.DoesNotContain(report.Notes, note => note.Contains(NameIn(repository), StringComparison.Ordinal));
        Assert.Equal(Files, await Bench.ReadAllAsync(repository, await repository.ReadBackupAsync(NameIn(repository), default)));
    }

    private string NameIn(EdgeRepository repository) => repository.BackupObjectName("d", backup.Id);

    private Task ReturnAsync(string deed, RepositoryContext target) => ReturnAsync(deed, target, SilentObserver.Instance);

    private async Task ReturnAsync(string deed, RepositoryContext target, IOperationObserver observer)
    {
        if (deed == "import")
        {
            Assert.Equal(backup.Id, (await new ImportBackup(target, observer).RunAsync(File, default)).Backup.Id);
        }
        else
        {
            var outcome = await new SyncRepository(source, target, observer).RunAsync(new SyncOptions(), default);
            Assert.Equal((0, 0), (outcome.Failed.Count, outcome.Behind));
        }
    }

    /// <summary>A repository that had the backup, and removed it.</summary>
    private async Task<MemoryObjectStore> RemovedAsync(bool isNoted)
    {
        var store = new MemoryObjectStore();
        await using var context = Context(await Bench.CreateAsync(store));
        await ReturnAsync("import", context);
        await context.Repository.DeleteBackupsAsync([NameIn(context.Repository)], default);
        if (isNoted)
        {
            await NoteAsync(context.Repository);
        }

        return store;
    }

    /// <summary>That a record is gone is said by the next entry.</summary>
    private static Task<string> NoteAsync(EdgeRepository repository) => repository.AppendAsync(RecordArea.Events, "", "{}"u8.ToArray(), default);

    private RepositoryContext Context(EdgeRepository repository)
    {
        var catalog = BackupCatalog.Open(folder.Combine(Guid.NewGuid().ToString("n") + ".db"), repository);
        return new RepositoryContext(repository, catalog, new ConnectionFactory(repository.Environment.Platform, TimeProvider.System), "me@here");
    }
}
