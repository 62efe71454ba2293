using EdgeBackup.Core.Devices.Bacnet;
using EdgeBackup.Core.Tests.Devices.Bacnet.Procedure;
using EdgeBackup.Simulator.Bacnet;
using Xunit;

namespace EdgeBackup.Core.Tests.Simulator.Bacnet;

/// <summary>The device's side of clause 19.1, asked by the client.</summary>
public sealed class SimulatedBackupProcedureTests
{
    private const string Password = "filister";

    [Fact]
    public async Task The_list_of_files_is_whole_only_when_the_preparation_is_over()
    {
        var clock = new HandClock();
        await using var visit = await BacnetVisit.PayAsync(new() { Clock = clock, BackupPreparation = TimeSpan.FromSeconds(30) });
        Assert.Equal(30u, (await visit.ReadAsync(BacnetProperty.BackupPreparationTime)).AsUnsigned);

        await visit.ReinitializeAsync(BacnetReinitializedState.StartBackup);
        var early = (await visit.StateAsync(), await visit.FilesAsync());
        clock.Advance(TimeSpan.FromSeconds(30));

        Assert.Equal(BacnetBackupState.PreparingForBackup, early.Item1);
        Assert.Equal([1u, 2u], early.Item2);
        Assert.Equal(BacnetBackupState.PerformingBackup, await visit.StateAsync());
        Assert.Equal([1u, 2u, 3u], await visit.FilesAsync());
        Assert.Equal((uint)BacnetSystemStatus.BackupInProgress, (await visit.ReadAsync(BacnetProperty.SystemStatus)).AsEnumerated);
        await visit.ReinitializeAsync(BacnetReinitializedState.EndBackup);
        Assert.Equal(BacnetBackupState.Idle, await visit.StateAsync());
    }

    [Fact]
    public async Task A_configuration_file_is_read_during_a_backup_and_at_no_other_time()
    {
        await using var visit = await BacnetVisit.PayAsync();
        var before = await Assert.ThrowsAsync<BacnetErrorException>(() => visit.ReadStreamAsync(1));

        await visit.ReinitializeAsync(BacnetReinitializedState.StartBackup);
        var stream = await visit.ReadStreamAsync(1);
        var records = await visit.ReadRecordsAsync(3);
        await visit.ReinitializeAsync(BacnetReinitializedState.EndBackup);

        Assert.Equal(BacnetErrorCode.FileAccessDenied, before.Code);
        Assert.Equal(visit.Device.Files[1].Bytes, stream);
        Assert.Equal(visit.Device.Files[3].Records, records);
        await Assert.ThrowsAsync<BacnetErrorException>(() => visit.ReadStreamAsync(1));
    }

    [Fact]
    public async Task A_restore_replaces_the_files_and_counts_the_database_on()
    {
        var clock = new HandClock();
        await using var visit = await BacnetVisit.PayAsync(new()
        {
            Clock = clock,
            RestorePreparation = TimeSpan.FromSeconds(5),
            RestoreCompletion = TimeSpan.FromSeconds(9),
        });
        var stream = SimulatedBacnetFile.SealedStream([.. Enumerable.Range(0, 3000).Select(number => (byte)number)]);
        var records = SimulatedBacnetFile.SealedRecords([[1, 2], [], [3]]);

        await visit.ReinitializeAsync(BacnetReinitializedState.StartRestore);
        Assert.Equal(BacnetBackupState.PreparingForRestore, await visit.StateAsync());
        clock.Advance(TimeSpan.FromSeconds(5));
        await visit.RewriteStreamAsync(1, stream.Bytes);
        await visit.RewriteRecordsAsync(3, records.Records);
        await visit.ReinitializeAsync(BacnetReinitializedState.EndRestore);
        Assert.Equal(BacnetBackupState.PerformingRestore, await visit.StateAsync());
        clock.Advance(TimeSpan.FromSeconds(9));

        Assert.Equal(BacnetBackupState.Idle, await visit.StateAsync());
        Assert.Equal(stream.Bytes, visit.Device.Files[1].Bytes);
        Assert.Equal(records.Records, visit.Device.Files[3].Records);
        Assert.Equal(2u, (await visit.ReadAsync(BacnetProperty.DatabaseRevision)).AsUnsigned);
        Assert.Equal((1, 1, 0), (visit.Device.Procedure.Restores, visit.Device.Procedure.Completed, visit.Device.Procedure.Aborted));
    }

