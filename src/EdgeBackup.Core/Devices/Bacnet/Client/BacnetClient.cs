using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>
/// Speaks BACnet/IP as a client (ASHRAE 135, annex J and clause 5.4). May be used from several tasks at once. What goes
/// wrong in an exchange is a <see cref="BacnetException"/>.
/// </summary>
public sealed partial class BacnetClient : IAsyncDisposable
{
    private readonly BacnetClientOptions options;
    private readonly ConcurrentDictionary<BacnetStation, BacnetLine> lines = new();
    private readonly BacnetAnnouncements announcements = new();
    private readonly BacnetRouters routers = new();
    private readonly BacnetEars ears;
    private readonly Action<ReadOnlyMemory<byte>, SocketAddress>? wire;
    private BacnetLink? link;
    private BacnetForeignDevice? foreign;
    private volatile Exception? failure;
    private int closed;

    /// <param name="options">How to speak.</param>
    /// <param name="wire">Takes what would be sent; null: a socket does.</param>
    internal BacnetClient(BacnetClientOptions options, Action<ReadOnlyMemory<byte>, SocketAddress>? wire)
    {
        this.options = options with
        {
            MaxApdu = ApduSizes.RoundDown(options.MaxApdu),
            MaxSegments = Math.Clamp(ApduSizes.RoundDownSegments(options.MaxSegments), 2, 64),
            WindowSize = Math.Clamp(options.WindowSize, 1, 127),
            Retries = Math.Max(0, options.Retries),
        };
        this.wire = wire;
        ears = options.Ears ?? new BacnetEars();
    }

    /// <summary>Where this client receives.</summary>
    public IPEndPoint Local => link?.Local ?? new IPEndPoint(IPAddress.Any, 0);

    /// <summary>Opens the socket, and registers with the broadcast management device where there is one.</summary>
    /// <exception cref="BacnetUnreachableException">The local address is not to be had, or the registration is refused.</exception>
    public static async Task<BacnetClient> OpenAsync(BacnetClientOptions options, CancellationToken cancellationToken)
    {
        var client = new BacnetClient(options, wire: null);
        var local = options.Local ?? new IPEndPoint(IPAddress.Any, 0);
        try
        {
            client.link = BacnetLink.Open(local, mayShare: false, client.Receive, client.Fail);
        }
        catch (SocketException exception)
        {
            throw new BacnetUnreachableException($"the local address {local} is not to be had: {exception.Message}");
        }

        if (options.Bbmd is { } bbmd)
        {
            try
            {
                client.foreign = new BacnetForeignDevice(bbmd, client.options, client.Send);
                await client.foreign.RegisterAsync(cancellationToken).ConfigureAwait(false);
            }
            catch
            {
                await client.DisposeAsync().ConfigureAwait(false);
                throw;
            }
        }

        return client;
    }

    /// <summary>Whether it receives nothing any more, and never will.</summary>
    public bool HasFailed => failure is not null;

    /// <summary>Bytes of a file that fit one answer of this peer to AtomicReadFile.</summary>
    public int LargestRead(BacnetPeer peer) => BacnetLimits.Read(peer, options);

    /// <summary>Bytes of a file that fit one AtomicWriteFile request (stream access) to this peer.</summary>
    public int LargestWrite(BacnetPeer peer) => BacnetLimits.Write(peer, options);

    /// <summary>Ends the receive loop; whoever still waits for an answer gets a <see cref="BacnetUnreachableException"/>.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref closed, 1) != 0)
        {
            return;
        }

        if (foreign is not null)
        {
            await foreign.DisposeAsync().ConfigureAwait(false);
            foreign.TakeBack(Local);
        }

        Fail(new BacnetUnreachableException("the connection was closed meanwhile"));
        if (link is not null)
        {
            await link.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Sends a request and gives the answer's bytes.</summary>
    private async Task<ReadOnlyMemory<byte>> ExchangeAsync(BacnetPeer peer, BacnetRequest request, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ThrowIfFailed();
        var station = new BacnetStation(peer.EndPoint, peer.Routed);
        var line = lines.GetOrAdd(station, _ => new BacnetLine(options.Clock, options.Timeout * (options.Retries + 1)));
        var to = peer.EndPoint.Serialize();
        var exchange = new BacnetExchange(request, peer, options, apdu => Send(apdu, peer.Routed, BvlcFunction.OriginalUnicast, to));
        var id = await line.EnterAsync(exchange, cancellationToken).ConfigureAwait(false);
        try
        {
            ThrowIfFailed();
            return await exchange.RunAsync(id, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            line.Leave(id, exchange.IsClean, exchange.LastAck);
        }
    }

    private void ThrowIfFailed()
    {
        if (failure is { } reason)
        {
            throw reason as BacnetException ?? new BacnetUnreachableException($"nothing is received any more: {reason.Message}");
        }
    }

    /// <summary>Ends every exchange, and the client with it.</summary>
    internal void Fail(Exception reason)
    {
        failure ??= reason;
        FailAll(_ => true, reason as BacnetException ?? new BacnetUnreachableException($"nothing is received any more: {reason.Message}"));
    }

    private void FailAll(Func<BacnetStation, bool> which, BacnetException reason)
    {
        foreach (var (station, line) in lines)
        {
            if (which(station))
            {
                line.Fail(reason);
            }
        }
    }
}
