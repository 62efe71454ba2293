using System.Globalization;

namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>A station on a network behind a router: its network number, and its address there.</summary>
public sealed class BacnetAddress : IEquatable<BacnetAddress>
{
    /// <summary>The network number that means every network.</summary>
    public const ushort EveryNetwork = 0xFFFF;

    /// <summary>The longest address of any data link in use is BACnet/IPv6's and ZigBee's; the length byte would allow more.</summary>
    public const int LongestMac = 18;

    private readonly byte[] mac;

    /// <param name="network">1 to 65534, or <see cref="EveryNetwork"/>.</param>
    /// <param name="mac">Empty: every station of the network.</param>
    public BacnetAddress(ushort network, ReadOnlySpan<byte> mac)
    {
        ArgumentOutOfRangeException.ThrowIfZero(network);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(mac.Length, LongestMac);
        Network = network;
        this.mac = mac.ToArray();
    }

    /// <summary>Every station of every network.</summary>
    public static BacnetAddress Everyone { get; } = new(EveryNetwork, []);

    public ushort Network { get; }

    public ReadOnlyMemory<byte> Mac => mac;

    public bool IsBroadcast => mac.Length == 0;

    public bool Equals(BacnetAddress? other) => other is not null && Network == other.Network && mac.AsSpan().SequenceEqual(other.mac);

    public override bool Equals(object? obj) => Equals(obj as BacnetAddress);

    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.Add(Network);
        hash.AddBytes(mac);
        return hash.ToHashCode();
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Network}:{Convert.ToHexString(mac)}");
}