    [Fact]
    public async Task A_cut_file_is_acknowledged_and_then_fails_and_stays_in_the_device()
    {
        await using var visit = await BacnetVisit.PayAsync();
        var cut = visit.Device.Files[1].Bytes[..100];

        await visit.ReinitializeAsync(BacnetReinitializedState.StartRestore);
        await visit.RewriteStreamAsync(1, cut);
        await visit.ReinitializeAsync(BacnetReinitializedState.EndRestore);

        Assert.Equal(BacnetBackupState.RestoreFailure, await visit.StateAsync());
        Assert.Equal(cut, visit.Device.Files[1].Bytes);
        Assert.Equal((uint)BacnetSystemStatus.DownloadRequired, (await visit.ReadAsync(BacnetProperty.SystemStatus)).AsEnumerated);
        Assert.Equal(0, visit.Device.Procedure.Completed);

        // Half a configuration is left, and the way out of it is another restore.
        await visit.ReinitializeAsync(BacnetReinitializedState.StartRestore);
        Assert.Equal(BacnetBackupState.PerformingRestore, await visit.StateAsync());
    }

    [Fact]
    public async Task A_restore_may_be_told_to_fail_although_the_content_is_right()
    {
        await using var visit = await BacnetVisit.PayAsync();
        visit.Device.Faults.RestoreFails = true;

        await visit.ReinitializeAsync(BacnetReinitializedState.StartRestore);
        await visit.ReinitializeAsync(BacnetReinitializedState.EndRestore);

        Assert.Equal(BacnetBackupState.RestoreFailure, await visit.StateAsync());
    }

    [Fact]
    public async Task An_aborted_restore_leaves_what_was_there_before()
    {
        await using var visit = await BacnetVisit.PayAsync();
        var before = visit.Device.Files[1].Bytes;

        await visit.ReinitializeAsync(BacnetReinitializedState.StartRestore);
        await visit.RewriteStreamAsync(1, [1, 2, 3]);
        await visit.ReinitializeAsync(BacnetReinitializedState.AbortRestore);

        Assert.Equal(BacnetBackupState.Idle, await visit.StateAsync());
        Assert.Equal(before, visit.Device.Files[1].Bytes);
        Assert.Equal(1, visit.Device.Procedure.Aborted);
    }

    [Fact]
    public async Task Only_accesses_to_configuration_files_keep_a_procedure_alive()
    {
        var clock = new HandClock();
        await using var visit = await BacnetVisit.PayAsync(new() { Clock = clock, BackupFailureTimeout = TimeSpan.FromSeconds(60) });
        await visit.ReinitializeAsync(BacnetReinitializedState.StartBackup);

        clock.Advance(TimeSpan.FromSeconds(50));
        await visit.Client.ReadFileStreamAsync(visit.Peer, 1, 0, 10, default);
        clock.Advance(TimeSpan.FromSeconds(50));
        var kept = await visit.StateAsync();
        clock.Advance(TimeSpan.FromSeconds(11));

        Assert.Equal(BacnetBackupState.PerformingBackup, kept);
        Assert.Equal(BacnetBackupState.BackupFailure, await visit.StateAsync());
        Assert.Equal(1, visit.Device.Procedure.TimedOut);
    }

