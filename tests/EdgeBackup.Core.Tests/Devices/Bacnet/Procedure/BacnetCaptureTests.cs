using EdgeBackup.Core.Devices.Bacnet;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Simulator.Bacnet;
using Xunit;
using static EdgeBackup.Core.Tests.Devices.Bacnet.Procedure.BacnetCaptureBench;
using static EdgeBackup.Core.Tests.Devices.RestoreTestTools;

namespace EdgeBackup.Core.Tests.Devices.Bacnet.Procedure;

/// <summary>What the backup procedure of clause 19.1.2 reads of a simulated device: files of bytes and of records, whatever the messages can hold.</summary>
public sealed class BacnetCaptureTests
{
    [Fact]
    public async Task Files_of_bytes_and_of_records_come_in_the_order_of_the_array()
    {
        await using var device = await StartAsync();
        await using var connection = device.Connect(null);

        var captured = await CaptureAsync(connection, BackupContent.All);

        AssertState(captured);
        Assert.Equal(2, device.Device.Count(BacnetConfirmedService.ReinitializeDevice));
        Assert.Equal(BacnetBackupState.Idle, device.Device.Procedure.State);
    }

    [Theory]
    [InlineData(BacnetSegmentation.None, 50)]
    [InlineData(BacnetSegmentation.None, 480)]
    [InlineData(BacnetSegmentation.None, 1476)]
    [InlineData(BacnetSegmentation.Both, 206)]
    [InlineData(BacnetSegmentation.Receive, 480)]
    public async Task Every_size_of_message_will_do(BacnetSegmentation segmentation, int maxApdu)
    {
        await using var device = await StartAsync(new SimulatedBacnetOptions { Segmentation = segmentation, MaxApdu = maxApdu }, Long[..3000], maxApdu == 50 ? [Noise(9), [], Noise(20)] : Rows);
        await using var connection = device.Connect(null);

        var captured = await CaptureAsync(connection, BackupContent.Configuration);

        Assert.Equal(Long[..3000], captured["files/001-3.stream"]);
        Assert.Equal(RestoreSpoolTests.Frame(device.Device.Files[1].Records), captured["files/002-1.records"]);
    }

    [Theory]
    [InlineData(EmptyFileAnswer.EndOfFile)]
    [InlineData(EmptyFileAnswer.InvalidStart)]
    public async Task An_empty_file_is_an_empty_item(EmptyFileAnswer answer)
    {
        await using var device = await StartAsync(new SimulatedBacnetOptions { EmptyFiles = answer }, [], []);
        await using var connection = device.Connect(null);

        var captured = await CaptureAsync(connection, BackupContent.Configuration);

        Assert.Equal(["files/001-3.stream", "files/002-1.records"], captured.Keys);
        Assert.All(captured.Values, Assert.Empty);
    }

    [Fact]
    public async Task Parts_that_come_short_are_asked_for_until_the_end()
    {
        await using var device = await StartAsync();
        device.Device.Faults.LargestRead = 3000;
        await using var connection = device.Connect(null);

        AssertState(await CaptureAsync(connection, BackupContent.Configuration));
    }

    [Fact]
    public async Task What_is_too_much_for_a_device_is_asked_for_in_smaller_parts()
    {
        await using var device = await StartAsync();
        foreach (var reason in new[] { BacnetAbortReason.SegmentationNotSupported, BacnetAbortReason.BufferOverflow, BacnetAbortReason.ApduTooLong })
        {
            device.Device.Faults.Add(new SimulatedBacnetFault { Kind = BacnetFaultKind.Abort, Service = BacnetConfirmedService.AtomicReadFile, Abort = reason });
        }

        await using var connection = device.Connect(null);

        AssertState(await CaptureAsync(connection, BackupContent.Configuration));
    }

    [Fact]
    public async Task A_device_that_is_busy_for_a_moment_is_asked_again()
    {
        await using var device = await StartAsync();
        device.Device.Faults.Add(new SimulatedBacnetFault { Service = BacnetConfirmedService.AtomicReadFile, ErrorCode = BacnetErrorCode.DeviceBusy, Times = 2 });
        device.Device.Faults.Add(new SimulatedBacnetFault { Service = BacnetConfirmedService.ReadProperty, Property = BacnetProperty.ConfigurationFiles, ErrorCode = BacnetErrorCode.DeviceBusy });
        await using var connection = device.Connect(null);

        AssertState(await CaptureAsync(connection, BackupContent.Configuration));
    }

    [Theory]
    [InlineData(BacnetSegmentation.Both)]
    [InlineData(BacnetSegmentation.None)]
    public async Task A_device_that_answers_at_another_position_each_time_is_not_called_silent(BacnetSegmentation segmentation)
    {
        await using var device = await StartAsync(new SimulatedBacnetOptions { Segmentation = segmentation });
        device.Device.Faults.ReadsFurther = 7;
        var clock = new HandClock();
        await using var connection = device.Connect(BacnetTestDevice.Brief, clock);

        var capturing = CaptureAsync(connection, BackupContent.Configuration);
        await BacnetTestDevice.PassTimeAsync(clock, capturing);
        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => capturing);

