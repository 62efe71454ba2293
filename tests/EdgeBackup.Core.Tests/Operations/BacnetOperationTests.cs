using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Bacnet;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Restore;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Tests.Devices.Bacnet.Procedure;
using EdgeBackup.Simulator.Bacnet;
using Xunit;
using static EdgeBackup.Core.Tests.Devices.RestoreTestTools;

namespace EdgeBackup.Core.Tests.Operations;

/// <summary>R13: what a user does with a BACnet device, from its registration to its restore.</summary>
public sealed class BacnetOperationTests
{
    private const string Id = "bacnet-999-SN-4711";

    [Fact]
    public async Task R13_a_device_is_backed_up_and_restored_whole_and_read_back()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await using var device = await RegisterAsync(bench);
        var saved = device.Files[1].Bytes;
        var backup = await bench.AutomaticAsync(Id);
        Assert.Equal(3, backup.Backup.ItemCount);
        Assert.False((await bench.AutomaticAsync(Id)).Backup.Changed);
        device.Files.Set(1, SimulatedBacnetFile.SealedStream(Noise(3000)));

        var result = await RestoreAsync(bench, backup);

        Assert.True(result.Verified);
        Assert.Equal(["files/001-1.stream"], result.Restored);
        Assert.Equal(["files/002-2.stream", "files/003-3.records"], result.Unchanged);
        Assert.NotNull(result.SafetyBackup);
        Assert.Equal(saved, device.Files[1].Bytes);
        Assert.Equal((BacnetBackupState.Idle, 1), (device.Procedure.State, device.Procedure.Completed));
        Assert.Empty((await bench.Context.Devices.GetAsync(Id, default)).OpenRestores);
    }

    [Fact]
    public async Task R13_a_part_of_a_backup_is_refused_before_anything_happens()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await using var device = await RegisterAsync(bench);
        var backup = await bench.AutomaticAsync(Id);
        device.ClearRequests();

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => RestoreAsync(bench, backup, options => options with { Paths = ["files/001-1.stream"], Force = true }));

        Assert.Equal(ErrorIds.RestoreTargetMismatch, error.ErrorId);
        Assert.Contains("-Path", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, device.Count(BacnetConfirmedService.ReinitializeDevice));
        Assert.Single(await bench.IdsAsync(Id));
    }

    [Theory]
    [InlineData(ReinitializeSupport.Full)]
    [InlineData(ReinitializeSupport.Missing)]
    [InlineData(ReinitializeSupport.RestartsOnly)]
    public async Task A_look_at_a_device_says_of_its_backup_what_a_backup_says(ReinitializeSupport support)
    {
        await using var bench = await OperationsBench.CreateAsync();
        await using var device = await RegisterAsync(bench, reinitialize: support);

        var inspection = await new InspectDevice(bench.Context, SilentObserver.Instance).TestAsync(Id, default);

        Assert.True(inspection.Reachable);
        Assert.Equal(0, device.Count(BacnetConfirmedService.ReinitializeDevice));
        if (support == ReinitializeSupport.Full)
        {
            Assert.Equal((true, null), (inspection.CanBackup, inspection.Reason));
            return;
        }

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => bench.AutomaticAsync(Id));
        Assert.Equal((false, error.ErrorId), (inspection.CanBackup, inspection.ErrorId));
        Assert.Contains("cannot be backed up", inspection.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_restore_that_the_device_cannot_use_names_the_safety_backup()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await using var device = await RegisterAsync(bench);
        var backup = await bench.AutomaticAsync(Id);
        device.Faults.RestoreFails = true;

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => RestoreAsync(bench, backup));

        Assert.Equal(ErrorIds.RestoreFailed, error.ErrorId);
        var safety = (await bench.ListAsync()).Single(listed => listed.Backup.Kind == BackupKind.Safety);
        Assert.Contains(safety.Backup.Id, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_device_that_changes_its_files_by_itself_is_not_called_verified_and_the_error_says_why()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await using var device = await RegisterAsync(bench);
        device.Faults.ChangesWithEachBackup = true;
        var backup = await bench.AutomaticAsync(Id);

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => RestoreAsync(bench, backup));

        Assert.Equal(ErrorIds.RestoreVerifyFailed, error.ErrorId);
        Assert.Contains("changes its files by itself", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, device.Procedure.Completed);
    }

    [Fact]
    public async Task A_backup_of_a_device_that_says_its_restore_failed_is_suspect()
    {
        var clock = new HandClock();
        await using var bench = await OperationsBench.CreateAsync();
        await using var device = await RegisterAsync(bench, clock: clock);
        device.Procedure.StartRestoreAsSomebodyElse();
        clock.Advance(TimeSpan.FromMinutes(6));
        Assert.Equal(BacnetBackupState.RestoreFailure, device.Procedure.State);

        var backup = await bench.AutomaticAsync(Id);

        Assert.Contains("restore-failure", Assert.Single(backup.Backup.Suspect).Reason, StringComparison.Ordinal);
        Assert.Empty((await bench.AutomaticAsync(Id)).Backup.Suspect);
    }

    [Fact]
    public async Task A_note_that_is_too_old_to_be_of_the_restore_that_is_open_does_not_abort_it()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await using var device = await RegisterAsync(bench);
        var backup = await bench.AutomaticAsync(Id);
        await bench.Context.Devices.AppendAsync(
            Id, DeviceLogEntryKind.RestoreOpened, entry => entry with { Session = $"bacnet-restore {BacnetDeviceAddress.Parse(device.Address)}" }, default);
        bench.Advance(TimeSpan.FromDays(7));
        device.Procedure.StartRestoreAsSomebodyElse();

        var busy = await Assert.ThrowsAsync<EdgeBackupException>(() => RestoreAsync(bench, backup));

        Assert.Equal(ErrorIds.DeviceBusy, busy.ErrorId);
        Assert.Equal((BacnetBackupState.PerformingRestore, 0), (device.Procedure.State, device.Procedure.Aborted));
    }

    [Fact]
    public async Task A_plan_leaves_the_device_alone_and_claims_no_comparison()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await using var device = await RegisterAsync(bench);
        var backup = await bench.AutomaticAsync(Id);
        var objects = bench.Objects();
        device.ClearRequests();

        var plan = await new RestoreBackup(bench.Context, bench.Observer).PlanAsync(new RestoreOptions { Backup = backup.Backup.Id }, default);

        Assert.False(plan.IsCompared);
        Assert.Equal(3, plan.Steps.Count);
        Assert.All(plan.Steps, step => Assert.Equal(RestoreAction.Restore, step.Action));
        Assert.Equal((0, 0), (device.Count(BacnetConfirmedService.ReinitializeDevice), device.Count(BacnetConfirmedService.AtomicReadFile)));
        Assert.Equal(objects, bench.Objects());
    }

    [Fact]
    public async Task A_version_in_free_text_fits_itself_and_nothing_else_without_force()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await using var device = await RegisterAsync(bench, "FW build 2024b");
        var backup = await bench.AutomaticAsync(Id);
        Assert.True((await RestoreAsync(bench, backup)).Verified);
        device.Firmware = "FW build 2025a";

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => RestoreAsync(bench, backup));

        Assert.Equal(ErrorIds.RestoreVersionMismatch, error.ErrorId);
        Assert.Contains("FW build 2025a", error.Message, StringComparison.Ordinal);
        Assert.True((await RestoreAsync(bench, backup, options => options with { Force = true })).Verified);
    }

    [Fact]
    public async Task A_restore_that_a_killed_command_left_open_does_not_keep_the_next_one_from_its_safety_backup()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await using var device = await RegisterAsync(bench);
        var backup = await bench.AutomaticAsync(Id);
        device.Procedure.StartRestoreAsSomebodyElse();
        var busy = await Assert.ThrowsAsync<EdgeBackupException>(() => RestoreAsync(bench, backup));
        Assert.Equal(ErrorIds.DeviceBusy, busy.ErrorId);

        // As the repository has it when our own command was killed in the middle.
        await bench.Context.Devices.AppendAsync(
            Id, DeviceLogEntryKind.RestoreOpened, entry => entry with { Session = $"bacnet-restore {BacnetDeviceAddress.Parse(device.Address)}" }, default);

        Assert.True((await RestoreAsync(bench, backup)).Verified);
        Assert.Equal(1, device.Procedure.Aborted);
        Assert.Empty((await bench.Context.Devices.GetAsync(Id, default)).OpenRestores);
    }

    [Fact]
    public async Task A_device_that_cannot_be_backed_up_any_more_is_restored_without_a_safety_backup()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await using var device = await RegisterAsync(bench);
        var backup = await bench.AutomaticAsync(Id);
        var saved = device.Files[1].Bytes;
        device.Files.Set(1, SimulatedBacnetFile.SealedStream(Noise(3000)));
        FailNextBackup();
        var refused = await Assert.ThrowsAsync<EdgeBackupException>(() => RestoreAsync(bench, backup));
        Assert.Contains("-SkipSafetyBackup", refused.Message, StringComparison.Ordinal);
        Assert.Equal(0, device.Procedure.Restores);
        FailNextBackup();

        var result = await RestoreAsync(bench, backup, options => options with { SkipSafetyBackup = true });

        Assert.True(result.Verified);
        Assert.False(result.IsCompared);
        Assert.Equal(3, result.Restored.Count);
        Assert.Equal(saved, device.Files[1].Bytes);
        Assert.Contains(bench.Observer.Warnings, warning => warning.Contains("everything is written", StringComparison.Ordinal));

        void FailNextBackup() => device.Faults.Add(new SimulatedBacnetFault { State = BacnetReinitializedState.StartBackup, ErrorClass = BacnetErrorClass.Object, ErrorCode = BacnetErrorCode.FileAccessDenied });
    }

    [Fact]
    public async Task A_backup_that_cannot_be_read_is_refused_before_the_device_is_touched_and_the_error_says_so()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await using var device = await RegisterAsync(bench);
        device.Files.Set(1, SimulatedBacnetFile.SealedStream(Noise(900_000)));
        var backup = await bench.AutomaticAsync(Id);
        var pack = bench.Path("repository", bench.Objects("packs/").Single());
        var bytes = File.ReadAllBytes(pack);

        // The list of the items stands behind them.
        bytes.AsSpan(44, 500_000).Clear();
        File.WriteAllBytes(pack, bytes);

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => RestoreAsync(bench, backup, options => options with { SkipSafetyBackup = true }));

        Assert.Equal(ErrorIds.BackupDamaged, error.ErrorId);
        Assert.Contains($"Nothing of the backup was put in place on the device '{Id}'.", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, device.Procedure.Restores);
    }

    [Fact]
    public async Task A_restore_that_another_machine_has_noted_is_not_taken_for_a_left_over_however_long_it_lasts()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await using var device = await RegisterAsync(bench);
        var backup = await bench.AutomaticAsync(Id);
        await bench.Context.Devices.AppendAsync(
            Id, DeviceLogEntryKind.RestoreOpened, entry => entry with { Session = $"bacnet-restore {BacnetDeviceAddress.Parse(device.Address)}", Owner = "elsewhere/4711/1", InPlace = true }, default);
        bench.Advance(TimeSpan.FromMinutes(40));
        device.Procedure.StartRestoreAsSomebodyElse();

        var busy = await Assert.ThrowsAsync<EdgeBackupException>(() => RestoreAsync(bench, backup));

        Assert.Equal(ErrorIds.DeviceBusy, busy.ErrorId);
        Assert.Equal(0, device.Procedure.Aborted);
    }

    [Fact]
    public async Task R2_a_backup_waits_while_another_tool_takes_one()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await using var device = await RegisterAsync(bench);
        device.Procedure.StartBackupAsSomebodyElse();

        var outcome = (await bench.BackUpAsync([Id])).Single();

        Assert.Equal(ErrorIds.DeviceBusy, Assert.IsType<EdgeBackupException>(outcome.Error).ErrorId);
    }

    private static async Task<SimulatedBacnetDevice> RegisterAsync(OperationsBench bench, string firmware = "2.4.1", TimeProvider? clock = null, ReinitializeSupport reinitialize = ReinitializeSupport.Full)
    {
        var device = await SimulatedBacnetDevice.StartAsync(new SimulatedBacnetOptions { Firmware = firmware, ChecksContent = false, Clock = clock ?? TimeProvider.System, Reinitialize = reinitialize });
        var id = await new RegisterDevice(bench.Context, bench.Observer).RunAsync(new RegisterDeviceOptions { Address = DeviceAddress.Parse(device.Address, bench.Path()) }, default);
        Assert.Equal(Id, id);
        return device;
    }

    private static Task<RestoreResult> RestoreAsync(OperationsBench bench, ListedBackup backup, Func<RestoreOptions, RestoreOptions>? change = null)
    {
        var options = new RestoreOptions { Backup = backup.Backup.Id };
        return new RestoreBackup(bench.Context, bench.Observer).RunAsync(change is null ? options : change(options), default);
    }
}