    [Fact]
    public async Task A_restore_that_nobody_goes_on_with_is_given_up_and_undone()
    {
        var clock = new HandClock();
        await using var visit = await BacnetVisit.PayAsync(new() { Clock = clock, BackupFailureTimeout = TimeSpan.FromSeconds(60) });
        var before = visit.Device.Files[1].Bytes;
        await visit.ReinitializeAsync(BacnetReinitializedState.StartRestore);
        await visit.RewriteStreamAsync(1, [9]);

        clock.Advance(TimeSpan.FromSeconds(61));

        Assert.Equal(BacnetBackupState.RestoreFailure, await visit.StateAsync());
        Assert.Equal(before, visit.Device.Files[1].Bytes);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("wrong")]
    [InlineData("Filister")]
    public async Task A_wrong_password_is_refused_and_nothing_begins(string? password)
    {
        await using var visit = await BacnetVisit.PayAsync(new() { Password = Password });

        var refusal = await Assert.ThrowsAsync<BacnetErrorException>(() => visit.ReinitializeAsync(BacnetReinitializedState.StartBackup, password));

        Assert.Equal((BacnetErrorClass.Security, BacnetErrorCode.PasswordFailure), (refusal.Class, refusal.Code));
        Assert.Equal(0, visit.Device.Procedure.Backups);
        await visit.ReinitializeAsync(BacnetReinitializedState.StartBackup, Password);
        Assert.Equal(1, visit.Device.Procedure.Backups);
    }

    [Theory]
    [InlineData(BacnetReinitializedState.StartBackup)]
    [InlineData(BacnetReinitializedState.StartRestore)]
    [InlineData(BacnetReinitializedState.EndBackup)]
    public async Task While_somebody_else_restores_everything_else_is_configuration_in_progress(BacnetReinitializedState asked)
    {
        await using var visit = await BacnetVisit.PayAsync();
        visit.Device.Procedure.StartRestoreAsSomebodyElse();

        var refusal = await Assert.ThrowsAsync<BacnetErrorException>(() => visit.ReinitializeAsync(asked));

        Assert.Equal((BacnetErrorClass.Device, BacnetErrorCode.ConfigurationInProgress), (refusal.Class, refusal.Code));
        Assert.Equal(BacnetBackupState.PerformingRestore, await visit.StateAsync());
    }

    [Fact]
    public async Task A_missing_file_object_is_created_with_the_access_that_it_had()
    {
        await using var visit = await BacnetVisit.PayAsync();
        visit.Device.Files.Remove(3);
        var id = new BacnetObjectId(BacnetObjectType.File, 3);
        var early = await Assert.ThrowsAsync<BacnetErrorException>(() => visit.Client.CreateObjectAsync(visit.Peer, id, default));

        await visit.ReinitializeAsync(BacnetReinitializedState.StartRestore);
        var created = await visit.Client.CreateObjectAsync(visit.Peer, id, default);
        var again = await Assert.ThrowsAsync<BacnetErrorException>(() => visit.Client.CreateObjectAsync(visit.Peer, id, default));

        Assert.Equal(BacnetErrorCode.DynamicCreationNotSupported, early.Code);
        Assert.Equal(id, created);
        Assert.Equal(BacnetErrorCode.ObjectIdentifierAlreadyExists, again.Code);
        Assert.Equal((uint)BacnetFileAccess.Record, (await visit.ReadAsync(id, BacnetProperty.FileAccessMethod)).AsEnumerated);
        Assert.Equal(0u, (await visit.ReadAsync(id, BacnetProperty.RecordCount)).AsUnsigned);
    }

    [Fact]
    public async Task A_crash_forgets_the_procedure()
    {
        var clock = new HandClock();
        await using var visit = await BacnetVisit.PayAsync(new() { Clock = clock });
        await visit.ReinitializeAsync(BacnetReinitializedState.StartBackup);

        visit.Device.Crash(TimeSpan.FromSeconds(20));
        await visit.AssertSilentAsync();
        clock.Advance(TimeSpan.FromSeconds(20));

        Assert.Equal(BacnetBackupState.Idle, await visit.StateAsync());
    }
}