        Assert.Equal(ErrorIds.DeviceResponseInvalid, error.ErrorId);
        Assert.Contains("another position", error.Message, StringComparison.Ordinal);
        Assert.Equal(BacnetBackupState.Idle, device.Device.Procedure.State);
    }

    [Fact]
    public async Task A_file_that_ends_before_the_length_that_the_device_tells_fails_the_capture()
    {
        await using var device = await StartAsync();
        device.Device.Faults.EndOfFileAt = 100;
        await using var connection = device.Connect(null);

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => CaptureAsync(connection, BackupContent.Configuration));

        Assert.Equal(ErrorIds.CaptureFailed, error.ErrorId);
        Assert.Contains("at byte 100", error.Message, StringComparison.Ordinal);
        Assert.Contains("20000 bytes", error.Message, StringComparison.Ordinal);
        Assert.Contains("where it says the same each time", error.Message, StringComparison.Ordinal);
        Assert.Contains("maker's tool", error.Message, StringComparison.Ordinal);
        Assert.Equal(BacnetBackupState.Idle, device.Device.Procedure.State);
    }

    [Fact]
    public async Task A_bad_network_loses_nothing()
    {
        await using var device = await StartAsync(content: Noise(5000));
        await using var connection = device.Connect(BacnetTestDevice.Impatient with { Timeout = TimeSpan.FromMilliseconds(300), Retries = 50, OffersSegmentation = false });
        await using var capture = await connection.BeginCaptureAsync(BackupContent.Configuration, CancellationToken.None);

        // From here on only: a START_BACKUP that arrives twice, with its answers the wrong way round, is somebody else's backup to anybody.
        device.Device.Wire.LostRate = 0.1;
        device.Device.Wire.DoubledRate = 0.1;
        device.Device.Wire.SwappedRate = 0.1;
        var read = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (var item in await ListAsync(capture))
        {
            read.Add(item.Path, await ReadToEndAsync((await capture.OpenReadAsync(item, CancellationToken.None))!));
        }

        device.Device.Wire.Mend();
        await capture.CompleteAsync(CancellationToken.None);
        AssertState(read, Noise(5000));
    }

    [Fact]
    public async Task No_stamp_is_given_and_no_length_promised()
    {
        await using var device = await StartAsync();
        await using var connection = device.Connect(null);
        await using var capture = await connection.BeginCaptureAsync(BackupContent.All, CancellationToken.None);

        var items = await ListAsync(capture);

        Assert.All(items, item => Assert.Null(item.Stamp));
        Assert.All(items, item => Assert.True(item.IsLengthUnknown));
        var read = (await capture.OpenReadAsync(items[1], CancellationToken.None))!;
        var bytes = await ReadToEndAsync(read);
        Assert.False(read.Describe().IsLengthUnknown);
        Assert.Equal(bytes.Length, read.Describe().Length);
    }

    [Fact]
    public async Task Eight_at_once_are_read_one_after_the_other()
    {
        await using var device = await StartAsync();
        for (uint file = 20; file < 26; file++)
        {
            device.Device.Files.Set(file, SimulatedBacnetFile.Stream(Noise(5000, (int)file)));
        }

        device.Device.Faults.LargestRead = 700;
        await using var connection = device.Connect(null);
        await using var capture = await connection.BeginCaptureAsync(BackupContent.All, CancellationToken.None);
        var items = await ListAsync(capture);
        device.Device.ClearRequests();

        var opened = await Task.WhenAll(items.Reverse().Select(async item => (await capture.OpenReadAsync(item, CancellationToken.None))!));
        await Task.WhenAll(opened.Select(ReadToEndAsync));

        var files = device.Device.Requests.Where(request => request.Service == BacnetConfirmedService.AtomicReadFile).Select(request => request.Target!.Value.Instance).ToList();
        Assert.Equal(files.Distinct().Count(), files.Zip(files.Skip(1)).Count(pair => pair.First != pair.Second) + 1);
    }

    [Fact]
    public async Task A_file_that_is_listed_and_not_there_fails_the_capture()
    {
        await using var device = await StartAsync();
        await using var connection = device.Connect(null);

        var error = await Assert.ThrowsAsync<EdgeBackupException>(async () =>
        {
            await using var capture = await connection.BeginCaptureAsync(BackupContent.All, CancellationToken.None);
            var item = (await ListAsync(capture))[1];
            device.Device.Files.Remove(1);
            await ReadToEndAsync((await capture.OpenReadAsync(item, CancellationToken.None))!);
        });

        Assert.Equal(ErrorIds.CaptureFailed, error.ErrorId);
        Assert.Contains("files/002-1.records", error.Message, StringComparison.Ordinal);
        Assert.Equal(BacnetBackupState.Idle, device.Device.Procedure.State);
    }

    [Fact]
    public async Task A_device_without_configuration_files_says_so()
    {
        await using var device = await BacnetTestDevice.StartAsync();
        await using var connection = device.Connect(null);

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => CaptureAsync(connection, BackupContent.All));

        Assert.Equal(ErrorIds.CaptureFailed, error.ErrorId);
        Assert.Contains("no configuration files", error.Message, StringComparison.Ordinal);
        Assert.Equal(BacnetBackupState.Idle, device.Device.Procedure.State);
    }
}
