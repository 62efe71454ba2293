using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Bacnet;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Platform;
using Xunit;
using static EdgeBackup.Core.Tests.Devices.RestoreTestTools;

namespace EdgeBackup.Core.Tests.Devices.Bacnet.Interop;

/// <summary>The connection backs up and restores a device that nobody here wrote as it does the simulated one (R13).</summary>
[Collection("BACnet peer")]
public sealed class BacnetConnectionInteropTests
{
    [Theory, SimulatedPeer, RealPeer]
    public async Task The_status_names_the_device_and_its_version(BacnetPeerKind kind)
    {
        await using var peer = await BacnetPeerUnderTest.OpenAsync(kind);
        await using var connection = Connect(peer, peer.Password);

        var status = await connection.GetStatusAsync(default);

        Assert.StartsWith("bacnet-", status.Identity.Id, StringComparison.Ordinal);
        Assert.NotNull(status.Identity.Version);
        Assert.Null(status.RunningWork);
    }

    [Theory, SimulatedPeer, RealPeer]
    public async Task A_capture_holds_every_configuration_file_and_leaves_the_device_idle(BacnetPeerKind kind)
    {
        await using var peer = await BacnetPeerUnderTest.OpenAsync(kind);
        await using var connection = Connect(peer, peer.Password);

        var captured = await CaptureAsync(connection, BackupContent.All);

        Assert.Equal(BacnetBackupState.Idle, await peer.StateAsync());
        var backup = await peer.BackUpAsync();
        Assert.Equal(backup.Count, captured.Count);
        var file = captured.First(item => item.Key.EndsWith(".stream", StringComparison.Ordinal)).Value;
        if (kind == BacnetPeerKind.Real)
        {
            // Its file holds values that may move between two backups (docs/interop.md).
            Assert.InRange(file.Length, backup.First().Value[0].Length * 9 / 10, backup.First().Value[0].Length * 11 / 10);
            return;
        }

        Assert.Equal(backup.First().Value[0], file);
    }

    [Theory, SimulatedPeer, RealPeer]
    public async Task A_restore_brings_back_what_was_changed(BacnetPeerKind kind)
    {
        await using var peer = await BacnetPeerUnderTest.OpenAsync(kind);
        await using var connection = Connect(peer, peer.Password);
        var before = await peer.ConfigurationAsync();
        var captured = await CaptureAsync(connection, BackupContent.Configuration);
        await peer.ChangeAsync();

        var outcome = await RestoreAsync(connection, RestoreMode.Replace, captured);

        Assert.Equal(RestoreCommitOutcome.Completed, outcome);
        Assert.Equal(before, await peer.ConfigurationAsync());
        Assert.Equal(BacnetBackupState.Idle, await peer.StateAsync());
    }

    [Theory, SimulatedPeer, RealPeer]
    public async Task An_altered_file_is_refused_before_the_device_is_touched(BacnetPeerKind kind)
    {
        await using var peer = await BacnetPeerUnderTest.OpenAsync(kind);
        await using var connection = Connect(peer, peer.Password);
        var captured = await CaptureAsync(connection, BackupContent.Configuration);
        var before = await peer.ConfigurationAsync();
        var altered = captured.ToDictionary(item => item.Key, item => item.Value[..^1], StringComparer.Ordinal);

        await using (var session = await connection.BeginRestoreAsync(Plan(RestoreMode.Replace, captured), new MemoryJournal(), default))
        {
            // What was saved is whole; what is read from the repository now is not.
            var item = Saved(captured.Keys.First(), captured.Values.First());
            using var stream = new MemoryStream(altered.Values.First(), writable: false);
            await Assert.ThrowsAsync<EdgeBackupException>(() => session.WriteAsync(item, stream, default));
        }

        Assert.Equal(BacnetBackupState.Idle, await peer.StateAsync());
        Assert.Equal(before, await peer.ConfigurationAsync());
    }

    [Theory, SimulatedPeer, RealPeer]
    public async Task A_restore_that_the_device_acknowledges_and_does_not_take_is_an_error(BacnetPeerKind kind)
    {
        await using var peer = await BacnetPeerUnderTest.OpenAsync(kind);
        await using var connection = Connect(peer, peer.Password);
        var captured = await CaptureAsync(connection, BackupContent.Configuration);
        var before = await peer.ConfigurationAsync();
        var cut = new Dictionary<string, byte[]>(captured, StringComparer.Ordinal);
        var first = cut.Keys.First(path => path.EndsWith(".stream", StringComparison.Ordinal));
        cut[first] = cut[first][..^3];

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => RestoreAsync(connection, RestoreMode.Replace, cut));
        var mended = await RestoreAsync(connection, RestoreMode.Replace, captured);

        Assert.Equal(ErrorIds.RestoreFailed, error.ErrorId);
        Assert.Equal(RestoreCommitOutcome.Completed, mended);
        Assert.Equal(before, await peer.ConfigurationAsync());
    }

    [Theory, SimulatedPeer, RealPeer]
    public async Task A_wrong_password_is_an_error_of_its_own(BacnetPeerKind kind)
    {
        await using var peer = await BacnetPeerUnderTest.OpenAsync(kind);
        await using var connection = Connect(peer, "wrong");

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => CaptureAsync(connection, BackupContent.All));

        Assert.Equal(ErrorIds.DeviceAuthenticationFailed, error.ErrorId);
        Assert.Equal(BacnetBackupState.Idle, await peer.StateAsync());
    }

    [Theory, SimulatedPeer, RealPeer]
    public async Task A_procedure_of_somebody_else_is_left_alone(BacnetPeerKind kind)
    {
        await using var peer = await BacnetPeerUnderTest.OpenAsync(kind);
        await using var connection = Connect(peer, peer.Password);
        await peer.BeginRestoreAsync();

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => CaptureAsync(connection, BackupContent.All));

        Assert.Equal(ErrorIds.DeviceBusy, error.ErrorId);
        Assert.Equal(BacnetBackupState.PerformingRestore, await peer.StateAsync());
    }

    [Theory, SimulatedPeer, RealPeer]
    public async Task A_capture_that_is_given_up_takes_the_device_out_of_its_backup(BacnetPeerKind kind)
    {
        await using var peer = await BacnetPeerUnderTest.OpenAsync(kind);
        await using var connection = Connect(peer, peer.Password);

        await using (await connection.BeginCaptureAsync(BackupContent.All, default))
        {
            Assert.Equal(BacnetBackupState.PerformingBackup, await peer.StateAsync());
        }

        Assert.Equal(BacnetBackupState.Idle, await peer.AwaitAsync(BacnetBackupState.Idle));
    }

    private static BacnetDeviceConnection Connect(BacnetPeerUnderTest peer, string? password) => new(
        new ConnectionOptions
        {
            Address = DeviceAddress.Parse(peer.Address, "/"),
            Credential = password is null ? null : new DeviceCredential { UserName = "", Password = password },
        },
        SystemPlatform.Create(),
        TimeProvider.System,
        new BacnetProcedureLocks(),
        times: new BacnetTimes { Poll = TimeSpan.FromMilliseconds(20), Order = TimeSpan.FromMilliseconds(20) });
}
