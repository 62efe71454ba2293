using System.Net;
using System.Net.Sockets;

namespace EdgeBackup.Simulator.Bacnet.Link;

/// <summary>A UDP socket on loopback behind a wire.</summary>
internal sealed class LinkSocket : IAsyncDisposable
{
    /// <summary>A window of the largest parts from several clients at once.</summary>
    private const int BufferBytes = 1 << 20;
    private const int LargestDatagram = 2048;

    private readonly Socket socket;
    private readonly SimulatedWire wire;
    private readonly WireDirection<(IPEndPoint Peer, byte[] Bytes)> inbound;
    private readonly WireDirection<(IPEndPoint Peer, byte[] Bytes)> outbound;
    private readonly CancellationTokenSource end = new();
    private readonly Task loop;

    /// <param name="port">0 for any free one.</param>
    /// <param name="wire">Between this socket and the rest.</param>
    /// <param name="receive">Called with each datagram, from one thread at a time unless some are late.</param>
    public LinkSocket(int port, SimulatedWire wire, Action<IPEndPoint, byte[]> receive)
    {
        this.wire = wire;
        socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp)
        {
            ReceiveBufferSize = BufferBytes,
            SendBufferSize = BufferBytes,
        };
        socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
        EndPoint = (IPEndPoint)socket.LocalEndPoint!;
        inbound = new(wire, datagram => receive(datagram.Peer, datagram.Bytes));
        outbound = new(wire, Transmit);
        loop = ReceiveAsync();
    }

    public IPEndPoint EndPoint { get; }

    public void Send(IPEndPoint to, byte[] datagram) => outbound.Send((to, datagram), wire.Next(isInbound: false, datagram));

    public async ValueTask DisposeAsync()
    {
        await end.CancelAsync();
        await loop;
        await inbound.DisposeAsync();
        await outbound.DisposeAsync();
        socket.Dispose();
        end.Dispose();
    }

    private void Transmit((IPEndPoint Peer, byte[] Bytes) datagram)
    {
        try
        {
            socket.SendTo(datagram.Bytes, datagram.Peer);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // Nobody listens there any more, or this device was switched off: lost, as on a real wire.
        }
    }

    private async Task ReceiveAsync()
    {
        var buffer = new byte[LargestDatagram];
        while (!end.IsCancellationRequested)
        {
            try
            {
                var received = await socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), end.Token);
                var datagram = buffer[..received.ReceivedBytes];
                inbound.Send(((IPEndPoint)received.RemoteEndPoint, datagram), wire.Next(isInbound: true, datagram));
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (SocketException)
            {
                // Windows tells a sender that its last datagram found nobody; the next receive works.
            }
        }
    }
}
