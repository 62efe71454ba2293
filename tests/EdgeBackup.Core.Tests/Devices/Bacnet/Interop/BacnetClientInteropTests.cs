using EdgeBackup.Core.Devices.Bacnet;
using Xunit;

namespace EdgeBackup.Core.Tests.Devices.Bacnet.Interop;

/// <summary>
/// The client and the simulated device say the same of the standard as a stack that nobody here wrote: each test runs
/// against both.
/// </summary>
[Collection("BACnet peer")]
public sealed class BacnetClientInteropTests
{
    [Theory, SimulatedPeer, RealPeer]
    public async Task The_device_says_who_it_is_and_what_it_takes(BacnetPeerKind kind)
    {
        await using var peer = await BacnetPeerUnderTest.OpenAsync(kind);
        BacnetAnnouncement? heard = null;
        await foreach (var announcement in peer.Client.WhoIsAsync(
            new BacnetTarget(peer.EndPoint, IsBroadcast: false), peer.Instance, peer.Instance, TimeSpan.FromMinutes(1), default))
        {
            heard = announcement;
            break;
        }

        var services = Assert.Single(await peer.Client.ReadPropertyAsync(
            peer.Peer, peer.DeviceId, BacnetProperty.ProtocolServicesSupported, null, default)).AsBits!;

        Assert.Equal(peer.Instance, heard!.Instance);
        Assert.Equal((peer.Peer.MaxApdu, peer.Peer.Segmentation), (heard.MaxApdu, heard.Segmentation));
        Assert.True(services[(int)BacnetConfirmedService.AtomicReadFile]);
        Assert.True(services[(int)BacnetConfirmedService.AtomicWriteFile]);
        Assert.True(services[(int)BacnetConfirmedService.ReinitializeDevice]);
        Assert.True(services[(int)BacnetConfirmedService.WriteProperty]);
    }

    [Theory, SimulatedPeer, RealPeer]
    public async Task Many_properties_come_in_few_answers_each_with_its_own_error(BacnetPeerKind kind)
    {
        await using var peer = await BacnetPeerUnderTest.OpenAsync(kind);
        var nobody = new BacnetObjectId(BacnetObjectType.File, 4_000_000);

        var results = await peer.Client.ReadPropertiesAsync(
            peer.Peer,
            [
                (peer.DeviceId, BacnetProperty.ObjectName),
                (peer.DeviceId, BacnetProperty.BackupFailureTimeout),
                (peer.DeviceId, BacnetProperty.PresentValue),
                (nobody, BacnetProperty.FileSize),
            ],
            default);

        Assert.NotEmpty(results[0].Value!.AsText!);
        Assert.True(results[1].Value!.AsUnsigned > 0);
        Assert.Equal(BacnetErrorCode.UnknownProperty, Assert.IsType<BacnetErrorException>(results[2].Error).Code);
        Assert.Equal(BacnetErrorCode.UnknownObject, Assert.IsType<BacnetErrorException>(results[3].Error).Code);
    }

    [Theory, SimulatedPeer, RealPeer]
    public async Task An_array_can_be_read_whole_by_element_and_by_its_length(BacnetPeerKind kind)
    {
        await using var peer = await BacnetPeerUnderTest.OpenAsync(kind);

        var whole = await peer.Client.ReadPropertyAsync(peer.Peer, peer.DeviceId, BacnetProperty.ObjectList, null, default);
        var count = await peer.Client.ReadPropertyAsync(peer.Peer, peer.DeviceId, BacnetProperty.ObjectList, 0, default);
        var first = await peer.Client.ReadPropertyAsync(peer.Peer, peer.DeviceId, BacnetProperty.ObjectList, 1, default);
        var none = await Assert.ThrowsAsync<BacnetErrorException>(
            () => peer.Client.ReadPropertyAsync(peer.Peer, peer.DeviceId, BacnetProperty.ObjectList, 100_000, default));

        Assert.Equal((uint)whole.Count, Assert.Single(count).AsUnsigned);
        Assert.Equal(whole[0], Assert.Single(first));
        Assert.Equal(BacnetErrorCode.InvalidArrayIndex, none.Code);
    }

