using System.Collections.Concurrent;
using System.Net;
using System.Threading.Channels;

namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>Who-Is and I-Am (clause 16.10): the bytes, and who listens.</summary>
internal sealed class BacnetAnnouncements
{
    /// <summary>Announcements that wait to be taken; more than that at once are as lost as on the wire.</summary>
    private const int MostWaiting = 10_000;

    private readonly ConcurrentDictionary<Channel<BacnetAnnouncement>, bool> listeners = new();

    public static ReadOnlyMemory<byte> WhoIs(uint? low, uint? high)
    {
        var writer = new BacnetWriter(16);
        if (low is not null || high is not null)
        {
            writer.WriteContextUnsigned(0, low ?? 0);
            writer.WriteContextUnsigned(1, high ?? BacnetObjectId.LargestInstance);
        }

        return writer.Memory;
    }

    /// <returns>Null where it is none that can be read.</returns>
    public static BacnetAnnouncement? ReadIAm(ReadOnlySpan<byte> payload, IPEndPoint sender, BacnetAddress? source)
    {
        var reader = new BacnetReader(payload);
        return reader.TryReadObjectId(out var device)
            && device.Type == BacnetObjectType.Device
            && device.Instance < BacnetObjectId.LargestInstance
            && reader.TryReadUnsigned(out var length)
            && reader.TryReadEnumerated(out var segmentation)
            && segmentation <= (uint)BacnetSegmentation.None
            && reader.TryReadUnsigned(out var vendor)
            ? new BacnetAnnouncement(sender, source, device.Instance, length, (BacnetSegmentation)segmentation, vendor)
            : null;
    }

    public void Take(BacnetAnnouncement announcement)
    {
        foreach (var listener in listeners.Keys)
        {
            listener.Writer.TryWrite(announcement);
        }
    }

    public Channel<BacnetAnnouncement> Listen()
    {
        var listener = Channel.CreateBounded<BacnetAnnouncement>(MostWaiting);
        listeners[listener] = true;
        return listener;
    }

    public void Leave(Channel<BacnetAnnouncement> listener) => listeners.TryRemove(listener, out _);
}
