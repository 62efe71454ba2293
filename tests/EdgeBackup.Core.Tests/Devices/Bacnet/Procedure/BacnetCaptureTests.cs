using System.Collections.Concurrent;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Bacnet;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Simulator.Bacnet;
using Xunit;
using static EdgeBackup.Core.Tests.Devices.RestoreTestTools;

namespace EdgeBackup.Core.Tests.Devices.Bacnet.Procedure;

/// <summary>The backup procedure of clause 19.1.2 against a simulated device.</summary>
public sealed class BacnetCaptureTests
{
    private static readonly byte[] Long = Noise(20_000);
    private static readonly byte[][] Rows = [Noise(40, 3), [], Noise(90, 4), Noise(1, 5), Noise(40, 6)];

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
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    [InlineData(false, true)]
    public async Task A_device_that_prepares_is_waited_for_also_an_old_one_and_a_silent_one(bool tells, bool isSilent)
    {
        var preparation = isSilent ? BacnetTestDevice.LongerThanBrief : TimeSpan.FromMilliseconds(400);
        await using var device = await StartAsync(new SimulatedBacnetOptions { BackupPreparation = preparation, TellsBackupState = tells, SilentWhilePreparing = isSilent });
        await using var connection = device.Connect(isSilent ? BacnetTestDevice.Brief : BacnetTestDevice.Impatient with { Retries = 20 });

        AssertState(await CaptureAsync(connection, BackupContent.Configuration));
        var requests = device.Device.Requests.ToList();
        var started = requests.FindIndex(request => request.State == BacnetReinitializedState.StartBackup);
        Assert.DoesNotContain(requests[..started], request => request.Property == BacnetProperty.ConfigurationFiles);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_lost_answer_to_the_beginning_and_to_the_end_does_no_harm(bool tells)
    {
        await using var device = await StartAsync(new SimulatedBacnetOptions { TellsBackupState = tells });
        Lose(device, BacnetReinitializedState.StartBackup);
        Lose(device, BacnetReinitializedState.EndBackup);
        await using var connection = device.Connect(BacnetTestDevice.Impatient with { Retries = 20 });

        AssertState(await CaptureAsync(connection, BackupContent.Configuration));
        Assert.Equal(1, device.Device.Procedure.Backups);
        Assert.Equal(BacnetBackupState.Idle, device.Device.Procedure.State);
    }

    [Fact]
    public async Task A_device_that_is_busy_when_the_backup_is_to_end_is_asked_until_it_has_ended_it()
    {
        await using var device = await StartAsync();
        device.Device.Faults.Add(new SimulatedBacnetFault { State = BacnetReinitializedState.EndBackup, Times = 2 });
        await using var connection = device.Connect(null);

        AssertState(await CaptureAsync(connection, BackupContent.Configuration));
        Assert.Equal(BacnetBackupState.Idle, device.Device.Procedure.State);
    }

    [Fact]
    public async Task An_end_that_did_not_get_there_and_then_met_a_busy_device_is_sent_again()
    {
        await using var device = await StartAsync();
        device.Device.Faults.Add(new SimulatedBacnetFault { Kind = BacnetFaultKind.Silent, State = BacnetReinitializedState.EndBackup });
        device.Device.Faults.Add(new SimulatedBacnetFault { State = BacnetReinitializedState.EndBackup });
        await using var connection = device.Connect(BacnetTestDevice.Impatient with { Retries = 20 });

        AssertState(await CaptureAsync(connection, BackupContent.Configuration));
        Assert.Equal(BacnetBackupState.Idle, device.Device.Procedure.State);
    }

    [Fact]
    public async Task A_look_before_the_end_that_is_lost_and_then_met_by_a_busy_device_is_no_end()
    {
        await using var device = await StartAsync();
        await using var connection = device.Connect(BacnetTestDevice.Impatient with { Retries = 20 });
        await using (var capture = await connection.BeginCaptureAsync(BackupContent.All, CancellationToken.None))
        {
            foreach (var item in await ListAsync(capture))
            {
                await ReadToEndAsync((await capture.OpenReadAsync(item, CancellationToken.None))!);
            }

            device.Device.Faults.Add(new SimulatedBacnetFault { Kind = BacnetFaultKind.Silent, Service = BacnetConfirmedService.ReadPropertyMultiple });
            device.Device.Faults.Add(new SimulatedBacnetFault { Service = BacnetConfirmedService.ReadPropertyMultiple });
            device.Device.Faults.Add(new SimulatedBacnetFault { Service = BacnetConfirmedService.ReadProperty, Times = 2 });
            await capture.CompleteAsync(CancellationToken.None);
            Assert.Equal(BacnetBackupState.Idle, device.Device.Procedure.State);
        }

        Assert.Equal(1, device.Device.Requests.Count(request => request.State == BacnetReinitializedState.EndBackup));
    }

    [Fact]
    public async Task A_backup_that_is_given_up_is_ended_although_the_device_is_busy()
    {
        await using var device = await StartAsync();
        device.Device.Faults.Add(new SimulatedBacnetFault { State = BacnetReinitializedState.EndBackup, Times = 2 });
        await using var connection = device.Connect(null);

        await (await connection.BeginCaptureAsync(BackupContent.All, CancellationToken.None)).DisposeAsync();

        Assert.Equal(BacnetBackupState.Idle, device.Device.Procedure.State);
    }

    [Theory]
    [InlineData(BacnetSegmentation.Both)]
    [InlineData(BacnetSegmentation.None)]
    public async Task A_device_that_answers_at_another_position_each_time_is_not_called_silent(BacnetSegmentation segmentation)
    {
        await using var device = await StartAsync(new SimulatedBacnetOptions { Segmentation = segmentation });
        device.Device.Faults.ReadsFurther = 7;
        await using var connection = device.Connect(BacnetTestDevice.Impatient);

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => CaptureAsync(connection, BackupContent.Configuration));

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
        Assert.Equal(BacnetBackupState.Idle, device.Device.Procedure.State);
    }

