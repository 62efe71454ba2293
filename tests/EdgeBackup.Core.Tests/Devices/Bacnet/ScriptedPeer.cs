using System.Net;
using EdgeBackup.Core.Devices.Bacnet;
using Xunit;

namespace EdgeBackup.Core.Tests.Devices.Bacnet;

/// <summary>
/// A client without a socket, and the other side of its wire: what the client sends is read with the same codec and given
/// to a script, whose answers are received at once.
/// </summary>
internal sealed class ScriptedPeer
{
    public static readonly IPEndPoint EndPoint = new(IPAddress.Parse("10.0.0.2"), 47808);

    private readonly Func<Apdu, IEnumerable<Apdu>> script;
    private readonly Lock gate = new();

    public ScriptedPeer(Func<Apdu, IEnumerable<Apdu>> script, BacnetClientOptions? options = null)
    {
        this.script = script;
        Client = new BacnetClient(options ?? Patient, Take);
    }

    /// <summary>Waits that a busy machine does not use up.</summary>
    public static BacnetClientOptions Patient { get; } = new() { Timeout = TimeSpan.FromSeconds(60), SegmentTimeout = TimeSpan.FromSeconds(60) };

    /// <summary>Repeats soon and often: what is lost comes again whatever the machine does.</summary>
    public static BacnetClientOptions Eager { get; } =
        new() { Timeout = TimeSpan.FromMilliseconds(30), SegmentTimeout = TimeSpan.FromMilliseconds(30), Retries = 1000 };

    public BacnetClient Client { get; }

    public List<Apdu> Seen { get; } = [];

    public static BacnetPeer Peer(int maxApdu = 1476, BacnetSegmentation segmentation = BacnetSegmentation.Both, uint? segments = null, BacnetAddress? routed = null) =>
        new(EndPoint, routed, (uint)maxApdu, segmentation, 1234, segments);

    public void Say(Apdu apdu, BacnetAddress? source = null)
    {
        var writer = new BacnetWriter();
        Bvlc.Begin(writer, BvlcFunction.OriginalUnicast);
        new Npdu(default, Source: source).WriteHeader(writer);
        apdu.Encode(writer);
        Bvlc.End(writer, 0);
        Client.Receive(writer.ToArray(), EndPoint);
    }

    private void Take(ReadOnlyMemory<byte> datagram, SocketAddress to)
    {
        Assert.True(Bvlc.TryDecode(datagram, out var message, out var fault), fault);
        Assert.True(Npdu.TryDecode(message.Npdu, out var npdu, out fault), fault);
        Assert.True(Apdu.TryDecode(npdu.Payload, out var apdu, out fault), fault);
        apdu = apdu with { Payload = apdu.Payload.ToArray() };
        List<Apdu> answers;
        lock (gate)
        {
            Seen.Add(apdu);
            answers = [.. script(apdu)];
        }

        foreach (var answer in answers)
        {
            Say(answer, npdu.Destination);
        }
    }
}
