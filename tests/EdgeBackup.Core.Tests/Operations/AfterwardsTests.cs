using System.Text;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Restore;
using Microsoft.Data.Sqlite;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations;

/// <summary>What has happened has happened, also when it cannot be noted: the outcome stands, and a warning says what is missing.</summary>
public sealed class AfterwardsTests
{
    [Fact]
    public async Task A_backup_that_the_catalog_cannot_take_in_is_taken()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("k");
        Execute(bench, "CREATE TRIGGER full BEFORE INSERT ON backups BEGIN SELECT RAISE(ABORT, 'no room'); END;");

        var outcome = Assert.Single(await bench.BackUpAsync(["k"]));

        Assert.Null(outcome.Error);
        Assert.Contains(bench.Observer.Warnings, warning => warning.Contains("could not be listed", StringComparison.Ordinal) && warning.Contains("no room", StringComparison.Ordinal));
        Execute(bench, "DROP TRIGGER full;");
        Assert.Equal([outcome.Backup!.Backup.Id], await bench.IdsAsync("k"));
        Assert.Empty(await bench.EventsAsync("Failed"));
    }

    [Fact]
    public async Task A_backup_after_which_the_devices_log_cannot_be_read_is_taken()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var device = await bench.AddSimulatedAsync("edge-1");
        device.Version = "1.25.0";
        var log = Path.Combine(bench.RepositoryFolder, Path.GetDirectoryName(bench.Objects("devices/").Single())!, "ffffffffffff-000000000000");
        var context = await bench.OpenAsync(connections: new CuedConnections(bench.Connections()) { Closed = _ => File.WriteAllTextAsync(log, "torn") });

        var outcome = Assert.Single(await bench.BackUpAsync(["edge-1"], context: context));

        Assert.Null(outcome.Error);
        Assert.Contains(bench.Observer.Warnings, warning => warning.Contains("noted with its version", StringComparison.Ordinal));
        Assert.Contains(bench.Observer.Warnings, warning => warning.Contains("edge-1: nothing expires", StringComparison.Ordinal));
        File.Delete(log);
        Assert.Equal([outcome.Backup!.Backup.Id], await bench.IdsAsync("edge-1"));
        Assert.Empty(await bench.EventsAsync("Failed"));
    }

    [Fact]
    public async Task A_backup_whose_retention_cannot_write_its_events_is_taken_and_the_old_one_is_gone()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("k");
        await bench.AutomaticAsync("k");
        bench.Advance(TimeSpan.FromDays(300));
        bench.Block("events");

        var outcome = Assert.Single(await bench.BackUpAsync(["k"]));

        Assert.Null(outcome.Error);
        Assert.Equal([outcome.Backup!.Backup.Id], await bench.IdsAsync("k"));
        Assert.Contains("'Expired' could not be written to the events", Assert.Single(bench.Observer.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_restore_that_was_verified_is_done_though_its_event_cannot_be_written()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var root = await bench.AddFolderAsync("k");
        var backup = await bench.AutomaticAsync("k");
        await File.WriteAllTextAsync(Path.Combine(root, "setting.ini"), "broken");
        bench.Block("events");

        var result = await new RestoreBackup(bench.Context, bench.Observer).RunAsync(new RestoreOptions { Backup = backup.Backup.Id }, default);

        Assert.Equal((true, "setting.ini"), (result.Verified, Assert.Single(result.Restored)));
        Assert.Contains("'Restored' could not be written", Assert.Single(bench.Observer.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_restore_is_done_though_the_end_of_its_session_cannot_be_noted_and_the_next_one_is_not_hindered()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var device = await bench.AddSimulatedAsync("edge-1");
        var backup = await bench.AutomaticAsync("edge-1");
        device.Items.Set("config/site.json", Encoding.UTF8.GetBytes("broken"));
        var context = await bench.OpenAsync(connections: new CuedConnections(bench.Connections()) { Staged = () => bench.Block("devices") });

        var result = await new RestoreBackup(context, bench.Observer).RunAsync(new RestoreOptions { Backup = backup.Backup.Id }, default);

        Assert.Equal(["config/site.json"], result.Restored);
        Assert.Contains(bench.Observer.Warnings, warning => warning.Contains("could not be noted", StringComparison.Ordinal));
        bench.Unblock("devices");
        device.Items.Set("config/site.json", Encoding.UTF8.GetBytes("broken again"));
        result = await new RestoreBackup(bench.Context, bench.Observer).RunAsync(new RestoreOptions { Backup = backup.Backup.Id }, default);
        Assert.Equal(["config/site.json"], result.Restored);
    }

    [Fact]
    public async Task A_switch_fences_the_broken_device_though_no_event_can_be_written()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("old", "of=old\n");
        var root = await bench.AddFolderAsync("new", "of=new\n");
        await bench.AutomaticAsync("old");
        bench.Block("events");

        var outcome = await new SwitchDevice(bench.Context, bench.Observer).RunAsync(new SwitchOptions { Device = "new", Replaces = "old" }, default);

        Assert.True(outcome.Restore!.Verified);
        Assert.Equal("of=old\n", await File.ReadAllTextAsync(Path.Combine(root, "setting.ini")));
        Assert.Equal("new", (await bench.Context.Devices.GetAsync("old", default)).Fence!.ReplacedBy);
        Assert.Contains(bench.Observer.Warnings, warning => warning.Contains("'Restored' could not", StringComparison.Ordinal));
        Assert.Contains(bench.Observer.Warnings, warning => warning.Contains("'Switched' could not", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_commit_that_fails_is_told_as_it_is_though_no_event_can_be_written()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var device = await bench.AddSimulatedAsync("edge-1");
        var backup = await bench.AutomaticAsync("edge-1");
        device.Items.Set("config/site.json", Encoding.UTF8.GetBytes("broken"));
        device.Faults.CommitFailure = "flash worn out";
        bench.Block("events");

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => new RestoreBackup(bench.Context, bench.Observer).RunAsync(new RestoreOptions { Backup = backup.Backup.Id }, default));

        Assert.Equal(ErrorIds.RestoreFailed, error.ErrorId);
        Assert.Contains("flash worn out", error.Message, StringComparison.Ordinal);
        Assert.Contains((await bench.ListAsync()).Single(listed => listed.Backup.Kind == BackupKind.Safety).Backup.Id, error.Message, StringComparison.Ordinal);
        Assert.Contains("'Failed' could not be written", Assert.Single(bench.Observer.Warnings), StringComparison.Ordinal);
    }

    private static void Execute(OperationsBench bench, string sql)
    {
        using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = bench.CatalogPath, Pooling = false }.ToString());
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
