using System.Net;
using System.Net.Sockets;

namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>One UDP socket and its receive loop: datagrams go in and out, and nothing that comes in ends it.</summary>
internal sealed class BacnetLink : IAsyncDisposable
{
    /// <summary>More than the longest BACnet/IP datagram (1497 bytes), so that a longer one is seen to be one.</summary>
    private const int BufferLength = 2048;

    /// <summary>Windows only: whether a port that nobody listens on ends the next receive with an error.</summary>
    private const int UdpConnectionReset = unchecked((int)0x9800000C);

    private readonly Socket socket;
    private readonly CancellationTokenSource ending = new();
    private readonly Action<ReadOnlyMemory<byte>, IPEndPoint> receive;
    private readonly Action<Exception> fail;
    private Task loop = Task.CompletedTask;

    private BacnetLink(Socket socket, Action<ReadOnlyMemory<byte>, IPEndPoint> receive, Action<Exception> fail)
    {
        this.socket = socket;
        this.receive = receive;
        this.fail = fail;
    }

    public IPEndPoint Local => (IPEndPoint)socket.LocalEndPoint!;

    /// <param name="local">Address and port to receive at.</param>
    /// <param name="mayShare">Whether another program of this machine may have the port too.</param>
    /// <param name="receive">Gets each datagram, good until it returns; must not throw.</param>
    /// <param name="fail">Told when the loop ends for a reason that should not be.</param>
    /// <exception cref="SocketException">The address is not to be had.</exception>
    public static BacnetLink Open(IPEndPoint local, bool mayShare, Action<ReadOnlyMemory<byte>, IPEndPoint> receive, Action<Exception> fail)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            socket.EnableBroadcast = true;

            // A window of 127 segments of several peers at once, on a machine that is busy with something else.
            socket.ReceiveBufferSize = 4 * 1024 * 1024;
            if (mayShare)
            {
                socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            }

            if (OperatingSystem.IsWindows())
            {
                socket.IOControl(UdpConnectionReset, [0, 0, 0, 0], null);
            }

            socket.Bind(local);
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        var link = new BacnetLink(socket, receive, fail);
        link.loop = Task.Run(link.ReceiveAsync, CancellationToken.None);
        return link;
    }

    /// <exception cref="BacnetUnreachableException">The system knows no way there.</exception>
    public void Send(ReadOnlySpan<byte> datagram, SocketAddress to)
    {
        try
        {
            socket.SendTo(datagram, SocketFlags.None, to);
        }
        catch (SocketException exception) when (exception.SocketErrorCode is SocketError.ConnectionReset or SocketError.ConnectionRefused)
        {
            // What an earlier datagram met; this one is sent again when no answer comes.
        }
        catch (SocketException exception)
        {
            throw new BacnetUnreachableException($"this machine could not send: {exception.Message}", wasSent: false);
        }
        catch (ObjectDisposedException)
        {
            throw new BacnetUnreachableException("the connection was closed meanwhile", wasSent: false);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await ending.CancelAsync().ConfigureAwait(false);
        socket.Dispose();
        await loop.ConfigureAwait(false);
        ending.Dispose();
    }

    private async Task ReceiveAsync()
    {
        var buffer = new byte[BufferLength];
        var from = new SocketAddress(AddressFamily.InterNetwork);
        var known = new SocketAddress(AddressFamily.InterNetwork);
        var sender = new IPEndPoint(IPAddress.Any, 0);
        while (!ending.IsCancellationRequested)
        {
            try
            {
                var length = await socket.ReceiveFromAsync(buffer, SocketFlags.None, from, ending.Token).ConfigureAwait(false);
                if (!from.Equals(known))
                {
                    sender = (IPEndPoint)sender.Create(from);
                    from.Buffer.CopyTo(known.Buffer);
                }

                receive(buffer.AsMemory(0, length), sender);
            }
            catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException && ending.IsCancellationRequested)
            {
                return;
            }
            catch (SocketException) when (ending.IsCancellationRequested)
            {
                return;
            }
            catch (SocketException exception) when (exception.SocketErrorCode is SocketError.ConnectionReset or SocketError.NetworkReset or SocketError.MessageSize)
            {
                // An echo of something sent before, or a datagram that is longer than any of BACnet's.
            }
#pragma warning disable CA1031 // Whoever waits for an answer is told; nobody awaits this loop before the end.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                fail(exception);
                return;
            }
        }
    }
}
