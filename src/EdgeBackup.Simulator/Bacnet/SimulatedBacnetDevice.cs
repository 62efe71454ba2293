using System.Net;
using EdgeBackup.Core.Devices.Bacnet;
using EdgeBackup.Simulator.Bacnet.Link;
using EdgeBackup.Simulator.Bacnet.Services;
using EdgeBackup.Simulator.Bacnet.Transactions;

namespace EdgeBackup.Simulator.Bacnet;

/// <summary>
/// A simulated BACnet/IP device that can be backed up and restored (DM-BR-B), on a UDP port of its own on loopback or
/// behind a simulated router. All members may be called from any thread.
/// </summary>
public sealed class SimulatedBacnetDevice : IAsyncDisposable
{
    /// <summary>What a file may not grow beyond.</summary>
    internal const int LargestFile = 256 * 1024 * 1024;

    private readonly List<SimulatedBacnetLog> logs = [];
    private readonly List<SimulatedBacnetPoint> points = [];
    private readonly List<ReceivedBacnetRequest> requests = [];
    private readonly HashSet<uint> archived = [];
    private readonly ServerTransactions transactions;
    private IStationLink? link;
    private DirectLink? ownLink;
    private DateTimeOffset? awayUntil;

    internal SimulatedBacnetDevice(SimulatedBacnetOptions options, SimulatedWire wire)
    {
        Options = options;
        Wire = wire;
        Clock = options.Clock;
        Name = options.Name ?? $"SIM-{options.Instance}";
        Firmware = options.Firmware;
        LastChange = Clock.GetUtcNow();
        Files = new SimulatedBacnetFiles(this);
        Procedure = new SimulatedBackupProcedure(this);
        Faults = new SimulatedBacnetFaults(this);
        Services = new ServiceDesk(this);
        transactions = new ServerTransactions(this);
        SampleBacnetContent.Fill(this);
    }

    public SimulatedBacnetOptions Options { get; }

    /// <summary>Where it listens; a device behind a router, where the router does.</summary>
    public IPEndPoint EndPoint { get; internal set; } = null!;

    /// <summary>Its address behind a router; null where it has a port of its own.</summary>
    public BacnetAddress? Routed { get; internal set; }

    /// <summary>As devices are registered: <c>bacnet://127.0.0.1:port/instance</c>, with network and mac behind a router.</summary>
    public string Address => Routed is null
        ? $"bacnet://{EndPoint}/{Options.Instance}"
        : $"bacnet://{EndPoint}/{Options.Instance}?network={Routed.Network}&mac={Convert.ToHexString(Routed.Mac.Span)}";

    public BacnetObjectId ObjectId => new(BacnetObjectType.Device, Options.Instance);

    public string Name { get; set; }

    public string Firmware { get; set; }

    /// <summary>Grows with each restore that came into force.</summary>
    public uint DatabaseRevision { get; set; } = 1;

    public SimulatedBacnetFiles Files { get; }

    public SimulatedBackupProcedure Procedure { get; }

    public SimulatedBacnetFaults Faults { get; }

    /// <summary>What the network does; behind a router, the router's.</summary>
    public SimulatedWire Wire { get; }

    public IReadOnlyList<SimulatedBacnetLog> Logs => Locked(() => logs.ToArray());

    public IReadOnlyList<SimulatedBacnetPoint> Points => Locked(() => points.ToArray());

    /// <summary>The confirmed requests that it received, oldest first.</summary>
    public IReadOnlyList<ReceivedBacnetRequest> Requests => Locked(() => requests.ToArray());

    /// <summary>One lock for all of a device's state.</summary>
    internal Lock Sync { get; } = new();

    internal TimeProvider Clock { get; }

    internal ServiceDesk Services { get; }

    internal IReadOnlySet<uint> Archived => archived;

    internal DateTimeOffset LastChange { get; }

    /// <summary>Switches on a device on a port of its own; disposing it frees the port.</summary>
    public static Task<SimulatedBacnetDevice> StartAsync(SimulatedBacnetOptions? options = null)
    {
        options ??= new SimulatedBacnetOptions();
        var device = new SimulatedBacnetDevice(options, new SimulatedWire { Latency = options.Latency });
        device.ownLink = new DirectLink(options.Port, device.Wire, device.Receive);
        device.Attach(device.ownLink, device.ownLink.EndPoint, null);
        return Task.FromResult(device);
    }

    /// <summary>Adds a log object.</summary>
    /// <param name="type">TrendLog, TrendLogMultiple or EventLog.</param>
    /// <param name="instance">Its number.</param>
    /// <param name="name">Its object name.</param>
    /// <param name="bufferSize">How many entries it holds before it forgets the oldest.</param>
    /// <param name="logged">Whose values it logs.</param>
    public SimulatedBacnetLog AddLog(
        BacnetObjectType type, uint instance, string name, int bufferSize = 1000, params IReadOnlyList<BacnetObjectId> logged)
    {
        var log = new SimulatedBacnetLog(this, new BacnetObjectId(type, instance), name, bufferSize, logged);
        Locked(() =>
        {
            logs.Add(log);
            return true;
        });
        return log;
    }

