using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Bacnet;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Tests.Devices;
using EdgeBackup.Core.Tests.Devices.Bacnet.Procedure;
using EdgeBackup.Simulator.Bacnet;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations;

/// <summary>A capture that was given up and whose end the device did not confirm: whoever looks later hears of it.</summary>
public sealed class BacnetLeftBehindTests
{
    private const string Id = "bacnet-999-SN-4711";

    [Fact]
    public async Task A_failed_capture_whose_end_is_not_confirmed_is_a_warning_and_stands_in_what_is_known_of_the_attempt()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await using var device = await SimulatedBacnetDevice.StartAsync(new SimulatedBacnetOptions { ChecksContent = false });
        var context = await RegisterAsync(bench, device);
        device.Faults.Add(new SimulatedBacnetFault { State = BacnetReinitializedState.EndBackup, Times = -1 });
        device.Faults.Add(new SimulatedBacnetFault { Service = BacnetConfirmedService.AtomicReadFile, ErrorCode = BacnetErrorCode.ReadAccessDenied, Times = -1 });

        var error = (await bench.BackUpAsync([Id], context: context)).Single().Error!;

        Assert.Equal(BacnetBackupState.PerformingBackup, device.Procedure.State);
        Assert.Equal(ErrorIds.CaptureFailed, Assert.IsType<EdgeBackupException>(error).ErrorId);
        Assert.Contains("did not confirm END_BACKUP", error.Message, StringComparison.Ordinal);
        Assert.Contains(bench.Observer.Warnings, warning => warning.Contains(Id, StringComparison.Ordinal) && warning.Contains("did not confirm END_BACKUP", StringComparison.Ordinal) && warning.Contains("Take the backup again", StringComparison.Ordinal));
        Assert.Equal(error.Message, (await context.Attempts.ReadAsync(Id, default)).State.Reason);
        Assert.Equal(error.Message, Assert.Single(await bench.EventsAsync("Failed")).Message);
    }

    [Fact]
    public async Task A_capture_that_was_stopped_and_whose_end_is_not_confirmed_is_an_event()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await using var device = await SimulatedBacnetDevice.StartAsync(new SimulatedBacnetOptions { ChecksContent = false });
        var context = await RegisterAsync(bench, device);
        device.Faults.Add(new SimulatedBacnetFault { State = BacnetReinitializedState.EndBackup, Times = -1 });
        device.Faults.Add(new SimulatedBacnetFault { Service = BacnetConfirmedService.AtomicReadFile, Times = -1 });
        using var stop = new CancellationTokenSource();

        var run = new TakeBackup(context, bench.Observer).RunAsync([Id], new TakeBackupOptions { Kind = BackupKind.Automatic }, _ => Task.CompletedTask, stop.Token);
        await Wait.UntilAsync(() => device.Count(BacnetConfirmedService.AtomicReadFile) > 0);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);

        var noted = Assert.Single(await bench.EventsAsync("Interrupted"));
        Assert.Equal((EdgeEventCategory.Backup, Id, ErrorIds.CaptureFailed), (noted.Category, noted.Device, noted.ErrorId));
        Assert.Contains("did not confirm END_BACKUP", noted.Message, StringComparison.Ordinal);
    }

    private static async Task<RepositoryContext> RegisterAsync(OperationsBench bench, SimulatedBacnetDevice device)
    {
        var context = await bench.OpenAsync(connections: new QuickConnections(BacnetTestDevice.Times with { Abort = TimeSpan.FromMilliseconds(300) }));
        await new RegisterDevice(context, bench.Observer).RunAsync(new RegisterDeviceOptions { Address = DeviceAddress.Parse(device.Address, bench.Path()) }, default);
        return context;
    }
}
