using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Bacnet;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Simulator.Bacnet;
using Xunit;
using static EdgeBackup.Core.Tests.Devices.RestoreTestTools;

namespace EdgeBackup.Core.Tests.Devices.Bacnet.Procedure;

/// <summary>The restore procedure of clause 19.1.3 against a simulated device that checks what it is given.</summary>
public sealed class BacnetRestoreTests
{
    private const string NothingInPlace = " Nothing of the backup was put in place on it.";

    private static readonly SimulatedBacnetFile NewBytes = SimulatedBacnetFile.SealedStream(Noise(20_000, 7));
    private static readonly SimulatedBacnetFile NewRows = SimulatedBacnetFile.SealedRecords([Noise(30, 8), [], Noise(90, 9), Noise(5, 10)]);

    internal static Dictionary<string, byte[]> New => new(StringComparer.Ordinal)
    {
        ["files/001-3.stream"] = NewBytes.Bytes,
        ["files/002-1.records"] = RestoreSpoolTests.Frame(NewRows.Records),
        ["files/003-9.stream"] = [],
    };

    [Theory]
    [InlineData(BacnetSegmentation.Both, 1476)]
    [InlineData(BacnetSegmentation.None, 1476)]
    [InlineData(BacnetSegmentation.Transmit, 480)]
    [InlineData(BacnetSegmentation.Receive, 206)]
    public async Task All_files_are_written_in_pieces_that_fit(BacnetSegmentation segmentation, int maxApdu)
    {
        await using var device = await StartAsync(new SimulatedBacnetOptions { Segmentation = segmentation, MaxApdu = maxApdu });
        await using var connection = device.Connect(null);
        var journal = new MemoryJournal();

        Assert.Equal(RestoreCommitOutcome.Completed, await RestoreAsync(connection, RestoreMode.Replace, New, journal));

        AssertNew(device);
        Assert.Equal((1, 1, 0), (device.Device.Procedure.Restores, device.Device.Procedure.Completed, device.Device.Procedure.Aborted));
        Assert.Single(journal.Noted);
        Assert.Empty(journal.Open);
    }

    [Fact]
    public async Task A_missing_file_is_created()
    {
        await using var device = await StartAsync();
        device.Device.Files.Remove(3);
        await using var connection = device.Connect(null);

        await RestoreAsync(connection, RestoreMode.Replace, New);

        AssertNew(device);
        Assert.Equal(1, device.Device.Count(BacnetConfirmedService.CreateObject));
    }

    [Fact]
    public async Task A_file_whose_creation_was_not_answered_is_written_all_the_same()
    {
        await using var device = await StartAsync();
        device.Device.Files.Remove(3);
        device.Device.Faults.Add(new SimulatedBacnetFault { Kind = BacnetFaultKind.SilentAfter, Service = BacnetConfirmedService.CreateObject });
        await using var connection = device.Connect(BacnetTestDevice.Eager);

        Assert.Equal(RestoreCommitOutcome.Completed, await RestoreAsync(connection, RestoreMode.Replace, New));

        AssertNew(device);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task A_device_that_prepares_and_takes_its_time_is_waited_for(bool tells, bool isSilent)
    {
        var clock = isSilent ? new HandClock() : null;
        var time = isSilent ? BacnetTestDevice.LongerThanBrief : TimeSpan.FromMilliseconds(400);
        await using var device = await StartAsync(new SimulatedBacnetOptions
        {
            TellsBackupState = tells,
            SilentWhilePreparing = isSilent,
            RestorePreparation = time,
            RestoreCompletion = time,
            Clock = clock ?? TimeProvider.System,
        });
        await using var connection = device.Connect(isSilent ? BacnetTestDevice.Brief : BacnetTestDevice.Eager, clock);

        var restoring = RestoreAsync(connection, RestoreMode.Replace, New);
        if (clock is not null)
        {
            await BacnetTestDevice.PassTimeAsync(clock, restoring);
        }

        Assert.Equal(RestoreCommitOutcome.Completed, await restoring);

        AssertNew(device);
        Assert.Equal(1, device.Device.Procedure.Completed);
    }

    [Theory]
    [InlineData("files/001-3.stream")]
    [InlineData("files/002-1.records")]
    public async Task A_cut_or_altered_file_is_refused_before_the_device_is_touched(string path)
    {
        await using var device = await StartAsync();
        await using var connection = device.Connect(null);
        var plan = Plan(RestoreMode.Replace, New);

        foreach (var wrong in new[] { New[path][..^1], [.. New[path], 0], [.. New[path][..^1], (byte)(New[path][^1] ^ 1)] })
        {
            await using var session = await connection.BeginRestoreAsync(plan, new MemoryJournal(), CancellationToken.None);
            using var content = new MemoryStream(wrong);
            var error = await Assert.ThrowsAsync<EdgeBackupException>(() => session.WriteAsync(Saved(path, New[path]), content, CancellationToken.None));
            Assert.Equal(ErrorIds.RestoreFailed, error.ErrorId);
            Assert.Contains("Nothing was changed", error.Message, StringComparison.Ordinal);
        }

        Assert.Equal(0, device.Device.Count(BacnetConfirmedService.ReinitializeDevice));
        Assert.Equal(0, device.Device.Count(BacnetConfirmedService.AtomicWriteFile));
    }

    [Fact]
    public async Task Records_that_are_no_whole_records_are_refused_although_their_digest_is_right()
    {
        await using var device = await StartAsync();
        await using var connection = device.Connect(null);
        var state = New;
        state["files/002-1.records"] = state["files/002-1.records"][..^1];

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => RestoreAsync(connection, RestoreMode.Replace, state));

        Assert.Equal(ErrorIds.RestoreFailed, error.ErrorId);
        Assert.Equal(0, device.Device.Procedure.Restores);
    }

