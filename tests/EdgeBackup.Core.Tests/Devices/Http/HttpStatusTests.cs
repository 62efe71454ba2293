using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Http;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Tests.Repository;
using EdgeBackup.Simulator.Devices;
using Xunit;
using static EdgeBackup.Core.Tests.Devices.Http.HttpTests;

namespace EdgeBackup.Core.Tests.Devices.Http;

/// <summary>Looking at an HTTP device that misbehaves.</summary>
public sealed class HttpStatusTests
{
    private const string GoodDevice =
        """{"id":"d","name":"n","type":"edge-controller","model":"m","serial":"s","version":"1.24.5","time":"2026-11-01T10:00:00Z","features":[],"extra":{"a":1}}""";

    [Fact]
    public async Task A_building_server_has_no_charge_points()
    {
        await using var device = await SimulatedDevice.StartAsync(new SimulatedDeviceOptions { Type = EdgeBackup.Simulator.Devices.DeviceTypes.BuildingServer, Version = "7.0.1" });
        await using var connection = Connect(device);

        var status = await connection.GetStatusAsync(CancellationToken.None);

        Assert.Equal("bms-server", status.Identity.Type);
        Assert.Empty(status.ChargePoints);
        Assert.Null(status.GateFault);
        Assert.Equal("bacnet", Assert.Single(await connection.ReadChildrenAsync(CancellationToken.None)).Type);
    }

    [Fact]
    public async Task Charge_points_come_as_the_device_tells_them()
    {
        await using var device = await StartEmptyAsync();
        await using var connection = Connect(device);
        device.ChargePoints[0].Online = false;
        device.ChargePoints[0].PendingMessages = 3;
        device.ChargePoints[1].LastSeenAgo = TimeSpan.FromMinutes(7);
        device.ChargePoints[1].StartTransaction(2);

        var status = await connection.GetStatusAsync(CancellationToken.None);

        Assert.False(status.ChargePoints[0].Online);
        Assert.Equal(3, status.ChargePoints[0].PendingMessages);
        Assert.InRange(status.Identity.Time!.Value - status.ChargePoints[1].LastSeen!.Value, TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(7.1));
        Assert.Equal(1, status.ChargePoints[1].TransactionsStarted);
        Assert.Equal("Charging", status.ChargePoints[1].Connectors[1].Status);
        Assert.Equal(TimeSpan.Zero, status.ChargePoints[1].Connectors[1].Transaction!.Started!.Value.Offset);
    }

