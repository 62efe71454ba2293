using EdgeBackup.Core.Devices.Bacnet;
using EdgeBackup.Core.Tests.Devices.Bacnet.Procedure;
using EdgeBackup.Simulator.Bacnet;
using Xunit;

namespace EdgeBackup.Core.Tests.Simulator.Bacnet;

/// <summary>Devices that lack something, and faults that wait for a request.</summary>
public sealed class SimulatedDeviceOptionsTests
{
    [Theory]
    [InlineData(BacnetProperty.BackupAndRestoreState)]
    [InlineData(BacnetProperty.BackupPreparationTime)]
    [InlineData(BacnetProperty.RestoreCompletionTime)]
    [InlineData(BacnetProperty.RestorePreparationTime)]
    public async Task An_old_device_does_not_know_the_later_properties(BacnetProperty property)
    {
        await using var visit = await BacnetVisit.PayAsync(new() { TellsBackupState = false });

        var refusal = await Assert.ThrowsAsync<BacnetErrorException>(() => visit.ReadAsync(property));

        Assert.Equal((BacnetErrorClass.Property, BacnetErrorCode.UnknownProperty), (refusal.Class, refusal.Code));
        Assert.Equal(300u, (await visit.ReadAsync(BacnetProperty.BackupFailureTimeout)).AsUnsigned);
    }

    [Fact]
    public async Task A_device_without_the_service_rejects_it()
    {
        await using var visit = await BacnetVisit.PayAsync(new() { Reinitialize = ReinitializeSupport.Missing, HasReadPropertyMultiple = false });

        var refusal = await Assert.ThrowsAsync<BacnetRejectException>(() => visit.ReinitializeAsync(BacnetReinitializedState.StartBackup));
        var services = (await visit.ReadAsync(BacnetProperty.ProtocolServicesSupported)).AsBits!;

        Assert.Equal(BacnetRejectReason.UnrecognizedService, refusal.Reason);
        Assert.False(services[(int)BacnetConfirmedService.ReinitializeDevice]);
        Assert.False(services[(int)BacnetConfirmedService.ReadPropertyMultiple]);
        Assert.True(services[(int)BacnetConfirmedService.AtomicReadFile]);
    }

    [Fact]
    public async Task A_device_that_only_restarts_says_so()
    {
        await using var visit = await BacnetVisit.PayAsync(new() { Reinitialize = ReinitializeSupport.RestartsOnly });

        var refusal = await Assert.ThrowsAsync<BacnetErrorException>(() => visit.ReinitializeAsync(BacnetReinitializedState.StartBackup));

        Assert.Equal(BacnetErrorCode.OptionalFunctionalityNotSupported, refusal.Code);
    }

    [Fact]
    public async Task Several_properties_are_read_with_or_without_the_service_for_it()
    {
        (BacnetObjectId, BacnetProperty)[] wanted =
        [
            (new(BacnetObjectType.Device, 1001), BacnetProperty.ObjectName),
            (new(BacnetObjectType.File, 1), BacnetProperty.RecordCount),
            (new(BacnetObjectType.File, 3), BacnetProperty.RecordCount),
            (new(BacnetObjectType.File, 77), BacnetProperty.FileSize),
        ];
        foreach (var hasService in new[] { true, false })
        {
            await using var visit = await BacnetVisit.PayAsync(new() { HasReadPropertyMultiple = hasService });

            var results = await visit.Client.ReadPropertiesAsync(visit.Peer, wanted, default);

            Assert.Equal("SIM-1001", results[0].Value!.AsText);
            Assert.Equal(BacnetErrorCode.UnknownProperty, Assert.IsType<BacnetErrorException>(results[1].Error).Code);
            Assert.Equal(21u, results[2].Value!.AsUnsigned);
            Assert.Equal(BacnetErrorCode.UnknownObject, Assert.IsType<BacnetErrorException>(results[3].Error).Code);
        }
    }

    [Theory]
    [InlineData(EmptyFileAnswer.EndOfFile)]
    [InlineData(EmptyFileAnswer.InvalidStart)]
    public async Task An_empty_file_is_at_its_end_or_has_no_start(EmptyFileAnswer answer)
    {
        await using var visit = await BacnetVisit.PayAsync(new() { EmptyFiles = answer, SampleFiles = 0 });
        visit.Device.Files.Set(1, SimulatedBacnetFile.Stream());
        await visit.ReinitializeAsync(BacnetReinitializedState.StartBackup);

        if (answer == EmptyFileAnswer.EndOfFile)
        {
            Assert.Empty(await visit.ReadStreamAsync(1));
        }
        else
        {
            var refusal = await Assert.ThrowsAsync<BacnetErrorException>(() => visit.ReadStreamAsync(1));
            Assert.Equal(BacnetErrorCode.InvalidFileStartPosition, refusal.Code);
        }
    }

