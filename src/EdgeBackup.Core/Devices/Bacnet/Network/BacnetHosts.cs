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
        address.Equals(IPAddress.Broadcast)
        || NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(network => network.GetIPProperties().UnicastAddresses)
            .Any(own => own.Address.AddressFamily == AddressFamily.InterNetwork && own.PrefixLength is > 0 and < 31 && IsBroadcastOf(own.Address, own.PrefixLength, address));

    private static bool IsBroadcastOf(IPAddress own, int prefixLength, IPAddress address)
    {
        var mask = uint.MaxValue << (32 - prefixLength);
        return Bits(address) == ((Bits(own) & mask) | ~mask);
    }

    private static uint Bits(IPAddress address) => System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes());
}
