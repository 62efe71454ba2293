using EdgeBackup.Core.Devices.Folder;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Records;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations;

/// <summary>R4 and R5: what Get-EdgeDevice shows as time goes by.</summary>
public sealed class BackupStateTests
{
    private const string Running = """[{"id":"t-1","chargepoint":"cp-1","connector":1,"started":"2026-03-01T10:00:00Z"}]""";

    [Fact]
    public async Task A_device_goes_from_never_over_current_and_due_to_overdue()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("k");
        var device = await bench.DeviceAsync("k");
        Assert.Equal((BackupState.Never, null), (device.BackupState, device.BackupAge));

        await bench.AutomaticAsync("k");
        Assert.Equal(BackupState.Current, (await bench.DeviceAsync("k")).BackupState);
        bench.Advance(TimeSpan.FromHours(23));
        Assert.Equal(BackupState.Current, (await bench.DeviceAsync("k")).BackupState);
        bench.Advance(TimeSpan.FromHours(2));
        device = await bench.DeviceAsync("k");
        Assert.Equal(BackupState.Due, device.BackupState);
        Assert.InRange(device.BackupAge!.Value.TotalHours, 24.9, 25.1);
        bench.Advance(TimeSpan.FromHours(24));
        Assert.Equal(BackupState.Overdue, (await bench.DeviceAsync("k")).BackupState);

        await bench.ManualAsync("k", "any kind counts");
        Assert.Equal(BackupState.Current, (await bench.DeviceAsync("k")).BackupState);
    }

    [Fact]
    public async Task A_refused_automatic_backup_is_postponed_since_its_first_refusal_until_one_succeeds()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var root = await bench.AddFolderAsync("k");
        await bench.AutomaticAsync("k");
        bench.Advance(TimeSpan.FromHours(25));
        var transactions = Path.Combine(root, FolderDevice.TransactionsFile);
        await File.WriteAllTextAsync(transactions, Running);
        var first = bench.Clock.GetUtcNow();
        await RefuseAsync(bench);
        bench.Advance(TimeSpan.FromHours(3));
        await RefuseAsync(bench);
        var device = await bench.DeviceAsync("k");
        Assert.Equal(BackupState.Postponed, device.BackupState);
        Assert.Equal(first, device.Device.PostponedSince!.Value, TimeSpan.FromMinutes(30));

        bench.Advance(TimeSpan.FromHours(24));
        device = await bench.DeviceAsync("k");
        Assert.Equal(BackupState.Overdue, device.BackupState);
        Assert.Equal(first, device.Device.PostponedSince!.Value, TimeSpan.FromMinutes(30));

        File.Delete(transactions);
        await bench.AutomaticAsync("k");
        device = await bench.DeviceAsync("k");
        Assert.Equal((BackupState.Current, null), (device.BackupState, device.Device.PostponedSince));
    }

    [Fact]
    public async Task A_device_that_was_never_backed_up_and_is_refused_is_postponed()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var root = await bench.AddFolderAsync("k");
        await File.WriteAllTextAsync(Path.Combine(root, FolderDevice.TransactionsFile), Running);
        await RefuseAsync(bench);
        Assert.Equal(BackupState.Postponed, (await bench.DeviceAsync("k")).BackupState);
        bench.Advance(TimeSpan.FromHours(49));
        Assert.Equal(BackupState.Overdue, (await bench.DeviceAsync("k")).BackupState);
    }

    [Fact]
    public async Task A_refused_manual_backup_postpones_nothing()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var root = await bench.AddFolderAsync("k");
        await File.WriteAllTextAsync(Path.Combine(root, FolderDevice.TransactionsFile), Running);
        await Assert.ThrowsAsync<EdgeBackupException>(() => bench.ManualAsync("k", "now"));
        Assert.Equal(BackupState.Never, (await bench.DeviceAsync("k")).BackupState);
        Assert.Single(await bench.EventsAsync("Refused"));
    }

    [Fact]
    public async Task Interval_and_tolerance_come_from_the_policy_and_states_can_be_asked_for()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("a");
        await bench.AddFolderAsync("b");
        await bench.SetPolicyAsync(new PolicyValues { Interval = TimeSpan.FromHours(1), OverdueAfter = TimeSpan.FromHours(2) });
        await bench.AutomaticAsync("a");
        bench.Advance(TimeSpan.FromMinutes(61));
        Assert.Equal(BackupState.Due, (await bench.DeviceAsync("a")).BackupState);
        bench.Advance(TimeSpan.FromMinutes(121));
        var overdue = await new FindDevices(bench.Context).RunAsync(new FindDevicesOptions { BackupStates = [BackupState.Overdue] }, error => throw error, default).ToListAsync();
        Assert.Equal("a", Assert.Single(overdue).Device.Id);
    }

    [Fact]
    public async Task A_backup_from_the_future_is_no_younger_than_new()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("k");
        await bench.AutomaticAsync("k");
        bench.Advance(TimeSpan.FromMinutes(-30));
        var device = await bench.DeviceAsync("k");
        Assert.Equal((BackupState.Current, TimeSpan.Zero), (device.BackupState, device.BackupAge));
    }

    [Fact]
    public async Task The_age_comes_from_the_repository_and_not_from_the_catalog()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("k");
        await bench.AutomaticAsync("k");
        File.Delete(Path.Combine(bench.RepositoryFolder, Assert.Single(bench.Objects("backups/"))));
        Assert.Equal(BackupState.Never, (await bench.DeviceAsync("k")).BackupState);
    }

    private static async Task RefuseAsync(OperationsBench bench)
    {
        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => bench.AutomaticAsync("k"));
        Assert.Equal(ErrorIds.DeviceBusy, error.ErrorId);
    }
}
