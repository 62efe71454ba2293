using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Repository.Stores;
using EdgeBackup.Core.Tests.Durability.Faults;
using EdgeBackup.Core.Tests.Repository;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations;

/// <summary>What others do between the plan of an expiry and the deletion counts, and what has gone before a run broke off is noted.</summary>
public sealed class RetentionMeanwhileTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_backup_that_is_protected_or_held_after_the_plan_was_made_stays(bool isHeld)
    {
        await using var bench = await OperationsBench.CreateAsync();
        foreach (var id in new[] { "a", "b" })
        {
            await bench.AddFolderAsync(id);
        }

        var wanted = await bench.AutomaticAsync("a");
        var other = await bench.AutomaticAsync("b");
        bench.Advance(TimeSpan.FromDays(400));
        var elsewhere = await bench.OpenAsync("another");
        Task? protection = null;

        // When the second device is looked at, the first one's plan is made and nothing is removed yet.
        var observer = new CuedObserver(status =>
        {
            if (status.EndsWith(" b", StringComparison.Ordinal))
            {
                protection = isHeld ? HoldAsync(elsewhere, "a") : new ProtectBackup(elsewhere, SilentObserver.Instance).ProtectAsync(wanted.Backup, "needed", default);
                ((IAsyncResult)protection).AsyncWaitHandle.WaitOne();
            }
        });
        var outcome = await new OptimizeRepository(bench.Context, observer).RunAsync(whatIf: false, default);

        await protection!;
        Assert.Equal([other.Backup.Id], outcome.Expired.Select(expired => expired.Backup.Id));
        Assert.Equal([wanted.Backup.Id], await bench.IdsAsync("a", "b"));
        Assert.Equal("b", Assert.Single(await bench.EventsAsync("Expired")).Device);
        Assert.Equal("b", Assert.Single(await bench.EventsAsync("LeftWithoutBackup")).Device);
    }

    [Fact]
    public async Task Protecting_a_backup_that_is_gone_is_told_and_noted_nowhere()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("a");
        var old = await bench.AutomaticAsync("a");
        await bench.Context.Repository.DeleteBackupsAsync([old.Backup.ObjectName], default);

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => new ProtectBackup(bench.Context, bench.Observer).ProtectAsync(old.Backup, "too late", default));

        Assert.Equal((ErrorIds.BackupNotFound, old.Backup.Id), (error.ErrorId, error.Target));
        Assert.Empty(await bench.EventsAsync("Protected"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_went_before_a_deletion_failed_or_was_stopped_is_noted(bool isStopped)
    {
        using var world = await FaultWorld.MakeAsync();
        using var stop = new CancellationTokenSource();
        var store = new BreakingStore(world.NewStore(), isStopped ? stop : null);
        await using var context = await world.OpenAsync(store);
        var before = await ListAsync(context);

        await Assert.ThrowsAnyAsync<Exception>(() => new OptimizeRepository(context, SilentObserver.Instance).RunAsync(whatIf: false, stop.Token));

        Assert.Equal(1, store.Deleted);
        var gone = Assert.Single(before.Except(await ListAsync(context)));
        await context.Catalog.RefreshEventsAsync(default);
        var events = await context.Catalog.QueryEventsAsync(new(), default).Where(found => found.Action == "Expired").ToListAsync();
        Assert.Equal(gone, Assert.Single(events).Backup);
    }

    private static async Task<List<string>> ListAsync(RepositoryContext context) =>
        await new FindBackups(context).RunAsync(new FindBackupsOptions(), error => throw error, default).Select(listed => listed.Backup.Id).ToListAsync();

    private static Task HoldAsync(RepositoryContext context, string device) => PolicyBook.SetAsync(
        context.Repository,
        new PolicyEntry { Scope = PolicyScope.Device, Key = device, Values = new PolicyValues { LegalHold = true }, Time = context.Clock.GetUtcNow(), Author = "tester@bench" },
        default);

    private sealed class CuedObserver(Action<string> onProgress) : IOperationObserver
    {
        public void Verbose(string message)
        {
        }

        public void Warning(string message)
        {
        }

        public void Progress(OperationProgress progress) => onProgress(progress.Status);
    }

    /// <summary>Removes one backup record; then it fails, or the user stops the run.</summary>
    private sealed class BreakingStore(IObjectStore inner, CancellationTokenSource? stop) : ForwardingStore(inner)
    {
        private int deletions;
        private int deleted;

        public int Deleted => deleted;

        public override async Task<bool> DeleteAsync(string name, CancellationToken cancellationToken)
        {
            if (!name.StartsWith("backups/", StringComparison.Ordinal))
            {
                return await base.DeleteAsync(name, cancellationToken);
            }

            if (Interlocked.Increment(ref deletions) > 1)
            {
                throw stop is null ? new IOException("The store was made to fail.") : new OperationCanceledException(stop.Token);
            }

            await base.DeleteAsync(name, cancellationToken);
            Interlocked.Increment(ref deleted);
            if (stop is not null)
            {
                await stop.CancelAsync();
            }

            return true;
        }
    }
}
