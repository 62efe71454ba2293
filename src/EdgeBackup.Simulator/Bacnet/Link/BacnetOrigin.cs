using System.Net;
using EdgeBackup.Core.Devices.Bacnet;

namespace EdgeBackup.Simulator.Bacnet.Link;

/// <summary>Who sent a request, and where its answer goes: a datagram's sender, and the station behind it where a router brought it.</summary>
internal readonly record struct BacnetOrigin(IPEndPoint EndPoint, BacnetAddress? Routed);

/// <summary>What a device speaks through: a socket of its own, or the router before it.</summary>
internal interface IStationLink
{
    void Send(BacnetOrigin to, in Apdu apdu);
}
