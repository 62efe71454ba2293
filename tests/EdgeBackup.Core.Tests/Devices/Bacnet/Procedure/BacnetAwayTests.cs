using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Bacnet;
using EdgeBackup.Core.Errors;
using EdgeBackup.Simulator.Bacnet;
using EdgeBackup.Simulator.Bacnet.Link;
using Xunit;

namespace EdgeBackup.Core.Tests.Devices.Bacnet.Procedure;

/// <summary>
/// The network goes away while a device is waited for, and cannot be opened again for a while: the wait goes on. Its clock
/// stands until it is put forward, so that nothing is late by itself.
/// </summary>
public sealed class BacnetAwayTests : IAsyncLifetime
{
    private const int Retries = 3;

    private readonly HandClock clock = new();
    private readonly HandClock deviceClock = new();
    private readonly ConcurrentQueue<string> traces = new();
    private SimulatedBacnetDevice device = null!;
    private BacnetConversation link = null!;

    public async Task InitializeAsync()
    {
        var time = TimeSpan.FromHours(10);
        device = await SimulatedBacnetDevice.StartAsync(new SimulatedBacnetOptions { Clock = deviceClock, RestorePreparation = time, RestoreCompletion = time, BackupFailureTimeout = time * 100 });
        link = Link(Retries);
    }

    public async Task DisposeAsync()
    {
        await link.DisposeAsync();
        await device.DisposeAsync();
    }

    [Fact]
    public async Task A_device_that_prepares_is_waited_for_although_the_network_cannot_be_opened()
    {
        var procedure = new BacnetProcedure(link, BacnetProcedureKind.Restore, password: null);

        var start = procedure.StartAsync(_ => { }, CancellationToken.None);
        await GoAwayAsync(start, BacnetReinitializedState.StartRestore);
        deviceClock.Advance(TimeSpan.FromHours(20));

        await EndAsync(start);
        Assert.Equal(BacnetBackupState.PerformingRestore, device.Procedure.State);
    }

    [Fact]
    public async Task A_device_that_works_on_its_restore_is_waited_for_although_the_network_cannot_be_opened()
    {
        var procedure = await StartAsync();
        var end = new BacnetRestoreEnd(link, procedure);

        var run = end.RunAsync(CancellationToken.None);
        await GoAwayAsync(run, BacnetReinitializedState.EndRestore);
        deviceClock.Advance(TimeSpan.FromHours(20));

        await EndAsync(run);
        Assert.Equal((RestoreCommitOutcome.Completed, 1), (await run, device.Procedure.Completed));
    }