    [Fact]
    public async Task A_device_may_refuse_to_be_told_a_size_and_empty_a_file_that_is_written_at_its_start()
    {
        await using var visit = await BacnetVisit.PayAsync(new() { FileSizeIsWritable = false });
        await visit.ReinitializeAsync(BacnetReinitializedState.StartRestore);

        var refusal = await Assert.ThrowsAsync<BacnetErrorException>(() => visit.WriteAsync(1, BacnetProperty.FileSize, BacnetValue.OfUnsigned(0)));
        await visit.WriteStreamAsync(1, [1, 2, 3]);

        Assert.Equal(BacnetErrorCode.WriteAccessDenied, refusal.Code);
        Assert.Equal([1, 2, 3], visit.Device.Files[1].Bytes);
    }

    [Fact]
    public async Task A_device_may_be_silent_while_it_prepares()
    {
        var clock = new HandClock();
        await using var visit = await BacnetVisit.PayAsync(
            new() { Clock = clock, BackupPreparation = TimeSpan.FromSeconds(10), SilentWhilePreparing = true });
        await visit.ReinitializeAsync(BacnetReinitializedState.StartBackup);

        await visit.AssertSilentAsync();
        clock.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal(BacnetBackupState.PerformingBackup, await visit.StateAsync());
    }

    [Fact]
    public async Task A_fault_lets_some_requests_pass_and_hits_as_many_as_it_was_told()
    {
        await using var visit = await BacnetVisit.PayAsync();
        visit.Device.Faults.Add(new SimulatedBacnetFault { Service = BacnetConfirmedService.ReadProperty, Skip = 1, Times = 2 });

        await visit.StateAsync();
        for (var hit = 0; hit < 2; hit++)
        {
            Assert.Equal(BacnetErrorCode.DeviceBusy, (await Assert.ThrowsAsync<BacnetErrorException>(visit.StateAsync)).Code);
        }

        Assert.Equal(BacnetBackupState.Idle, await visit.StateAsync());
    }

    [Fact]
    public async Task A_fault_chooses_its_step_of_the_procedure()
    {
        await using var visit = await BacnetVisit.PayAsync();
        visit.Device.Faults.Add(new SimulatedBacnetFault { State = BacnetReinitializedState.EndBackup, Kind = BacnetFaultKind.SilentAfter });
        await visit.ReinitializeAsync(BacnetReinitializedState.StartBackup);

        await BacnetVisit.AssertSilentAsync(client => client.ReinitializeDeviceAsync(visit.Peer, BacnetReinitializedState.EndBackup, null, default));

        // It was done all the same.
        Assert.Equal(BacnetBackupState.Idle, await visit.StateAsync());
    }

    [Fact]
    public async Task A_device_falls_silent_after_so_many_requests()
    {
        await using var visit = await BacnetVisit.PayAsync();
        visit.Device.Faults.SilentAfterRequests = 2;

        await visit.StateAsync();
        await visit.Client.ReadPropertyAsync(visit.Peer, visit.DeviceId, BacnetProperty.ObjectName, null, default);
        await visit.AssertSilentAsync();
        visit.Device.Faults.Clear();

        Assert.Equal(BacnetBackupState.Idle, await visit.StateAsync());
    }

    [Fact]
    public async Task A_file_may_change_between_two_reads_and_may_end_too_early()
    {
        await using var visit = await BacnetVisit.PayAsync();
        var before = visit.Device.Files[2].Bytes;
        await visit.ReinitializeAsync(BacnetReinitializedState.StartBackup);
        visit.Device.Faults.AlterAfterReads = 1;

        var first = await visit.ReadStreamAsync(2);
        var second = await visit.ReadStreamAsync(2);
        visit.Device.Faults.EndOfFileAt = 50;
        var cut = await visit.ReadStreamAsync(2);

        Assert.Equal(before, first);
        Assert.NotEqual(before, second);
        Assert.Equal(second[..50], cut);
    }
}
