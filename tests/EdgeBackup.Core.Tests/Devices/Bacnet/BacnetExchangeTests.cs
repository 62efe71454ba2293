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

    [Theory]
    [InlineData(1476, 90_000)]
    [InlineData(480, 20_000)]
    [InlineData(50, 2000)]
    public async Task A_long_answer_comes_in_parts(int maxApdu, int length)
    {
        var server = new PartingServer(length, maxApdu);
        var peer = new ScriptedPeer(server.Take, ScriptedPeer.Patient with { MaxApdu = maxApdu });
        var part = await peer.Client.ReadFileStreamAsync(ScriptedPeer.Peer(maxApdu), 1, 0, (uint)length, CancellationToken.None);
        Assert.Equal(server.Content, part.Data.ToArray());
    }

    [Fact]
    public async Task Parts_that_are_lost_doubled_or_reordered_come_again()
    {
        for (var seed = 0; seed < 10; seed++)
        {
            var server = new PartingServer(60_000, 1024) { Random = new Random(seed) };
            var peer = new ScriptedPeer(server.Take, ScriptedPeer.Eager with { MaxApdu = 1024, SegmentTimeout = TimeSpan.FromSeconds(5) });

            // The server repeats when it is asked again; here the repetition is its own timer's.
            using var end = new CancellationTokenSource();
            using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
            var repeating = RepeatAsync(peer, server, end.Token);
            var part = await peer.Client.ReadFileStreamAsync(ScriptedPeer.Peer(1024), 1, 0, 60_000, limit.Token);
            await end.CancelAsync();
            await repeating;
            Assert.Equal(server.Content, part.Data.ToArray());
        }
    }

    [Fact]
    public async Task An_answer_longer_than_announced_is_aborted()
    {
        var server = new PartingServer(60_000, 1024);
        var peer = new ScriptedPeer(server.Take, ScriptedPeer.Patient with { MaxApdu = 1024, MaxSegments = 16 });
        var abort = await Assert.ThrowsAsync<BacnetAbortException>(
            () => peer.Client.ReadFileStreamAsync(ScriptedPeer.Peer(1024), 1, 0, 60_000, CancellationToken.None));
        Assert.Equal((BacnetAbortReason.BufferOverflow, false), (abort.Reason, abort.IsFromPeer));
        Assert.Equal((ApduKind.Abort, (byte)BacnetAbortReason.BufferOverflow), (peer.Seen[^1].Kind, peer.Seen[^1].Reason));
    }

    [Fact]
    public async Task A_long_request_goes_in_parts_that_the_peer_acknowledges()
    {
        var data = new byte[20_000];
        new Random(1).NextBytes(data);
        var received = new BacnetSegmentAssembler(4, 64, 474);
        var peer = new ScriptedPeer(request =>
        {
            Assert.True(request.IsSegmented);
            Assert.True(request.Payload.Length + 6 <= 480);
            var step = received.Take(request);
            List<Apdu> answers = step == BacnetSegmentStep.Wait ? [] :
            [
                new Apdu(ApduKind.SegmentAck) { InvokeId = request.InvokeId, Sequence = received.LastInOrder, Window = received.Window, IsFromServer = true },
            ];
            if (step == BacnetSegmentStep.Complete)
            {
                answers.Add(new Apdu(ApduKind.ComplexAck) { InvokeId = request.InvokeId, Service = request.Service, Payload = Convert.FromHexString("0900") });
            }

            return answers;
        });
        Assert.Equal(0, await peer.Client.WriteFileStreamAsync(ScriptedPeer.Peer(480, segments: 64), 1, 0, data, CancellationToken.None));
        var reader = new BacnetReader(received.Content.Span);
        Assert.True(reader.TryReadObjectId(out _) && reader.TryReadOpening(0) && reader.TryReadSigned(out _));
        Assert.True(reader.TryReadOctets(out var written));
        Assert.True(written.SequenceEqual(data));
    }

    [Fact]
    public async Task Who_asks_for_the_same_parts_again_and_again_is_given_up()
    {
        using var limit = new CancellationTokenSource();
        ScriptedPeer? peer = null;
        peer = new ScriptedPeer(
            request =>
            {
                // More than any number of retries: without an end, this is one.
                if (peer!.Seen.Count > 200)
                {
                    limit.Cancel();
                    return [];
                }

                return request.IsSegmented
                    ? [new Apdu(ApduKind.SegmentAck) { InvokeId = request.InvokeId, Sequence = (byte)(request.Sequence - 1), Window = 1, IsNegative = true, IsFromServer = true }]
                    : [];
            },
            ScriptedPeer.Patient with { Retries = 3 });
        await Assert.ThrowsAsync<BacnetTimeoutException>(
            () => peer.Client.WriteFileStreamAsync(ScriptedPeer.Peer(480, segments: 64), 1, 0, new byte[5000], limit.Token));
        Assert.Equal(4, peer.Seen.Count(request => request.Kind == ApduKind.ConfirmedRequest));
        Assert.Equal(ApduKind.Abort, peer.Seen[^1].Kind);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Who_repeats_what_is_there_already_is_given_up_in_time(bool isAnswer)
    {
        Apdu? again = null;
        var peer = new ScriptedPeer(
            request =>
            {
                if (request.Kind != ApduKind.ConfirmedRequest || again is not null)
                {
                    return [];
                }

                again = isAnswer
                    ? new Apdu(ApduKind.ComplexAck) { InvokeId = request.InvokeId, Service = request.Service, IsSegmented = true, MoreFollows = true, Window = 4, Payload = new byte[400] }
                    : new Apdu(ApduKind.SegmentAck) { InvokeId = request.InvokeId, Sequence = 0, Window = 4, IsFromServer = true };
                return [again.Value];
            },
            new BacnetClientOptions { Timeout = TimeSpan.FromMinutes(2), SegmentTimeout = TimeSpan.FromMilliseconds(200), Retries = 1 });
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        Task exchange = isAnswer
            ? peer.Client.ReadFileStreamAsync(ScriptedPeer.Peer(480), 1, 0, 5000, limit.Token)
            : peer.Client.WriteFileStreamAsync(ScriptedPeer.Peer(480, segments: 64), 1, 0, new byte[5000], limit.Token);
        while (!exchange.IsCompleted)
        {
            peer.Say(again!.Value);
            await Task.Delay(5, CancellationToken.None);
        }

        await Assert.ThrowsAsync<BacnetTimeoutException>(() => exchange);
    }

    [Theory]
    [InlineData(BacnetSegmentation.None, 64, BacnetAbortReason.SegmentationNotSupported)]
    [InlineData(BacnetSegmentation.Transmit, 64, BacnetAbortReason.SegmentationNotSupported)]
    [InlineData(BacnetSegmentation.Both, 4, BacnetAbortReason.BufferOverflow)]
    public async Task A_request_that_the_peer_cannot_take_is_not_sent(BacnetSegmentation segmentation, int segments, BacnetAbortReason reason)
    {
        var peer = new ScriptedPeer(_ => []);
        var abort = await Assert.ThrowsAsync<BacnetAbortException>(
            () => peer.Client.WriteFileStreamAsync(ScriptedPeer.Peer(480, segmentation, (uint)segments), 1, 0, new byte[5000], CancellationToken.None));
        Assert.Equal((reason, false), (abort.Reason, abort.IsFromPeer));
        Assert.Empty(peer.Seen);
    }

    [Theory]
    [InlineData(50, BacnetSegmentation.None)]
    [InlineData(480, BacnetSegmentation.None)]
    [InlineData(1476, BacnetSegmentation.None)]
    [InlineData(50, BacnetSegmentation.Both)]
    [InlineData(1476, BacnetSegmentation.Both)]
    public async Task The_largest_write_and_read_fit_and_one_byte_more_does_not(int maxApdu, BacnetSegmentation segmentation)
    {
        var target = ScriptedPeer.Peer(maxApdu, segmentation, 64);
        var received = new BacnetSegmentAssembler(127, 64, 1470);
        var length = 0;
        var peer = new ScriptedPeer(request =>
        {
            Assert.True(request.Payload.Length + (request.IsSegmented ? 6 : 4) <= maxApdu);
            length = request.Payload.Length;
            if (!request.IsSegmented)
            {
                return [new Apdu(ApduKind.ComplexAck) { InvokeId = request.InvokeId, Service = request.Service, Payload = Convert.FromHexString("0C7FFFFFFF") }];
            }

            var step = received.Take(request);
            var ack = new Apdu(ApduKind.SegmentAck) { InvokeId = request.InvokeId, Sequence = received.LastInOrder, Window = received.Window, IsFromServer = true };
            return step switch
            {
                BacnetSegmentStep.Wait => [],
                BacnetSegmentStep.Complete =>
                    [ack, new Apdu(ApduKind.ComplexAck) { InvokeId = request.InvokeId, Service = request.Service, Payload = Convert.FromHexString("0C7FFFFFFF") }],
                _ => [ack],
            };
        });
        var largest = peer.Client.LargestWrite(target);
        await peer.Client.WriteFileStreamAsync(target, 4194302, int.MaxValue, new byte[largest], CancellationToken.None);
        await Assert.ThrowsAsync<BacnetAbortException>(
            () => peer.Client.WriteFileStreamAsync(target, 4194302, int.MaxValue, new byte[largest + 3], CancellationToken.None));

        // The answer's bytes beside the file's: end of file, brackets, the longest position, the octet string's tag.
        var read = peer.Client.LargestRead(target);
        var answer = read + 1 + 1 + 5 + 1 + (read < 254 ? 2 : read < 65536 ? 4 : 6);
        var room = segmentation == BacnetSegmentation.None ? maxApdu - 3 : 64 * (maxApdu - 5);
        Assert.InRange(answer, room - 2, room);
        Assert.True(length > 0);
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

    private static async Task RepeatAsync(ScriptedPeer peer, PartingServer server, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            await Task.Delay(10, CancellationToken.None);
            foreach (var part in server.Repeat())
            {
                peer.Say(part);
            }
        }
    }
}
