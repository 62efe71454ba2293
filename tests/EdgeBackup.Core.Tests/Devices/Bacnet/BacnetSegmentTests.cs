using EdgeBackup.Core.Devices.Bacnet;
using Xunit;

namespace EdgeBackup.Core.Tests.Devices.Bacnet;

public sealed class BacnetSegmentTests
{
    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 10)]
    [InlineData(16, 30)]
    [InlineData(127, 20)]
    [InlineData(127, 60)]
    public void A_message_in_parts_arrives_whole_over_a_wire_that_loses_doubles_and_reorders(int window, int percent)
    {
        for (var seed = 0; seed < 20; seed++)
        {
            var random = new Random(seed);
            var content = new byte[random.Next(1, 40_000)];
            random.NextBytes(content);
            var sender = new BacnetSegmentSender(content, 45);
            var assembler = new BacnetSegmentAssembler(window, sender.Count, 45);
            var isWhole = false;
            var rounds = 0;
            while (!sender.IsDone)
            {
                Assert.True(++rounds < 10_000, $"seed {seed}: it stands still");

                // Each round is the sender's repetition after silence; within it everything that it may send is sent.
                var wire = new Queue<Apdu>(Spoil(sender.Outstanding(new Apdu(ApduKind.ComplexAck) { Window = 127 }), random, percent));
                while (wire.TryDequeue(out var part))
                {
                    var step = assembler.Take(part);
                    Assert.NotEqual(BacnetSegmentStep.TooLong, step);
                    isWhole |= step == BacnetSegmentStep.Complete;
                    if (step is BacnetSegmentStep.Acknowledge or BacnetSegmentStep.AskAgain or BacnetSegmentStep.Complete && random.Next(100) >= percent)
                    {
                        var answer = new Apdu(ApduKind.SegmentAck)
                        {
                            Sequence = assembler.LastInOrder,
                            Window = assembler.Window,
                            IsNegative = step == BacnetSegmentStep.AskAgain,
                        };
                        if (sender.Take(answer))
                        {
                            foreach (var next in Spoil(sender.Outstanding(new Apdu(ApduKind.ComplexAck) { Window = 127 }), random, percent))
                            {
                                wire.Enqueue(next);
                            }
                        }
                    }
                }
            }

            Assert.True(isWhole, $"seed {seed}");
            Assert.True(assembler.Content.Span.SequenceEqual(content), $"seed {seed}: other bytes");
        }
    }

    [Fact]
    public void One_gap_is_asked_for_once()
    {
        var assembler = new BacnetSegmentAssembler(8, 64, 10);
        Assert.Equal(BacnetSegmentStep.Acknowledge, assembler.Take(Part(0)));
        Assert.Equal(BacnetSegmentStep.Wait, assembler.Take(Part(1)));
        Assert.Equal(BacnetSegmentStep.AskAgain, assembler.Take(Part(3)));
        Assert.Equal(1, assembler.LastInOrder);
        Assert.Equal(BacnetSegmentStep.Ignore, assembler.Take(Part(4)));
        Assert.Equal(BacnetSegmentStep.Ignore, assembler.Take(Part(0)));
        Assert.Equal(BacnetSegmentStep.Wait, assembler.Take(Part(2)));
        Assert.Equal(BacnetSegmentStep.Ignore, assembler.Take(Part(1)));
    }

    [Fact]
    public void An_acknowledgement_that_was_lost_is_given_again()
    {
        var assembler = new BacnetSegmentAssembler(2, 64, 10);
        Assert.Equal(BacnetSegmentStep.Acknowledge, assembler.Take(Part(0)));
        Assert.Equal(BacnetSegmentStep.Acknowledge, assembler.Take(Part(0)));
        Assert.Equal(BacnetSegmentStep.Wait, assembler.Take(Part(1)));
        Assert.Equal(BacnetSegmentStep.Acknowledge, assembler.Take(Part(2)));
        Assert.Equal(BacnetSegmentStep.Ignore, assembler.Take(Part(1)));
        Assert.Equal(BacnetSegmentStep.Acknowledge, assembler.Take(Part(2)));
        Assert.Equal(2, assembler.LastInOrder);
    }

    [Fact]
    public void More_than_was_announced_is_too_long()
    {
        var assembler = new BacnetSegmentAssembler(8, 2, 10);
        assembler.Take(Part(0));
        assembler.Take(Part(1));
        Assert.Equal(BacnetSegmentStep.TooLong, assembler.Take(Part(2)));
        assembler = new BacnetSegmentAssembler(8, 2, 10);
        Assert.Equal(BacnetSegmentStep.TooLong, assembler.Take(Part(0) with { Payload = new byte[11] }));
    }

    [Fact]
    public void The_smaller_window_of_the_two_is_used()
    {
        var assembler = new BacnetSegmentAssembler(100, 64, 10);
        assembler.Take(Part(0) with { Window = 3 });
        Assert.Equal(3, assembler.Window);
        assembler = new BacnetSegmentAssembler(5, 64, 10);
        assembler.Take(Part(0) with { Window = 127 });
        Assert.Equal(5, assembler.Window);
        assembler = new BacnetSegmentAssembler(5, 64, 10);
        assembler.Take(Part(0) with { Window = 0 });
        Assert.Equal(1, assembler.Window);
    }

    [Fact]
    public void An_acknowledgement_of_another_time_moves_nothing()
    {
        var sender = new BacnetSegmentSender(new byte[1000], 10);
        Assert.Single(sender.Outstanding(default));
        Assert.False(sender.Take(Ack(5)));
        Assert.True(sender.Take(Ack(0)));
        Assert.Equal(4, sender.Outstanding(default).Count());
        Assert.False(sender.Take(Ack(0)));
        Assert.True(sender.Take(Ack(0, isNegative: true)));
        Assert.Equal(1, sender.Outstanding(default).First().Sequence);
        Assert.True(sender.Take(Ack(2)));
        Assert.Equal(3, sender.Outstanding(default).First().Sequence);
        Assert.False(sender.Take(Ack(1)));
    }

    private static Apdu Ack(byte sequence, bool isNegative = false) =>
        new(ApduKind.SegmentAck) { Sequence = sequence, Window = 4, IsNegative = isNegative };

    private static Apdu Part(byte sequence) =>
        new(ApduKind.ComplexAck) { IsSegmented = true, MoreFollows = true, Sequence = sequence, Window = 8, Payload = new byte[] { sequence } };

    private static List<Apdu> Spoil(IEnumerable<Apdu> parts, Random random, int percent)
    {
        var result = new List<Apdu>();
        foreach (var part in parts)
        {
            if (random.Next(100) < percent)
            {
                continue;
            }

            result.Insert(random.Next(100) < percent / 4 ? random.Next(result.Count + 1) : result.Count, part);
            if (random.Next(100) < percent / 4)
            {
                result.Add(part);
            }
        }

        return result;
    }
}
