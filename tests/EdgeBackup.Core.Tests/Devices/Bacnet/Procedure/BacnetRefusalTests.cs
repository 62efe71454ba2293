using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Bacnet;
using EdgeBackup.Core.Items;
using EdgeBackup.Simulator.Bacnet;
using Xunit;
using static EdgeBackup.Core.Tests.Devices.RestoreTestTools;

namespace EdgeBackup.Core.Tests.Devices.Bacnet.Procedure;

/// <summary>Devices say in many ways that something was too much at once.</summary>
public sealed class BacnetRefusalTests
{
    private static readonly byte[] Long = Noise(20_000);
    private static readonly byte[][] Rows = [Noise(40, 3), [], Noise(90, 4), Noise(1, 5), Noise(40, 6), Noise(9, 7), Noise(9, 8)];

    [Theory]
    [InlineData(BacnetAbortReason.OutOfResources)]
    [InlineData(BacnetAbortReason.PreemptedByHigherPriorityTask)]
    [InlineData(BacnetAbortReason.Other)]
    public async Task A_device_without_room_for_long_answers_is_read_in_short_ones(BacnetAbortReason reason)
    {
        await using var device = await StartAsync(new SimulatedBacnetOptions { MaxSegments = 4, TooLongReason = reason });
        await using var connection = device.Connect(null);

        await AssertReadAsync(connection);
    }

    [Theory]
    [InlineData(BacnetAbortReason.OutOfResources)]
    [InlineData(BacnetAbortReason.PreemptedByHigherPriorityTask)]
    [InlineData(BacnetAbortReason.Other)]
    public async Task A_device_without_room_for_long_requests_is_written_in_short_ones(BacnetAbortReason reason)
    {
        await using var device = await BacnetRestoreTests.StartAsync();
        device.Device.Faults.Add(new SimulatedBacnetFault { Kind = BacnetFaultKind.Abort, Abort = reason, Service = BacnetConfirmedService.AtomicWriteFile, LongerThan = 1500, Times = -1 });
        await using var connection = device.Connect(null);

        Assert.Equal(RestoreCommitOutcome.Completed, await RestoreAsync(connection, RestoreMode.Replace, BacnetRestoreTests.New));

        BacnetRestoreTests.AssertNew(device);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task A_device_that_rejects_many_records_at_once_is_asked_for_fewer(int most)
    {
        await using var device = await StartAsync(new SimulatedBacnetOptions { MostRecords = most });
        await using var connection = device.Connect(null);

        await AssertReadAsync(connection);

        // The number that it took is not gone beyond again and again.
        var reads = device.Device.Requests.Count(request => request.Service == BacnetConfirmedService.AtomicReadFile && request.Target!.Value.Instance == 1);
        Assert.InRange(reads, 1, Rows.Length + 3);
    }

    [Fact]
    public async Task A_device_that_rejects_many_records_at_once_is_written_in_fewer()
    {
        await using var device = await BacnetRestoreTests.StartAsync();
        device.Device.Faults.Add(new SimulatedBacnetFault { Kind = BacnetFaultKind.Reject, Reject = BacnetRejectReason.TooManyArguments, Service = BacnetConfirmedService.AtomicWriteFile, LongerThan = 130, Times = -1 });
        await using var connection = device.Connect(null);

        Assert.Equal(RestoreCommitOutcome.Completed, await RestoreAsync(connection, RestoreMode.Replace, BacnetRestoreTests.New));

        BacnetRestoreTests.AssertNew(device);
    }

    private static async Task<BacnetTestDevice> StartAsync(SimulatedBacnetOptions options)
    {
        var device = await BacnetTestDevice.StartAsync(options);
        device.Device.Files.Set(3, SimulatedBacnetFile.Stream(Long));
        device.Device.Files.Set(1, SimulatedBacnetFile.OfRecords(Rows));
        return device;
    }

    private static async Task AssertReadAsync(BacnetDeviceConnection connection)
    {
        var captured = await CaptureAsync(connection, BackupContent.Configuration);
        Assert.Equal(Long, captured["files/001-3.stream"]);
        Assert.Equal(RestoreSpoolTests.Frame(Rows), captured["files/002-1.records"]);
    }
}
