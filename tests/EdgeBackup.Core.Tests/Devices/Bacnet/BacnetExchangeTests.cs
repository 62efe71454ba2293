using EdgeBackup.Core.Devices.Bacnet;
using Xunit;

namespace EdgeBackup.Core.Tests.Devices.Bacnet;

public sealed class BacnetExchangeTests
{
    private static readonly BacnetObjectId Device = new(BacnetObjectType.Device, 1234);

    [Fact]
    public async Task A_property_is_read()
    {
        var peer = new ScriptedPeer(request => [Name(request, "AHU 1")]);
        var values = await ReadNameAsync(peer, ScriptedPeer.Peer());
        Assert.Equal("AHU 1", Assert.Single(values).AsText);
        var request = Assert.Single(peer.Seen);
        Assert.Equal((true, 64, 1476), (request.AcceptsSegmentedAnswer, request.MaxSegments, request.MaxApdu));
    }

    [Fact]
    public async Task What_the_request_announces_is_what_is_taken()
    {
        var peer = new ScriptedPeer(request => [Name(request, "A")], ScriptedPeer.Patient with { OffersSegmentation = false, MaxApdu = 500 });
        await ReadNameAsync(peer, ScriptedPeer.Peer());
        var request = Assert.Single(peer.Seen);
        Assert.Equal((false, 0, 480), (request.AcceptsSegmentedAnswer, request.MaxSegments, request.MaxApdu));
    }

    [Fact]
    public async Task A_request_without_an_answer_is_sent_again_under_the_same_invoke_id()
    {
        var lost = 3;
        var peer = new ScriptedPeer(request => lost-- > 0 ? [] : [Name(request, "AHU 1")], ScriptedPeer.Eager);
        await ReadNameAsync(peer, ScriptedPeer.Peer());
        Assert.True(peer.Seen.Count >= 4);
        Assert.Single(peer.Seen.Select(request => request.InvokeId).Distinct());
    }

    [Fact]
    public async Task Silence_ends_after_the_last_retry()
    {
        var peer = new ScriptedPeer(_ => [], ScriptedPeer.Eager with { Retries = 2 });
        var exception = await Assert.ThrowsAsync<BacnetTimeoutException>(() => ReadNameAsync(peer, ScriptedPeer.Peer()));
        Assert.Contains("3 requests", exception.Message, StringComparison.Ordinal);
        Assert.Equal(3, peer.Seen.Count);
    }

    [Fact]
    public async Task What_the_peer_refuses_is_told_apart()
    {
        var answers = new Queue<Func<Apdu, Apdu>>(
        [
            request => new Apdu(ApduKind.Error) { InvokeId = request.InvokeId, Service = request.Service, Payload = Convert.FromHexString("9104911A") },
            request => new Apdu(ApduKind.Reject) { InvokeId = request.InvokeId, Reason = 9 },
            request => new Apdu(ApduKind.Abort) { InvokeId = request.InvokeId, Reason = 4, IsFromServer = true },
        ]);
        var peer = new ScriptedPeer(request => [answers.Dequeue()(request)]);
        var error = await Assert.ThrowsAsync<BacnetErrorException>(() => ReadNameAsync(peer, ScriptedPeer.Peer()));
        Assert.Equal((BacnetErrorClass.Security, BacnetErrorCode.PasswordFailure), (error.Class, error.Code));
        Assert.Contains("password-failure", error.Message, StringComparison.Ordinal);
        var reject = await Assert.ThrowsAsync<BacnetRejectException>(() => ReadNameAsync(peer, ScriptedPeer.Peer()));
        Assert.Equal(BacnetRejectReason.UnrecognizedService, reject.Reason);
        var abort = await Assert.ThrowsAsync<BacnetAbortException>(() => ReadNameAsync(peer, ScriptedPeer.Peer()));
        Assert.Equal((BacnetAbortReason.SegmentationNotSupported, true), (abort.Reason, abort.IsFromPeer));
    }

    [Fact]
    public async Task The_late_answer_of_an_old_request_is_never_taken_for_that_of_a_new_one()
    {
        // Every answer comes twice, the second time after 256 further requests: when its invoke id is in use again.
        var past = new Queue<Apdu>();
        var peer = new ScriptedPeer(request =>
        {
            Assert.True(BacnetFile.TryReadRequest(request.Payload.Span, out var start));
            past.Enqueue(BacnetFile.Answer(request, start));
            return past.Count > 256 ? [past.Dequeue(), past.Last()] : [past.Last()];
        });
        for (var position = 0; position < 2000; position++)
        {
            var part = await peer.Client.ReadFileStreamAsync(ScriptedPeer.Peer(), 1, position, 4, CancellationToken.None);
            Assert.Equal(position, part.Start);
            Assert.Equal(BacnetFile.At(position), part.Data.ToArray());
        }
    }

