using EdgeBackup.Core.Devices.Bacnet;
using Xunit;

namespace EdgeBackup.Core.Tests.Devices.Bacnet;

/// <summary>Requests and answers that are longer than a message, and go in parts.</summary>
public sealed class BacnetPartsTests
{
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
            using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5));
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
            new BacnetClientOptions { Timeout = TimeSpan.FromMinutes(10), SegmentTimeout = TimeSpan.FromMilliseconds(200), Retries = 1 });
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5));
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
