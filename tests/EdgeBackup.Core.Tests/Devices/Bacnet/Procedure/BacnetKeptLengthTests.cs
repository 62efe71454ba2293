using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Bacnet;
using EdgeBackup.Core.Errors;
using EdgeBackup.Simulator.Bacnet;
using Xunit;
using static EdgeBackup.Core.Tests.Devices.RestoreTestTools;

namespace EdgeBackup.Core.Tests.Devices.Bacnet.Procedure;

/// <summary>What a device acknowledges it need not keep: a restore is given up while that does no harm.</summary>
public sealed class BacnetKeptLengthTests
{
    [Theory]
    [InlineData(8000, "8000 bytes", "20008")]
    [InlineData(3, "3 records", "5")]
    public async Task A_device_that_keeps_less_than_it_acknowledges_is_taken_out_of_its_restore(int most, string kept, string sent)
    {
        await using var device = await BacnetRestoreTests.StartAsync();
        var before = device.Device.Files[3].Bytes;
        device.Device.Faults.MostKept = most;
        await using var connection = device.Connect(null);
        var journal = new MemoryJournal();
        var state = BacnetRestoreTests.New;
        if (most == 3)
        {
            state["files/001-3.stream"] = [];
        }

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => RestoreAsync(connection, RestoreMode.Replace, state, journal));

        Assert.Equal(ErrorIds.RestoreFailed, error.ErrorId);
        Assert.Contains(kept, error.Message, StringComparison.Ordinal);
        Assert.Contains(sent, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(device.Device.Requests, request => request.State == BacnetReinitializedState.EndRestore);
        BacnetRestoreTests.AssertAborted(device, before, journal);
    }

    [Fact]
    public async Task A_length_that_does_not_follow_what_is_written_proves_nothing()
    {
        await using var device = await BacnetRestoreTests.StartAsync();
        device.Device.Faults.ToldLength = 77;
        await using var connection = device.Connect(null);

        Assert.Equal(RestoreCommitOutcome.Completed, await RestoreAsync(connection, RestoreMode.Replace, BacnetRestoreTests.New));

        BacnetRestoreTests.AssertNew(device);
    }

    [Fact]
    public async Task A_device_that_keeps_one_record_of_each_write_is_given_them_one_at_a_time()
    {
        await using var device = await BacnetRestoreTests.StartAsync();
        device.Device.Faults.MostRecordsKept = 1;
        await using var connection = device.Connect(null);

        Assert.Equal(RestoreCommitOutcome.Completed, await RestoreAsync(connection, RestoreMode.Replace, BacnetRestoreTests.New));

        BacnetRestoreTests.AssertNew(device);
    }
}
