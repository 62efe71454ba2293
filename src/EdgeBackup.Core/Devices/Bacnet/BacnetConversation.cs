using System.Net;
using EdgeBackup.Core.Errors;

namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>A client of its own for one device, opened when it is first needed, and the device as it was found. Thread-safe.</summary>
internal sealed class BacnetConversation : IAsyncDisposable
{
    /// <summary>So often something is asked of a device that has no time.</summary>
    public const int BusyAttempts = 4;

    private readonly SemaphoreSlim gate = new(1);
    private readonly BacnetClientOptions clientOptions;
    private BacnetClient? client;
    private BacnetPeer? peer;

    public BacnetConversation(ConnectionOptions options, BacnetDeviceAddress address, BacnetClientOptions clientOptions, BacnetTimes times, TimeProvider clock)
    {
        Options = options;
        Address = address;
        Times = times;
        Clock = clock;
        Errors = new BacnetDeviceErrors(options);
        this.clientOptions = clientOptions;
    }

    public ConnectionOptions Options { get; }

    public BacnetDeviceAddress Address { get; }

    public BacnetTimes Times { get; }

    public TimeProvider Clock { get; }

    public BacnetDeviceErrors Errors { get; }

    /// <summary>Whether a procedure of this very connection is under way, which is no reason to call the device busy.</summary>
    public bool IsInOwnProcedure { get; set; }

    public BacnetObjectId DeviceObject => new(BacnetObjectType.Device, Address.Instance);

    /// <summary>
    /// After so long without an answer the client may have sent a request again, and the device have got it twice. A little
    /// less than the time-out itself: timers go off some milliseconds early, and an answer may follow at once.
    /// </summary>
    public TimeSpan FirstTimeout => clientOptions.Timeout * 0.9;

    public void Trace(string line) => Options.Trace?.Invoke(line);

    public void Warn(string line) => Options.Warn?.Invoke(line);

    /// <summary>The address that is spoken to: the device's, or that of the router before it.</summary>
    /// <exception cref="EdgeBackupException">DeviceUnreachable: there is no such host.</exception>
    public async Task<IPEndPoint> FindHostAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await BacnetHosts.ResolveAsync(Address.Host, Address.Port, cancellationToken).ConfigureAwait(false);
        }
        catch (BacnetUnreachableException exception)
        {
            throw Errors.From(exception, "the first question", ErrorIds.DeviceUnreachable);
        }
    }

    /// <summary>
    /// The client and the device. What goes wrong comes as it is: whoever waits for a device that restarts goes on waiting
    /// when the network is away just then, and everybody else says what was to be asked.
    /// </summary>
    /// <exception cref="BacnetException">The device is not found, or nothing can be sent from here.</exception>
    public async Task<(BacnetClient Client, BacnetPeer Peer)> OpenAsync(CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (client is { HasFailed: true } dead)
            {
                // The network may be back, and whoever leaves a procedure must get through.
                (client, peer) = (null, null);
                await dead.DisposeAsync().ConfigureAwait(false);
            }

            if (client is null || peer is null)
            {
                client ??= await BacnetClient.OpenAsync(
                    Address.BbmdHost is { } bbmd ? clientOptions with { Bbmd = await BacnetHosts.ResolveAsync(bbmd, Address.BbmdPort, cancellationToken).ConfigureAwait(false) } : clientOptions,
                    cancellationToken).ConfigureAwait(false);
                var host = await BacnetHosts.ResolveAsync(Address.Host, Address.Port, cancellationToken).ConfigureAwait(false);
                peer = await client.FindPeerAsync(host, Address.Routed, Address.Instance, cancellationToken).ConfigureAwait(false);
            }

            return (client, peer);
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>The device may have come back as another one (its largest message, its segmentation): it is looked for anew.</summary>
    public async Task ForgetPeerAsync(CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        peer = null;
        gate.Release();
    }

    /// <summary>Reads properties of the device object; those that it does not have, or will not tell, are null.</summary>
    public async Task<IReadOnlyList<BacnetValue?>> ReadAsync(IReadOnlyList<BacnetProperty> properties, CancellationToken cancellationToken) =>
        await ReadAsync(DeviceObject, properties, cancellationToken).ConfigureAwait(false);

    /// <summary>Reads properties of an object; those that it does not have, or will not tell, are null. A device without time throws.</summary>
    public async Task<IReadOnlyList<BacnetValue?>> ReadAsync(BacnetObjectId target, IReadOnlyList<BacnetProperty> properties, CancellationToken cancellationToken)
    {
        var (client, peer) = await OpenAsync(cancellationToken).ConfigureAwait(false);
        var results = await client.ReadPropertiesAsync(peer, [.. properties.Select(property => (target, property))], cancellationToken).ConfigureAwait(false);
        return [.. results.Select(result => result.Error is { } error && BacnetDeviceErrors.IsBusy(error) ? throw error : result.Value)];
    }

    /// <summary>Asks, and a few times again while the device has no time.</summary>
    /// <param name="ask">Asks once.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="isAbortFinal">Whether what was broken off may have been done, so that it is not asked for again.</param>
    /// <exception cref="BacnetException">What the last exchange ended with.</exception>
    public async Task<T> WhileBusyAsync<T>(Func<Task<T>> ask, CancellationToken cancellationToken, bool isAbortFinal = false)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await ask().ConfigureAwait(false);
            }
            catch (BacnetException exception) when (
                BacnetDeviceErrors.IsBusy(exception) && attempt < BusyAttempts && !(isAbortFinal && exception is BacnetAbortException))
            {
                Trace($"{Errors.Device}: it has no time just now ({exception.Message.TrimEnd('.')}); asking again.");
                await Task.Delay(Times.Again * attempt, Clock, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Whether what is sent to an address stays on this machine.</summary>
    public static bool IsLoopback(BacnetDeviceAddress address) =>
        IPAddress.TryParse(address.Host, out var parsed) ? IPAddress.IsLoopback(parsed) : string.Equals(address.Host, "localhost", StringComparison.OrdinalIgnoreCase);

    public async ValueTask DisposeAsync()
    {
        gate.Dispose();
        if (client is not null)
        {
            await client.DisposeAsync().ConfigureAwait(false);
        }
    }
}
