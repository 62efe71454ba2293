using System.Net.Sockets;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Bacnet;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Platform;
using EdgeBackup.Simulator.Bacnet;
using Xunit;
using static EdgeBackup.Core.Tests.Devices.RestoreTestTools;

namespace EdgeBackup.Core.Tests.Devices.Bacnet.Procedure;

public sealed class BacnetConversationTests
{
    [Fact]
    public async Task A_client_whose_socket_failed_is_replaced_by_a_new_one()
    {
        await using var device = await SimulatedBacnetDevice.StartAsync();
        var address = BacnetDeviceAddress.Parse(device.Address);
        await using var link = new BacnetConversation(
            new ConnectionOptions { Address = DeviceAddress.Parse(device.Address, "/") }, address, new BacnetClientOptions(), BacnetTestDevice.Times, TimeProvider.System);
        var (first, _) = await link.OpenAsync(CancellationToken.None);

        first.Fail(new SocketException((int)SocketError.NetworkDown));
        var told = await link.ReadAsync([BacnetProperty.ObjectName], CancellationToken.None);

        Assert.Equal(device.Name, told[0]!.AsText);
        Assert.NotSame(first, (await link.OpenAsync(CancellationToken.None)).Client);
    }

    [Fact]
    public async Task A_folder_for_temporary_files_that_takes_none_is_an_error_that_says_so()
    {
        var name = Guid.NewGuid().ToByteArray();
        await using var device = await BacnetRestoreTests.StartAsync();
        await using var connection = new BacnetDeviceConnection(
            new ConnectionOptions { Address = DeviceAddress.Parse(device.Device.Address, "/") }, SystemPlatform.Create(), TimeProvider.System, new BacnetProcedureLocks(), new Foreseen(name));
        await using var taken = new FileStream(
            Path.Combine(Path.GetTempPath(), $"edgebackup-restore-{Convert.ToHexStringLower(name)}"), FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);

        var error = await Assert.ThrowsAsync<EdgeBackupException>(
            () => connection.BeginRestoreAsync(Plan(RestoreMode.Replace, BacnetRestoreTests.New), new MemoryJournal(), CancellationToken.None));

        Assert.Equal(ErrorIds.RestoreFailed, error.ErrorId);
        Assert.Contains("folder for temporary files", error.Message, StringComparison.Ordinal);
        Assert.Contains("Nothing was changed", error.Message, StringComparison.Ordinal);
    }

    private sealed class Foreseen(byte[] bytes) : IRandomSource
    {
        public void Fill(Span<byte> buffer) => bytes.CopyTo(buffer);
    }
}
