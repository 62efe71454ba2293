using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations;

/// <summary>Since when a device's configuration has been the same, as far as its backups tell.</summary>
public sealed class ConfigurationUnchangedTests
{
    private static readonly TakeBackupOptions All = new() { Kind = BackupKind.Automatic, Content = BackupContent.All };

    [Fact]
    public async Task It_is_the_oldest_of_the_newest_backups_with_the_same_configuration()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var setting = Path.Combine(await bench.AddFolderAsync("k"), "setting.ini");
        Assert.Null((await bench.DeviceAsync("k")).Device.ConfigurationUnchangedSince);

        var first = await bench.AutomaticAsync("k");
        await NextAsync(bench);
        Assert.Equal(first.Backup.Created, await SinceAsync(bench));

        await File.WriteAllTextAsync(setting, "a=2\n");
        bench.Advance(TimeSpan.FromHours(24));
        var changed = await bench.AutomaticAsync("k");
        Assert.Equal(changed.Backup.Created, await SinceAsync(bench));
        await NextAsync(bench);
        await NextAsync(bench);
        Assert.Equal(changed.Backup.Created, await SinceAsync(bench));

        // The state of the beginning is back; what lies between them breaks the run.
        await File.WriteAllTextAsync(setting, "a=1\n");
        bench.Advance(TimeSpan.FromHours(24));
        var back = await bench.AutomaticAsync("k");
        await NextAsync(bench);
        Assert.Equal(back.Backup.Created, await SinceAsync(bench));

        await bench.ReopenAsync();
        Assert.Equal(back.Backup.Created, await SinceAsync(bench));
    }

    [Fact]
    public async Task History_that_grows_changes_nothing_and_backups_with_and_without_it_are_one_run()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var device = await bench.AddSimulatedAsync("b", isBuilding: true);
        device.Items.Set("history/zone.csv", "1;20\n"u8.ToArray());
        var first = await TakeAsync(bench, All);
        device.Items.Set("history/zone.csv", "1;20\n2;21\n"u8.ToArray());
        bench.Advance(TimeSpan.FromHours(24));
        var second = await TakeAsync(bench, All);
        bench.Advance(TimeSpan.FromHours(24));
        await TakeAsync(bench, All with { Content = BackupContent.Configuration });

        Assert.True(second.Backup.Changed);
        Assert.Equal(first.Backup.Created, (await bench.DeviceAsync("b")).Device.ConfigurationUnchangedSince);

        device.Items.Set("config/new.json", "{}"u8.ToArray());
        bench.Advance(TimeSpan.FromHours(24));
        var changed = await TakeAsync(bench, All);
        Assert.Equal(changed.Backup.Created, (await bench.DeviceAsync("b")).Device.ConfigurationUnchangedSince);
    }

    [Fact]
    public async Task A_night_that_something_speaks_against_begins_no_new_run()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var device = await bench.AddSimulatedAsync("b");
        var site = """{"site":"b"}"""u8.ToArray();
        device.Items.Set("config/site.json", site);
        var first = await TakeAsync(bench, All);
        device.Items.Set("config/site.json", "<!doctype html><html><body>Please log in</body></html>"u8.ToArray());
        bench.Advance(TimeSpan.FromHours(24));
        Assert.NotEmpty((await TakeAsync(bench, All)).Backup.Suspect);
        Assert.Equal(first.Backup.Created, (await bench.DeviceAsync("b")).Device.ConfigurationUnchangedSince);

        device.Items.Set("config/site.json", site);
        bench.Advance(TimeSpan.FromHours(24));
        Assert.Empty((await TakeAsync(bench, All)).Backup.Suspect);
        Assert.Equal(first.Backup.Created, (await bench.DeviceAsync("b")).Device.ConfigurationUnchangedSince);
    }

    private static async Task<ListedBackup> TakeAsync(OperationsBench bench, TakeBackupOptions options)
    {
        var outcome = Assert.Single(await bench.BackUpAsync(["b"], options));
        return outcome.Backup ?? throw outcome.Error!;
    }

    private static async Task NextAsync(OperationsBench bench)
    {
        bench.Advance(TimeSpan.FromHours(24));
        await bench.AutomaticAsync("k");
    }

    private static async Task<DateTimeOffset?> SinceAsync(OperationsBench bench) => (await bench.DeviceAsync("k")).Device.ConfigurationUnchangedSince;
}
