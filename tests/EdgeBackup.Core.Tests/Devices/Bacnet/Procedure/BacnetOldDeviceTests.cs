using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Simulator.Bacnet;
using Xunit;
using static EdgeBackup.Core.Tests.Devices.RestoreTestTools;

namespace EdgeBackup.Core.Tests.Devices.Bacnet.Procedure;

/// <summary>Devices from before the property Backup_And_Restore_State tell by System_Status alone where they stand.</summary>
public sealed class BacnetOldDeviceTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_backup_that_an_old_device_left_in_the_middle_is_not_taken_for_one(bool leaves)
    {
        await using var device = await BacnetTestDevice.StartAsync(new SimulatedBacnetOptions { TellsBackupState = false, FilesAreAlwaysReadable = true });
        device.Device.Files.Set(3, SimulatedBacnetFile.Stream(Noise(100)));
        device.Device.Files.Set(4, SimulatedBacnetFile.Stream(Noise(100)));
        await using var connection = device.Connect(null);
        await using var capture = await connection.BeginCaptureAsync(BackupContent.All, CancellationToken.None);
        var items = await ListAsync(capture);
        await ReadToEndAsync((await capture.OpenReadAsync(items[0], CancellationToken.None))!);
        if (leaves)
        {
            device.Device.Crash(TimeSpan.Zero);
        }

        await ReadToEndAsync((await capture.OpenReadAsync(items[1], CancellationToken.None))!);

        if (leaves)
        {
            var error = await Assert.ThrowsAsync<EdgeBackupException>(() => capture.CompleteAsync(CancellationToken.None));
            Assert.Equal(ErrorIds.CaptureFailed, error.ErrorId);
            Assert.Contains("ended the backup before all was read", error.Message, StringComparison.Ordinal);
        }
        else
        {
            await capture.CompleteAsync(CancellationToken.None);
        }
    }
}