    [Theory, SimulatedPeer, RealPeer]
    public async Task A_backup_is_as_long_as_its_files_say(BacnetPeerKind kind)
    {
        await using var peer = await BacnetPeerUnderTest.OpenAsync(kind);

        var backup = await peer.BackUpAsync();

        Assert.NotEmpty(backup);
        foreach (var (file, content) in backup)
        {
            Assert.Equal(await peer.ReadNumberAsync(file, BacnetProperty.FileSize), (uint)content.Sum(record => record.Length));
            Assert.True(content.Sum(record => record.Length) > 0);
        }
    }

    [Theory, SimulatedPeer, RealPeer]
    public async Task What_was_changed_after_a_backup_is_as_before_when_it_was_restored(BacnetPeerKind kind)
    {
        await using var peer = await BacnetPeerUnderTest.OpenAsync(kind);
        var before = await peer.ConfigurationAsync();
        var backup = await peer.BackUpAsync();
        await peer.ChangeAsync();
        Assert.NotEqual(before, await peer.ConfigurationAsync());

        var outcome = await peer.RestoreAsync(backup);

        Assert.Equal(BacnetBackupState.Idle, outcome);
        Assert.Equal(before, await peer.ConfigurationAsync());
        peer.AssertSame(backup, await peer.BackUpAsync());
    }

    [Theory, SimulatedPeer, RealPeer]
    public async Task A_cut_file_is_acknowledged_and_then_a_failure_that_a_whole_one_mends(BacnetPeerKind kind)
    {
        await using var peer = await BacnetPeerUnderTest.OpenAsync(kind);
        var before = await peer.ConfigurationAsync();
        var backup = await peer.BackUpAsync();
        var first = backup.Keys.First();
        var cut = new Dictionary<uint, IReadOnlyList<byte[]>>(backup) { [first] = [backup[first][0][..^3]] };

        var failed = await peer.RestoreAsync(cut);
        var mended = await peer.RestoreAsync(backup);

        Assert.Equal(BacnetBackupState.RestoreFailure, failed);
        Assert.Equal(BacnetBackupState.Idle, mended);
        Assert.Equal(before, await peer.ConfigurationAsync());
        peer.AssertSame(backup, await peer.BackUpAsync());
    }

    [Theory, SimulatedPeer, RealPeer]
    public async Task A_wrong_password_is_told_and_begins_nothing(BacnetPeerKind kind)
    {
        await using var peer = await BacnetPeerUnderTest.OpenAsync(kind);

        var refusal = await Assert.ThrowsAsync<BacnetErrorException>(
            () => peer.Client.ReinitializeDeviceAsync(peer.Peer, BacnetReinitializedState.StartBackup, "wrong", default));

        Assert.Equal((BacnetErrorClass.Security, BacnetErrorCode.PasswordFailure), (refusal.Class, refusal.Code));
        Assert.Equal(BacnetBackupState.Idle, await peer.StateAsync());
    }

    [Theory, SimulatedPeer, RealPeer]
    public async Task A_second_procedure_finds_the_first_in_progress(BacnetPeerKind kind)
    {
        await using var peer = await BacnetPeerUnderTest.OpenAsync(kind);
        await peer.ReinitializeAsync(BacnetReinitializedState.StartBackup);

        foreach (var state in new[] { BacnetReinitializedState.StartBackup, BacnetReinitializedState.StartRestore })
        {
            var refusal = await Assert.ThrowsAsync<BacnetErrorException>(() => peer.ReinitializeAsync(state));
            Assert.Equal((BacnetErrorClass.Device, BacnetErrorCode.ConfigurationInProgress), (refusal.Class, refusal.Code));
        }

        await peer.ReinitializeAsync(BacnetReinitializedState.EndBackup);
        await peer.AwaitAsync(BacnetBackupState.Idle);
    }

