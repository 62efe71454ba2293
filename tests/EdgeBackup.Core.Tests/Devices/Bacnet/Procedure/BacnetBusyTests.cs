using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Bacnet;
using EdgeBackup.Core.Items;
using EdgeBackup.Simulator.Bacnet;
using Xunit;
using static EdgeBackup.Core.Tests.Devices.RestoreTestTools;

namespace EdgeBackup.Core.Tests.Devices.Bacnet.Procedure;

/// <summary>A device without time for a moment ends neither a backup nor a restore, whatever it was asked for.</summary>
public sealed class BacnetBusyTests
{
    [Theory]
    [InlineData(BacnetConfirmedService.WriteProperty, BacnetProperty.FileSize)]
    [InlineData(BacnetConfirmedService.CreateObject, null)]
    [InlineData(BacnetConfirmedService.ReadProperty, BacnetProperty.FileAccessMethod)]
    [InlineData(BacnetConfirmedService.ReadProperty, BacnetProperty.FileSize)]
    [InlineData(BacnetConfirmedService.ReadProperty, BacnetProperty.RestoreCompletionTime)]
    public async Task A_restore_goes_on(BacnetConfirmedService service, BacnetProperty? property)
    {
        await using var device = await BacnetRestoreTests.StartAsync(new SimulatedBacnetOptions { HasReadPropertyMultiple = false });
        device.Device.Files.Remove(9);
        device.Device.Faults.Add(new SimulatedBacnetFault { Service = service, Property = property, Times = 2 });
        await using var connection = device.Connect(null);

        Assert.Equal(RestoreCommitOutcome.Completed, await RestoreAsync(connection, RestoreMode.Replace, BacnetRestoreTests.New));

        BacnetRestoreTests.AssertNew(device);
    }

    [Theory]
    [InlineData(BacnetReinitializedState.StartBackup)]
    [InlineData(BacnetReinitializedState.StartRestore)]
    public async Task The_beginning_is_asked_for_again(BacnetReinitializedState state)
    {
        await using var device = await BacnetRestoreTests.StartAsync();
        device.Device.Faults.Add(new SimulatedBacnetFault { State = state, Times = 2 });
        await using var connection = device.Connect(null);

        if (state == BacnetReinitializedState.StartBackup)
        {
            Assert.Equal(3, (await CaptureAsync(connection, BackupContent.Configuration)).Count);
        }
        else
        {
            Assert.Equal(RestoreCommitOutcome.Completed, await RestoreAsync(connection, RestoreMode.Replace, BacnetRestoreTests.New));
        }
    }
}
