using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using EdgeBackup.Core.Devices.Bacnet;

namespace EdgeBackup.Core.Tests.Devices.Bacnet;

/// <summary>
/// The least of a BACnet/IP device on a real socket: its Device object, Who-Is, a broadcast management device's
/// registration, and, with a <see cref="Network"/>, a router with device 1234 at station 9 of it.
/// </summary>
internal sealed class UdpResponder : IAsyncDisposable
{
    public static readonly IPEndPoint Forwarded = new(IPAddress.Parse("10.7.7.7"), 47808);

    public static readonly IPAddress LoopbackBroadcast = IPAddress.Parse("127.255.255.255");

    private static readonly BacnetAddress Behind = new(7, [9]);

    private readonly Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly CancellationTokenSource ending = new();
    private readonly uint instance;
    private readonly bool isOnBroadcast;
    private readonly Task loop;
    private volatile bool isRegistered;

    /// <param name="instance">Of its Device object.</param>
    /// <param name="isOnBroadcast">Whether it hears broadcasts on loopback, and answers Who-Is by one as most devices do.</param>
    public UdpResponder(uint instance, bool isOnBroadcast = false)
    {
        this.instance = instance;
        this.isOnBroadcast = isOnBroadcast;
        if (isOnBroadcast)
        {
            socket.EnableBroadcast = true;
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        }

        socket.Bind(new IPEndPoint(isOnBroadcast ? IPAddress.Any : IPAddress.Loopback, 0));
        loop = Task.Run(RunAsync);
    }

    public IPEndPoint EndPoint => (IPEndPoint)socket.LocalEndPoint!;

    public ConcurrentQueue<BvlcFunction> Seen { get; } = [];

    public ushort RegistrationResult { get; init; }

    /// <summary>Registrations that are lost on the way, one after the other.</summary>
    public int LostRegistrations { get; set; }

    public ushort? Network { get; init; }

    /// <summary>Answers Who-Is and nothing else.</summary>
    public bool IsMute { get; init; }

    /// <summary>Answers everything but Who-Is.</summary>
    public bool IsDeaf { get; init; }

    /// <summary>The Device object's properties beside those that every device has here.</summary>
    public ConcurrentDictionary<BacnetProperty, BacnetValue> Properties { get; } = new();

    /// <summary>As a management device that was started anew: it passes nothing on for who is not registered.</summary>
    public void Forget() => isRegistered = false;

