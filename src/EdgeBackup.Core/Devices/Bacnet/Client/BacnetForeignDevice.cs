using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>
/// The registration with a broadcast management device (annex J.5): made, renewed, made again where the device forgot it
/// because it was started anew, and taken back at the end.
/// </summary>
internal sealed class BacnetForeignDevice : IAsyncDisposable
{
    private const ushort Done = 0;
    private const ushort RegistrationRefused = 0x0030;
    private const ushort DistributionRefused = 0x0060;

    private readonly IPEndPoint bbmd;
    private readonly BacnetClientOptions options;
    private readonly Action<Bvlc, IPEndPoint> send;
    private readonly Channel<ushort> results = Channel.CreateBounded<ushort>(new BoundedChannelOptions(4) { FullMode = BoundedChannelFullMode.DropOldest });
    private readonly Channel<bool> forgotten = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource ending = new();
    private Action? lastBroadcast;
    private Task renewing = Task.CompletedTask;

    public BacnetForeignDevice(IPEndPoint bbmd, BacnetClientOptions options, Action<Bvlc, IPEndPoint> send)
    {
        this.bbmd = bbmd;
        this.options = options;
        this.send = send;
    }

    public IPEndPoint EndPoint => bbmd;

    /// <summary>A BVLC-Result that arrived.</summary>
    public void Take(ushort result, IPEndPoint sender)
    {
        if (!sender.Equals(bbmd))
        {
            return;
        }

        switch (result)
        {
            case Done or RegistrationRefused:
                results.Writer.TryWrite(result);
                break;
            case DistributionRefused:
                forgotten.Writer.TryWrite(true);
                break;
            default:
                // To a question that is not a registration's.
                break;
        }
    }

    /// <summary>Sends a broadcast through the management device; once more after a new registration where it has forgotten this machine.</summary>
    public void Distribute(Action send)
    {
        Volatile.Write(ref lastBroadcast, send);
        send();
    }

    /// <exception cref="BacnetUnreachableException">It refuses, or does not answer.</exception>
    public async Task RegisterAsync(CancellationToken cancellationToken)
    {
        await TryRegisterAsync(cancellationToken).ConfigureAwait(false);
        renewing = Task.Run(RenewAsync, CancellationToken.None);
    }

    /// <summary>Ends the renewals and takes the registration back.</summary>
    public async ValueTask DisposeAsync()
    {
        await ending.CancelAsync().ConfigureAwait(false);
        await renewing.ConfigureAwait(false);
        ending.Dispose();
    }

    /// <param name="local">This client's address as the management device sees it.</param>
    public void TakeBack(IPEndPoint local)
    {
        try
        {
            send(new Bvlc(BvlcFunction.DeleteForeignEntry, default, new IPEndPoint(LocalAddress(), local.Port)), bbmd);
        }
        catch (Exception exception) when (exception is BacnetUnreachableException or SocketException)
        {
            // It forgets the entry by itself when its time is over.
        }
    }

    private IPAddress LocalAddress()
    {
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        probe.Connect(bbmd);
        return ((IPEndPoint)probe.LocalEndPoint!).Address;
    }

    private async Task TryRegisterAsync(CancellationToken cancellationToken)
    {
        while (results.Reader.TryRead(out _))
        {
            // Answers to a former registration.
        }

        var seconds = (ushort)Math.Clamp(options.BbmdTimeToLive.TotalSeconds, 1, ushort.MaxValue);
        for (var attempt = 0; attempt <= options.Retries; attempt++)
        {
            send(new Bvlc(BvlcFunction.RegisterForeignDevice, default, null, seconds), bbmd);
            if (await HasAsync(results, options.Timeout, cancellationToken).ConfigureAwait(false) && results.Reader.TryRead(out var result))
            {
                if (result == Done)
                {
                    return;
                }

                throw new BacnetUnreachableException($"the broadcast management device {bbmd} refused the registration (result 0x{result:X4})");
            }
        }

        throw new BacnetUnreachableException($"the broadcast management device {bbmd} did not answer the registration");
    }

    private async Task RenewAsync()
    {
        try
        {
            while (true)
            {
                var isForgotten = await HasAsync(forgotten, options.BbmdTimeToLive / 2, ending.Token).ConfigureAwait(false) && forgotten.Reader.TryRead(out _);
                try
                {
                    await TryRegisterAsync(ending.Token).ConfigureAwait(false);
                    if (isForgotten)
                    {
                        options.Trace?.Invoke($"The broadcast management device {bbmd} had forgotten the registration; it was made again.");

                        // Each broadcast once: a device that registers and passes on nothing would be asked for ever.
                        Interlocked.Exchange(ref lastBroadcast, null)?.Invoke();
                    }
                }
                catch (BacnetUnreachableException exception)
                {
                    options.Trace?.Invoke($"The registration was not renewed: {exception.Message}. It is tried again.");
                }
            }
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // The end.
        }
    }

    /// <summary>Waits until there is something to take, and takes nothing: what comes after the time is for who asks next.</summary>
    private async Task<bool> HasAsync<T>(Channel<T> channel, TimeSpan wait, CancellationToken cancellationToken)
    {
        try
        {
            return await channel.Reader.WaitToReadAsync(cancellationToken).AsTask().WaitAsync(wait, options.Clock, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            return false;
        }
    }
}