    [Theory]
    [InlineData("\"id\":\"d\",", "", "'id' is missing")]
    [InlineData("\"id\":\"d\"", "\"id\":\"\"", "'id' is empty")]
    [InlineData("\"id\":\"d\"", "\"id\":7", "'id' is no text")]
    [InlineData("\"id\":\"d\"", "\"id\":\"d\",\"id\":\"e\"", "no JSON")]
    [InlineData("edge-controller", "toaster", "toaster")]
    [InlineData("\"version\":\"1.24.5\",", "", "'version' is missing")]
    [InlineData("\"version\":\"1.24.5\"", "\"version\":1.24", "'version' is no text")]
    [InlineData("2026-11-01T10:00:00Z", "2026-11-01 10:00", "'time'")]
    [InlineData("2026-11-01T10:00:00Z", "2026-11-01T10:00:00", "'time'")]
    [InlineData("\"features\":[]", "\"features\":\"hold\"", "'features' is no list")]
    [InlineData(GoodDevice, "<!DOCTYPE html><html>Log in</html>", "page")]
    [InlineData(GoodDevice, "", "no JSON")]
    [InlineData(GoodDevice, "[]", "no object")]
    public async Task An_identity_that_breaks_the_interface_is_refused_by_name(string replace, string with, string named)
    {
        await using var device = await StartEmptyAsync();
        await using var connection = Connect(device);
        device.Faults.Add(new SimulatedFault { Kind = FaultKind.ReplaceBody, Path = "device", Body = GoodDevice.Replace(replace, with, StringComparison.Ordinal), Times = -1 });

        var failed = await FailsAsync(ErrorIds.DeviceResponseInvalid, () => connection.GetStatusAsync(CancellationToken.None));

        Assert.Contains("GET device", failed.Message, StringComparison.Ordinal);
        Assert.Contains(named, failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Unknown_members_are_ignored()
    {
        await using var device = await StartEmptyAsync();
        await using var connection = Connect(device);
        device.Faults.Add(new SimulatedFault { Kind = FaultKind.ReplaceBody, Path = "device", Body = GoodDevice });

        Assert.Equal("d", (await connection.GetStatusAsync(CancellationToken.None)).Identity.Id);
    }

    [Theory]
    [InlineData("online")]
    [InlineData("lastSeen")]
    [InlineData("pendingMessages")]
    [InlineData("transactionsStarted")]
    [InlineData("connectors")]
    [InlineData("status")]
    [InlineData("transaction")]
    public async Task R2_a_charge_point_that_does_not_say_everything_makes_the_gate_unreadable(string member)
    {
        const string Good =
            """[{"id":"cp-9","online":true,"lastSeen":"2026-11-01T10:00:00Z","pendingMessages":0,"transactionsStarted":4,"connectors":[{"id":1,"status":"Available","transaction":null}]}]""";
        await using var device = await StartEmptyAsync();
        await using var connection = Connect(device);
        device.Faults.Add(new SimulatedFault { Kind = FaultKind.ReplaceBody, Path = "chargepoints", Body = Good });
        device.Faults.Add(new SimulatedFault
        {
            Kind = FaultKind.ReplaceBody,
            Path = "chargepoints",
            Body = Good.Replace($"\"{member}\"", "\"renamed\"", StringComparison.Ordinal),
        });

        Assert.Null((await connection.GetStatusAsync(CancellationToken.None)).GateFault);
        var fault = (await connection.GetStatusAsync(CancellationToken.None)).GateFault;

        Assert.Contains("cp-9", fault, StringComparison.Ordinal);
        Assert.Contains(member, fault, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(FaultKind.ReplaceBody, 200)]
    [InlineData(FaultKind.Status, 404)]
    [InlineData(FaultKind.Status, 500)]
    [InlineData(FaultKind.Status, 503)]
    [InlineData(FaultKind.CutBody, 200)]
    [InlineData(FaultKind.ShortBody, 200)]
    public async Task R2_charge_points_that_cannot_be_read_make_the_gate_unreadable(FaultKind kind, int status)
    {
        await using var device = await StartEmptyAsync();
        await using var connection = Connect(device);
        device.Faults.Add(new SimulatedFault { Kind = kind, Status = status, Path = "chargepoints", Bytes = 20, Body = "{}", Times = -1 });

        var look = await connection.GetStatusAsync(CancellationToken.None);

        Assert.NotNull(look.GateFault);
        Assert.Equal("edge-001", look.Identity.Id);
    }

    [Fact]
    public async Task Passing_trouble_is_waited_out()
    {
        await using var device = await StartEmptyAsync();
        await using var connection = Connect(device);
        device.Faults.Add(new SimulatedFault { Kind = FaultKind.Status, Status = 503, Path = "device" });
        device.Faults.Add(new SimulatedFault { Kind = FaultKind.CutBefore, Path = "device" });
        device.Faults.Add(new SimulatedFault { Kind = FaultKind.Status, Status = 504, Path = "device" });

        await connection.GetStatusAsync(CancellationToken.None);

        Assert.Equal(4, CountCalls(device, "GET", "device"));
    }

    [Fact]
    public async Task Retry_after_is_honoured()
    {
        await using var device = await StartEmptyAsync();
        await using var connection = Connect(device);
        device.Faults.Add(new SimulatedFault { Kind = FaultKind.Status, Status = 429, RetryAfter = "2", Path = "device" });
        var watch = Stopwatch.StartNew();

        await connection.GetStatusAsync(CancellationToken.None);

        Assert.True(watch.Elapsed > TimeSpan.FromSeconds(1.9), $"asked again after {watch.Elapsed}");
    }

    [Fact]
    public async Task A_device_that_stays_in_trouble_is_unreachable()
    {
        await using var device = await StartEmptyAsync();
        await using var connection = Connect(device);
        device.Faults.Add(new SimulatedFault { Kind = FaultKind.Status, Status = 503, Times = -1 });

        await FailsAsync(ErrorIds.DeviceUnreachable, () => connection.GetStatusAsync(CancellationToken.None));
    }

    [Fact]
    public async Task A_silent_device_is_given_up_once_and_for_all_after_the_silence_limit()
    {
        await using var device = await StartEmptyAsync();
        var clock = new StillClock();
        await using var connection = Connect(device, options => options with { SilenceLimit = SlowAnswer.Limit }, clock);
        device.Faults.Add(new SimulatedFault { Kind = FaultKind.Silent, Times = -1 });

        var asking = connection.GetStatusAsync(CancellationToken.None);
        await Wait.UntilAsync(() => CountCalls(device, "GET", "device") == 1);
        clock.Advance(SlowAnswer.Limit * 0.9);
        Assert.False(asking.IsCompleted);
        clock.Advance(SlowAnswer.Limit * 0.2);

        await FailsAsync(ErrorIds.DeviceUnreachable, () => asking);
        Assert.Equal(1, CountCalls(device, "GET", "device"));
    }

    [Fact]
    public async Task A_slow_device_is_not_a_silent_one()
    {
        await using var device = await StartEmptyAsync();
        var clock = new StillClock();
        await using var connection = Connect(device, options => options with { SilenceLimit = SlowAnswer.Limit }, clock);
        device.Faults.Add(SlowAnswer.Of("device", clock));
        var began = clock.GetTimestamp();

        Assert.Equal("edge-001", (await connection.GetStatusAsync(CancellationToken.None)).Identity.Id);
        Assert.True(clock.GetElapsedTime(began) > 3 * SlowAnswer.Limit);
    }

    [Fact]
    public async Task A_device_that_is_not_there_is_unreachable_within_seconds()
    {
        // Bound and not listening: refused, and nobody else's meanwhile.
        using var reserved = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        reserved.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        await using var connection = new HttpDeviceConnection(
            new ConnectionOptions { Address = DeviceAddress.Parse($"http://{reserved.LocalEndPoint}/devices/edge-001/", Path.GetTempPath()), Id = "edge-001" }, TimeProvider.System);
        var watch = Stopwatch.StartNew();

        var failed = await FailsAsync(ErrorIds.DeviceUnreachable, () => connection.GetStatusAsync(CancellationToken.None));

        Assert.Equal("edge-001", failed.Target);
        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 60);
    }

    [Fact]
    public async Task Cancellation_ends_a_silent_call_at_once()
    {
        await using var device = await StartEmptyAsync();
        await using var connection = Connect(device, options => options with { SilenceLimit = TimeSpan.FromMinutes(10) });
        device.Faults.Add(new SimulatedFault { Kind = FaultKind.Silent, Times = -1 });
        using var cancellation = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        var watch = Stopwatch.StartNew();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connection.GetStatusAsync(cancellation.Token));

        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 60);
    }

    [Fact]
    public async Task An_endless_answer_is_refused()
    {
        await using var device = await StartEmptyAsync();
        await using var connection = Connect(device);
        device.Faults.Add(new SimulatedFault { Kind = FaultKind.LongBody, Bytes = 9 * 1024 * 1024, Path = "device" });

        var failed = await FailsAsync(ErrorIds.DeviceResponseInvalid, () => connection.GetStatusAsync(CancellationToken.None));

        Assert.Contains("8 MiB", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stopping_asks_the_device_and_says_where_it_cannot()
    {
        await using var device = await StartEmptyAsync();
        await using var connection = Connect(device);
        device.AddChargePoint("cp / ü", 1).StartTransaction();

        await connection.StopTransactionAsync("cp / ü", 1, CancellationToken.None);

        Assert.False(device.HasTransaction);
        var failed = await FailsAsync(ErrorIds.DeviceResponseInvalid, () => connection.StopTransactionAsync("cp-1", 9, CancellationToken.None));
        Assert.Contains("cannot stop", failed.Message, StringComparison.Ordinal);
    }
}