    [Theory, SimulatedPeer, RealPeer]
    public async Task An_aborted_restore_leaves_a_device_that_can_be_backed_up(BacnetPeerKind kind)
    {
        await using var peer = await BacnetPeerUnderTest.OpenAsync(kind);
        var before = await peer.ConfigurationAsync();
        var backup = await peer.BackUpAsync();

        await peer.BeginRestoreAsync();
        await peer.WriteFileAsync(backup.Keys.First(), [[1, 2, 3]]);
        await peer.ReinitializeAsync(BacnetReinitializedState.AbortRestore);

        Assert.Equal(BacnetBackupState.Idle, await peer.AwaitAsync(BacnetBackupState.Idle));
        Assert.Equal(before, await peer.ConfigurationAsync());
        peer.AssertSame(backup, await peer.BackUpAsync());
    }

    [Theory, SimulatedPeer, RealPeer]
    public async Task A_read_behind_the_end_has_no_start(BacnetPeerKind kind)
    {
        await using var peer = await BacnetPeerUnderTest.OpenAsync(kind);
        await peer.ReinitializeAsync(BacnetReinitializedState.StartBackup);
        await peer.AwaitAsync(BacnetBackupState.PerformingBackup);
        var file = (await peer.FilesAsync())[0];

        var refusal = await Assert.ThrowsAsync<BacnetErrorException>(
            () => peer.Client.ReadFileStreamAsync(peer.Peer, file, 1_000_000, 10, default));

        Assert.Equal(BacnetErrorCode.InvalidFileStartPosition, refusal.Code);
    }

    [Theory, SimulatedPeer, RealPeer]
    public async Task More_than_fits_one_answer_is_aborted_where_parts_are_not_spoken(BacnetPeerKind kind)
    {
        await using var peer = await BacnetPeerUnderTest.OpenAsync(kind);
        await peer.ReinitializeAsync(BacnetReinitializedState.StartBackup);
        await peer.AwaitAsync(BacnetBackupState.PerformingBackup);
        var file = (await peer.FilesAsync())[0];

        var abort = await Assert.ThrowsAsync<BacnetAbortException>(
            () => peer.Client.ReadFileStreamAsync(peer.Peer, file, 0, 3000, default));

        Assert.Equal((true, BacnetAbortReason.SegmentationNotSupported), (abort.IsFromPeer, abort.Reason));
    }

    [Theory, SimulatedPeer, RealPeer]
    public async Task A_trend_log_is_read_by_position_and_by_sequence_to_the_same_records(BacnetPeerKind kind)
    {
        await using var peer = await BacnetPeerUnderTest.OpenAsync(kind);
        var trend = (await peer.Client.ReadPropertyAsync(peer.Peer, peer.DeviceId, BacnetProperty.ObjectList, null, default))
            .Select(value => value.AsObjectId!.Value).First(id => id.Type == BacnetObjectType.TrendLog);
        var total = Assert.Single(await peer.Client.ReadPropertyAsync(peer.Peer, trend, BacnetProperty.TotalRecordCount, null, default)).AsUnsigned!.Value;
        var count = Assert.Single(await peer.Client.ReadPropertyAsync(peer.Peer, trend, BacnetProperty.RecordCount, null, default)).AsUnsigned!.Value;
        var oldest = (uint)(total - count + 1);

        var byPosition = await peer.Client.ReadRangeAsync(peer.Peer, trend, BacnetProperty.LogBuffer, BacnetRangeRequest.ByPosition(1, 5), default);
        var bySequence = await peer.Client.ReadRangeAsync(peer.Peer, trend, BacnetProperty.LogBuffer, BacnetRangeRequest.BySequence(oldest, 5), default);

        Assert.True(count >= 5);
        Assert.Equal((5u, 5u), (byPosition.Count, bySequence.Count));
        Assert.True(byPosition.HasFirst);
        Assert.Equal(oldest, bySequence.FirstSequence);
        Assert.Equal(byPosition.Items.ToArray(), bySequence.Items.ToArray());
    }
}