    public async Task WaitForAsync(BvlcFunction function, int count)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        while (Seen.Count(seen => seen == function) < count)
        {
            await Task.Delay(20, limit.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await ending.CancelAsync();
        await loop;
        socket.Dispose();
        ending.Dispose();
    }

    private async Task RunAsync()
    {
        var buffer = new byte[2048];
        try
        {
            while (true)
            {
                var received = await socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), ending.Token);
                Take(buffer.AsMemory(0, received.ReceivedBytes).ToArray(), (IPEndPoint)received.RemoteEndPoint);
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private void Take(ReadOnlyMemory<byte> datagram, IPEndPoint sender)
    {
        if (!Bvlc.TryDecode(datagram, out var message, out _))
        {
            return;
        }

        Seen.Enqueue(message.Function);
        if (message.Function == BvlcFunction.RegisterForeignDevice && LostRegistrations-- <= 0)
        {
            isRegistered = RegistrationResult == 0;
            Send(new Bvlc(BvlcFunction.Result, default, null, RegistrationResult), sender);
        }

        if (message.Function == BvlcFunction.DistributeBroadcast && !isRegistered)
        {
            Send(new Bvlc(BvlcFunction.Result, default, null, 0x0060), sender);
            return;
        }

        if (!message.HasNpdu || !Npdu.TryDecode(message.Npdu, out var npdu, out _))
        {
            return;
        }

        if (npdu.Message == BacnetNetworkMessage.WhoIsRouter && Network is { } network)
        {
            Send(new Npdu(new[] { (byte)(network >> 8), (byte)network }, Message: BacnetNetworkMessage.IAmRouter), null, sender);
        }
        else if (npdu.Message is null && Apdu.TryDecode(npdu.Payload, out var apdu, out _))
        {
            Answer(apdu, npdu.Destination, message.Function, sender);
        }
    }

    private void Answer(Apdu apdu, BacnetAddress? destination, BvlcFunction function, IPEndPoint sender)
    {
        var isBehind = Network is not null && destination is not null;
        var source = isBehind ? Behind : null;
        var id = isBehind ? 1234 : instance;
        if (apdu is { Kind: ApduKind.UnconfirmedRequest, Service: (byte)BacnetUnconfirmedService.WhoIs })
        {
            var reader = new BacnetReader(apdu.Payload.Span);
            if (IsDeaf || (reader.TryReadContextUnsigned(0, out var low) && reader.TryReadContextUnsigned(1, out var high) && (id < low || id > high)))
            {
                return;
            }

            var announcement = new Apdu(ApduKind.UnconfirmedRequest) { Service = (byte)BacnetUnconfirmedService.IAm, Payload = Announcement(id) };
            if (function == BvlcFunction.DistributeBroadcast)
            {
                Send(new Bvlc(BvlcFunction.ForwardedNpdu, Encode(new Npdu(default, null, source), announcement), Forwarded), sender);
            }
            else
            {
                Send(new Npdu(default, null, source), announcement, isOnBroadcast ? new IPEndPoint(LoopbackBroadcast, EndPoint.Port) : sender);
            }
        }
        else if (apdu.Kind == ApduKind.ConfirmedRequest && !IsMute)
        {
            Send(new Npdu(default, null, source), Read(apdu, id), sender);
        }
    }

    private Apdu Read(Apdu request, uint id)
    {
        var reader = new BacnetReader(request.Payload.Span);
        if (request.Service != (byte)BacnetConfirmedService.ReadProperty
            || !reader.TryReadContextObjectId(0, out var target)
            || !reader.TryReadContextUnsigned(1, out var property))
        {
            return new Apdu(ApduKind.Reject) { InvokeId = request.InvokeId, Reason = (byte)BacnetRejectReason.UnrecognizedService };
        }

        var isWhole = target.Instance == BacnetObjectId.LargestInstance;
        if (target.Type != BacnetObjectType.Device || (target.Instance != id && !isWhole))
        {
            return Error(request, BacnetErrorClass.Object, BacnetErrorCode.UnknownObject);
        }

        var value = Properties.GetValueOrDefault((BacnetProperty)property) ?? (BacnetProperty)property switch
        {
            BacnetProperty.ObjectIdentifier => BacnetValue.OfObjectId(new BacnetObjectId(BacnetObjectType.Device, id)),
            BacnetProperty.ObjectName => BacnetValue.OfText($"Device {id}"),
            BacnetProperty.MaxApduLengthAccepted => BacnetValue.OfUnsigned(480),
            BacnetProperty.SegmentationSupported => BacnetValue.OfEnumerated((uint)BacnetSegmentation.Both),
            BacnetProperty.MaxSegmentsAccepted => BacnetValue.OfUnsigned(16),
            _ => null,
        };
        if (value is null)
        {
            return Error(request, BacnetErrorClass.Property, BacnetErrorCode.UnknownProperty);
        }

        var writer = new BacnetWriter();
        writer.WriteContextObjectId(0, new BacnetObjectId(BacnetObjectType.Device, id));
        writer.WriteContextUnsigned(1, property);
        writer.WriteOpening(3);
        writer.WriteValue(value);
        writer.WriteClosing(3);
        return new Apdu(ApduKind.ComplexAck) { InvokeId = request.InvokeId, Service = request.Service, Payload = writer.ToArray() };
    }

    private static Apdu Error(Apdu request, BacnetErrorClass errorClass, BacnetErrorCode code)
    {
        var writer = new BacnetWriter();
        writer.WriteEnumerated((uint)errorClass);
        writer.WriteEnumerated((uint)code);
        return new Apdu(ApduKind.Error) { InvokeId = request.InvokeId, Service = request.Service, Payload = writer.ToArray() };
    }

    private static byte[] Announcement(uint id)
    {
        var writer = new BacnetWriter();
        writer.WriteObjectId(new BacnetObjectId(BacnetObjectType.Device, id));
        writer.WriteUnsigned(480);
        writer.WriteEnumerated((uint)BacnetSegmentation.Both);
        writer.WriteUnsigned(260);
        return writer.ToArray();
    }

    private static byte[] Encode(Npdu header, Apdu? apdu)
    {
        var writer = new BacnetWriter();
        header.Encode(writer);
        apdu?.Encode(writer);
        return writer.ToArray();
    }

    private void Send(Npdu header, Apdu? apdu, IPEndPoint to) => Send(new Bvlc(BvlcFunction.OriginalUnicast, Encode(header, apdu)), to);

    private void Send(Bvlc message, IPEndPoint to)
    {
        var writer = new BacnetWriter();
        message.Encode(writer);
        socket.SendTo(writer.Span, to);
    }
}
