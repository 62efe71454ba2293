using System.Net;
using EdgeBackup.Core.Devices.Bacnet;
using EdgeBackup.Simulator.Bacnet.Link;

namespace EdgeBackup.Simulator.Bacnet;

/// <summary>
/// A broadcast management device that takes foreign registrations (ASHRAE 135, annex J.5): what a registered client wants
/// broadcast, it forwards to the devices of its network and to the other foreign ones. Registrations run out by its clock.
/// </summary>
public sealed class SimulatedBbmd : IAsyncDisposable
{
    private const ushort Success = 0x0000;
    private const ushort RegisterRefused = 0x0030;
    private const ushort DeleteRefused = 0x0050;
    private const ushort DistributeRefused = 0x0060;

    /// <summary>An entry lives this much longer than it asked for (annex J.5.2.3).</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(30);

    private readonly Dictionary<IPEndPoint, DateTimeOffset> foreign = [];
    private readonly List<IPEndPoint> stations = [];
    private readonly Lock gate = new();
    private readonly TimeProvider clock;
    private LinkSocket socket = null!;

    private SimulatedBbmd(TimeProvider clock) => this.clock = clock;

    public IPEndPoint EndPoint => socket.EndPoint;

    public SimulatedWire Wire { get; } = new();

    /// <summary>Whether it refuses registrations, as one whose table is full.</summary>
    public bool IsFull { get; set; }

    /// <summary>Registrations that were accepted, renewals included.</summary>
    public int Registrations { get; private set; }

    /// <summary>Who is registered just now.</summary>
    public IReadOnlyList<IPEndPoint> Foreign
    {
        get
        {
            lock (gate)
            {
                Expire();
                return [.. foreign.Keys];
            }
        }
    }

    public static Task<SimulatedBbmd> StartAsync(int port = 0, TimeProvider? clock = null)
    {
        var bbmd = new SimulatedBbmd(clock ?? TimeProvider.System);
        bbmd.socket = new LinkSocket(port, bbmd.Wire, bbmd.Receive);
        return Task.FromResult(bbmd);
    }

    /// <summary>Puts a device, or a router, on the network whose broadcasts this one manages.</summary>
    public void Add(IPEndPoint station)
    {
        lock (gate)
        {
            stations.Add(station);
        }
    }

    /// <summary>Forgets all registrations, as after a restart.</summary>
    public void Forget()
    {
        lock (gate)
        {
            foreign.Clear();
        }
    }

    public ValueTask DisposeAsync() => socket.DisposeAsync();

    private void Receive(IPEndPoint from, byte[] datagram)
    {
        if (!Bvlc.TryDecode(datagram, out var message, out _))
        {
            return;
        }

        switch (message.Function)
        {
            case BvlcFunction.RegisterForeignDevice:
                Reply(from, Register(from, message.Number));
                break;
            case BvlcFunction.DeleteForeignEntry:
                Reply(from, Delete(message.Address!));
                break;
            case BvlcFunction.DistributeBroadcast:
                Distribute(from, message.Npdu);
                break;
        }
    }

    private ushort Register(IPEndPoint from, ushort seconds)
    {
        lock (gate)
        {
            if (IsFull)
            {
                return RegisterRefused;
            }

            Registrations++;
            foreign[from] = clock.GetUtcNow() + TimeSpan.FromSeconds(seconds) + Grace;
            return Success;
        }
    }

    private ushort Delete(IPEndPoint entry)
    {
        lock (gate)
        {
            Expire();
            return foreign.Remove(entry) ? Success : DeleteRefused;
        }
    }

    private void Distribute(IPEndPoint from, ReadOnlyMemory<byte> npdu)
    {
        List<IPEndPoint>? receivers;
        lock (gate)
        {
            Expire();
            receivers = foreign.ContainsKey(from) ? [.. stations, .. foreign.Keys.Where(other => !other.Equals(from))] : null;
        }

        if (receivers is null)
        {
            Reply(from, DistributeRefused);
            return;
        }

        var writer = new BacnetWriter(npdu.Length + 16);
        new Bvlc(BvlcFunction.ForwardedNpdu, npdu, from).Encode(writer);
        foreach (var receiver in receivers)
        {
            socket.Send(receiver, writer.ToArray());
        }
    }

    private void Expire()
    {
        var now = clock.GetUtcNow();
        foreach (var entry in foreign.Where(entry => entry.Value < now).Select(entry => entry.Key).ToList())
        {
            foreign.Remove(entry);
        }
    }

    private void Reply(IPEndPoint to, ushort code) => socket.Send(to, Datagrams.Result(code));
}
