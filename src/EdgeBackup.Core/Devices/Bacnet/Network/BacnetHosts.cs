using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>Names and addresses of hosts. BACnet/IP is IPv4 (annex J).</summary>
public static class BacnetHosts
{
    /// <exception cref="BacnetUnreachableException">There is no such host, or it has no IPv4 address.</exception>
    public static async Task<IPEndPoint> ResolveAsync(string host, int port, CancellationToken cancellationToken)
    {
        if (IPAddress.TryParse(host, out var parsed) && parsed.AddressFamily == AddressFamily.InterNetwork)
        {
            return new IPEndPoint(parsed, port);
        }

        try
        {
            var addresses = await Dns.GetHostAddressesAsync(host, AddressFamily.InterNetwork, cancellationToken).ConfigureAwait(false);
            return addresses.Length > 0 ? new IPEndPoint(addresses[0], port) : throw new BacnetUnreachableException($"'{host}' has no IPv4 address");
        }
        catch (Exception exception) when (exception is SocketException or ArgumentException)
        {
            throw new BacnetUnreachableException($"'{host}' cannot be resolved: {exception.Message}");
        }
    }

    /// <summary>Reads <c>host</c> or <c>host:port</c>.</summary>
    /// <returns>Null: it is neither.</returns>
    public static (string Host, int Port)? Split(string text)
    {
        var (host, port) = text.Split(':') is [var name, var number] ? (name, number) : (text, "");
        if (host.Length == 0 || Uri.CheckHostName(host) is not (UriHostNameType.Dns or UriHostNameType.IPv4))
        {
            return null;
        }

        if (!text.Contains(':', StringComparison.Ordinal))
        {
            return (host, Bvlc.DefaultPort);
        }

        return ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var parsed) && parsed > 0 ? (host, parsed) : null;
    }

    /// <summary>Whether an address means every station of a network that this machine is on.</summary>
    public static bool IsLocalBroadcast(IPAddress address) =>
        address.Equals(IPAddress.Broadcast) || OwnNetworks().Any(own => BroadcastOf(own.Address, own.PrefixLength) == Bits(address));

    /// <summary>The address of every station of the network that a host and this machine are on.</summary>
    /// <returns>Null: this machine is not on the host's network.</returns>
    public static IPAddress? LocalBroadcastFor(IPAddress host) => OwnNetworks()
        .Select(own => (Everybody: BroadcastOf(own.Address, own.PrefixLength), own.PrefixLength))
        .Where(own => own.Everybody == BroadcastOf(host, own.PrefixLength))
        .Select(own => ToAddress(own.Everybody))
        .FirstOrDefault();

    private static IEnumerable<UnicastIPAddressInformation> OwnNetworks() => NetworkInterface.GetAllNetworkInterfaces()
        .SelectMany(network => network.GetIPProperties().UnicastAddresses)
        .Where(own => own.Address.AddressFamily == AddressFamily.InterNetwork && own.PrefixLength is > 0 and < 31);

    private static uint BroadcastOf(IPAddress address, int prefixLength) => Bits(address) | ~(uint.MaxValue << (32 - prefixLength));

    private static uint Bits(IPAddress address) => BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes());

    private static IPAddress ToAddress(uint bits)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, bits);
        return new IPAddress(bytes);
    }
}
