using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>The registration with a broadcast management device (annex J.5): made, renewed, and taken back at the end.</summary>
internal sealed class BacnetForeignDevice : IAsyncDisposable
{
    private readonly IPEndPoint bbmd;
    private readonly BacnetClientOptions options;
    private readonly Action<Bvlc, IPEndPoint> send;
    private readonly Channel<ushort> results = Channel.CreateBounded<ushort>(new BoundedChannelOptions(4) { FullMode = BoundedChannelFullMode.DropOldest });
    private readonly CancellationTokenSource ending = new();
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
        if (sender.Equals(bbmd))
        {
            results.Writer.TryWrite(result);
        }
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
            try
            {
                var result = await results.Reader.ReadAsync(cancellationToken).AsTask()
                    .WaitAsync(options.Timeout, options.Clock, cancellationToken).ConfigureAwait(false);
                if (result == 0)
                {
                    return;
                }

                throw new BacnetUnreachableException($"the broadcast management device {bbmd} refused the registration (result 0x{result:X4})");
            }
            catch (TimeoutException)
            {
                // Once more.
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
                await Task.Delay(options.BbmdTimeToLive / 2, options.Clock, ending.Token).ConfigureAwait(false);
                try
                {
                    await TryRegisterAsync(ending.Token).ConfigureAwait(false);
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
}