    [Fact]
    public async Task An_acknowledged_end_is_no_success()
    {
        await using var device = await StartAsync(new SimulatedBacnetOptions { RestoreCompletion = TimeSpan.FromMilliseconds(100) });
        device.Device.Faults.RestoreFails = true;
        await using var connection = device.Connect(null);
        var journal = new MemoryJournal();

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => RestoreAsync(connection, RestoreMode.Replace, New, journal));

        Assert.Equal(ErrorIds.RestoreFailed, error.ErrorId);
        Assert.Contains("restore-failure", error.Message, StringComparison.Ordinal);
        Assert.Contains("not known", error.Message, StringComparison.Ordinal);
        Assert.Equal(BacnetBackupState.RestoreFailure, device.Device.Procedure.State);
        Assert.Empty(journal.Open);
    }

    [Fact]
    public async Task An_old_device_says_by_its_status_that_it_failed()
    {
        await using var device = await StartAsync(new SimulatedBacnetOptions { TellsBackupState = false });
        device.Device.Faults.RestoreFails = true;
        await using var connection = device.Connect(null);

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => RestoreAsync(connection, RestoreMode.Replace, New));

        Assert.Equal(ErrorIds.RestoreFailed, error.ErrorId);
        Assert.Contains("download-required", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_restore_that_fails_on_the_way_is_aborted_and_the_old_state_stays()
    {
        await using var device = await StartAsync();
        var before = device.Device.Files[3].Bytes;
        device.Device.Faults.Add(new SimulatedBacnetFault { Service = BacnetConfirmedService.AtomicWriteFile, ErrorClass = BacnetErrorClass.Object, ErrorCode = BacnetErrorCode.FileFull, Skip = 1 });
        await using var connection = device.Connect(null);
        var journal = new MemoryJournal();

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => RestoreAsync(connection, RestoreMode.Replace, New, journal));

        Assert.Equal(ErrorIds.RestoreFailed, error.ErrorId);
        Assert.Contains("file-full", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(NothingInPlace, error.Message, StringComparison.Ordinal);
        AssertAborted(device, before, journal);
    }

    [Theory]
    [InlineData(BacnetErrorClass.Security, BacnetErrorCode.PasswordFailure, ErrorIds.DeviceAuthenticationFailed)]
    [InlineData(BacnetErrorClass.Device, BacnetErrorCode.DeviceBusy, ErrorIds.DeviceBusy)]
    [InlineData(BacnetErrorClass.Device, BacnetErrorCode.ConfigurationInProgress, ErrorIds.DeviceBusy)]
    public async Task A_restore_that_the_device_does_not_begin_says_that_nothing_of_the_backup_is_there(BacnetErrorClass why, BacnetErrorCode code, string errorId)
    {
        await using var device = await StartAsync();
        device.Device.Faults.Add(new SimulatedBacnetFault { State = BacnetReinitializedState.StartRestore, ErrorClass = why, ErrorCode = code, Times = -1 });
        await using var connection = device.Connect(BacnetTestDevice.Eager);

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => RestoreAsync(connection, RestoreMode.Replace, New));

        Assert.Equal(errorId, error.ErrorId);
        Assert.EndsWith(NothingInPlace, error.Message, StringComparison.Ordinal);
        Assert.Equal((0, 0), (device.Device.Procedure.Restores, device.Device.Procedure.Aborted));
    }

    [Fact]
    public async Task A_restore_that_is_stopped_on_the_way_is_aborted_and_the_old_state_stays()
    {
        await using var device = await StartAsync();
        var before = device.Device.Files[3].Bytes;
        device.Device.Faults.Add(new SimulatedBacnetFault { Kind = BacnetFaultKind.Silent, Service = BacnetConfirmedService.AtomicWriteFile, Times = -1 });
        await using var connection = device.Connect(null);
        var journal = new MemoryJournal();
        using var cancellation = new CancellationTokenSource();
        await using var session = await connection.BeginRestoreAsync(Plan(RestoreMode.Replace, New), journal, cancellation.Token);
        await StageAsync(session, New);

        var commit = session.CommitAsync(cancellation.Token);
        await Wait.UntilAsync(() => device.Device.Count(BacnetConfirmedService.AtomicWriteFile) > 0);
        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => commit);
        AssertAborted(device, before, journal);
    }

    [Fact]
    public async Task A_piece_that_is_too_long_for_the_device_is_sent_in_smaller_ones()
    {
        await using var device = await StartAsync();
        foreach (var reason in new[] { BacnetAbortReason.SegmentationNotSupported, BacnetAbortReason.BufferOverflow })
        {
            device.Device.Faults.Add(new SimulatedBacnetFault { Kind = BacnetFaultKind.Abort, Service = BacnetConfirmedService.AtomicWriteFile, Abort = reason });
        }

        device.Device.Faults.Add(new SimulatedBacnetFault { Service = BacnetConfirmedService.AtomicWriteFile, ErrorCode = BacnetErrorCode.DeviceBusy });
        await using var connection = device.Connect(null);

        await RestoreAsync(connection, RestoreMode.Replace, New);

        AssertNew(device);
    }

    [Fact]
    public async Task An_answer_that_belongs_to_another_position_is_not_taken_for_one()
    {
        await using var device = await StartAsync();

        // AtomicWriteFile-ACK: the start position, context tag 0, of one byte: 5.
        device.Device.Faults.Add(new SimulatedBacnetFault { Kind = BacnetFaultKind.Garbage, Service = BacnetConfirmedService.AtomicWriteFile, Answer = [0x09, 0x05], Times = 2 });
        await using var connection = device.Connect(BacnetTestDevice.Eager);

        Assert.Equal(RestoreCommitOutcome.Completed, await RestoreAsync(connection, RestoreMode.Replace, New));

        AssertNew(device);
    }

    [Fact]
    public async Task A_length_that_may_not_be_written_does_no_harm_unless_old_bytes_remain()
    {
        await using var device = await StartAsync(old: SimulatedBacnetFile.SealedStream(Noise(10)));
        await using var connection = device.Connect(null);
        Refuse(times: 1);
        Assert.Equal(RestoreCommitOutcome.Completed, await RestoreAsync(connection, RestoreMode.Replace, New));
        AssertNew(device);

        var longer = SimulatedBacnetFile.SealedStream(Noise(30_000));
        device.Device.Files.Set(3, longer);
        Refuse(times: 1);
        await RestoreAsync(connection, RestoreMode.Replace, New);
        AssertNew(device);

        device.Device.Files.Set(3, longer);
        Refuse(times: 2);
        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => RestoreAsync(connection, RestoreMode.Replace, New));

        Assert.Contains("what it held before", error.Message, StringComparison.Ordinal);
        Assert.Equal(longer.Bytes, device.Device.Files[3].Bytes);

        void Refuse(int times) => device.Device.Faults.Add(new SimulatedBacnetFault
        {
            Service = BacnetConfirmedService.WriteProperty, Property = BacnetProperty.FileSize, ErrorClass = BacnetErrorClass.Property, ErrorCode = BacnetErrorCode.WriteAccessDenied, Times = times,
        });
    }

    [Theory]
    [InlineData(BacnetReinitializedState.StartRestore, RestoreCommitOutcome.Completed, true)]
    [InlineData(BacnetReinitializedState.EndRestore, RestoreCommitOutcome.Unknown, true)]
    [InlineData(BacnetReinitializedState.StartRestore, RestoreCommitOutcome.Completed, false)]
    [InlineData(BacnetReinitializedState.EndRestore, RestoreCommitOutcome.Unknown, false)]
    public async Task A_lost_answer_does_no_harm(BacnetReinitializedState state, RestoreCommitOutcome outcome, bool tells)
    {
        await using var device = await StartAsync(new SimulatedBacnetOptions { TellsBackupState = tells });
        device.Device.Faults.Add(new SimulatedBacnetFault { Kind = BacnetFaultKind.SilentAfter, Service = BacnetConfirmedService.ReinitializeDevice, State = state });
        await using var connection = device.Connect(BacnetTestDevice.Eager);

        Assert.Equal(outcome, await RestoreAsync(connection, RestoreMode.Replace, New));

        AssertNew(device);
        Assert.Equal((1, 1), (device.Device.Procedure.Restores, device.Device.Procedure.Completed));
    }

    [Fact]
    public async Task A_restore_that_our_killed_command_left_open_is_aborted_and_somebody_elses_is_not()
    {
        await using var device = await StartAsync();
        await using var connection = device.Connect(null);
        var journal = new MemoryJournal();
        await RestoreAsync(connection, RestoreMode.Replace, New, journal);
        var id = Assert.Single(journal.Noted);
        device.Device.Procedure.StartRestoreAsSomebodyElse();

        var refused = await Assert.ThrowsAsync<EdgeBackupException>(() => connection.BeginRestoreAsync(Plan(RestoreMode.Replace, New), journal, CancellationToken.None));
        Assert.Equal(ErrorIds.DeviceBusy, refused.ErrorId);
        Assert.Equal(BacnetBackupState.PerformingRestore, device.Device.Procedure.State);

        await journal.OpenedAsync(id, CancellationToken.None);
        Assert.True(await connection.DropLeftoversAsync(journal, CancellationToken.None));
        Assert.Equal(BacnetBackupState.Idle, device.Device.Procedure.State);
        Assert.Empty(journal.Open);
        Assert.False(await connection.DropLeftoversAsync(journal, CancellationToken.None));
        Assert.Equal(RestoreCommitOutcome.Completed, await RestoreAsync(connection, RestoreMode.Replace, New, journal));
    }

    [Fact]
    public async Task A_restore_of_ours_that_is_over_is_not_taken_for_somebody_elses_later()
    {
        await using var device = await StartAsync();
        await using var connection = device.Connect(null);
        var journal = new MemoryJournal();
        await RestoreAsync(connection, RestoreMode.Replace, New, journal);
        await journal.OpenedAsync(Assert.Single(journal.Noted), CancellationToken.None);

        Assert.False(await connection.DropLeftoversAsync(journal, CancellationToken.None));
        Assert.Empty(journal.Open);

        device.Device.Procedure.StartRestoreAsSomebodyElse();
        var refused = await Assert.ThrowsAsync<EdgeBackupException>(() => connection.DropLeftoversAsync(journal, CancellationToken.None));
        Assert.Equal(ErrorIds.DeviceBusy, refused.ErrorId);
        Assert.Equal(BacnetBackupState.PerformingRestore, device.Device.Procedure.State);
    }

    [Fact]
    public async Task A_device_that_is_busy_when_the_restore_is_aborted_is_asked_until_it_is_out()
    {
        await using var device = await StartAsync();
        var before = device.Device.Files[3].Bytes;
        device.Device.Faults.Add(new SimulatedBacnetFault { Service = BacnetConfirmedService.AtomicWriteFile, ErrorClass = BacnetErrorClass.Object, ErrorCode = BacnetErrorCode.FileFull, Skip = 1 });
        device.Device.Faults.Add(new SimulatedBacnetFault { State = BacnetReinitializedState.AbortRestore, Times = 2 });
        await using var connection = device.Connect(null);
        var journal = new MemoryJournal();

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => RestoreAsync(connection, RestoreMode.Replace, New, journal));

        Assert.Contains("It took ABORT_RESTORE", error.Message, StringComparison.Ordinal);
        AssertAborted(device, before, journal);
    }

    [Fact]
    public async Task A_device_that_is_busy_when_the_restore_is_to_end_is_asked_again()
    {
        await using var device = await StartAsync();
        device.Device.Faults.Add(new SimulatedBacnetFault { State = BacnetReinitializedState.EndRestore, Times = 2 });
        await using var connection = device.Connect(null);

        Assert.Equal(RestoreCommitOutcome.Completed, await RestoreAsync(connection, RestoreMode.Replace, New));

        AssertNew(device);
    }

    [Fact]
    public async Task A_device_that_cannot_be_aborted_stays_noted()
    {
        await using var device = await StartAsync();
        device.Device.Faults.Add(new SimulatedBacnetFault { Service = BacnetConfirmedService.AtomicWriteFile, ErrorCode = BacnetErrorCode.FileFull });
        device.Device.Faults.Add(new SimulatedBacnetFault { Kind = BacnetFaultKind.Silent, State = BacnetReinitializedState.AbortRestore, Times = -1 });
        await using var impatient = device.Connect(null, times: BacnetTestDevice.Times with { Abort = TimeSpan.FromMilliseconds(200) });
        var journal = new MemoryJournal();

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => RestoreAsync(impatient, RestoreMode.Replace, New, journal));

        Assert.Contains("did not take ABORT_RESTORE", error.Message, StringComparison.Ordinal);
        Assert.Single(journal.Open);
        device.Device.Faults.Clear();
        await using var connection = device.Connect(null);
        Assert.Equal(RestoreCommitOutcome.Completed, await RestoreAsync(connection, RestoreMode.Replace, New, journal));
        Assert.Empty(journal.Open);
    }

    [Fact]
    public async Task A_backup_of_another_kind_of_device_is_refused()
    {
        await using var device = await StartAsync();
        await using var connection = device.Connect(null);

        foreach (var state in new[] { new Dictionary<string, byte[]> { ["setting.ini"] = Bytes("x") }, new Dictionary<string, byte[]>() })
        {
            var error = await Assert.ThrowsAsync<EdgeBackupException>(() => RestoreAsync(connection, RestoreMode.Replace, state));
            Assert.Equal(ErrorIds.RestoreTargetMismatch, error.ErrorId);
        }

        var other = new Dictionary<string, byte[]> { ["files/001-3.records"] = RestoreSpoolTests.Frame([Noise(5)]) };
        var refused = await Assert.ThrowsAsync<EdgeBackupException>(() => RestoreAsync(connection, RestoreMode.Replace, other));
        Assert.Equal(ErrorIds.RestoreFailed, refused.ErrorId);
        Assert.Equal(BacnetBackupState.Idle, device.Device.Procedure.State);
    }

    internal static async Task<BacnetTestDevice> StartAsync(SimulatedBacnetOptions? options = null, SimulatedBacnetFile? old = null)
    {
        var device = await BacnetTestDevice.StartAsync(options);
        device.Device.Files.Set(3, old ?? SimulatedBacnetFile.SealedStream(Noise(30_000)));
        device.Device.Files.Set(1, SimulatedBacnetFile.SealedRecords([Noise(30), Noise(3), Noise(4), Noise(5), Noise(6), Noise(7)]));
        device.Device.Files.Set(9, SimulatedBacnetFile.SealedStream(Noise(4)));
        return device;
    }

    internal static void AssertNew(BacnetTestDevice device)
    {
        Assert.Equal(NewBytes.Bytes, device.Device.Files[3].Bytes);
        Assert.Equal(NewRows.Records, device.Device.Files[1].Records);
        Assert.True(device.Device.Files[9].IsEmpty);
        Assert.Equal(BacnetBackupState.Idle, device.Device.Procedure.State);
    }

    internal static void AssertAborted(BacnetTestDevice device, byte[] before, MemoryJournal journal)
    {
        Assert.Equal((0, 1), (device.Device.Procedure.Completed, device.Device.Procedure.Aborted));
        Assert.Equal(BacnetBackupState.Idle, device.Device.Procedure.State);
        Assert.Equal(before, device.Device.Files[3].Bytes);
        Assert.Empty(journal.Open);
    }
}
