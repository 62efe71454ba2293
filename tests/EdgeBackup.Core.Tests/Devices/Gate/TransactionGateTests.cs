using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Gate;
using EdgeBackup.Core.Devices.Types;
using EdgeBackup.Core.Errors;
using Xunit;

namespace EdgeBackup.Core.Tests.Devices.Gate;

public sealed class TransactionGateTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly Transaction Running = new("t-1", Now.AddMinutes(-30));

    [Fact]
    public void A_controller_without_charge_points_is_idle() => Assert.Equal(GateState.Idle, Evaluate(Status()).State);

    [Theory]
    [InlineData("Available", GateState.Idle)]
    [InlineData("Preparing", GateState.Idle)]
    [InlineData("Finishing", GateState.Idle)]
    [InlineData("Reserved", GateState.Idle)]
    [InlineData("Unavailable", GateState.Idle)]
    [InlineData("Faulted", GateState.Idle)]
    [InlineData("Charging", GateState.Busy)]
    [InlineData("SuspendedEV", GateState.Busy)]
    [InlineData("SuspendedEVSE", GateState.Busy)]
    [InlineData("charging", GateState.Unknown)]
    [InlineData("available", GateState.Unknown)]
    [InlineData("Occupied", GateState.Unknown)]
    [InlineData("", GateState.Unknown)]
    public void R2_a_status_without_a_transaction_decides_by_its_word(string status, GateState expected) =>
        Assert.Equal(expected, Evaluate(Status(Point(connectors: new Connector(1, status, null)))).State);

    [Theory]
    [InlineData("Available")]
    [InlineData("Finishing")]
    [InlineData("Nonsense")]
    public void R2_a_transaction_is_running_whatever_the_status(string status)
    {
        var decision = Evaluate(Status(Point("cp-9", connectors: new Connector(2, status, Running))));

        Assert.Equal(GateState.Busy, decision.State);
        Assert.Equal(new RunningTransaction("cp-9", 2, "t-1", Running.Started, status), Assert.Single(decision.Running));
        var reason = Assert.Single(decision.Reasons);
        Assert.All(["cp-9", "2", "t-1"], part => Assert.Contains(part, reason, StringComparison.Ordinal));
    }

    [Fact]
    public void R2_what_cannot_be_known_counts_as_running()
    {
        Assert.Equal(GateState.Unknown, Evaluate(Status(Point() with { Online = false })).State);
        Assert.Equal(GateState.Unknown, Evaluate(Status(Point() with { PendingMessages = 1 })).State);
        Assert.Equal(GateState.Unknown, Evaluate(Status(Point() with { LastSeen = null })).State);
        Assert.Equal(GateState.Unknown, Evaluate(Status() with { GateFault = "no answer" }).State);
        var timeless = Status(Point());
        Assert.Equal(GateState.Unknown, Evaluate(timeless with { Identity = timeless.Identity with { Time = null } }).State);
    }

    [Theory]
    [InlineData(0, GateState.Idle)]
    [InlineData(300, GateState.Idle)]
    [InlineData(301, GateState.Unknown)]
    [InlineData(-60, GateState.Idle)]
    public void R2_last_seen_is_measured_by_the_devices_own_clock(int secondsAgo, GateState expected) =>
        Assert.Equal(expected, Evaluate(Status(Point() with { LastSeen = Now.AddSeconds(-secondsAgo) })).State);

    [Fact]
    public void Busy_wins_over_unknown_and_both_are_told()
    {
        var decision = Evaluate(Status(Point("off") with { Online = false }, Point("on", connectors: new Connector(1, "Charging", Running))));

        Assert.Equal(GateState.Busy, decision.State);
        Assert.Equal(2, decision.Reasons.Count);
        Assert.Contains("'on'", decision.Reasons[0], StringComparison.Ordinal);
        Assert.Equal(ErrorIds.DeviceBusy, decision.ToException("d").ErrorId);
        Assert.Contains("'off'", decision.ToException("d").Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Stopping_is_advised_where_a_transaction_runs_and_nowhere_else()
    {
        var charging = Evaluate(Status(Point(connectors: new Connector(1, "Charging", Running)))).ToException("d");
        var working = Evaluate(Status() with { RunningWork = "a backup of it is being taken" }).ToException("d");

        Assert.Contains("Stop-EdgeTransaction", charging.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("Stop-EdgeTransaction", working.Message, StringComparison.Ordinal);
        Assert.Contains("Wait until it has ended", working.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_errors_are_those_that_scripts_match_on()
    {
        Assert.Equal(ErrorIds.DeviceStateUnknown, Evaluate(Status() with { GateFault = "x" }).ToException("d").ErrorId);
        Assert.Throws<InvalidOperationException>(() => Evaluate(Status()).ToException("d"));
        var before = Status(Point());
        Assert.Equal(ErrorIds.CaptureInterrupted, Look(before, Status(Point() with { TransactionsStarted = 6 })).ToException("d").ErrorId);
        Assert.Equal(ErrorIds.DeviceStateUnknown, Look(before, Status(Point() with { Online = false })).ToException("d").ErrorId);
    }

    [Fact]
    public void R3_a_capture_stands_only_when_nothing_began_and_nothing_is_unknown()
    {
        var before = Status(Point());

        Assert.True(Look(before, Status(Point())).Stands);
        Assert.Equal(GateState.Busy, Look(before, Status(Point() with { TransactionsStarted = 6 })).State);
        Assert.Equal(GateState.Unknown, Look(before, Status(Point() with { TransactionsStarted = 4 })).State);
        Assert.Equal(GateState.Busy, Look(before, Status(Point(connectors: new Connector(1, "Charging", null)))).State);
        Assert.Equal(GateState.Unknown, Look(before, Status()).State);
        Assert.Equal(GateState.Unknown, Look(before, Status(Point(), Point("second"))).State);
        Assert.Equal(GateState.Busy, Look(before, before with { TransactionsStamp = "written" }).State);
        Assert.Equal(GateState.Unknown, Look(before, before with { GateFault = "no answer" }).State);
        Assert.True(TransactionGate.TransactionBegan(before, before with { GateFault = "no answer" }));
        Assert.False(TransactionGate.TransactionBegan(before, before));
    }

    [Theory]
    [InlineData("1.24.5", true)]
    [InlineData("v1.24.5+7", true)]
    [InlineData("1.24.10", true)]
    [InlineData("2", true)]
    [InlineData("1.24.4", false)]
    [InlineData("1.24.5-rc.1", false)]
    [InlineData("1.24", false)]
    [InlineData("unknown", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void R1_a_controller_below_its_minimum_is_refused(string? version, bool isSupported)
    {
        var controller = DeviceTypeCatalog.BuiltIn.Get(DeviceTypes.EdgeControllerId)!.Type;
        Assert.Equal(isSupported, VersionGate.FindFault(controller, version) is null);
        Assert.Null(VersionGate.FindFault(DeviceTypeCatalog.BuiltIn.Get(DeviceTypes.FolderId)!.Type, version));
        if (!isSupported)
        {
            var refused = Assert.Throws<EdgeBackupException>(() => VersionGate.Check(controller, "d", version));
            Assert.Equal(ErrorIds.DeviceVersionUnsupported, refused.ErrorId);
            Assert.Contains("1.24.5", refused.Message, StringComparison.Ordinal);
            Assert.Contains(version ?? "", refused.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("edge-controller", ConnectionKind.Http, true)]
    [InlineData("bms-server", ConnectionKind.Http, true)]
    [InlineData("folder", ConnectionKind.Http, false)]
    [InlineData("press", ConnectionKind.Http, false)]
    [InlineData("press", ConnectionKind.Folder, true)]
    [InlineData("edge-controller", ConnectionKind.Folder, true)]
    [InlineData("Press", ConnectionKind.Folder, false)]
    [InlineData("-press", ConnectionKind.Folder, false)]
    [InlineData("", ConnectionKind.Folder, false)]
    [InlineData(null, ConnectionKind.Folder, false)]
    public void A_type_is_found_where_it_can_be_reached(string? id, ConnectionKind connection, bool isFound) =>
        Assert.Equal(isFound, DeviceTypeCatalog.BuiltIn.Find(id, connection) is not null);

    [Fact]
    public void R2_work_that_a_type_tells_of_holds_up_like_a_transaction()
    {
        var idle = Status();
        var working = idle with { RunningWork = "a vehicle is charging" };
        var decision = Evaluate(working);
        Assert.Equal((GateState.Busy, "a vehicle is charging"), (decision.State, decision.Reason));
        Assert.Equal(GateState.Busy, Look(idle, working).State);
        Assert.True(Evaluate(idle).IsIdle);
    }

    private static GateDecision Evaluate(DeviceStatus status) => TransactionGate.Evaluate(status, TransactionGate.DefaultSeenWithin);

    private static SecondLook Look(DeviceStatus before, DeviceStatus after) => TransactionGate.LookAgain(before, after, TransactionGate.DefaultSeenWithin);

    private static DeviceStatus Status(params ChargePoint[] points) => new()
    {
        Identity = new DeviceIdentity { Id = "d", Type = "edge-controller", Time = Now },
        ChargePoints = points,
    };

    private static ChargePoint Point(string id = "cp-1", params Connector[] connectors) => new()
    {
        Id = id,
        Online = true,
        LastSeen = Now.AddSeconds(-10),
        TransactionsStarted = 5,
        Connectors = connectors,
    };
}
