using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Bacnet;
using EdgeBackup.Core.Errors;
using EdgeBackup.Simulator.Bacnet;
using Xunit;
using static EdgeBackup.Core.Tests.Devices.RestoreTestTools;

namespace EdgeBackup.Core.Tests.Devices.Bacnet.Procedure;

/// <summary>A device that is idle after END_RESTORE need not have taken anything: it may have restarted in between.</summary>
public sealed class BacnetRestoreProofTests
{
    /// <summary>A second is longer than all that the devices here are away for.</summary>
    private static readonly BacnetTimes Times = BacnetTestDevice.Times with { Preparation = TimeSpan.FromSeconds(1) };

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_device_that_crashes_at_the_end_and_keeps_the_files_has_not_taken_them(bool tells)
    {
        await using var device = await BacnetRestoreTests.StartAsync(new SimulatedBacnetOptions { TellsBackupState = tells });
        device.Device.Faults.KeepsWrittenFiles = true;
        device.Device.Faults.Add(new SimulatedBacnetFault { Kind = BacnetFaultKind.Crash, State = BacnetReinitializedState.EndRestore });
        await using var connection = device.Connect(BacnetTestDevice.Eager, times: Times);

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => RestoreAsync(connection, RestoreMode.Replace, BacnetRestoreTests.New));

        AssertNotTaken(error, device);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_device_that_crashes_while_it_makes_its_configuration_has_not_taken_it(bool tells)
    {
        // By its own clock it never comes to the end of what it makes.
        var clock = new HandClock();
        await using var device = await BacnetRestoreTests.StartAsync(new SimulatedBacnetOptions { TellsBackupState = tells, RestoreCompletion = TimeSpan.FromSeconds(2), Clock = clock });
        device.Device.Faults.KeepsWrittenFiles = true;
        var warnings = new List<string>();
        await using var connection = device.Connect(BacnetTestDevice.Impatient with { Retries = 20 }, times: Times, warn: warnings.Add);

        var restore = RestoreAsync(connection, RestoreMode.Replace, BacnetRestoreTests.New);
        await Wait.UntilAsync(() => device.Device.Requests.Any(request => request.State == BacnetReinitializedState.EndRestore));
        device.Device.Crash(TimeSpan.FromMilliseconds(50));
        clock.Advance(TimeSpan.FromMilliseconds(50));

        // It had acknowledged the end: whoever asked for the restore reads it back, and does not call it done.
        Assert.Equal(RestoreCommitOutcome.Undeclared, await restore);
        AssertNotTaken(Assert.Single(warnings), device);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_device_whose_restore_time_never_changes_is_believed_by_its_revision_alone(bool revisionChanges)
    {
        await using var device = await BacnetRestoreTests.StartAsync(new SimulatedBacnetOptions { RestoreTimeStays = true, RevisionStays = !revisionChanges });
        var warnings = new List<string>();
        await using var connection = device.Connect(BacnetTestDevice.Eager, times: Times, warn: warnings.Add);
        var journal = new MemoryJournal();

        var outcome = await RestoreAsync(connection, RestoreMode.Replace, BacnetRestoreTests.New, journal);

        Assert.Equal(revisionChanges ? RestoreCommitOutcome.Completed : RestoreCommitOutcome.Undeclared, outcome);
        Assert.Equal(revisionChanges ? 0 : 1, warnings.Count);
        Assert.Equal(0, device.Device.Requests.Count(request => request.State == BacnetReinitializedState.AbortRestore));
        Assert.Empty(journal.Open);
        BacnetRestoreTests.AssertNew(device);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_old_device_that_restarts_a_moment_after_the_end_is_waited_for(bool tellsRestores)
    {
        await using var device = await BacnetRestoreTests.StartAsync(new SimulatedBacnetOptions
        {
            TellsBackupState = false,
            TellsRestores = tellsRestores,
            SilentWhilePreparing = true,
            RestoreDelay = TimeSpan.FromMilliseconds(100),
            RestoreCompletion = TimeSpan.FromMilliseconds(300),
        });
        await using var connection = device.Connect(BacnetTestDevice.Impatient with { Retries = 20 }, times: Times);

        Assert.Equal(RestoreCommitOutcome.Completed, await RestoreAsync(connection, RestoreMode.Replace, BacnetRestoreTests.New));

        Assert.Equal(1, device.Device.Procedure.Completed);
        BacnetRestoreTests.AssertNew(device);
    }

    [Fact]
    public async Task A_device_that_says_nothing_of_restores_is_taken_at_the_word_of_its_state()
    {
        await using var device = await BacnetRestoreTests.StartAsync(new SimulatedBacnetOptions { TellsRestores = false, RestoreCompletion = TimeSpan.FromMilliseconds(100) });
        await using var connection = device.Connect(null);

        Assert.Equal(RestoreCommitOutcome.Completed, await RestoreAsync(connection, RestoreMode.Replace, BacnetRestoreTests.New));

        BacnetRestoreTests.AssertNew(device);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_device_whose_revision_comes_with_its_files_is_left_to_the_read_back_with_a_warning(bool tells)
    {
        await using var device = await BacnetRestoreTests.StartAsync(new SimulatedBacnetOptions { RevisionStays = true, TellsBackupState = tells, RestoreCompletion = TimeSpan.FromMilliseconds(100) });
        var warnings = new List<string>();
        await using var connection = device.Connect(BacnetTestDevice.Eager, times: Times, warn: warnings.Add);

        Assert.Equal(RestoreCommitOutcome.Unknown, await RestoreAsync(connection, RestoreMode.Replace, BacnetRestoreTests.New));

        Assert.Equal(1, device.Device.Procedure.Completed);
        Assert.Contains("Database_Revision is as before", Assert.Single(warnings), StringComparison.Ordinal);
        BacnetRestoreTests.AssertNew(device);
    }

    [Fact]
    public async Task A_device_that_is_idle_long_before_it_has_said_that_it_would_be_is_given_its_time()
    {
        await using var device = await BacnetRestoreTests.StartAsync(new SimulatedBacnetOptions { RestoreCompletion = TimeSpan.FromSeconds(4) });
        device.Device.Faults.KeepsWrittenFiles = true;
        device.Device.Faults.Add(new SimulatedBacnetFault { Kind = BacnetFaultKind.Crash, State = BacnetReinitializedState.EndRestore });
        await using var connection = device.Connect(BacnetTestDevice.Eager, times: Times);
        var began = TimeProvider.System.GetTimestamp();

        AssertNotTaken(await Assert.ThrowsAsync<EdgeBackupException>(() => RestoreAsync(connection, RestoreMode.Replace, BacnetRestoreTests.New)), device);

        Assert.True(TimeProvider.System.GetElapsedTime(began) >= TimeSpan.FromSeconds(4));
    }

    private static void AssertNotTaken(EdgeBackupException error, BacnetTestDevice device)
    {
        Assert.Equal(ErrorIds.RestoreFailed, error.ErrorId);
        AssertNotTaken(error.Message, device);
    }

    private static void AssertNotTaken(string message, BacnetTestDevice device)
    {
        Assert.Contains("does not say that it took", message, StringComparison.Ordinal);
        Assert.Contains("Last_Restore_Time", message, StringComparison.Ordinal);
        Assert.Equal(0, device.Device.Procedure.Completed);

        // What the read-back would have seen.
        BacnetRestoreTests.AssertNew(device);
    }
}
