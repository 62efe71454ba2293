using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Bacnet;
using EdgeBackup.Core.Errors;
using EdgeBackup.Simulator.Bacnet;
using Xunit;
using static EdgeBackup.Core.Tests.Devices.RestoreTestTools;

namespace EdgeBackup.Core.Tests.Devices.Bacnet.Procedure;

/// <summary>A device that has taken END_RESTORE is past the point at which a restore can be aborted, unless it says otherwise.</summary>
public sealed class BacnetAfterTheEndTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_restore_that_is_stopped_after_its_end_is_aborted_only_where_the_device_says_that_it_is_in_it(bool tells)
    {
        await using var device = await BacnetRestoreTests.StartAsync(new SimulatedBacnetOptions { TellsBackupState = tells, RestoreCompletion = TimeSpan.FromMinutes(10) });
        await using var connection = device.Connect(null);
        var journal = new MemoryJournal();
        using var cancellation = new CancellationTokenSource();
        await using var session = await connection.BeginRestoreAsync(Plan(RestoreMode.Replace, BacnetRestoreTests.New), journal, cancellation.Token);
        await StageAsync(session, BacnetRestoreTests.New);

        var commit = session.CommitAsync(cancellation.Token);
        await Wait.UntilAsync(() => LooksSinceTheEnd(device) > 2);
        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => commit);
        Assert.Equal(tells ? 1 : 0, Aborts(device));

        // Where it was left in its restore, the next one must know it for ours.
        Assert.Equal(tells ? 0 : 1, journal.Open.Count);
    }

    [Fact]
    public async Task A_restore_that_fails_after_its_end_says_that_nothing_more_was_sent()
    {
        await using var device = await BacnetRestoreTests.StartAsync();
        device.Device.Faults.RestoreFails = true;
        await using var connection = device.Connect(null);
        var journal = new MemoryJournal();

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => RestoreAsync(connection, RestoreMode.Replace, BacnetRestoreTests.New, journal));

        Assert.Contains("no ABORT_RESTORE was sent", error.Message, StringComparison.Ordinal);
        Assert.Equal((0, BacnetBackupState.RestoreFailure), (Aborts(device), device.Device.Procedure.State));
        Assert.Empty(journal.Open);
    }

    [Fact]
    public async Task A_restore_that_was_left_open_is_not_aborted_once_another_command_has_begun_its_own()
    {
        await using var device = await BacnetRestoreTests.StartAsync();
        await using var connection = device.Connect(null);
        var session = $"bacnet-restore {BacnetDeviceAddress.Parse(device.Device.Address)}";
        var journal = new MemoryJournal();
        await journal.OpenedAsync(session, CancellationToken.None);
        device.Device.Procedure.StartRestoreAsSomebodyElse();
        var asked = 0;
        journal.OnAsked = _ =>
        {
            // It has dropped what was left, and what is open now is its own and running.
            if (Interlocked.Increment(ref asked) == 2)
            {
                journal.ClosedAsync(session, CancellationToken.None);
            }
        };

        var turn = await device.Locks.EnterAsync(device.Device.EndPoint, CancellationToken.None);
        var drop = connection.DropLeftoversAsync(journal, CancellationToken.None);
        await Wait.UntilAsync(() => Volatile.Read(ref asked) == 1);
        await turn.DisposeAsync();

        Assert.Equal(ErrorIds.DeviceBusy, (await Assert.ThrowsAsync<EdgeBackupException>(() => drop)).ErrorId);
        Assert.Equal((0, BacnetBackupState.PerformingRestore), (Aborts(device), device.Device.Procedure.State));
    }

    private static int Aborts(BacnetTestDevice device) => device.Device.Requests.Count(request => request.State == BacnetReinitializedState.AbortRestore);

    private static int LooksSinceTheEnd(BacnetTestDevice device) => device.Device.Requests
        .SkipWhile(request => request.State != BacnetReinitializedState.EndRestore)
        .Count(request => request.Service == BacnetConfirmedService.ReadPropertyMultiple);
}
