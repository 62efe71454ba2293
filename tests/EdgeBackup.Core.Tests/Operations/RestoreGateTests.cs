using System.Text;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations.Restore;
using EdgeBackup.Simulator.Devices;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations;

/// <summary>R2 between the first look and the commit of a restore, on a device that has no hold.</summary>
public sealed class RestoreGateTests
{
    public static TheoryData<string, string> Changes => new()
    {
        { "offline", ErrorIds.DeviceStateUnknown },
        { "silent", ErrorIds.DeviceStateUnknown },
        { "undelivered", ErrorIds.DeviceStateUnknown },
        { "running", ErrorIds.DeviceBusy },
        { "begun and ended", ErrorIds.DeviceBusy },
    };

    [Theory]
    [MemberData(nameof(Changes))]
    public async Task What_comes_up_while_the_items_are_sent_refuses_the_restore_before_its_commit(string change, string errorId)
    {
        await using var bench = await OperationsBench.CreateAsync();
        var device = await bench.AddSimulatedAsync("edge-1");
        device.Features = [.. device.Features.Where(feature => feature != "hold")];
        var backup = await bench.AutomaticAsync("edge-1");
        device.Items.Set("config/site.json", Encoding.UTF8.GetBytes("broken"));

        var context = await bench.OpenAsync(connections: new CuedConnections(bench.Connections()) { Staged = () => Apply(change, device.ChargePoints[0]) });
        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => new RestoreBackup(context, bench.Observer).RunAsync(new RestoreOptions { Backup = backup.Backup.Id }, default));

        Assert.Equal(errorId, error.ErrorId);
        Assert.Contains("holds its old state", error.Message, StringComparison.Ordinal);
        Assert.Equal("broken", Encoding.UTF8.GetString(device.Items.Find("config/site.json")!.Content));
        Assert.Equal(0, device.Restores.Commits);
        Assert.DoesNotContain(device.Calls, call => call.Path.EndsWith("/commit", StringComparison.Ordinal));
        Assert.Null(device.Restores.Current);
        Assert.Empty((await bench.Context.Devices.GetAsync("edge-1", default)).OpenRestores);
        Assert.Contains((await bench.ListAsync()).Single(listed => listed.Backup.Kind == BackupKind.Safety).Backup.Id, error.Message, StringComparison.Ordinal);
        Assert.Equal(errorId, Assert.Single(await bench.EventsAsync("Failed")).ErrorId);

        // Idle again, the same restore goes through.
        Mend(device.ChargePoints[0]);
        var result = await new RestoreBackup(bench.Context, bench.Observer).RunAsync(new RestoreOptions { Backup = backup.Backup.Id }, default);
        Assert.Equal(["config/site.json"], result.Restored);
    }

    private static void Apply(string change, SimulatedChargePoint point)
    {
        switch (change)
        {
            case "offline":
                point.Online = false;
                break;
            case "silent":
                point.LastSeenAgo = TimeSpan.FromMinutes(6);
                break;
            case "undelivered":
                point.PendingMessages = 1;
                break;
            default:
                Assert.NotNull(point.StartTransaction());
                if (change != "running")
                {
                    point.EndTransaction();
                }

                break;
        }
    }

    private static void Mend(SimulatedChargePoint point)
    {
        point.Online = true;
        point.LastSeenAgo = TimeSpan.FromSeconds(5);
        point.PendingMessages = 0;
        point.EndTransaction();
    }
}
