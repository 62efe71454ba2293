using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Tests.Repository;
using EdgeBackup.Simulator.Devices;
using Xunit;
using static EdgeBackup.Core.Tests.Devices.Http.HttpTests;

namespace EdgeBackup.Core.Tests.Devices.Http;

/// <summary>R3: the hold on new transactions.</summary>
public sealed class HttpHoldTests
{
    private static readonly TimeSpan Granted = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Half = TimeSpan.FromMinutes(1);

    /// <summary>The device tells its time in whole seconds, and that of a moment ago: what it has granted may look a little longer.</summary>
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(25);

    /// <summary>A call that is still on its way waits for its answer with a timer, too: it must not look like the renewal's, nor run out with it.</summary>
    private static ConnectionOptions NoOtherTimer(ConnectionOptions options) => options with { SilenceLimit = TimeSpan.FromMinutes(20) };

    [Fact]
    public async Task A_device_without_the_feature_gives_none()
    {
        await using var device = await StartEmptyAsync();
        await using var connection = Connect(device);
        device.Features = [];

        Assert.Null(await connection.TakeHoldAsync(TimeSpan.FromSeconds(300), CancellationToken.None));
    }

    [Fact]
    public async Task It_is_renewed_at_half_of_what_the_device_granted()
    {
        await using var device = await StartEmptyAsync();
        var clock = new StillClock();
        await using var connection = Connect(device, NoOtherTimer, clock);
        device.Faults.LongestHold = Granted;

        await using (var hold = await connection.TakeHoldAsync(TimeSpan.FromSeconds(300), CancellationToken.None))
        {
            // Twice, so that the second one is after the time that was granted first.
            for (var renewals = 1; renewals <= 2; renewals++)
            {
                await clock.WaitForTimerAsync(Half - Slack, Half + Slack);
                Assert.Equal(renewals - 1, device.Holds.Renewals);
                clock.Advance(Half + Slack);
                await Wait.UntilAsync(() => device.Holds.Renewals == renewals);
            }

            Assert.True(device.Holds.IsHeld);
            Assert.False(hold!.IsLost);
        }

        Assert.False(device.Holds.IsHeld);
        Assert.Single(device.Calls, call => call.Method == "DELETE");
    }

    [Fact]
    public async Task One_that_the_device_forgot_is_lost_at_the_next_renewal_and_not_only_at_its_end()
    {
        await using var device = await StartEmptyAsync();
        var clock = new StillClock();
        await using var connection = Connect(device, NoOtherTimer, clock);
        device.Faults.LongestHold = Granted;
        await using var hold = await connection.TakeHoldAsync(TimeSpan.FromSeconds(300), CancellationToken.None);
        await clock.WaitForTimerAsync(Half - Slack, Half + Slack);

        device.Holds.Lose();
        Assert.False(hold!.IsLost);
        clock.Advance(Half + Slack);

        await Wait.UntilAsync(() => hold.IsLost);
    }

    [Fact]
    public async Task One_that_cannot_be_renewed_is_lost_when_its_time_is_over()
    {
        await using var device = await StartEmptyAsync();
        await using var connection = Connect(device);
        device.Faults.LongestHold = TimeSpan.FromSeconds(2);
        await using var hold = await connection.TakeHoldAsync(TimeSpan.FromSeconds(300), CancellationToken.None);

        device.Faults.Add(new SimulatedFault { Kind = FaultKind.Status, Status = 500, Method = "PUT", Times = -1 });

        await Wait.UntilAsync(() => hold!.IsLost);
    }

    [Fact]
    public async Task A_release_that_fails_hides_nothing_and_stops_nobody()
    {
        await using var device = await StartEmptyAsync();
        var lines = new List<string>();
        await using var connection = Connect(device, options => options with { Trace = lines.Add });
        var hold = await connection.TakeHoldAsync(TimeSpan.FromSeconds(300), CancellationToken.None);
        device.Faults.Add(new SimulatedFault { Kind = FaultKind.Status, Status = 500, Method = "DELETE", Times = -1 });

        await hold!.DisposeAsync();
        await hold.DisposeAsync();

        Assert.Contains(lines, line => line.Contains("hold", StringComparison.Ordinal));
        Assert.Single(device.Calls, call => call.Method == "DELETE");
    }

    [Fact]
    public async Task Cancelling_while_it_is_being_taken_leaves_none_behind()
    {
        await using var device = await StartEmptyAsync();
        await using var connection = Connect(device);
        var mayAnswer = new TaskCompletionSource();
        device.Faults.Add(new SimulatedFault { Kind = FaultKind.Slow, Pause = () => mayAnswer.Task, Path = "holds" });
        using var cancellation = new CancellationTokenSource();

        // The device has given it, and is still about to say so.
        var taking = connection.TakeHoldAsync(TimeSpan.FromSeconds(300), cancellation.Token);
        await Wait.UntilAsync(() => device.Holds.IsHeld);
        await cancellation.CancelAsync();
        mayAnswer.SetResult();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => taking);

        Assert.False(device.Holds.IsHeld);
        Assert.Single(device.Calls, call => call.Method == "DELETE");
    }
}
