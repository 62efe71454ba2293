using System.Diagnostics;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Errors;
using EdgeBackup.Simulator.Devices;
using Xunit;
using static EdgeBackup.Core.Tests.Devices.Http.HttpTests;

namespace EdgeBackup.Core.Tests.Devices.Http;

/// <summary>R3: the hold on new transactions.</summary>
public sealed class HttpHoldTests
{
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
        await using var connection = Connect(device);
        device.Faults.LongestHold = TimeSpan.FromSeconds(6);
        var watch = Stopwatch.StartNew();

        await using (var hold = await connection.TakeHoldAsync(TimeSpan.FromSeconds(300), CancellationToken.None))
        {
            // The second one is after the time that was granted first. A hold that is not renewed in time has no renewals.
            await WaitForRenewalsAsync(device, 2);
            Assert.True(device.Holds.IsHeld);
            Assert.False(hold!.IsLost);
            Assert.True(watch.Elapsed > TimeSpan.FromSeconds(5.5), $"Two renewals within {watch.Elapsed}.");
        }

        Assert.False(device.Holds.IsHeld);
        Assert.Single(device.Calls, call => call.Method == "DELETE");
    }

    [Fact]
    public async Task One_that_the_device_forgot_is_lost_at_the_next_renewal_and_not_only_at_its_end()
    {
        await using var device = await StartEmptyAsync();
        await using var connection = Connect(device);
        device.Faults.LongestHold = TimeSpan.FromSeconds(6);
        var watch = Stopwatch.StartNew();
        await using var hold = await connection.TakeHoldAsync(TimeSpan.FromSeconds(300), CancellationToken.None);

        device.Holds.Lose();

        await WaitUntilLostAsync(hold!);
        Assert.InRange(watch.Elapsed.TotalSeconds, 2, 5.5);
    }

    [Fact]
    public async Task One_that_cannot_be_renewed_is_lost_when_its_time_is_over()
    {
        await using var device = await StartEmptyAsync();
        await using var connection = Connect(device);
        device.Faults.LongestHold = TimeSpan.FromSeconds(2);
        await using var hold = await connection.TakeHoldAsync(TimeSpan.FromSeconds(300), CancellationToken.None);

        device.Faults.Add(new SimulatedFault { Kind = FaultKind.Status, Status = 500, Method = "PUT", Times = -1 });

        await WaitUntilLostAsync(hold!);
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
        device.Faults.Add(new SimulatedFault { Kind = FaultKind.Slow, Seconds = 0.3, Path = "holds" });
        using var cancellation = new CancellationTokenSource(TimeSpan.FromMilliseconds(150));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connection.TakeHoldAsync(TimeSpan.FromSeconds(300), cancellation.Token));

        Assert.False(device.Holds.IsHeld);
        Assert.Single(device.Calls, call => call.Method == "DELETE");
    }

    private static async Task WaitForRenewalsAsync(SimulatedDevice device, int count)
    {
        for (var step = 0; step < 600 && device.Holds.Renewals < count; step++)
        {
            await Task.Delay(50);
        }

        Assert.True(device.Holds.Renewals >= count);
    }

    private static async Task WaitUntilLostAsync(IDeviceHold hold)
    {
        for (var step = 0; step < 100 && !hold.IsLost; step++)
        {
            await Task.Delay(100);
        }

        Assert.True(hold.IsLost);
    }
}
