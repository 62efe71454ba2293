using System.Net;
using System.Net.Sockets;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Bacnet;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Platform;
using EdgeBackup.Simulator.Bacnet;
using Xunit;
using static EdgeBackup.Core.Tests.Devices.Bacnet.Procedure.BacnetCaptureBench;
using static EdgeBackup.Core.Tests.Devices.RestoreTestTools;

namespace EdgeBackup.Core.Tests.Devices.Bacnet.Procedure;

/// <summary>Which devices a backup may begin on, and what they say of themselves.</summary>
public sealed class BacnetBackupAccessTests
{
    [Theory]
    [InlineData(null, "none is registered")]
    [InlineData("wrong", "did not accept")]
    public async Task A_wrong_password_is_told_and_nothing_is_begun(string? password, string words)
    {
        await using var started = await StartAsync(new SimulatedBacnetOptions { Password = "filister" });
        var device = new BacnetTestDevice(started.Device) { Credential = password is null ? null : new DeviceCredential { Token = password } };
        await using var connection = device.Connect(null);

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => connection.BeginCaptureAsync(BackupContent.All, CancellationToken.None));

        Assert.Equal(ErrorIds.DeviceAuthenticationFailed, error.ErrorId);
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
        Assert.Equal(1, device.Device.Count(BacnetConfirmedService.ReinitializeDevice));
    }

    [Fact]
    public async Task The_right_password_opens()
    {
        await using var started = await StartAsync(new SimulatedBacnetOptions { Password = "filister" });
        var device = new BacnetTestDevice(started.Device) { Credential = new DeviceCredential { UserName = "who", Password = "filister" } };
        await using var connection = device.Connect(null);

        AssertState(await CaptureAsync(connection, BackupContent.All));
    }

    [Theory]
    [InlineData(ReinitializeSupport.RestartsOnly)]
    [InlineData(ReinitializeSupport.Missing)]
    public async Task A_device_that_cannot_be_backed_up_is_told_apart(ReinitializeSupport support)
    {
        await using var device = await StartAsync(new SimulatedBacnetOptions { Reinitialize = support });
        await using var connection = device.Connect(null);

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => connection.BeginCaptureAsync(BackupContent.All, CancellationToken.None));

        Assert.Equal(ErrorIds.DeviceResponseInvalid, error.ErrorId);
        Assert.Contains("cannot be backed up or restored by BACnet", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task R2_somebody_elses_backup_is_seen_and_not_disturbed()
    {
        await using var device = await StartAsync();
        await using var connection = device.Connect(null);
        Assert.Null((await connection.GetStatusAsync(CancellationToken.None)).RunningWork);
        device.Device.Procedure.StartBackupAsSomebodyElse();

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => connection.BeginCaptureAsync(BackupContent.All, CancellationToken.None));

        Assert.Equal(ErrorIds.DeviceBusy, error.ErrorId);
        Assert.NotNull((await connection.GetStatusAsync(CancellationToken.None)).RunningWork);
        Assert.Equal(BacnetBackupState.PerformingBackup, device.Device.Procedure.State);
        Assert.Equal(0, device.Device.Count(BacnetConfirmedService.ReinitializeDevice));
    }

    [Fact]
    public async Task Our_own_backup_is_no_running_work_to_ourselves()
    {
        await using var device = await StartAsync();
        await using var connection = device.Connect(null);
        await using var other = device.Connect(null);
        await using (await connection.BeginCaptureAsync(BackupContent.All, CancellationToken.None))
        {
            Assert.Null((await connection.GetStatusAsync(CancellationToken.None)).RunningWork);
            Assert.NotNull((await other.GetStatusAsync(CancellationToken.None)).RunningWork);
        }

        Assert.Null((await other.GetStatusAsync(CancellationToken.None)).RunningWork);
    }

    [Fact]
    public async Task An_old_device_tells_somebody_elses_backup_by_its_answer()
    {
        await using var device = await StartAsync(new SimulatedBacnetOptions { TellsBackupState = false });
        await using var connection = device.Connect(null);
        device.Device.Procedure.StartBackupAsSomebodyElse();

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => connection.BeginCaptureAsync(BackupContent.All, CancellationToken.None));

        Assert.Equal(ErrorIds.DeviceBusy, error.ErrorId);
        Assert.Equal(BacnetBackupState.PerformingBackup, device.Device.Procedure.State);
    }

    [Fact]
    public async Task A_device_that_is_not_there_is_unreachable()
    {
        // Bound, and deaf: nobody else gets the port meanwhile.
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        await using var connection = new BacnetDeviceConnection(
            new ConnectionOptions { Address = DeviceAddress.Parse($"bacnet://{socket.LocalEndPoint}/1001", "/") },
            SystemPlatform.Create(), TimeProvider.System, new BacnetProcedureLocks(), client: BacnetTestDevice.Impatient, times: BacnetTestDevice.Times);

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => connection.GetStatusAsync(CancellationToken.None));

        Assert.Equal(ErrorIds.DeviceUnreachable, error.ErrorId);
    }

    [Fact]
    public async Task A_device_tells_who_it_is()
    {
        await using var device = await StartAsync(new SimulatedBacnetOptions { SerialNumber = "A-77", VendorId = 260, Firmware = "3.1", Name = "AHU east" });
        await using var connection = device.Connect(null);

        var identity = (await connection.GetStatusAsync(CancellationToken.None)).Identity;

        Assert.Equal(("bacnet-260-A-77", true, "AHU east", "bacnet-device", "A-77", "3.1"), (identity.Id, identity.IsOwnId, identity.Name, identity.Type, identity.Serial, identity.Version));
    }
}
