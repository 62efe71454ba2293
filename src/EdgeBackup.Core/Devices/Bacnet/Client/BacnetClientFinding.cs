using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace EdgeBackup.Core.Devices.Bacnet;

public sealed partial class BacnetClient
{
    /// <summary>More than any network has; whoever makes up devices does not fill the memory.</summary>
    private const int MostDevices = 100_000;

    /// <summary>
    /// Finds a device and learns what it takes. It is asked itself; where the host is a router that was given without the
    /// device's address behind it, the router's networks are asked who has the instance. The answer may be a broadcast,
    /// which only comes here where this machine is on the router's network or registered with a management device of it.
    /// </summary>
    /// <param name="host">The device, or the router before it.</param>
    /// <param name="routed">Its address behind the router; null: not known, or not behind one.</param>
    /// <param name="instance">Of its Device object.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    /// <exception cref="BacnetTimeoutException">Nobody answered.</exception>
    /// <exception cref="BacnetUnreachableException">There is somebody, but not this device.</exception>
    public async Task<BacnetPeer> FindPeerAsync(IPEndPoint host, BacnetAddress? routed, uint instance, CancellationToken cancellationToken)
    {
        var asked = new BacnetPeer(host, routed, ApduSizes.Smallest, BacnetSegmentation.None, instance);
        try
        {
            return await ReadSizesAsync(asked, cancellationToken).ConfigureAwait(false);
        }
        catch (BacnetException exception) when (
            routed is null && exception is BacnetTimeoutException or BacnetErrorException { Code: BacnetErrorCode.UnknownObject })
        {
            var target = new BacnetTarget(host, IsBroadcast: false, BacnetAddress.Everyone);
            await foreach (var announcement in WhoIsAsync(target, instance, instance, options.Timeout, cancellationToken).ConfigureAwait(false))
            {
                return await ReadSegmentsAsync(announcement.ToPeer(), cancellationToken).ConfigureAwait(false);
            }

            throw exception is BacnetTimeoutException
                ? exception
                : new BacnetUnreachableException($"{asked} answers, but is not device {instance} and knows no way to it");
        }
    }

    /// <summary>
    /// Asks who is there, twice in the given time because a datagram may be lost, and gives each device once as it answers.
    /// </summary>
    /// <param name="target">A host, a broadcast address, or the networks behind a router.</param>
    /// <param name="low">Lowest instance; null: 0.</param>
    /// <param name="high">Highest instance; null: any.</param>
    /// <param name="wait">How long answers are taken.</param>
    /// <param name="cancellationToken">Ends it early.</param>
    public async IAsyncEnumerable<BacnetAnnouncement> WhoIsAsync(
        BacnetTarget target, uint? low, uint? high, TimeSpan wait, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var request = new Apdu(ApduKind.UnconfirmedRequest)
        {
            Service = (byte)BacnetUnconfirmedService.WhoIs,
            Payload = BacnetAnnouncements.WhoIs(low, high),
        };
        var seen = new HashSet<(BacnetStation, uint)>();
        OpenEar? ear = null;
        var listener = announcements.Listen();
        try
        {
            await foreach (var announcement in AskAsync(listener, SendAsync, wait, cancellationToken).ConfigureAwait(false))
            {
                if (announcement.Instance >= (low ?? 0)
                    && announcement.Instance <= (high ?? BacnetObjectId.LargestInstance)
                    && (target.IsBroadcast || announcement.EndPoint.Equals(target.EndPoint))
                    && seen.Count < MostDevices
                    && seen.Add((new BacnetStation(announcement.EndPoint, announcement.Routed), announcement.Instance)))
                {
                    yield return announcement;
                }
            }
        }
        finally
        {
            announcements.Leave(listener);
            if (ear is not null)
            {
                await ear.DisposeAsync().ConfigureAwait(false);
            }
        }

        async ValueTask SendAsync()
        {
            ear = await ListenAsync(ear, target, cancellationToken).ConfigureAwait(false);
            SendOpen(new Npdu(default, target.Routed), request, target);
        }
    }

    /// <summary>Asks which routers there are and what is behind them; a router may answer several times.</summary>
    /// <param name="target">A host or a broadcast address.</param>
    /// <param name="network">Only who knows a way there; null: all.</param>
    /// <param name="wait">How long answers are taken.</param>
    /// <param name="cancellationToken">Ends it early.</param>
    public async IAsyncEnumerable<BacnetRouter> WhoIsRouterAsync(
        BacnetTarget target, ushort? network, TimeSpan wait, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        OpenEar? ear = null;
        var listener = routers.Listen();
        try
        {
            await foreach (var router in AskAsync(listener, SendAsync, wait, cancellationToken).ConfigureAwait(false))
            {
                yield return router;
            }
        }
        finally
        {
            routers.Leave(listener);
            if (ear is not null)
            {
                await ear.DisposeAsync().ConfigureAwait(false);
            }
        }

        async ValueTask SendAsync()
        {
            ear = await ListenAsync(ear, target, cancellationToken).ConfigureAwait(false);
            SendOpen(new Npdu(BacnetRouters.WhoIsRouter(network), Message: BacnetNetworkMessage.WhoIsRouter), null, target);
        }
    }

