using System.Text;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Restore;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations;

/// <summary>Configuration, history, or both (R10).</summary>
public sealed class RestoreHistoryTests
{
    private const string Trends = "history/trends.log";
    private const string Setting = "config/alarms.xml";

    [Fact]
    public async Task R10_history_alone_goes_over_what_is_there_and_leaves_the_configuration_as_it_is()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var device = await bench.AddSimulatedAsync("bms", isBuilding: true);
        var wanted = device.Items.Find(Trends)!.Content;
        var backup = await AllAsync(bench, "bms");
        device.Items.Set(Trends, "overwritten\n"u8.ToArray());
        device.Items.Set(Setting, "newer"u8.ToArray());
        device.Items.Set("config/added.json", "{}"u8.ToArray());

        var options = new RestoreOptions { Backup = backup.Id, Content = RestoreContent.History };
        var plan = await new RestoreBackup(bench.Context, bench.Observer).PlanAsync(options, default);
        Assert.Equal([Trends], plan.Steps.Where(step => step.Action != RestoreAction.NotRestored).Select(step => step.Path));

        var result = await new RestoreBackup(bench.Context, bench.Observer).RunAsync(options, default);
        Assert.True(result.Verified);
        Assert.Equal([Trends], result.Restored);
        Assert.Empty(result.Unchanged.Concat(result.Removed));
        Assert.Equal(wanted, device.Items.Find(Trends)!.Content);
        Assert.Equal("newer", Encoding.UTF8.GetString(device.Items.Find(Setting)!.Content));
        Assert.NotNull(device.Items.Find("config/added.json"));
        Assert.Contains("only that was asked for", result.NotRestored.Single(item => item.Path == Setting).Reason, StringComparison.Ordinal);
        Assert.Contains("retain level is None", result.NotRestored.Single(item => item.Path == "values/live.json").Reason, StringComparison.Ordinal);

        // What was overwritten is in the safety backup.
        var safety = (await bench.ListAsync(new FindBackupsOptions { Kinds = [BackupKind.Safety] })).Single().Backup;
        Assert.Equal((result.SafetyBackup, BackupContent.All), (safety.Id, safety.Content));
        await new RestoreBackup(bench.Context, bench.Observer).RunAsync(new RestoreOptions { Backup = safety.Id, Content = RestoreContent.History }, default);
        Assert.Equal("overwritten\n", Encoding.UTF8.GetString(device.Items.Find(Trends)!.Content));
    }

    [Fact]
    public async Task R12_both_go_back_and_what_does_not_is_named_with_its_reason()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var device = await bench.AddSimulatedAsync("bms", isBuilding: true);
        var backup = await AllAsync(bench, "bms");
        device.Items.Set(Trends, "overwritten\n"u8.ToArray());
        device.Items.Set(Setting, "newer"u8.ToArray());
        var result = await new RestoreBackup(bench.Context, bench.Observer).RunAsync(new RestoreOptions { Backup = backup.Id, Content = RestoreContent.All }, default);
        Assert.Equal([Setting, Trends], result.Restored);
        Assert.Contains("values/live.json", result.NotRestored.Select(item => item.Path));
        Assert.All(result.NotRestored, item => Assert.Contains("not in the backup", item.Reason, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_backup_without_history_says_so_before_the_device_is_touched()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var device = await bench.AddSimulatedAsync("bms", isBuilding: true);
        await bench.AddFolderAsync("plain");
        var cases = new[]
        {
            (await bench.AutomaticAsync("bms"), "holds configuration only"),
            (new ListedBackup(await AllAsync(bench, "plain"), Expires: null), "the device had none"),
        };
        foreach (var (backup, words) in cases)
        {
            var error = await Assert.ThrowsAsync<EdgeBackupException>(() => new RestoreBackup(bench.Context, bench.Observer).RunAsync(
                new RestoreOptions { Backup = backup.Backup.Id, Content = RestoreContent.History }, default));
            Assert.Equal((ErrorIds.BackupNotFound, backup.Backup.Id), (error.ErrorId, error.Target));
            Assert.Contains(words, error.Message, StringComparison.Ordinal);
        }

        Assert.Equal(0, device.Restores.Commits);
        Assert.Empty(await bench.ListAsync(new FindBackupsOptions { Kinds = [BackupKind.Safety] }));
    }

    [Fact]
    public async Task History_alone_can_be_written_into_a_folder()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddSimulatedAsync("bms", isBuilding: true);
        var backup = await AllAsync(bench, "bms");
        await new RestoreToFolder(bench.Context, bench.Observer).RunAsync(new RestoreToFolderOptions { Backup = backup.Id, Destination = bench.Path("look"), Content = RestoreContent.History }, default);
        Assert.Equal([Path.Combine(bench.Path("look"), "history", "trends.log")], Directory.GetFiles(bench.Path("look"), "*", SearchOption.AllDirectories));
    }

    private static async Task<Core.Catalog.CatalogBackup> AllAsync(OperationsBench bench, string device)
    {
        var outcome = (await bench.BackUpAsync([device], new TakeBackupOptions { Kind = BackupKind.Automatic, Content = BackupContent.All })).Single();
        return outcome.Backup?.Backup ?? throw outcome.Error!;
    }
}
