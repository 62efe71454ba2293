using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Threading.Channels;

namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>A router and the networks behind it, as its I-Am-Router-To-Network says.</summary>
public sealed record BacnetRouter(IPEndPoint EndPoint, IReadOnlyList<ushort> Networks);

/// <summary>What routers say (clause 6.4), and who listens.</summary>
internal sealed class BacnetRouters
{
    private const int MostWaiting = 1000;

    private readonly ConcurrentDictionary<Channel<BacnetRouter>, bool> listeners = new();

    public static ReadOnlyMemory<byte> WhoIsRouter(ushort? network) =>
        network is { } number ? new byte[] { (byte)(number >> 8), (byte)number } : ReadOnlyMemory<byte>.Empty;

    /// <returns>Null: not to be read, or the router is only busy and the request will be sent again.</returns>
    public static (ushort Network, string Reason)? ReadReject(ReadOnlySpan<byte> payload)
    {
        if (payload.Length < 3 || payload[0] == 2)
        {
            return null;
        }

        var network = BinaryPrimitives.ReadUInt16BigEndian(payload[1..]);
        return (network, payload[0] switch
        {
            1 => $"knows no way to the network {network}",
            3 => $"did not understand a message for the network {network}",
            4 => $"could not pass on a message for the network {network}: it was too long for it",
            5 or 6 => $"did not pass on a message for the network {network}: reason {payload[0]}",
            _ => $"could not pass on a message for the network {network}",
        });
    }

    public void Take(IPEndPoint router, ReadOnlySpan<byte> payload)
    {
        if (listeners.IsEmpty)
        {
            return;
        }

        var networks = new List<ushort>(payload.Length / 2);
        for (; payload.Length >= 2; payload = payload[2..])
        {
            networks.Add(BinaryPrimitives.ReadUInt16BigEndian(payload));
        }

        foreach (var listener in listeners.Keys)
        {
            listener.Writer.TryWrite(new BacnetRouter(router, networks));
        }
    }

    public Channel<BacnetRouter> Listen()
    {
        var listener = Channel.CreateBounded<BacnetRouter>(MostWaiting);
        listeners[listener] = true;
        return listener;
    }

    public void Leave(Channel<BacnetRouter> listener) => listeners.TryRemove(listener, out _);
}
