using System.Collections.Concurrent;
using EdgeBackup.Simulator.Hosting;

namespace EdgeBackup.Simulator.Devices;

/// <summary>One call that a device received, for tests that ask what was sent.</summary>
/// <param name="Path">What came behind <c>api/v1/</c>, still percent-encoded, with its query.</param>
public sealed record ReceivedCall(string Method, string Path, IReadOnlyDictionary<string, string> Headers);

/// <summary>
/// A simulated edge controller or building server: state, faults and what it was asked. All members may be called from
/// any thread; the HTTP side is in <see cref="Hosting"/>.
/// </summary>
public sealed class SimulatedDevice : IAsyncDisposable
{
    private readonly List<SimulatedChargePoint> chargePoints = [];
    private readonly List<SimulatedEvent> events = [];
    private readonly List<SimulatedTrend> trends = [];
    private readonly List<SimulatedChild> children = [];
    private readonly ConcurrentQueue<ReceivedCall> calls = new();
    private SimulatedFleet? ownFleet;
    private DateTimeOffset? awayUntil;
    private Action? onReturn;

    internal SimulatedDevice(SimulatedDeviceOptions options, TimeProvider clock)
    {
        Options = options;
        Clock = clock;
        Id = options.Id;
        Name = options.Name ?? $"Simulated {options.Id}";
        Version = options.Version;
        Features = options.Features ?? (options.Type == DeviceTypes.BuildingServer ? ["hold", "events", "trends", "stop", "persist", "changes"] : ["hold", "events", "trends", "stop"]);
        Items = new SimulatedItems(this);
        Holds = new SimulatedHolds(this);
        Restores = new SimulatedRestores(this);
        Faults = new SimulatedFaults(this);
        Applications = new SimulatedApplications(this);
        Changes = new SimulatedChanges(this);
        if (options.Type == DeviceTypes.EdgeController)
        {
            for (var number = 1; number <= options.ChargePoints; number++)
            {
                chargePoints.Add(new SimulatedChargePoint(this, $"cp-{number}", options.ConnectorsPerChargePoint));
            }
        }

        if (options.WithSampleItems)
        {
            SampleContent.Fill(this);
        }
    }

    public SimulatedDeviceOptions Options { get; }

    /// <summary>The base address, with a slash at its end.</summary>
    public Uri Address { get; internal set; } = null!;

    /// <summary>The id that the device tells; another one than in its address plays swapped hardware.</summary>
    public string Id { get; set; }

    public string Name { get; set; }

    public string Version { get; set; }

    public IReadOnlyList<string> Features { get; set; }

    public SimulatedItems Items { get; }

    public SimulatedHolds Holds { get; }

    public SimulatedRestores Restores { get; }

    public SimulatedFaults Faults { get; }

    /// <summary>Values that applications of the device have written.</summary>
    public SimulatedApplications Applications { get; }

    /// <summary>Changes of the configuration that people make on the device.</summary>
    public SimulatedChanges Changes { get; }

    /// <summary>The user and password that every call must carry; null for none.</summary>
    public (string UserName, string Password)? RequiredBasic { get; set; }

    /// <summary>The bearer token that every call must carry; null for none.</summary>
    public string? RequiredToken { get; set; }

    public IReadOnlyList<SimulatedChargePoint> ChargePoints => Snapshot(chargePoints);

    public IReadOnlyList<SimulatedEvent> Events => Snapshot(events);

    public IReadOnlyList<SimulatedTrend> Trends => Snapshot(trends);

    public IReadOnlyList<SimulatedChild> Children => Snapshot(children);

    /// <summary>What the device was asked, oldest first.</summary>
    public IReadOnlyList<ReceivedCall> Calls => [.. calls];

    /// <summary>Whether a transaction runs on any connector.</summary>
    public bool HasTransaction
    {
        get
        {
            lock (Sync)
            {
                Advance();
                return chargePoints.Any(point => point.Connectors.Any(connector => connector.Transaction is not null));
            }
        }
    }

    /// <summary>How often the logs were emptied.</summary>
    internal int LogsBegun { get; private set; }

    /// <summary>One lock for all of a device's state: what the interface promises is about several parts at once.</summary>
    internal Lock Sync { get; } = new();

    internal TimeProvider Clock { get; }

    /// <summary>Switches on a device with a host of its own on a free port; disposing the device ends both.</summary>
    public static async Task<SimulatedDevice> StartAsync(SimulatedDeviceOptions? options = null, SimulatedFleetOptions? fleetOptions = null)
    {
        var fleet = await SimulatedFleet.StartAsync(fleetOptions ?? new SimulatedFleetOptions());
        var device = fleet.Add(options ?? new SimulatedDeviceOptions());
        device.ownFleet = fleet;
        return device;
    }

    /// <summary>Some events from a number on, without a copy of all.</summary>
    public IReadOnlyList<SimulatedEvent> ReadEvents(int start, int count)
    {
        lock (Sync)
        {
            Advance();
            return start < events.Count ? events.GetRange(start, Math.Min(count, events.Count - start)) : [];
        }
    }

    public void AddEvent(SimulatedEvent record) => Change(() => events.Add(record));

    /// <summary>Empties the event log and the trend logs, as a factory reset or a new memory card does; their numbers begin anew.</summary>
    public void ClearLogs() => Change(() =>
    {
        events.Clear();
        trends.Clear();
        LogsBegun++;
    });

    public void AddTrend(SimulatedTrend trend) => Change(() => trends.Add(trend));

    public void AddChild(SimulatedChild child) => Change(() => children.Add(child));

    public SimulatedChargePoint AddChargePoint(string id, int connectors = 1)
    {
        var point = new SimulatedChargePoint(this, id, connectors);
        Change(() => chargePoints.Add(point));
        return point;
    }

    public void ClearCalls() => calls.Clear();

    /// <summary>Restarts the device: it answers nobody for a while, then has forgotten holds and restore sessions.</summary>
    public void Restart(TimeSpan away) => Restart(away, Forget);

    public ValueTask DisposeAsync() => ownFleet?.DisposeAsync() ?? ValueTask.CompletedTask;

    internal void Note(ReceivedCall call) => calls.Enqueue(call);

    internal bool IsAway()
    {
        lock (Sync)
        {
            Advance();
            return awayUntil is not null;
        }
    }

    internal void Restart(TimeSpan away, Action onReturn)
    {
        lock (Sync)
        {
            Holds.Lose();
            awayUntil = Clock.GetUtcNow() + away;
            this.onReturn = onReturn;
            Advance();
        }
    }

    internal void Forget()
    {
        Holds.Lose();
        Restores.ForgetAll();
        Applications.ForgetAll();
    }

    /// <summary>Lets happen what time has brought; called under the lock before anything is read.</summary>
    internal void Advance()
    {
        var now = Clock.GetUtcNow();
        if (awayUntil is { } until)
        {
            if (now < until)
            {
                return;
            }

            awayUntil = null;
            onReturn?.Invoke();
            onReturn = null;
        }

        Restores.Advance(now);
        Applications.Advance(now);
        Changes.Advance(now);
        foreach (var point in chargePoints)
        {
            point.Advance(now);
        }
    }

    private void Change(Action change)
    {
        lock (Sync)
        {
            change();
        }
    }

    private List<T> Snapshot<T>(List<T> list)
    {
        lock (Sync)
        {
            Advance();
            return [.. list];
        }
    }
}
