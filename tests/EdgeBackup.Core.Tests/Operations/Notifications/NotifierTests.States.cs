using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Notifications;
using EdgeBackup.Core.Operations.Restore;
using EdgeBackup.Core.Operations.Scheduling;
using EdgeBackup.Core.Platform;
using EdgeBackup.Core.Records;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations.Notifications;

/// <content>How a device stands, and which of it is news to whom.</content>
public sealed partial class NotifierTests
{
    [Fact]
    public async Task A_device_that_never_had_a_backup_is_overdue_after_as_long_as_any_other()
    {
        await RegisterAsync(NotificationTopic.Overdue);
        Directory.Delete(await bench.AddFolderAsync("one"), recursive: true);
        await RunAsync();
        Assert.Empty(receiver.Received);
        await RunAsync();
        await RunAsync();

        var overdue = Assert.Single(receiver.Received);
        Assert.Equal("backup.overdue", overdue.Type);
        Assert.Contains("never", overdue.Data.GetProperty("summary").GetString(), StringComparison.Ordinal);
        Assert.False(overdue.Data.TryGetProperty("lastBackup", out _));
        Assert.Equal(BackupState.Never, (await bench.DeviceAsync("one")).BackupState);
    }

    [Fact]
    public async Task A_device_whose_backups_are_all_suspect_is_told_of_once_and_by_its_last_good_one()
    {
        await RegisterAsync(NotificationTopic.Overdue, NotificationTopic.Recovery);
        var device = await bench.AddSimulatedAsync("edge-1");
        await RunAsync();
        var good = Assert.Single(await bench.ListAsync()).Backup;
        var whole = "{\"site\":\"edge-1\"}"u8.ToArray();
        device.Items.Set("config/site.json", "<!doctype html><html><body>Please log in</body></html>"u8.ToArray());
        for (var day = 0; day < 4; day++)
        {
            await RunAsync();
        }

        Assert.Equal(4, (await bench.ListAsync()).Count(listed => listed.Backup.Suspect.Count > 0));
        var overdue = Assert.Single(receiver.Received);
        Assert.Equal(good.Created.UtcDateTime, overdue.Data.GetProperty("lastGoodBackup").GetDateTime());
        Assert.Contains($"{good.Created:u}", overdue.Data.GetProperty("summary").GetString(), StringComparison.Ordinal);
        Assert.Contains("suspect", overdue.Data.GetProperty("summary").GetString(), StringComparison.Ordinal);

        device.Items.Set("config/site.json", whole);
        await RunAsync();
        Assert.Equal(["backup.overdue", "backup.recovered"], receiver.Types);
    }

    [Fact]
    public async Task What_one_machine_could_tell_nobody_another_one_tells()
    {
        await RegisterAsync(NotificationTopic.Failure, NotificationTopic.Recovery);
        var root = await bench.AddFolderAsync("one");
        Directory.Move(root, root + "-gone");
        receiver.Status = 503;
        await RunAsync();
        var id = Box().Read().Single().Message.Id;
        var asked = receiver.Received.Count;

        receiver.Status = 200;
        var other = await bench.OpenAsync("another-machine");
        other.Notifications = bench.Context.Notifications;
        await bench.RunScheduleAsync(context: other);
        Assert.Equal([id], receiver.Received.Skip(asked).Select(request => request.Id));

        // Now everybody knows that it was told, and the first machine has the same message under the same id.
        await bench.RunScheduleAsync(context: other);
        Assert.Equal(asked + 1, receiver.Received.Count);
        Directory.Move(root + "-gone", root);
        await RunAsync();
        Assert.Equal("backup.recovered", receiver.Types[^1]);
        Assert.Equal(2, receiver.Received.Select(request => request.Id).Distinct().Count());
    }

    [Fact]
    public async Task A_failure_that_was_over_before_anybody_could_be_told_is_told_to_nobody()
    {
        await RegisterAsync(NotificationTopic.Failure, NotificationTopic.Recovery);
        var root = await bench.AddFolderAsync("one");
        Directory.Move(root, root + "-gone");
        receiver.Status = 503;
        await RunAsync();
        Assert.Equal(1, (await ListAsync()).Pending);
        var asked = receiver.Received.Count;

        receiver.Status = 200;
        Directory.Move(root + "-gone", root);
        await RunAsync();
        Assert.Equal(asked, receiver.Received.Count);
        Assert.Equal(0, (await ListAsync()).Pending);
    }

    [Fact]
    public async Task Who_only_wants_to_know_of_recoveries_is_told_of_them()
    {
        await RegisterAsync(NotificationTopic.Recovery);
        var root = await bench.AddFolderAsync("one");
        Directory.Move(root, root + "-gone");
        await RunAsync();
        Directory.Move(root + "-gone", root);
        await RunAsync();

        Assert.Equal(["backup.recovered"], receiver.Types);
    }
}
