using System.Globalization;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Bacnet;

namespace EdgeBackup.Core.Operations;

/// <summary>
/// The devices of a repository, as far as it takes to tell whether a BACnet device that was found is one of them. Only a
/// serial number is its own everywhere; the instance is so in one internetwork, and where there are two, the place decides.
/// </summary>
internal sealed class BacnetRegistrations
{
    private readonly Dictionary<string, string> addresses = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> ids = new(StringComparer.Ordinal);

    public void Add(string id, string address)
    {
        addresses[id] = address;
        ids[address] = id;
    }

    /// <summary>Looks a device up.</summary>
    /// <param name="found">The device.</param>
    /// <param name="address">Where it was found.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>
    /// The id that it is, or would be, registered by; whether it is; and what is to be known before it is registered, as a
    /// sentence: its id or its place is another device's.
    /// </returns>
    public async Task<(string Id, bool IsRegistered, string? Reason)> FindAsync(BacnetFoundDevice found, DeviceAddress address, CancellationToken cancellationToken)
    {
        if (BacnetStatus.OwnId(found.VendorId, found.SerialNumber) is { } ownId)
        {
            // Whoever has an id of its own is not the one that another id was registered for at the same place.
            return (ownId, addresses.ContainsKey(ownId), addresses.ContainsKey(ownId) || await FindAtAsync(found, address, cancellationToken).ConfigureAwait(false) is not { } other
                ? null
                : $"'{other}' is registered at this address: the hardware was swapped. Register this device, then hand it the old one's state: Switch-EdgeDevice -Device '{ownId}' -Replaces '{other}'");
        }

        if (await FindAtAsync(found, address, cancellationToken).ConfigureAwait(false) is { } registered)
        {
            return (registered, true, null);
        }

        var id = string.Create(CultureInfo.InvariantCulture, $"bacnet-{found.Instance}");
        return addresses.TryGetValue(id, out var taken)
            ? (Apart(id, found.Peer), false, $"'{id}' is registered at {taken}. If this is another device, register it with an -Id of its own; if it has moved, give it its new address with Set-EdgeDevice -Device '{id}' -Address")
            : (id, false, null);
    }

    /// <returns>The id that is registered at a place, whichever words name it; null for none.</returns>
    private async Task<string?> FindAtAsync(BacnetFoundDevice found, DeviceAddress address, CancellationToken cancellationToken) =>
        ids.TryGetValue(address.Text, out var id) ? id : await FindPlaceAsync(found, cancellationToken).ConfigureAwait(false);

    /// <returns>The id of a registration that means the same place in other words; null for none.</returns>
    private async Task<string?> FindPlaceAsync(BacnetFoundDevice found, CancellationToken cancellationToken)
    {
        foreach (var (id, text) in addresses)
        {
            if (Read(text) is { } address
                && address.Instance == found.Instance
                && address.Port == found.Peer.EndPoint.Port
                && (address.Routed is null || address.Routed.Equals(found.Peer.Routed))
                && await IsHostAsync(address, found.Peer, cancellationToken).ConfigureAwait(false))
            {
                return id;
            }
        }

        return null;
    }

    private static async Task<bool> IsHostAsync(BacnetDeviceAddress address, BacnetPeer peer, CancellationToken cancellationToken)
    {
        try
        {
            return (await BacnetHosts.ResolveAsync(address.Host, address.Port, cancellationToken).ConfigureAwait(false)).Equals(peer.EndPoint);
        }
        catch (BacnetUnreachableException)
        {
            // A name that nobody knows here: it cannot be said that it is this host.
            return false;
        }
    }

    private static BacnetDeviceAddress? Read(string text)
    {
        try
        {
            return text.StartsWith("bacnet://", StringComparison.Ordinal) ? BacnetDeviceAddress.Parse(text) : null;
        }
        catch (ArgumentException)
        {
            // Written by another version; that it is no place of ours is all that matters here.
            return null;
        }
    }

    /// <summary>An id that is not the other device's: whoever hands it on must not mean that one.</summary>
    private static string Apart(string id, BacnetPeer peer)
    {
        var port = peer.EndPoint.Port == Bvlc.DefaultPort ? "" : string.Create(CultureInfo.InvariantCulture, $"-{peer.EndPoint.Port}");
        var station = peer.Routed is { } routed ? string.Create(CultureInfo.InvariantCulture, $"-{routed.Network}-{Convert.ToHexStringLower(routed.Mac.Span)}") : "";
        return $"{id}-{peer.EndPoint.Address}{port}{station}";
    }
}
