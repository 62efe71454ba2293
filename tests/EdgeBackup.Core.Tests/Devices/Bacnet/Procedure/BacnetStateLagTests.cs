using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Items;
using EdgeBackup.Simulator.Bacnet;
using Xunit;
using static EdgeBackup.Core.Tests.Devices.RestoreTestTools;

namespace EdgeBackup.Core.Tests.Devices.Bacnet.Procedure;

/// <summary>A device that has restore-failure behind it, and moves its state a moment after it has acknowledged.</summary>
public sealed class BacnetStateLagTests
{
    [Fact]
    public async Task A_restore_begins_although_the_state_says_for_a_moment_what_it_said_before()
    {
        await using var device = await StartAsync();
        await using var connection = device.Connect(null);

        Assert.Equal(RestoreCommitOutcome.Completed, await RestoreAsync(connection, RestoreMode.Replace, BacnetRestoreTests.New));

        BacnetRestoreTests.AssertNew(device);
    }

    [Fact]
    public async Task A_backup_begins_although_the_state_says_for_a_moment_what_it_said_before()
    {
        await using var device = await StartAsync();
        await using var connection = device.Connect(null);

        Assert.Equal(3, (await CaptureAsync(connection, BackupContent.Configuration)).Count);
    }

    private static async Task<BacnetTestDevice> StartAsync()
    {
        var device = await BacnetRestoreTests.StartAsync(new SimulatedBacnetOptions { StateLag = TimeSpan.FromMilliseconds(300) });
        device.Device.Procedure.FailRestoreAsSomebodyElse();
        return device;
    }
}