    public void AddPoint(SimulatedBacnetPoint point) => Locked(() =>
    {
        points.Add(point);
        return true;
    });

    /// <exception cref="InvalidOperationException">There is no such log.</exception>
    public SimulatedBacnetLog Log(BacnetObjectType type, uint instance) => Logs.First(log => log.Id == new BacnetObjectId(type, instance));

    /// <summary>How many requests of a service came, repeated ones included.</summary>
    public int Count(BacnetConfirmedService service) => Requests.Count(request => request.Service == service);

    public void ClearRequests() => Locked(() =>
    {
        requests.Clear();
        return true;
    });

    /// <summary>Crashes: it answers nobody for a while, then has forgotten what it was in the middle of.</summary>
    public void Crash(TimeSpan away) => Locked(() =>
    {
        awayUntil = Clock.GetUtcNow() + away;
        transactions.Clear();
        Procedure.Forget();
        return true;
    });

    public async ValueTask DisposeAsync()
    {
        if (ownLink is not null)
        {
            await ownLink.DisposeAsync();
        }

        lock (Sync)
        {
            transactions.Dispose();
        }
    }

    internal void Attach(IStationLink to, IPEndPoint endPoint, BacnetAddress? routed)
    {
        EndPoint = endPoint;
        Routed = routed;
        link = to;
    }

    internal void Receive(BacnetOrigin origin, Apdu apdu)
    {
        lock (Sync)
        {
            Procedure.Advance();
            if (awayUntil > Clock.GetUtcNow() || Procedure.IsSilent || link is null)
            {
                return;
            }

            if (apdu.Kind == ApduKind.UnconfirmedRequest)
            {
                Announce(origin, apdu);
            }
            else
            {
                transactions.Receive(origin, apdu);
            }
        }
    }

    internal void Send(BacnetOrigin to, in Apdu apdu) => link!.Send(to, apdu);

    /// <summary>Does what a request asks.</summary>
    /// <returns>Null: nobody is told.</returns>
    internal ServiceAnswer? Serve(BacnetConfirmedService service, ReadOnlyMemory<byte> payload, int budget)
    {
        var request = ReceivedBacnetRequest.Of(service, payload.Span) with { Length = payload.Length };
        requests.Add(request);
        if (Faults.IsExhausted())
        {
            return null;
        }

        var fault = Faults.Take(request);
        switch (fault?.Kind)
        {
            case BacnetFaultKind.Error:
                return ServiceAnswer.Error(fault.ErrorClass, fault.ErrorCode);
            case BacnetFaultKind.Reject:
                return ServiceAnswer.Reject(fault.Reject);
            case BacnetFaultKind.Abort:
                return ServiceAnswer.Abort(fault.Abort);
            case BacnetFaultKind.Garbage:
                return new ServiceAnswer(ApduKind.ComplexAck, fault.Answer);
            case BacnetFaultKind.Silent:
                return null;
            case BacnetFaultKind.Crash:
                Crash(fault.Away);
                return null;
        }

        var answer = Services.Answer(service, payload.Span, budget);
        return fault?.Kind == BacnetFaultKind.SilentAfter ? null : answer;
    }

    internal void SetArchived(uint file, bool isArchived)
    {
        if (isArchived)
        {
            archived.Add(file);
        }
        else
        {
            archived.Remove(file);
        }
    }

    /// <summary>Answers a Who-Is that means this device, to whoever asked (clause 16.10).</summary>
    private void Announce(BacnetOrigin origin, in Apdu apdu)
    {
        var reader = new BacnetReader(apdu.Payload.Span);
        if (apdu.Service != (byte)BacnetUnconfirmedService.WhoIs)
        {
            return;
        }

        if (!reader.AtEnd
            && (!reader.TryReadContextUnsigned(0, out var low) || !reader.TryReadContextUnsigned(1, out var high)
                || Options.Instance < low || Options.Instance > high))
        {
            return;
        }

        var writer = new BacnetWriter(16);
        writer.WriteObjectId(ObjectId);
        writer.WriteUnsigned((uint)Options.MaxApdu);
        writer.WriteEnumerated((uint)Options.Segmentation);
        writer.WriteUnsigned(Options.VendorId);
        Send(origin, new Apdu(ApduKind.UnconfirmedRequest) { Service = (byte)BacnetUnconfirmedService.IAm, Payload = writer.ToArray() });
    }

    private T Locked<T>(Func<T> read)
    {
        lock (Sync)
        {
            return read();
        }
    }
}
