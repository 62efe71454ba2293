using System.Collections.Concurrent;
using System.Net;
using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>What is looked for.</summary>
public sealed record BacnetDiscoveryOptions
{
    /// <summary>Broadcast addresses, hosts and routers.</summary>
    public required IReadOnlyList<BacnetTarget> Targets { get; init; }

    /// <summary>Lowest instance; null: 0.</summary>
    public uint? LowInstance { get; init; }

    /// <summary>Highest instance; null: any.</summary>
    public uint? HighInstance { get; init; }

    /// <summary>How long answers to the Who-Is are taken.</summary>
    public TimeSpan Wait { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Devices that are read at once; behind one router it is one at a time all the same.</summary>
    public int Concurrency { get; init; } = 16;
}

/// <summary>A device that answered.</summary>
/// <param name="Peer">How it is reached.</param>
/// <param name="Instance">Of its Device object.</param>
/// <param name="VendorId">As ASHRAE numbers vendors; null: not told.</param>
/// <param name="Name">Its Device object's name.</param>
/// <param name="Vendor">The vendor's name.</param>
/// <param name="Model">As the vendor calls it.</param>
/// <param name="Version">Of the firmware, or else of the application.</param>
/// <param name="SerialNumber">Null: not told.</param>
/// <param name="CanBackup">Whether it has what the procedure of clause 19.1 needs.</param>
/// <param name="Reason">Why not; null where it can.</param>
public sealed record BacnetFoundDevice(
    BacnetPeer Peer,
    uint Instance,
    uint? VendorId,
    string? Name,
    string? Vendor,
    string? Model,
    string? Version,
    string? SerialNumber,
    bool CanBackup,
    string? Reason);

/// <summary>Finds the devices of BACnet/IP networks and asks each what it is and whether it can be backed up.</summary>
public sealed class BacnetDiscovery
{
    private static readonly BacnetProperty[] Wanted =
    [
        BacnetProperty.ObjectName, BacnetProperty.VendorName, BacnetProperty.VendorIdentifier, BacnetProperty.ModelName, BacnetProperty.FirmwareRevision,
        BacnetProperty.ApplicationSoftwareVersion, BacnetProperty.SerialNumber, .. BacnetBackupAbility.Asked,
    ];

    private readonly BacnetClient client;

    public BacnetDiscovery(BacnetClient client) => this.client = client;

