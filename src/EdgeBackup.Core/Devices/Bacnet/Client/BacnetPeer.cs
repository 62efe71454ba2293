using System.Net;

namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>A device that requests go to.</summary>
/// <param name="EndPoint">Its own address, or that of the router before it.</param>
/// <param name="Routed">Its address behind the router; null where it is on this network itself.</param>
/// <param name="MaxApdu">The longest APDU that it takes, in bytes; at least 50.</param>
/// <param name="Segmentation">Which way it speaks in parts.</param>
/// <param name="Instance">Its Device object's instance, where known.</param>
/// <param name="MaxSegments">Parts that it takes of one request; null: it has not said.</param>
public sealed record BacnetPeer(
    IPEndPoint EndPoint,
    BacnetAddress? Routed,
    uint MaxApdu,
    BacnetSegmentation Segmentation,
    uint? Instance,
    uint? MaxSegments = null)
{
    public bool TakesSegments => Segmentation is BacnetSegmentation.Both or BacnetSegmentation.Receive;

    public bool SendsSegments => Segmentation is BacnetSegmentation.Both or BacnetSegmentation.Transmit;

    public override string ToString() => Routed is null ? EndPoint.ToString() : $"{EndPoint} network {Routed.Network} station {Convert.ToHexString(Routed.Mac.Span)}";
}

/// <summary>What an I-Am says.</summary>
/// <param name="EndPoint">Who sent it: the device, or the router before it.</param>
/// <param name="Routed">The device's address behind the router.</param>
/// <param name="Instance">Of its Device object.</param>
/// <param name="MaxApdu">Bytes.</param>
/// <param name="Segmentation">Which way it speaks in parts.</param>
/// <param name="VendorId">As ASHRAE numbers vendors.</param>
public sealed record BacnetAnnouncement(
    IPEndPoint EndPoint,
    BacnetAddress? Routed,
    uint Instance,
    uint MaxApdu,
    BacnetSegmentation Segmentation,
    uint VendorId)
{
    public BacnetPeer ToPeer() => new(EndPoint, Routed, Math.Max(MaxApdu, ApduSizes.Smallest), Segmentation, Instance);
}

/// <summary>Where a Who-Is goes.</summary>
/// <param name="EndPoint">A host, or a network's broadcast address.</param>
/// <param name="IsBroadcast">Whether <paramref name="EndPoint"/> is a broadcast address; sent through the BBMD where the client has one.</param>
/// <param name="Routed">For a router: which networks behind it; null: none.</param>
public sealed record BacnetTarget(IPEndPoint EndPoint, bool IsBroadcast, BacnetAddress? Routed = null);
