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
    /// The id that it is, or would be, registered by; whether it is; and what stands against registering it by the id that
    /// comes of its instance, as a sentence.
    /// </returns>
    public async Task<(string Id, bool IsRegistered, string? Reason)> FindAsync(BacnetFoundDevice found, DeviceAddress address, CancellationToken cancellationToken)
    {
        if (BacnetStatus.OwnId(found.VendorId, found.SerialNumber) is { } ownId)
        {
            return addresses.ContainsKey(ownId) ? (ownId, true, null) : (ids.GetValueOrDefault(address.Text, ownId), ids.ContainsKey(address.Text), null);
        }

        if (ids.TryGetValue(address.Text, out var registered) || (registered = await FindPlaceAsync(found, cancellationToken).ConfigureAwait(false)) is not null)
        {
            return (registered, true, null);
        }

        var id = string.Create(CultureInfo.InvariantCulture, $"bacnet-{found.Instance}");
        return addresses.TryGetValue(id, out var taken)
            ? (Apart(id, found.Peer), false, $"'{id}' is registered at {taken}. If this is another device, register it with an -Id of its own; if it has moved, give it its new address with Set-EdgeDevice -Device '{id}' -Address")
            : (id, false, null);
    }

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