    [Fact]
    public async Task Times_that_cannot_be_true_are_not_waited_for()
    {
        await using var device = await StartAsync(new SimulatedBacnetOptions { HasReadPropertyMultiple = false });
        var answer = new BacnetWriter(64);
        answer.WriteContextObjectId(0, device.Device.ObjectId);
        answer.WriteContextUnsigned(1, (uint)BacnetProperty.BackupPreparationTime);
        answer.WriteOpening(3);
        answer.WriteValue(BacnetValue.OfUnsigned(ulong.MaxValue));
        answer.WriteClosing(3);
        device.Device.Faults.Add(new SimulatedBacnetFault { Kind = BacnetFaultKind.Garbage, Property = BacnetProperty.BackupPreparationTime, Answer = answer.ToArray() });
        await using var connection = device.Connect(null);

        AssertState(await CaptureAsync(connection, BackupContent.Configuration));
        Assert.Equal(TimeSpan.FromSeconds(65_535), BacnetTold.Seconds(BacnetValue.OfUnsigned(uint.MaxValue)));
        Assert.Null(BacnetTold.Length(BacnetValue.OfUnsigned(ulong.MaxValue)));
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
    public async Task A_capture_that_is_slow_keeps_the_device_in_its_backup()
    {
        var clock = new HandClock();
        await using var device = await StartAsync(new SimulatedBacnetOptions { BackupFailureTimeout = TimeSpan.FromSeconds(60) });
        await using var connection = device.Connect(null, clock);
        await using var capture = await connection.BeginCaptureAsync(BackupContent.All, CancellationToken.None);
        var item = (await ListAsync(capture))[0];
        var captured = (await capture.OpenReadAsync(item, CancellationToken.None))!;
        Assert.Equal(0, device.Device.Count(BacnetConfirmedService.AtomicReadFile));

        clock.Advance(TimeSpan.FromSeconds(31));
        await Wait.UntilAsync(() => device.Device.Count(BacnetConfirmedService.AtomicReadFile) == 1);
        await clock.AdvanceUntilAsync(TimeSpan.FromSeconds(31), () => device.Device.Count(BacnetConfirmedService.AtomicReadFile) >= 2);

        Assert.Equal(Long, await ReadToEndAsync(captured));
        await capture.CompleteAsync(CancellationToken.None);
    }

    [Fact]
    public async Task A_device_is_kept_in_its_backup_while_its_files_are_still_being_listed()
    {
        var clock = new HandClock();
        await using var device = await StartAsync(new SimulatedBacnetOptions { BackupFailureTimeout = TimeSpan.FromSeconds(60), HasReadPropertyMultiple = false });
        await using var connection = device.Connect(null, clock);
        await using var capture = await connection.BeginCaptureAsync(BackupContent.All, CancellationToken.None);
        device.Device.Faults.Add(new SimulatedBacnetFault { Kind = BacnetFaultKind.Silent, Property = BacnetProperty.FileAccessMethod, Skip = 1, Times = 2 });
        device.Device.ClearRequests();

        var listing = ListAsync(capture);
        await Wait.UntilAsync(() => device.Device.Requests.Count(request => request.Property == BacnetProperty.FileAccessMethod) == 2);
        clock.Advance(TimeSpan.FromSeconds(31));
        await Wait.UntilAsync(() => device.Device.Count(BacnetConfirmedService.AtomicReadFile) == 1);

        Assert.False(listing.IsCompleted);
        await clock.AdvanceUntilAsync(TimeSpan.FromSeconds(4), () => listing.IsCompleted);
        Assert.Equal(2, (await listing).Count);
    }

    [Fact]
    public async Task Two_captures_of_a_device_do_not_meet()
    {
        await using var device = await StartAsync();
        await using var one = device.Connect(null);
        await using var two = device.Connect(null);
        var first = await one.BeginCaptureAsync(BackupContent.All, CancellationToken.None);
        var second = two.BeginCaptureAsync(BackupContent.All, CancellationToken.None);

        await ListAsync(first);
        Assert.False(second.IsCompleted);
        Assert.Equal(1, device.Device.Procedure.Backups);
        await first.DisposeAsync();
        await (await second).DisposeAsync();
        Assert.Equal(2, device.Device.Procedure.Backups);
    }

    [Fact]
    public async Task Behind_a_router_one_device_is_captured_after_the_other()
    {
        await using var router = await SimulatedBacnetRouter.StartAsync(network: 5);
        var locks = new BacnetProcedureLocks();
        var devices = new[] { Behind(1), Behind(2), Behind(3) };
        foreach (var device in devices)
        {
            Fill(device, Long, Rows);
        }

        var performing = new ConcurrentBag<int>();
        await Task.WhenAll(devices.Select(async device =>
        {
            await using var connection = device.Connect(null);
            await using (var capture = await connection.BeginCaptureAsync(BackupContent.All, CancellationToken.None))
            {
                Look();
                await ListAsync(capture);
                Look();
            }

            AssertState(await CaptureAsync(connection, BackupContent.All));
        }));

        // The router is not crowded by short answers, however many ask: that they take turns is seen on the devices.
        Assert.All(performing, count => Assert.Equal(1, count));
        Assert.Equal(0, router.Crowded);

        void Look() => performing.Add(devices.Count(device => device.Device.Procedure.State != BacnetBackupState.Idle));

        BacnetTestDevice Behind(byte mac) => new(router.Add(new SimulatedBacnetOptions { Instance = 100u + mac, SampleFiles = 0, MaxApdu = 480 }, mac)) { Locks = locks };
    }

    [Fact]
    public async Task The_backup_is_ended_whatever_happens()
    {
        await using var device = await StartAsync();
        await using var connection = device.Connect(null);
        using var cancellation = new CancellationTokenSource();

        await using (var capture = await connection.BeginCaptureAsync(BackupContent.All, cancellation.Token))
        {
            var item = (await ListAsync(capture))[0];
            await using var stream = (await capture.OpenReadAsync(item, cancellation.Token))!.Stream;
            await stream.ReadExactlyAsync(new byte[1], cancellation.Token);
            await cancellation.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await stream.ReadExactlyAsync(new byte[20_000], cancellation.Token));
            Assert.Equal(BacnetBackupState.PerformingBackup, device.Device.Procedure.State);
        }

        Assert.Equal(BacnetBackupState.Idle, device.Device.Procedure.State);
        Assert.Equal(2, device.Device.Count(BacnetConfirmedService.ReinitializeDevice));
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
    public async Task A_backup_that_the_device_ended_by_itself_is_not_taken_for_one()
    {
        await using var device = await StartAsync();
        await using var connection = device.Connect(null);
        await using var capture = await connection.BeginCaptureAsync(BackupContent.All, CancellationToken.None);
        foreach (var item in await ListAsync(capture))
        {
            await ReadToEndAsync((await capture.OpenReadAsync(item, CancellationToken.None))!);
        }

        device.Device.Crash(TimeSpan.Zero);

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => capture.CompleteAsync(CancellationToken.None));
        Assert.Equal(ErrorIds.CaptureFailed, error.ErrorId);
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

    [Theory]
    [InlineData(null, "none is registered")]
    [InlineData("wrong", "did not accept")]
    public async Task A_wrong_password_is_told_and_nothing_is_begun(string? password, string words)
    {
        await using var started = await StartAsync(new SimulatedBacnetOptions { Password = "filister" });
        var device = new BacnetTestDevice(started.Device) { Credential = password is null ? null : new DeviceCredential { Token = password } };
        await using var connection = device.Connect(null);

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => connection.BeginCaptureAsync(BackupContent.All, CancellationToken.None));

        Assert.Equal(ErrorIds.DeviceAuthenticationFailed, error.ErrorId);
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
        Assert.Equal(1, device.Device.Count(BacnetConfirmedService.ReinitializeDevice));
    }

