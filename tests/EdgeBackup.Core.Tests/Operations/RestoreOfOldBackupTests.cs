using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations.Restore;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations;

/// <summary>R7 and R9 together: what is restored does not expire under the restore.</summary>
public sealed class RestoreOfOldBackupTests
{
    private static readonly DateTimeOffset Start = new(2031, 3, 15, 10, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task The_only_backup_of_a_device_that_rested_for_seven_months_is_restored_and_stays()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var root = await bench.AddFolderAsync("k");
        bench.Put(Start);
        var old = (await bench.AutomaticAsync("k")).Backup;
        bench.Put(Start.AddMonths(7));

        for (var time = 1; time <= 2; time++)
        {
            await File.WriteAllTextAsync(Path.Combine(root, "setting.ini"), $"broken={time}\n");
            var result = await new RestoreBackup(bench.Context, bench.Observer).RunAsync(new RestoreOptions { Backup = old.Id }, default);
            Assert.Equal(["setting.ini"], result.Restored);
            Assert.Equal("a=1\n", await File.ReadAllTextAsync(Path.Combine(root, "setting.ini")));
            Assert.Contains(old.Id, await bench.IdsAsync("k"));
            Assert.Equal(1 + time, bench.Objects("backups/").Count);
            bench.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.Empty(await bench.EventsAsync("Expired"));
        Assert.Empty(bench.Observer.Warnings);

        // The next night it goes as any other (R9); what is left is the night's and the two safety backups.
        bench.Advance(TimeSpan.FromDays(1));
        await bench.AutomaticAsync("k");
        Assert.Equal(old.Id, Assert.Single(await bench.EventsAsync("Expired")).Backup);
        Assert.Equal([BackupKind.Automatic, BackupKind.Safety, BackupKind.Safety], (await bench.ListAsync()).Select(listed => listed.Backup.Kind));
    }

    [Fact]
    public async Task Retention_after_a_restore_takes_the_other_old_ones()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("k");
        bench.Put(Start);
        var restored = (await bench.AutomaticAsync("k")).Backup.Id;
        bench.Advance(TimeSpan.FromDays(1));
        var other = (await bench.AutomaticAsync("k")).Backup.Id;
        bench.Put(Start.AddMonths(7));

        var result = await new RestoreBackup(bench.Context, bench.Observer).RunAsync(new RestoreOptions { Backup = restored }, default);

        Assert.Equal([result.SafetyBackup!, restored], await bench.IdsAsync("k"));
        Assert.Equal(other, Assert.Single(await bench.EventsAsync("Expired")).Backup);
    }
}
