using System.Net;
using System.Runtime.CompilerServices;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Bacnet;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations.Repositories;

namespace EdgeBackup.Core.Operations;

/// <summary>Where devices are looked for, and which.</summary>
public sealed record FindBacnetDevicesOptions
{
    /// <summary>Broadcast addresses, hosts or routers: <c>host</c> or <c>host:port</c>.</summary>
    public required IReadOnlyList<string> Networks { get; init; }

    /// <summary>A broadcast management device to ask through, <c>host</c> or <c>host:port</c>; null: this machine is on the networks itself.</summary>
    public string? Bbmd { get; init; }

    /// <summary>Lowest instance; null: 0.</summary>
    public uint? LowInstance { get; init; }

    /// <summary>Highest instance; null: any.</summary>
    public uint? HighInstance { get; init; }

    /// <summary>How long answers are waited for.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);
}

/// <summary>A device that answered.</summary>
/// <param name="Id">The id that it is or would be registered by; for a device that tells no serial number, by its instance, and by its place too where another one has that.</param>
/// <param name="Type">The device type to register it as.</param>
/// <param name="Address">Where it is reached.</param>
/// <param name="Found">What it says of itself.</param>
/// <param name="IsRegistered">Whether it is registered, by <paramref name="Id"/>; null where there is no repository that would know.</param>
public sealed record ListedBacnetDevice(string Id, string Type, DeviceAddress Address, BacnetFoundDevice Found, bool? IsRegistered);

/// <summary>Finds BACnet devices, and says which of them are registered. Who only looks around in a network needs no repository for it.</summary>
public sealed class FindBacnetDevices
{
    private readonly RepositoryContext? context;
    private readonly IOperationObserver observer;
    private readonly TimeProvider clock;

    /// <param name="context">The repository; null for none.</param>
    /// <param name="observer">Is told how far it is.</param>
    /// <param name="clock">By which answers are waited for.</param>
    public FindBacnetDevices(RepositoryContext? context, IOperationObserver observer, TimeProvider clock)
    {
        this.context = context;
        this.observer = observer;
        this.clock = clock;
    }

    /// <summary>Gives the devices as they answer.</summary>
    /// <param name="options">Where and which.</param>
    /// <param name="onError">Takes a network that cannot be asked, and records that cannot be read; the rest is given.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="EdgeBackupException">DeviceUnreachable: no network can be asked, or the broadcast management device refuses.</exception>
    public async IAsyncEnumerable<ListedBacnetDevice> RunAsync(
        FindBacnetDevicesOptions options, Func<EdgeBackupException, Task> onError, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var registered = await LoadRegisteredAsync(onError, cancellationToken).ConfigureAwait(false);
        var bbmd = options.Bbmd is null ? null : await FindHostAsync(options.Bbmd, cancellationToken).ConfigureAwait(false);
        var targets = new List<BacnetTarget>();
        foreach (var network in options.Networks)
        {
            try
            {
                targets.Add(ToTarget(await FindHostAsync(network, cancellationToken).ConfigureAwait(false), bbmd is not null));
            }
            catch (EdgeBackupException exception)
            {
                await onError(exception).ConfigureAwait(false);
            }
        }

        if (targets.Count == 0)
        {
            yield break;
        }

        var client = await OpenAsync(bbmd, cancellationToken).ConfigureAwait(false);
        await using var closing = client.ConfigureAwait(false);
        var discovery = new BacnetDiscovery(client).RunAsync(
            new BacnetDiscoveryOptions { Targets = targets, LowInstance = options.LowInstance, HighInstance = options.HighInstance, Wait = options.Timeout },
            cancellationToken);
        var devices = discovery.GetAsyncEnumerator(cancellationToken);
        await using var ending = devices.ConfigureAwait(false);
        var count = 0;
        while (await NextAsync(devices).ConfigureAwait(false))
        {
            var found = devices.Current;
            observer.Progress(new OperationProgress("Looking for BACnet devices", $"device {found.Instance}", ++count));
            var address = AddressOf(found);
            var (id, isRegistered, reason) = await registered.FindAsync(found, address, cancellationToken).ConfigureAwait(false);
            yield return new ListedBacnetDevice(id, BacnetStatus.TypeId, address, reason is null ? found : found with { Reason = found.Reason is null ? reason : $"{found.Reason} {reason}" }, context is null ? null : isRegistered);
        }

        if (count == 0)
        {
            var which = options.LowInstance is null && options.HighInstance is null ? "" : $" of the instances {options.LowInstance ?? 0} to {options.HighInstance ?? BacnetObjectId.LargestInstance - 1}";
            observer.Warning(
                $"No BACnet device{which} answered at {string.Join(", ", targets.Select(target => target.EndPoint))}. "
                + "Check the address, the port (UDP) and the firewalls, this machine's too; a network that this machine is not on is asked through its broadcast management device, with -Bbmd.");
        }
    }