    [Fact]
    public async Task The_right_password_opens()
    {
        await using var started = await StartAsync(new SimulatedBacnetOptions { Password = "filister" });
        var device = new BacnetTestDevice(started.Device) { Credential = new DeviceCredential { UserName = "who", Password = "filister" } };
        await using var connection = device.Connect(null);

        AssertState(await CaptureAsync(connection, BackupContent.All));
    }

    [Theory]
    [InlineData(ReinitializeSupport.RestartsOnly)]
    [InlineData(ReinitializeSupport.Missing)]
    public async Task A_device_that_cannot_be_backed_up_is_told_apart(ReinitializeSupport support)
    {
        await using var device = await StartAsync(new SimulatedBacnetOptions { Reinitialize = support });
        await using var connection = device.Connect(null);

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => connection.BeginCaptureAsync(BackupContent.All, CancellationToken.None));

        Assert.Equal(ErrorIds.DeviceResponseInvalid, error.ErrorId);
        Assert.Contains("cannot be backed up or restored by BACnet", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task R2_somebody_elses_backup_is_seen_and_not_disturbed()
    {
        await using var device = await StartAsync();
        await using var connection = device.Connect(null);
        Assert.Null((await connection.GetStatusAsync(CancellationToken.None)).RunningWork);
        device.Device.Procedure.StartBackupAsSomebodyElse();

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => connection.BeginCaptureAsync(BackupContent.All, CancellationToken.None));

        Assert.Equal(ErrorIds.DeviceBusy, error.ErrorId);
        Assert.NotNull((await connection.GetStatusAsync(CancellationToken.None)).RunningWork);
        Assert.Equal(BacnetBackupState.PerformingBackup, device.Device.Procedure.State);
        Assert.Equal(0, device.Device.Count(BacnetConfirmedService.ReinitializeDevice));
    }