    [Fact]
    public async Task An_invoke_id_whose_request_was_given_up_rests()
    {
        var answers = false;
        var peer = new ScriptedPeer(request => answers ? [Name(request, "new")] : [], ScriptedPeer.Patient);
        using var cancellation = new CancellationTokenSource();
        var given = ReadNameAsync(peer, ScriptedPeer.Peer(), cancellation.Token);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given);
        answers = true;
        var id = peer.Seen[0].InvokeId;
        for (var count = 0; count < 600; count++)
        {
            await ReadNameAsync(peer, ScriptedPeer.Peer());
            Assert.NotEqual(id, peer.Seen[^1].InvokeId);
        }
    }

    [Fact]
    public async Task An_answer_to_something_else_is_said_to_be_one()
    {
        var peer = new ScriptedPeer(
            request => [Name(request, "A") with { Payload = Convert.FromHexString("0C0000000519553E444290999A3F") }],
            ScriptedPeer.Eager with { Retries = 1 });
        await Assert.ThrowsAsync<BacnetAnswerException>(() => ReadNameAsync(peer, ScriptedPeer.Peer()));
    }

    [Fact]
    public async Task A_router_that_knows_no_way_is_told_at_once()
    {
        var routed = new BacnetAddress(5, [3]);
        ScriptedPeer? peer = null;
        peer = new ScriptedPeer(_ =>
        {
            peer!.Client.Receive(Convert.FromHexString("810A000A" + "018003010005"), ScriptedPeer.EndPoint);
            return [];
        });
        var exception = await Assert.ThrowsAsync<BacnetUnreachableException>(() => ReadNameAsync(peer, ScriptedPeer.Peer(routed: routed)));
        Assert.Contains("no way to the network 5", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_device_behind_a_router_is_told_from_the_router_and_its_neighbour()
    {
        var routed = new BacnetAddress(5, [3]);
        ScriptedPeer? peer = null;
        peer = new ScriptedPeer(request =>
        {
            peer!.Say(Name(request, "router"));
            peer.Say(Name(request, "neighbour"), new BacnetAddress(5, [4]));
            return [Name(request, "device")];
        });
        Assert.Equal("device", (await ReadNameAsync(peer, ScriptedPeer.Peer(routed: routed)))[0].AsText);
    }

    [Fact]
    public async Task Properties_are_read_in_smaller_portions_and_at_last_one_by_one()
    {
        var peer = new ScriptedPeer(request =>
        {
            if (request.Service == (byte)BacnetConfirmedService.ReadPropertyMultiple)
            {
                return [new Apdu(ApduKind.Abort) { InvokeId = request.InvokeId, Reason = (byte)BacnetAbortReason.SegmentationNotSupported, IsFromServer = true }];
            }

            return [Name(request, "x")];
        });
        (BacnetObjectId, BacnetProperty)[] wanted = [.. Enumerable.Range(0, 7).Select(index => (new BacnetObjectId(BacnetObjectType.AnalogValue, (uint)index), BacnetProperty.ObjectName))];
        var results = await peer.Client.ReadPropertiesAsync(ScriptedPeer.Peer(), wanted, CancellationToken.None);
        Assert.Equal(wanted, results.Select(result => (result.Target, result.Property)));
        Assert.All(results, result => Assert.Equal("x", result.Value?.AsText));
    }

    [Fact]
    public async Task A_device_without_ReadPropertyMultiple_is_asked_for_it_once()
    {
        var peer = new ScriptedPeer(request => request.Service == (byte)BacnetConfirmedService.ReadPropertyMultiple
            ? [new Apdu(ApduKind.Reject) { InvokeId = request.InvokeId, Reason = (byte)BacnetRejectReason.UnrecognizedService }]
            : [Name(request, "x")]);
        for (var count = 0; count < 3; count++)
        {
            await peer.Client.ReadPropertiesAsync(
                ScriptedPeer.Peer(), [(Device, BacnetProperty.ObjectName), (Device, BacnetProperty.ModelName)], CancellationToken.None);
        }

        Assert.Single(peer.Seen, request => request.Service == (byte)BacnetConfirmedService.ReadPropertyMultiple);
    }

    [Fact]
    public async Task A_value_that_cannot_be_read_spoils_only_its_own_property()
    {
        var peer = new ScriptedPeer(request => [Name(request, "") with
        {
            Payload = Convert.FromHexString("0C020004D21E294D4E7302FFFF4F29464E7200414F1F"),
        }]);
        var broken = await peer.Client.ReadPropertiesAsync(
            ScriptedPeer.Peer(), [(Device, BacnetProperty.ObjectName), (Device, BacnetProperty.ModelName)], CancellationToken.None);
        Assert.Contains("JIS", broken[0].Error?.Message, StringComparison.Ordinal);
        Assert.Equal("A", broken[1].Value?.AsText);
    }

    [Fact]
    public async Task Whoever_answers_a_Who_Is_several_times_is_given_once()
    {
        var peer = new ScriptedPeer(request => Enumerable.Repeat(
            new Apdu(ApduKind.UnconfirmedRequest) { Service = (byte)BacnetUnconfirmedService.IAm, Payload = Convert.FromHexString("C40200000322040091032163") }, 3));
        var heard = new List<uint>();
        await foreach (var announcement in peer.Client.WhoIsAsync(
            new BacnetTarget(ScriptedPeer.EndPoint, IsBroadcast: false), 3, 3, TimeSpan.FromMilliseconds(200), CancellationToken.None))
        {
            heard.Add(announcement.Instance);
        }

        Assert.Equal([3u], heard);
        Assert.Equal(2, peer.Seen.Count);
    }

    private static Task<IReadOnlyList<BacnetValue>> ReadNameAsync(ScriptedPeer peer, BacnetPeer target, CancellationToken cancellationToken = default) =>
        peer.Client.ReadPropertyAsync(target, Device, BacnetProperty.ObjectName, null, cancellationToken);

    /// <summary>Answers a ReadProperty with a text: the reference is the request's own.</summary>
    private static Apdu Name(Apdu request, string name)
    {
        var writer = new BacnetWriter();
        writer.WriteBytes(request.Payload.Span);
        writer.WriteOpening(3);
        writer.WriteText(name);
        writer.WriteClosing(3);
        return new Apdu(ApduKind.ComplexAck) { InvokeId = request.InvokeId, Service = request.Service, Payload = writer.ToArray() };
    }
}