    /// <summary>Sends now and after half of the time, and gives what arrives until its end.</summary>
    private async IAsyncEnumerable<T> AskAsync<T>(
        Channel<T> listener, Func<ValueTask> send, TimeSpan wait, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ThrowIfFailed();
        var began = options.Clock.GetTimestamp();
        for (var half = 1; half <= 2; half++)
        {
            await send().ConfigureAwait(false);
            while ((wait * half / 2) - options.Clock.GetElapsedTime(began) is var left && left > TimeSpan.Zero)
            {
                try
                {
                    await listener.Reader.WaitToReadAsync(cancellationToken).AsTask().WaitAsync(left, options.Clock, cancellationToken).ConfigureAwait(false);
                }
                catch (TimeoutException)
                {
                    break;
                }

                while (listener.Reader.TryRead(out var heard))
                {
                    yield return heard;
                }
            }
        }
    }

    /// <summary>
    /// Many devices answer a Who-Is with a broadcast to the network's port, also one that came to them alone, and a router
    /// passes such an answer on as a broadcast. A socket of another port does not hear it: while somebody is asked, the port
    /// is listened on too, unless another program of this machine has it. Tried with every question, because another search
    /// of this machine may have had it before. Searches of this process share it: of several devices that are looked for at
    /// once, all hear the answers.
    /// </summary>
    /// <param name="ear">What it is listened on with so far; null for nothing. One whose socket has died is replaced.</param>
    /// <param name="target">Who is asked.</param>
    /// <param name="cancellationToken">Gives up.</param>
    private async ValueTask<OpenEar?> ListenAsync(OpenEar? ear, BacnetTarget target, CancellationToken cancellationToken)
    {
        if (ear is { IsDeaf: false })
        {
            return ear;
        }

        var replacement = await OpenEarAsync(target, cancellationToken).ConfigureAwait(false);
        if (ear is not null)
        {
            await ear.DisposeAsync().ConfigureAwait(false);
        }

        return replacement;
    }

    private async ValueTask<OpenEar?> OpenEarAsync(BacnetTarget target, CancellationToken cancellationToken)
    {
        var port = target.EndPoint.Port;
        if (foreign is not null || wire is not null || port == Local.Port)
        {
            return null;
        }

        var opened = new OpenEar();
        if (await ears.OpenAsync(port, Receive, Deafen, cancellationToken).ConfigureAwait(false) is { } ear)
        {
            opened.Ear = ear;
            return opened;
        }

        try
        {
            // Another program is there. Where the system lets a broadcast address be bound, what is sent to all is heard beside it.
            if ((target.IsBroadcast ? target.EndPoint.Address : BacnetHosts.LocalBroadcastFor(target.EndPoint.Address)) is { } everybody)
            {
                opened.Ear = BacnetLink.Open(new IPEndPoint(everybody, port), mayShare: true, Receive, Deafen);
                return opened;
            }
        }
        catch (SocketException)
        {
            // Below.
        }

        options.Trace?.Invoke($"Port {port} is in use on this machine: devices that answer by broadcast are not heard.");
        return null;

        // What is asked for and answered goes its own way: only the search is the poorer for it.
        void Deafen(Exception reason)
        {
            opened.IsDeaf = true;
            options.Trace?.Invoke($"Port {port} is not listened on any more: {reason.Message}");
        }
    }

    /// <summary>What is listened on while somebody is asked.</summary>
    private sealed class OpenEar : IAsyncDisposable
    {
        private volatile bool isDeaf;

        public IAsyncDisposable? Ear { get; set; }

        /// <summary>Whether its socket has died.</summary>
        public bool IsDeaf
        {
            get => isDeaf;
            set => isDeaf = value;
        }

        public ValueTask DisposeAsync() => Ear?.DisposeAsync() ?? ValueTask.CompletedTask;
    }

    private async Task<BacnetPeer> ReadSizesAsync(BacnetPeer asked, CancellationToken cancellationToken)
    {
        var device = new BacnetObjectId(BacnetObjectType.Device, asked.Instance!.Value);
        var length = await ReadPropertyAsync(asked, device, BacnetProperty.MaxApduLengthAccepted, null, cancellationToken).ConfigureAwait(false);
        var segmentation = await ReadPropertyAsync(asked, device, BacnetProperty.SegmentationSupported, null, cancellationToken).ConfigureAwait(false);
        if (length is not [{ AsUnsigned: { } bytes and >= ApduSizes.Smallest }] || segmentation is not [{ AsEnumerated: { } way and <= (uint)BacnetSegmentation.None }])
        {
            throw new BacnetAnswerException($"{asked} does not say how long its messages may be");
        }

        var peer = asked with { MaxApdu = (uint)Math.Min(bytes, uint.MaxValue), Segmentation = (BacnetSegmentation)way };
        return await ReadSegmentsAsync(peer, cancellationToken).ConfigureAwait(false);
    }

    private async Task<BacnetPeer> ReadSegmentsAsync(BacnetPeer peer, CancellationToken cancellationToken)
    {
        if (!peer.TakesSegments)
        {
            return peer;
        }

        var device = new BacnetObjectId(BacnetObjectType.Device, peer.Instance!.Value);
        var most = await ReadOneAsync(peer, device, BacnetProperty.MaxSegmentsAccepted, cancellationToken).ConfigureAwait(false);
        return most.Value?.AsUnsigned is { } count and > 0 ? peer with { MaxSegments = (uint)Math.Min(count, uint.MaxValue) } : peer;
    }
}
