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

namespace EdgeBackup.Core.Tests.Operations;

/// <summary>
/// A device that is restored piece by piece may hold half a configuration after a restore that was not finished, and says so
/// no more once the restore was aborted: the repository remembers it.
/// </summary>
public sealed class UnprovenRestoreTests
{
    private const string Id = "bacnet-999-SN-4711";

    private static readonly SimulatedBacnetFault RefusedWrite = new()
    {
        Kind = BacnetFaultKind.Error, Service = BacnetConfirmedService.AtomicWriteFile, ErrorCode = BacnetErrorCode.WriteAccessDenied, Times = 1,
    };

    [Fact]
    public async Task Backups_after_a_restore_that_was_aborted_are_suspect_until_a_restore_is_verified()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await using var device = await RegisterAsync(bench);
        var good = await bench.AutomaticAsync(Id);
        device.Faults.Add(RefusedWrite);

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => RestoreAsync(bench, good));

        Assert.Equal((BacnetBackupState.Idle, 1), (device.Procedure.State, device.Procedure.Aborted));
        Assert.Contains("suspect until", error.Message, StringComparison.Ordinal);
        for (var night = 0; night < 2; night++)
        {
            var reason = Assert.Single((await bench.AutomaticAsync(Id)).Backup.Suspect).Reason;
            Assert.Contains("half a configuration", reason, StringComparison.Ordinal);
            Assert.Contains("Restore-EdgeBackup", reason, StringComparison.Ordinal);
        }

        var safety = (await bench.ListAsync()).Single(listed => listed.Backup.Kind == BackupKind.Safety);
        Assert.Equal(safety.Backup.Created, (await bench.DeviceAsync(Id)).Device.LastGoodBackup);
        Assert.True((await RestoreAsync(bench, good)).Verified);
        Assert.Empty((await bench.AutomaticAsync(Id)).Backup.Suspect);
    }

    [Fact]
    public async Task Backups_after_a_restore_whose_command_was_killed_are_suspect_whoever_cleared_it_up()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await using var device = await RegisterAsync(bench);
        var good = await bench.AutomaticAsync(Id);
        await LeaveOpenAsync(bench, device);

        // The device has given the restore up by itself, or forgotten it in a restart: it is idle, and our note is open.
        Assert.Contains("half a configuration", Assert.Single((await bench.AutomaticAsync(Id)).Backup.Suspect).Reason, StringComparison.Ordinal);

        // The next command takes the device out of it, and is then refused.
        device.Procedure.StartRestoreAsSomebodyElse();
        device.Faults.Add(RefusedWrite);
        await Assert.ThrowsAsync<EdgeBackupException>(() => RestoreAsync(bench, good));
        Assert.Equal((BacnetBackupState.Idle, 2), (device.Procedure.State, device.Procedure.Aborted));
        Assert.Empty((await bench.Context.Devices.GetAsync(Id, default)).OpenRestores);
        Assert.NotEmpty((await bench.AutomaticAsync(Id)).Backup.Suspect);
    }

    [Fact]
    public async Task A_restore_that_the_device_refuses_to_begin_leaves_it_as_it_is_known()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await using var device = await RegisterAsync(bench);
        var good = await bench.AutomaticAsync(Id);
        device.Faults.Add(new SimulatedBacnetFault
        {
            Kind = BacnetFaultKind.Error, Service = BacnetConfirmedService.ReinitializeDevice, State = BacnetReinitializedState.StartRestore, ErrorClass = BacnetErrorClass.Security, ErrorCode = BacnetErrorCode.PasswordFailure, Times = 2,
        });

        await Assert.ThrowsAsync<EdgeBackupException>(() => RestoreAsync(bench, good));
        Assert.Empty((await bench.AutomaticAsync(Id)).Backup.Suspect);

        // Nor does it make up for one before that.
        await LeaveOpenAsync(bench, device);
        await Assert.ThrowsAsync<EdgeBackupException>(() => RestoreAsync(bench, good));
        Assert.NotEmpty((await bench.AutomaticAsync(Id)).Backup.Suspect);
    }

    [Fact]
    public async Task A_restore_that_reads_back_otherwise_is_not_proven_and_its_user_may_take_the_device_for_good()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await using var device = await RegisterAsync(bench);
        device.Faults.ChangesWithEachBackup = true;
        var good = await bench.AutomaticAsync(Id);
        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => RestoreAsync(bench, good));
        Assert.Contains("-SkipValidation", error.Message, StringComparison.Ordinal);
        Assert.NotEmpty((await bench.AutomaticAsync(Id)).Backup.Suspect);

        var taken = Assert.Single(await bench.BackUpAsync([Id], new TakeBackupOptions { Kind = BackupKind.Automatic, SkipValidation = true })).Backup!;

        Assert.Empty(taken.Backup.Suspect);
        Assert.Empty((await bench.AutomaticAsync(Id)).Backup.Suspect);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_restore_that_the_device_never_tells_of_is_not_proven_by_reading_it_back_and_the_error_says_so(bool changes)
    {
        await using var bench = await OperationsBench.CreateAsync();
        await using var device = await SimulatedBacnetDevice.StartAsync(new SimulatedBacnetOptions { ChecksContent = false, RestoreTimeStays = true, RevisionStays = true });
        device.Faults.ChangesWithEachBackup = changes;
        var context = await bench.OpenAsync(connections: new QuickConnections(BacnetTestDevice.Times with { Preparation = TimeSpan.FromMilliseconds(200) }));
        await new RegisterDevice(context, bench.Observer).RunAsync(new RegisterDeviceOptions { Address = DeviceAddress.Parse(device.Address, bench.Path()) }, default);
        var good = Assert.Single(await bench.BackUpAsync([Id], context: context)).Backup!;

        var error = await Assert.ThrowsAsync<EdgeBackupException>(
            () => new RestoreBackup(context, bench.Observer).RunAsync(new RestoreOptions { Backup = good.Backup.Id }, default));

        Assert.Equal((ErrorIds.RestoreVerifyFailed, 1), (error.ErrorId, device.Procedure.Completed));
        Assert.Contains(changes ? "does not say that it put into force" : "gives it back as it was written, but does not say", error.Message, StringComparison.Ordinal);
        Assert.Contains("-SkipValidation", error.Message, StringComparison.Ordinal);
        Assert.NotEmpty(Assert.Single(await bench.BackUpAsync([Id], context: context)).Backup!.Backup.Suspect);
    }

    [Fact]
    public void What_is_settled_says_nothing_of_a_restore_that_began_later()
    {
        var state = new DeviceState(Id);
        state.Apply(Entry(DeviceLogEntryKind.RestoreOpened) with { Session = "first", InPlace = true });
        Assert.Equal(At(0), state.UnprovenRestore?.Time);
        state.Apply(Entry(DeviceLogEntryKind.RestoreClosed) with { Session = "first" });
        Assert.NotNull(state.UnprovenRestore);
        state.Apply(Entry(DeviceLogEntryKind.RestoreClosed) with { End = RestoreEnd.Verified });
        Assert.Null(state.UnprovenRestore);
        state.Apply(Entry(DeviceLogEntryKind.RestoreOpened, 2) with { Session = "second", InPlace = true });
        state.Apply(Entry(DeviceLogEntryKind.RestoreClosed) with { Session = "second", End = RestoreEnd.Untouched });
        Assert.Null(state.UnprovenRestore);
        Assert.Equal(At(2), state.LastInPlace?.Time);

        // As earlier versions wrote it, and devices that are swapped as a whole.
        state.Apply(Entry(DeviceLogEntryKind.RestoreOpened) with { Session = "third" });
        Assert.Null(state.UnprovenRestore);
    }

    [Fact]
    public async Task A_backup_that_is_taken_for_good_does_not_settle_a_restore_that_began_after_it_was_read()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await using var device = await RegisterAsync(bench);
        await LeaveOpenAsync(bench, device);
        var seen = await bench.Context.Devices.GetAsync(Id, default);
        bench.Advance(TimeSpan.FromMinutes(1));
        await LeaveOpenAsync(bench, device);

        await UnprovenRestores.SettleAsync(bench.Context, seen, RestoreEnd.Accepted, bench.Observer);

        Assert.NotNull((await bench.Context.Devices.GetAsync(Id, default)).UnprovenRestore);
    }

    private static DeviceLogEntry Entry(DeviceLogEntryKind kind, int minute = 0) => new() { Kind = kind, Device = Id, Time = At(minute), Author = "a@b" };

    private static DateTimeOffset At(int minute) => new(2026, 3, 1, 12, minute, 0, TimeSpan.Zero);

    /// <summary>As the repository has it when our own command was killed in the middle of a restore.</summary>
    private static async Task LeaveOpenAsync(OperationsBench bench, SimulatedBacnetDevice device) => await bench.Context.Devices.AppendAsync(
        Id, DeviceLogEntryKind.RestoreOpened, entry => entry with { Session = $"bacnet-restore {BacnetDeviceAddress.Parse(device.Address)}", InPlace = true }, default);

    private static async Task<SimulatedBacnetDevice> RegisterAsync(OperationsBench bench)
    {
        var device = await SimulatedBacnetDevice.StartAsync(new SimulatedBacnetOptions { ChecksContent = false });
        var id = await new RegisterDevice(bench.Context, bench.Observer).RunAsync(new RegisterDeviceOptions { Address = DeviceAddress.Parse(device.Address, bench.Path()) }, default);
        Assert.Equal(Id, id);
        return device;
    }

    private static Task<RestoreResult> RestoreAsync(OperationsBench bench, ListedBackup backup) =>
        new RestoreBackup(bench.Context, bench.Observer).RunAsync(new RestoreOptions { Backup = backup.Backup.Id }, default);
}
