using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Operations.Sync;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Repository;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations;

/// <summary>Repair-EdgeRepository -AcceptRollback: what is lost for good is not missed for ever, and what can come back does.</summary>
public sealed class AcceptLossTests
{
    [Fact]
    public async Task Records_that_are_lost_for_good_are_named_once_and_missed_no_more()
    {
        await using var bench = await MakeAsync();
        await bench.AddFolderAsync("kiosk");
        var kept = await bench.AutomaticAsync("kiosk");
        var gone = await bench.ManualAsync("kiosk", "second");
        var lost = new[] { bench.Objects("events/")[0], gone.Backup.ObjectName };
        Array.ForEach(lost, name => File.Delete(bench.Path("repository", name)));
        await using var open = await bench.OpenAsync("another");

        var without = await RepairAsync(bench, new RepairRepositoryOptions());
        Assert.Equal(lost.Order(), without.Gone.Select(row => row.Object).Order());
        Assert.False((await VerifyAsync(bench.Context)).Healthy);

        var told = await RepairAsync(bench, new RepairRepositoryOptions { AcceptRollback = true, WhatIf = true });
        Assert.Equal(2, told.Gone.Count);
        Assert.False((await VerifyAsync(bench.Context)).Healthy);

        var report = await RepairAsync(bench, new RepairRepositoryOptions { AcceptRollback = true });
        Assert.Equal(lost.Order(), report.Gone.Select(row => row.Object).Order());
        var warning = Assert.Single(bench.Observer.Warnings, text => text.Contains("accepted", StringComparison.Ordinal));
        Assert.All(lost, name => Assert.Contains(name, warning, StringComparison.Ordinal));
        var health = await VerifyAsync(bench.Context);
        Assert.True(health.Healthy, string.Join('\n', health.Damage));
        Assert.Empty(health.Notes);
        Assert.Single(await bench.EventsAsync("RollbackAccepted"));

        // It goes on, for who has seen the state before, too.
        Assert.Equal([kept.Backup.Id], (await bench.ListAsync()).Select(listed => listed.Backup.Id));
        Assert.Null(Assert.Single(await bench.BackUpAsync(["kiosk"], context: open)).Error);
        await bench.OptimizeAsync();
        await bench.ReopenAsync();
        Assert.Null(bench.Context.Repository.Notice);
        Assert.True((await VerifyAsync(bench.Context)).Healthy);

        await RepairAsync(bench, new RepairRepositoryOptions { AcceptRollback = true });
        Assert.Contains(bench.Observer.Warnings, text => text.Contains("nothing to accept", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_a_copy_holds_comes_back_and_is_not_accepted_as_lost()
    {
        await using var bench = await MakeAsync();
        await bench.AddFolderAsync("kiosk");
        var backup = await bench.AutomaticAsync("kiosk");
        var second = await SyncAsync(bench);
        File.Delete(bench.Path("repository", backup.Backup.ObjectName));
        var report = await RepairAsync(bench, new RepairRepositoryOptions { AcceptRollback = true, From = second });
        Assert.True(report.Healthy, string.Join('\n', report.Gone));
        Assert.Contains(bench.Observer.Warnings, text => text.Contains("nothing to accept", StringComparison.Ordinal));
        Assert.Equal([backup.Backup.Id], (await bench.ListAsync()).Select(listed => listed.Backup.Id));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_an_acceptance_finds_missing_comes_back_from_a_second_repository(bool ownKeys)
    {
        await using var bench = await MakeAsync();
        await bench.AddFolderAsync("kiosk");
        var backup = await bench.AutomaticAsync("kiosk");
        var second = ownKeys ? await SyncAsync(bench) : null;
        await bench.TakeBackAsync(() => bench.ManualAsync("kiosk", "newer"));
        second ??= await bench.OpenCopyAsync("copy");
        File.Delete(bench.Path("repository", backup.Backup.ObjectName));
        var noted = bench.Objects("events/")[0];
        File.Delete(bench.Path("repository", noted));

        var report = await RepairAsync(bench, new RepairRepositoryOptions { AcceptRollback = true, From = second });
        Assert.Contains(report.Mended, row => row.Object == backup.Backup.ObjectName);
        Assert.Equal(ownKeys ? [noted] : [], report.Gone.Select(row => row.Object));
        Assert.Contains(bench.Observer.Warnings, text => text.Contains("was accepted", StringComparison.Ordinal) && text.Contains(backup.Backup.ObjectName, StringComparison.Ordinal));
        Assert.Null(bench.Context.Repository.Notice);
        var health = await VerifyAsync(bench.Context);
        Assert.True(health.Healthy, string.Join('\n', health.Damage));
        Assert.Empty(health.Notes);
        Assert.Equal([backup.Backup.Id], (await bench.ListAsync()).Select(listed => listed.Backup.Id));

        // From now on it is missed again.
        File.Delete(bench.Path("repository", backup.Backup.ObjectName));
        Assert.Equal([backup.Backup.ObjectName], (await VerifyAsync(bench.Context)).Damage.Select(row => row.Object));
    }

    private static async Task<OperationsBench> MakeAsync()
    {
        var bench = await OperationsBench.CreateAsync();
        await bench.Context.NoteAsync(bench.Observer, EdgeEventCategory.Repository, "Noted", "Something.", device: null);
        return bench;
    }

    private static async Task<RepositoryContext> SyncAsync(OperationsBench bench)
    {
        var second = await bench.CreateAnotherAsync("second");
        await new SyncRepository(bench.Context, second, SilentObserver.Instance).RunAsync(new SyncOptions(), default);
        return second;
    }

    private static Task<RepairReport> RepairAsync(OperationsBench bench, RepairRepositoryOptions options) =>
        new RepairRepository(bench.Context, bench.Observer).RunAsync(options, default);

    private static Task<VerificationReport> VerifyAsync(RepositoryContext context) =>
        context.Repository.VerifyAsync(new VerifyOptions(ReadData: true), null, default);
}
