using EdgeBackup.Core.Devices.Folder;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Scheduling;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Repository;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations.Scheduling;

/// <summary>What is known of attempts, and where it is kept.</summary>
public sealed class AttemptTests
{
    private const string Running = """[{"id":"t-1","chargepoint":"cp-1","connector":1,"started":"2026-03-01T10:00:00Z"}]""";

    [Fact]
    public async Task However_often_a_device_is_tried_it_keeps_one_small_object()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("a");
        await bench.AddFolderAsync("b");
        for (var day = 0; day < 4; day++)
        {
            await bench.RunScheduleAsync();
            await bench.AutomaticAsync("a");
            bench.Advance(TimeSpan.FromHours(25));
        }

        Assert.Equal(2, bench.Objects("attempts/").Count);
        Assert.All(bench.Objects("attempts/"), name => Assert.InRange(new FileInfo(Path.Combine(bench.RepositoryFolder, name)).Length, 100, 1000));
        Assert.True((await bench.Context.Repository.VerifyAsync(new VerifyOptions(ReadData: true), null, default)).Healthy);
    }

    [Fact]
    public async Task Of_two_writers_who_saw_the_same_one_writes_and_one_that_slept_writes_nothing()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var book = bench.Context.Attempts;
        var other = (await bench.OpenAsync("one")).Attempts;
        var none = await book.ReadAsync("k", default);
        Assert.Equal((0L, "k"), (none.Number, none.State.Device));
        var first = await book.TryWriteAsync(none, none.State with { ConsecutiveFailures = 1 }, default);
        Assert.Null(await other.TryWriteAsync(none, none.State with { ConsecutiveFailures = 9 }, default));
        await other.ChangeAsync(null, "k", state => state with { ConsecutiveFailures = state.ConsecutiveFailures + 1 }, default);
        await other.ChangeAsync(null, "k", state => state with { ConsecutiveFailures = state.ConsecutiveFailures + 1 }, default);

        // The number that the sleeper would take is free again, and still nothing of it stays.
        Assert.Null(await book.TryWriteAsync(none, none.State with { ConsecutiveFailures = 9 }, default));
        Assert.Null(await book.TryWriteAsync(first!, first!.State with { ConsecutiveFailures = 9 }, default));
        Assert.Equal(3, (await book.ReadAsync("k", default)).State.ConsecutiveFailures);
        Assert.Single(bench.Objects("attempts/"));

        // Also where others go on from a writer's record before it has looked, nothing is lost and nothing counts twice.
        await Task.WhenAll(Enumerable.Range(0, 4).Select(index => Task.Run(() =>
            (index % 2 == 0 ? book : other).ChangeAsync(null, "k", state => state with { ConsecutiveFailures = state.ConsecutiveFailures + 1 }, default))));
        Assert.Equal(7, (await book.ReadAsync("k", default)).State.ConsecutiveFailures);
        Assert.Single(bench.Objects("attempts/"));
    }

    [Fact]
    public async Task A_damaged_record_is_named_by_verification_holds_nobody_up_and_is_replaced()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("k");
        await bench.RunScheduleAsync();
        var name = Assert.Single(bench.Objects("attempts/"));
        var path = Path.Combine(bench.RepositoryFolder, name);
        var bytes = await File.ReadAllBytesAsync(path);
        bytes[60] ^= 1;
        await File.WriteAllBytesAsync(path, bytes);
        Assert.Contains((await bench.Context.Repository.VerifyAsync(new VerifyOptions(ReadData: false), null, default)).Damage, damage => damage.Object == name);

        bench.Advance(TimeSpan.FromHours(25));
        Assert.Equal(ScheduledResult.Completed, Assert.Single(await bench.RunScheduleAsync()).Result);
        Assert.NotEqual(name, Assert.Single(bench.Objects("attempts/")));
        Assert.True((await bench.Context.Repository.VerifyAsync(new VerifyOptions(ReadData: true), null, default)).Healthy);
    }

    [Fact]
    public async Task A_repair_puts_a_damaged_record_away()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("k");
        await bench.AutomaticAsync("k");
        var name = Assert.Single(bench.Objects("attempts/"));
        await File.WriteAllTextAsync(Path.Combine(bench.RepositoryFolder, name), "no record");
        await bench.Context.Repository.RepairAsync(new RepairOptions(), null, default);
        Assert.Empty(bench.Objects("attempts/"));
        Assert.Single(bench.Objects("quarantine/"));
        Assert.True((await bench.Context.Repository.VerifyAsync(new VerifyOptions(ReadData: false), null, default)).Healthy);
    }

    [Fact]
    public async Task New_automatic_backups_are_attempts_and_manual_ones_are_not()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var root = await bench.AddFolderAsync("k");
        await bench.ManualAsync("k", "by hand");
        Assert.Null((await bench.DeviceAsync("k")).Device.Attempts);
        var backup = await bench.AutomaticAsync("k");
        var state = (await bench.DeviceAsync("k")).Device.Attempts!.State;
        Assert.Equal((AttemptResult.Completed, backup.Backup.Id), (state.Result, state.Backup));

        Directory.Move(root, root + "-away");
        await Assert.ThrowsAsync<EdgeBackupException>(() => bench.AutomaticAsync("k"));
        state = (await bench.DeviceAsync("k")).Device.Attempts!.State;
        Assert.Equal((AttemptResult.Failed, ErrorIds.DeviceUnreachable, 1, backup.Backup.Id), (state.Result, state.ErrorId, state.ConsecutiveFailures, state.Backup));
        await Assert.ThrowsAsync<EdgeBackupException>(() => bench.ManualAsync("k", "by hand again"));
        Assert.Equal(1, (await bench.DeviceAsync("k")).Device.Attempts!.State.ConsecutiveFailures);
    }

    [Fact]
    public async Task What_was_waited_for_before_a_backup_by_hand_is_waited_for_no_more()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var root = await bench.AddFolderAsync("k");
        var transactions = Path.Combine(root, FolderDevice.TransactionsFile);
        await File.WriteAllTextAsync(transactions, Running);
        await bench.RunScheduleAsync();
        File.Delete(transactions);
        bench.Advance(TimeSpan.FromHours(1));
        await bench.ManualAsync("k", "by hand");
        Assert.Equal((BackupState.Current, null), ((await bench.DeviceAsync("k")).BackupState, (await bench.DeviceAsync("k")).Device.PostponedSince));

        await File.WriteAllTextAsync(transactions, Running);
        bench.Advance(TimeSpan.FromHours(25));
        var again = bench.Clock.GetUtcNow();
        Assert.Equal(again, Assert.Single(await bench.RunScheduleAsync()).PostponedSince!.Value, TimeSpan.FromMinutes(30));
        Assert.Equal(BackupState.Postponed, (await bench.DeviceAsync("k")).BackupState);
    }

    [Fact]
    public async Task Attempts_that_cannot_be_written_are_a_warning_and_the_backup_counts()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("k");
        bench.Block("attempts");
        var outcome = Assert.Single(await bench.BackUpAsync(["k"], new TakeBackupOptions { Kind = BackupKind.Automatic }));
        Assert.NotNull(outcome.Backup);
        Assert.Contains(bench.Observer.Warnings, warning => warning.Contains("could not be written down", StringComparison.Ordinal));
        Assert.Equal(ScheduledResult.NotDue, Assert.Single(await bench.RunScheduleAsync()).Result);
    }
}
