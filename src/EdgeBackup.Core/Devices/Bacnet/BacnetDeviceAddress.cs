using System.Globalization;
using System.Net;

namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>The parts of <c>bacnet://host[:port]/instance[?network=n&amp;mac=hex][&amp;bbmd=host:port]</c>.</summary>
/// <param name="Host">A name or an IPv4 address: the device, or the router before it.</param>
/// <param name="Port">47808 unless the address says otherwise.</param>
/// <param name="Instance">Of the Device object.</param>
/// <param name="Routed">The device's address behind the router; null: <paramref name="Host"/> is the device, or the router finds it.</param>
/// <param name="BbmdHost">A broadcast management device to register with; null: none.</param>
/// <param name="BbmdPort">Of <paramref name="BbmdHost"/>.</param>
public sealed record BacnetDeviceAddress(string Host, int Port, uint Instance, BacnetAddress? Routed, string? BbmdHost, int BbmdPort)
{
    /// <exception cref="ArgumentException">No such address; the message says what is wrong and how one looks.</exception>
    public static BacnetDeviceAddress Parse(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Scheme != "bacnet" || uri.Host.Length == 0)
        {
            throw Wrong(text, "is not a valid URI");
        }

        if (uri.UserInfo.Length > 0 || uri.Fragment.Length > 0)
        {
            throw Wrong(text, "has a user or a fragment; a device's password is given with -Credential");
        }

        if (uri.HostNameType == UriHostNameType.IPv6)
        {
            throw Wrong(text, "has an IPv6 address, which BACnet/IP does not speak");
        }

        if (!uint.TryParse(uri.AbsolutePath.Trim('/'), NumberStyles.None, CultureInfo.InvariantCulture, out var instance)
            || instance >= BacnetObjectId.LargestInstance)
        {
            throw Wrong(text, "does not end with the device's instance, a number from 0 to 4194302");
        }

        var (network, mac, bbmd) = ReadQuery(text, uri.Query);
        if ((network is null) != (mac is null))
        {
            throw Wrong(text, "has only one of network and mac, which belong together");
        }

        var routed = network is null ? null : new BacnetAddress(network.Value, mac);
        var (bbmdHost, bbmdPort) = bbmd is null ? (null, Bvlc.DefaultPort) : ReadHost(text, bbmd);
        return new BacnetDeviceAddress(uri.IdnHost, PortOf(uri.Port), instance, routed, bbmdHost, bbmdPort);
    }

    /// <summary>The address in its one normal form.</summary>
    public override string ToString()
    {
        var parts = new List<string>();
        if (Routed is not null)
        {
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"network={Routed.Network}&mac={Convert.ToHexStringLower(Routed.Mac.Span)}"));
        }

        if (BbmdHost is not null)
        {
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"bbmd={BbmdHost}:{BbmdPort}"));
        }

        var port = Port == Bvlc.DefaultPort ? "" : string.Create(CultureInfo.InvariantCulture, $":{Port}");
        var query = parts.Count == 0 ? "" : "?" + string.Join('&', parts);
        return string.Create(CultureInfo.InvariantCulture, $"bacnet://{Host}{port}/{Instance}{query}");
    }

    private static (ushort? Network, byte[]? Mac, string? Bbmd) ReadQuery(string text, string query)
    {
        ushort? network = null;
        byte[]? mac = null;
        string? bbmd = null;
        foreach (var part in query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var (name, value) = part.Split('=', 2) is [var left, var right] ? (left, Uri.UnescapeDataString(right)) : (part, "");
            switch (name)
            {
                case "network" when network is null
                    && ushort.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                    && number is not (0 or BacnetAddress.EveryNetwork):
                    network = number;
                    break;
                case "network":
                    throw Wrong(text, "has a network that is not one number from 1 to 65534");
                case "mac" when mac is null && IsMac(value):
                    mac = Convert.FromHexString(value);
                    break;
                case "mac":
                    throw Wrong(text, "has a mac that is not one of 1 to 18 bytes in hexadecimal digits");
                case "bbmd" when bbmd is null && value.Length > 0:
                    bbmd = value;
                    break;
                default:
                    throw Wrong(text, $"has '{part}', where only network, mac and bbmd are known, each once");
            }
        }

        return (network, mac, bbmd);
    }

    private static bool IsMac(string value) =>
        value.Length is > 0 and <= 2 * BacnetAddress.LongestMac && value.Length % 2 == 0 && value.All(char.IsAsciiHexDigit);

    private static (string Host, int Port) ReadHost(string text, string value)
    {
        if (!Uri.TryCreate("bacnet://" + value + "/", UriKind.Absolute, out var uri)
            || uri.Host.Length == 0 || uri.AbsolutePath != "/" || uri.Query.Length > 0 || uri.UserInfo.Length > 0
            || uri.HostNameType == UriHostNameType.IPv6)
        {
            throw Wrong(text, $"has a bbmd '{value}' that is not host or host:port");
        }

        return (uri.IdnHost, PortOf(uri.Port));
    }

    private static int PortOf(int port) => port < 0 ? Bvlc.DefaultPort : port;

    private static ArgumentException Wrong(string text, string what) =>
        new($"The address '{text}' {what}. Give an address like bacnet://10.1.2.3/1234, or bacnet://router:47808/1234?network=5&mac=0c for a device behind a router.");
}