    private static async Task<bool> NextAsync(IAsyncEnumerator<BacnetFoundDevice> devices)
    {
        try
        {
            return await devices.MoveNextAsync().ConfigureAwait(false);
        }
        catch (BacnetException exception)
        {
            throw Unreachable($"The BACnet networks could not be asked: {exception.Message}. Check that this machine has an address on them, or ask through a broadcast management device with -Bbmd.", null, exception);
        }
    }

    private static DeviceAddress AddressOf(BacnetFoundDevice found) => new(
        ConnectionKind.Bacnet,
        new BacnetDeviceAddress(found.Peer.EndPoint.Address.ToString(), found.Peer.EndPoint.Port, found.Instance, found.Peer.Routed, BbmdHost: null, Bvlc.DefaultPort).ToString());

    /// <summary>Everything is also asked to the networks behind routers. What a broadcast management device passes on, this machine cannot know: there the usual look of an address counts.</summary>
    private static BacnetTarget ToTarget(IPEndPoint host, bool isForeign) => new(
        host,
        BacnetHosts.IsLocalBroadcast(host.Address) || (isForeign && host.Address.GetAddressBytes()[3] == 255),
        BacnetAddress.Everyone);

    private static async Task<IPEndPoint> FindHostAsync(string text, CancellationToken cancellationToken)
    {
        if (BacnetHosts.Split(text) is not var (host, port))
        {
            throw Unreachable($"'{text}' is no BACnet network. Give a broadcast address like 10.1.2.255, or a host, each with :port where it is not {Bvlc.DefaultPort}.", text);
        }

        try
        {
            return await BacnetHosts.ResolveAsync(host, port, cancellationToken).ConfigureAwait(false);
        }
        catch (BacnetUnreachableException exception)
        {
            throw Unreachable($"The BACnet network '{text}' cannot be asked: {exception.Message}. Check the name, or give an address like 10.1.2.255.", text, exception);
        }
    }

    private static EdgeBackupException Unreachable(string message, string? target, Exception? inner = null) =>
        new(ErrorIds.DeviceUnreachable, message, target, inner);

    private async Task<BacnetClient> OpenAsync(IPEndPoint? bbmd, CancellationToken cancellationToken)
    {
        try
        {
            // A device that was just heard and does not answer at once is not waited for as one that a backup is wanted of.
            return await BacnetClient.OpenAsync(
                new BacnetClientOptions { Bbmd = bbmd, Timeout = TimeSpan.FromSeconds(2), Retries = 2, Clock = clock, Trace = observer.Verbose },
                cancellationToken).ConfigureAwait(false);
        }
        catch (BacnetException exception)
        {
            throw Unreachable($"The BACnet networks could not be asked: {exception.Message}. Check -Bbmd, and that the device there registers foreign devices.", bbmd?.ToString(), exception);
        }
    }

    private async Task<BacnetRegistrations> LoadRegisteredAsync(Func<EdgeBackupException, Task> onError, CancellationToken cancellationToken)
    {
        var registrations = new BacnetRegistrations();
        if (context is null)
        {
            return registrations;
        }

        await foreach (var listed in new FindDevices(context, observer).RunAsync(new FindDevicesOptions { Replaced = false }, onError, cancellationToken).ConfigureAwait(false))
        {
            registrations.Add(listed.Device.Id, listed.Device.Address);
        }

        return registrations;
    }
}