    /// <summary>Gives each device as soon as it was read. A device that was heard and then did not answer is given too, and says so.</summary>
    /// <exception cref="BacnetUnreachableException">The question could not be sent.</exception>
    public async IAsyncEnumerable<BacnetFoundDevice> RunAsync(BacnetDiscoveryOptions options, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var found = Channel.CreateBounded<BacnetFoundDevice>(64);
        var work = FillAsync(options, found.Writer, stopping.Token);
        try
        {
            await foreach (var device in found.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                yield return device;
            }
        }
        finally
        {
            await stopping.CancelAsync().ConfigureAwait(false);
            await work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task FillAsync(BacnetDiscoveryOptions options, ChannelWriter<BacnetFoundDevice> found, CancellationToken cancellationToken)
    {
        Exception? failure = null;
        try
        {
            var heard = Channel.CreateUnbounded<BacnetPeer>();
            var reading = ReadAllAsync(heard.Reader, options.Concurrency, found, cancellationToken);
            try
            {
                var seen = new ConcurrentDictionary<(IPEndPoint, BacnetAddress?, uint), bool>();
                await Task.WhenAll(options.Targets.Select(target => HearAsync(target, options, seen, heard.Writer, cancellationToken))).ConfigureAwait(false);
            }
            finally
            {
                heard.Writer.Complete();
                await reading.ConfigureAwait(false);
            }
        }
#pragma warning disable CA1031 // Thrown on to who enumerates.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            failure = exception;
        }

        found.Complete(failure);
    }

    private async Task HearAsync(
        BacnetTarget target,
        BacnetDiscoveryOptions options,
        ConcurrentDictionary<(IPEndPoint, BacnetAddress?, uint), bool> seen,
        ChannelWriter<BacnetPeer> heard,
        CancellationToken cancellationToken)
    {
        var count = 0;
        await foreach (var announcement in client.WhoIsAsync(target, options.LowInstance, options.HighInstance, options.Wait, cancellationToken).ConfigureAwait(false))
        {
            count++;
            if (seen.TryAdd((announcement.EndPoint, announcement.Routed, announcement.Instance), true))
            {
                heard.TryWrite(announcement.ToPeer());
            }
        }

        // A host may have answered by a broadcast of its own network, which is not heard here: it is asked directly.
        if (count == 0 && !target.IsBroadcast && await AskAsync(target.EndPoint, cancellationToken).ConfigureAwait(false) is { } peer
            && peer.Instance >= (options.LowInstance ?? 0)
            && peer.Instance <= (options.HighInstance ?? BacnetObjectId.LargestInstance)
            && seen.TryAdd((peer.EndPoint, null, peer.Instance.Value), true))
        {
            heard.TryWrite(peer);
        }
    }

    /// <summary>Asks a host for its Device object whatever its instance is (clause 15.5.1.1.1).</summary>
    private async Task<BacnetPeer?> AskAsync(IPEndPoint host, CancellationToken cancellationToken)
    {
        var asked = new BacnetPeer(host, null, ApduSizes.Smallest, BacnetSegmentation.None, null);
        try
        {
            var device = await client.ReadPropertyAsync(
                asked, new BacnetObjectId(BacnetObjectType.Device, BacnetObjectId.LargestInstance), BacnetProperty.ObjectIdentifier, null, cancellationToken).ConfigureAwait(false);
            return device is [{ AsObjectId: { Type: BacnetObjectType.Device } id }] && id.Instance < BacnetObjectId.LargestInstance
                ? await client.FindPeerAsync(host, null, id.Instance, cancellationToken).ConfigureAwait(false)
                : null;
        }
        catch (BacnetException)
        {
            // Nobody there, or nobody who answers such a question: the same as having heard nobody.
            return null;
        }
    }

    private async Task ReadAllAsync(ChannelReader<BacnetPeer> heard, int concurrency, ChannelWriter<BacnetFoundDevice> found, CancellationToken cancellationToken)
    {
        using var slots = new SemaphoreSlim(Math.Max(1, concurrency));
        var routers = new ConcurrentDictionary<IPEndPoint, SemaphoreSlim>();
        var reading = new List<Task>();
        try
        {
            await foreach (var peer in heard.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                reading.Add(ReadInTurnAsync(peer));
            }
        }
        finally
        {
            await Task.WhenAll(reading).ConfigureAwait(false);
            foreach (var router in routers.Values)
            {
                router.Dispose();
            }
        }

        async Task ReadInTurnAsync(BacnetPeer peer)
        {
            // Behind a router is often a slow line, and the router holds one request of it at a time. Whoever waits for the
            // router takes no slot from the others.
            var router = peer.Routed is null ? null : routers.GetOrAdd(peer.EndPoint, _ => new SemaphoreSlim(1));
            if (router is not null)
            {
                await router.WaitAsync(cancellationToken).ConfigureAwait(false);
            }

            try
            {
                await slots.WaitAsync(cancellationToken).ConfigureAwait(false);
                try
                {
                    await found.WriteAsync(await ReadAsync(peer, cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
                }
                finally
                {
                    slots.Release();
                }
            }
            finally
            {
                router?.Release();
            }
        }
    }

    private async Task<BacnetFoundDevice> ReadAsync(BacnetPeer peer, CancellationToken cancellationToken)
    {
        var device = new BacnetObjectId(BacnetObjectType.Device, peer.Instance!.Value);
        try
        {
            var results = await client.ReadPropertiesAsync(peer, [.. Wanted.Select(property => (device, property))], cancellationToken).ConfigureAwait(false);
            var values = results.ToDictionary(result => result.Property);
            var reason = BacnetBackupAbility.WhyNot(values);
            return new BacnetFoundDevice(
                peer,
                device.Instance,
                (uint?)values[BacnetProperty.VendorIdentifier].Value?.AsUnsigned,
                Text(BacnetProperty.ObjectName),
                Text(BacnetProperty.VendorName),
                Text(BacnetProperty.ModelName),
                Text(BacnetProperty.FirmwareRevision) ?? Text(BacnetProperty.ApplicationSoftwareVersion),
                Text(BacnetProperty.SerialNumber),
                reason is null,
                reason);

            string? Text(BacnetProperty property) => values[property].Value?.AsText?.Trim() is { Length: > 0 } text ? text : null;
        }
        catch (BacnetException exception)
        {
            return new BacnetFoundDevice(
                peer, device.Instance, null, null, null, null, null, null, CanBackup: false, $"It answered the search, and then could not be read: {exception.Message}.");
        }
    }
}