    [Fact]
    public async Task Our_own_backup_is_no_running_work_to_ourselves()
    {
        await using var device = await StartAsync();
        await using var connection = device.Connect(null);
        await using var other = device.Connect(null);
        await using (await connection.BeginCaptureAsync(BackupContent.All, CancellationToken.None))
        {
            Assert.Null((await connection.GetStatusAsync(CancellationToken.None)).RunningWork);
            Assert.NotNull((await other.GetStatusAsync(CancellationToken.None)).RunningWork);
        }

        Assert.Null((await other.GetStatusAsync(CancellationToken.None)).RunningWork);
    }

    [Fact]
    public async Task An_old_device_tells_somebody_elses_backup_by_its_answer()
    {
        await using var device = await StartAsync(new SimulatedBacnetOptions { TellsBackupState = false });
        await using var connection = device.Connect(null);
        device.Device.Procedure.StartBackupAsSomebodyElse();

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => connection.BeginCaptureAsync(BackupContent.All, CancellationToken.None));

        Assert.Equal(ErrorIds.DeviceBusy, error.ErrorId);
        Assert.Equal(BacnetBackupState.PerformingBackup, device.Device.Procedure.State);
    }

    [Fact]
    public async Task A_device_that_is_not_there_is_unreachable()
    {
        var device = await StartAsync();
        await device.DisposeAsync();
        await using var connection = device.Connect(BacnetTestDevice.Impatient);

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => connection.GetStatusAsync(CancellationToken.None));

        Assert.Equal(ErrorIds.DeviceUnreachable, error.ErrorId);
    }

    [Fact]
    public async Task A_device_tells_who_it_is()
    {
        await using var device = await StartAsync(new SimulatedBacnetOptions { SerialNumber = "A-77", VendorId = 260, Firmware = "3.1", Name = "AHU east" });
        await using var connection = device.Connect(null);

        var identity = (await connection.GetStatusAsync(CancellationToken.None)).Identity;

        Assert.Equal(("bacnet-260-A-77", true, "AHU east", "bacnet-device", "A-77", "3.1"), (identity.Id, identity.IsOwnId, identity.Name, identity.Type, identity.Serial, identity.Version));
    }

    private static async Task<BacnetTestDevice> StartAsync(SimulatedBacnetOptions? options = null, byte[]? content = null, byte[][]? rows = null)
    {
        var device = await BacnetTestDevice.StartAsync(options);
        Fill(device, content ?? Long, rows ?? Rows);
        return device;
    }

    /// <summary>The first file is one of bytes and the second one of records; the instances are the other way round.</summary>
    private static void Fill(BacnetTestDevice device, byte[] content, byte[][] rows)
    {
        device.Device.Files.Set(3, SimulatedBacnetFile.Stream(content));
        device.Device.Files.Set(1, SimulatedBacnetFile.OfRecords(rows));
    }

    private static void AssertState(IReadOnlyDictionary<string, byte[]> captured, byte[]? content = null)
    {
        Assert.Equal(["files/001-3.stream", "files/002-1.records"], captured.Keys);
        Assert.Equal(content ?? Long, captured["files/001-3.stream"]);
        Assert.Equal(RestoreSpoolTests.Frame(Rows), captured["files/002-1.records"]);
    }

    private static void Lose(BacnetTestDevice device, BacnetReinitializedState state) =>
        device.Device.Faults.Add(new SimulatedBacnetFault { Kind = BacnetFaultKind.SilentAfter, Service = BacnetConfirmedService.ReinitializeDevice, State = state });
}
