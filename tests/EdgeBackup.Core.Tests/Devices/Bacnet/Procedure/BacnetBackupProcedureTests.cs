using System.Collections.Concurrent;
using EdgeBackup.Core.Devices.Bacnet;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Simulator.Bacnet;
using Xunit;
using static EdgeBackup.Core.Tests.Devices.Bacnet.Procedure.BacnetCaptureBench;
using static EdgeBackup.Core.Tests.Devices.RestoreTestTools;

namespace EdgeBackup.Core.Tests.Devices.Bacnet.Procedure;

/// <summary>How a backup begins, is kept up and ends on a device (clause 19.1.2), whatever gets lost and whoever else is there.</summary>
public sealed class BacnetBackupProcedureTests
{
    [Theory]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    [InlineData(false, true)]
    public async Task A_device_that_prepares_is_waited_for_also_an_old_one_and_a_silent_one(bool tells, bool isSilent)
    {
        var clock = isSilent ? new HandClock() : null;
        var preparation = isSilent ? BacnetTestDevice.LongerThanBrief : TimeSpan.FromMilliseconds(400);
        await using var device = await StartAsync(new SimulatedBacnetOptions { BackupPreparation = preparation, TellsBackupState = tells, SilentWhilePreparing = isSilent, Clock = clock ?? TimeProvider.System });
        await using var connection = device.Connect(isSilent ? BacnetTestDevice.Brief : BacnetTestDevice.Eager, clock);

        var capturing = CaptureAsync(connection, BackupContent.Configuration);
        if (clock is not null)
        {
            await BacnetTestDevice.PassTimeAsync(clock, capturing);
        }

        AssertState(await capturing);
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
        await using var connection = device.Connect(BacnetTestDevice.Eager);

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
        await using var connection = device.Connect(BacnetTestDevice.Eager);

        AssertState(await CaptureAsync(connection, BackupContent.Configuration));
        Assert.Equal(BacnetBackupState.Idle, device.Device.Procedure.State);
    }

    [Fact]
    public async Task A_look_before_the_end_that_is_lost_and_then_met_by_a_busy_device_is_no_end()
    {
        await using var device = await StartAsync();
        await using var connection = device.Connect(BacnetTestDevice.Eager);
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

        // Each step of the clock below is longer than an answer is waited for: few retries would be over before one came.
        await using var connection = device.Connect(BacnetTestDevice.Eager, clock);
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
}