    [Fact]
    public async Task A_device_that_does_not_come_back_is_an_error_that_names_what_was_last()
    {
        var procedure = await StartAsync();
        var end = new BacnetRestoreEnd(link, procedure);

        var run = end.RunAsync(CancellationToken.None);
        await GoAwayAsync(run, BacnetReinitializedState.EndRestore, comesBack: false);
        await clock.AdvanceUntilAsync(TimeSpan.FromHours(1), () => run.IsCompleted);

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => run);
        Assert.Equal(ErrorIds.RestoreFailed, error.ErrorId);
        Assert.Contains("has not come back", error.Message, StringComparison.Ordinal);
        Assert.Contains("it does not answer", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_device_is_taken_out_of_its_procedure_although_the_network_cannot_be_opened_at_first()
    {
        var procedure = await StartAsync();
        device.Faults.Add(new SimulatedBacnetFault { State = BacnetReinitializedState.AbortRestore, ErrorCode = BacnetErrorCode.DeviceBusy });

        var leave = procedure.LeaveAsync(BacnetReinitializedState.AbortRestore, "ABORT_RESTORE");
        await GoAwayAsync(leave, BacnetReinitializedState.AbortRestore);

        await EndAsync(leave);
        Assert.Equal((true, 1), (await leave, device.Procedure.Aborted));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_end_whose_answer_went_with_the_network_is_asked_for_again(bool isRestore)
    {
        var end = isRestore ? BacnetReinitializedState.EndRestore : BacnetReinitializedState.EndBackup;
        device.Faults.Add(new SimulatedBacnetFault { Kind = BacnetFaultKind.SilentAfter, State = end });
        await link.DisposeAsync();
        link = Link(retries: 10_000);
        ICapture? capture = null;
        Task work;
        if (isRestore)
        {
            work = new BacnetRestoreEnd(link, await StartAsync()).RunAsync(CancellationToken.None);
        }
        else
        {
            capture = await BacnetCapture.BeginAsync(link, new BacnetProcedure(link, BacnetProcedureKind.Backup, password: null), new BacnetProcedureLocks(), CancellationToken.None);
            work = capture.CompleteAsync(CancellationToken.None);
        }

        await Wait.UntilAsync(() => Count(end) == 1);
        await FailAsync();
        await clock.AdvanceUntilAsync(TimeSpan.FromMilliseconds(100), () => Count(end) == 2 || work.IsCompleted);

        // Its answer was heard when the device is asked something else; while the clock stands, it is not asked for once more.
        await Wait.UntilAsync(() => device.Requests[^1].State != end || work.IsCompleted);
        deviceClock.Advance(TimeSpan.FromHours(20));

        await EndAsync(work);
        Assert.Equal(2, Count(end));
        Assert.Equal(BacnetBackupState.Idle, device.Procedure.State);
        await (capture?.DisposeAsync() ?? ValueTask.CompletedTask);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_end_that_never_arrived_is_asked_for_again_where_the_device_stands_in_its_restore_until_it_takes_it(bool wasSent)
    {
        var end = new BacnetRestoreEnd(link, await StartAsync());
        var run = wasSent ? LoseTheEnd(end) : await GoAwayBeforeTheEndAsync(end);
        device.Wire.Mend();

        await clock.AdvanceUntilAsync(TimeSpan.FromMilliseconds(20), () => !end.MayBeAborted || run.IsCompleted);
        await LookAsync();
        var asked = Count(BacnetReinitializedState.EndRestore);
        await LookAsync();

        Assert.Equal(asked, Count(BacnetReinitializedState.EndRestore));
        deviceClock.Advance(TimeSpan.FromHours(20));
        await EndAsync(run);
        Assert.Equal((RestoreCommitOutcome.Completed, 1), (await run, device.Procedure.Completed));
        Assert.Equal(wasSent, traces.Any(trace => trace.Contains("the answer to END_RESTORE was lost", StringComparison.Ordinal)));

        // Whatever is on its way arrives before what is sent later.
        async Task LookAsync()
        {
            var before = Looks();
            await clock.AdvanceUntilAsync(TimeSpan.FromMilliseconds(20), () => Looks() > before + 2 || run.IsCompleted);
        }

        int Looks() => device.Requests.Count(request => request.Service == BacnetConfirmedService.ReadPropertyMultiple);
    }

    [Fact]
    public async Task An_end_that_could_not_be_sent_is_not_said_to_have_been()
    {
        var end = new BacnetRestoreEnd(link, await StartAsync());
        var run = await GoAwayBeforeTheEndAsync(end);

        await clock.AdvanceUntilAsync(TimeSpan.FromHours(1), () => run.IsCompleted);

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => run);
        Assert.Equal(ErrorIds.RestoreFailed, error.ErrorId);
        Assert.Contains("it has not taken END_RESTORE for", error.Message, StringComparison.Ordinal);
        Assert.True(end.MayBeAborted);
    }

    [Fact]
    public async Task What_the_system_refuses_to_send_was_not_sent()
    {
        await using var socket = BacnetLink.Open(new IPEndPoint(IPAddress.Loopback, 0), mayShare: false, (_, _) => { }, _ => { });

        // No datagram goes to the port 0.
        var error = Assert.Throws<BacnetUnreachableException>(() => socket.Send([1], new IPEndPoint(IPAddress.Loopback, 0).Serialize()));

        Assert.False(error.WasSent);
    }

    /// <summary>Ends a restore whose end is asked for as often as the client asks, and not heard.</summary>
    private Task<RestoreCommitOutcome> LoseTheEnd(BacnetRestoreEnd end)
    {
        device.Faults.Add(new SimulatedBacnetFault { Kind = BacnetFaultKind.Silent, State = BacnetReinitializedState.EndRestore, Times = Retries + 1 });
        return end.RunAsync(CancellationToken.None);
    }

    /// <summary>Ends a restore of a device that has no time for its end at first; the network goes away before it is asked for again.</summary>
    private async Task<Task<RestoreCommitOutcome>> GoAwayBeforeTheEndAsync(BacnetRestoreEnd end)
    {
        device.Faults.Add(new SimulatedBacnetFault { State = BacnetReinitializedState.EndRestore, ErrorCode = BacnetErrorCode.DeviceBusy });
        var run = end.RunAsync(CancellationToken.None);
        await Wait.UntilAsync(() => Traced("END_RESTORE met a device without time"));
        device.Wire.Decide = _ => WireFate.Lose;
        await FailAsync();
        await clock.AdvanceUntilAsync(TimeSpan.FromMilliseconds(500), () => Traced("END_RESTORE was not taken") || run.IsCompleted);
        return run;

        bool Traced(string what) => traces.Any(trace => trace.Contains(what, StringComparison.Ordinal));
    }

    private BacnetConversation Link(int retries) => new(
        new ConnectionOptions { Address = DeviceAddress.Parse(device.Address, "/"), RestartLimit = TimeSpan.FromDays(10), Trace = traces.Enqueue },
        BacnetDeviceAddress.Parse(device.Address),
        new BacnetClientOptions { Clock = clock, Retries = retries },
        BacnetTestDevice.Times with { Abort = TimeSpan.FromDays(10), Leaving = TimeSpan.FromDays(10) },
        clock);

    /// <summary>Begins a restore and lets the device be ready for it.</summary>
    private async Task<BacnetProcedure> StartAsync()
    {
        var procedure = new BacnetProcedure(link, BacnetProcedureKind.Restore, password: null);
        var start = procedure.StartAsync(_ => { }, CancellationToken.None);
        await Wait.UntilAsync(() => Count(BacnetReinitializedState.StartRestore) == 1);
        deviceClock.Advance(TimeSpan.FromHours(20));
        await EndAsync(start);
        return procedure;
    }

    /// <summary>Takes the network away once a request was made, until the opening has failed twice.</summary>
    private async Task GoAwayAsync(Task work, BacnetReinitializedState since, bool comesBack = true)
    {
        await Wait.UntilAsync(() => device.Requests.SkipWhile(request => request.State != since).Count() > 1);
        device.Wire.Decide = datagram => datagram.IsInbound ? WireFate.Deliver : WireFate.Lose;
        await FailAsync();
        var before = Openings();
        await clock.AdvanceUntilAsync(TimeSpan.FromMilliseconds(500), () => Openings() > before + (2 * (Retries + 1)) || work.IsCompleted);
        Assert.False(work.IsCompleted, work.Exception?.ToString());
        if (comesBack)
        {
            device.Wire.Mend();
        }
    }

    private async Task FailAsync() => (await link.OpenAsync(CancellationToken.None)).Client.Fail(new SocketException((int)SocketError.NetworkDown));

    private async Task EndAsync(Task work)
    {
        await clock.AdvanceUntilAsync(TimeSpan.FromMilliseconds(100), () => work.IsCompleted);
        await work;
    }

    /// <summary>How often the device was asked for what a client asks when it is opened.</summary>
    private int Openings() => device.Requests.Count(request => request.Property == BacnetProperty.MaxApduLengthAccepted);

    private int Count(BacnetReinitializedState state) => device.Requests.Count(request => request.State == state);
}
