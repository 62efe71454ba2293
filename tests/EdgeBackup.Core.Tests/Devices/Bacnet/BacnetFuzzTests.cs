using System.Buffers.Binary;
using System.Net;
using EdgeBackup.Core.Devices.Bacnet;
using EdgeBackup.Core.Tests.Durability;
using Xunit;

namespace EdgeBackup.Core.Tests.Devices.Bacnet;

/// <summary>Whatever a datagram holds, nothing unexpected is thrown, nothing hangs, and what it costs is bounded.</summary>
public sealed class BacnetFuzzTests
{
    /// <summary>For the lists and values of a datagram of 1500 bytes; a bound that a length in a datagram cannot move.</summary>
    private const long MostAllocated = 512 * 1024;

    private const int Burst = 32;

    private static readonly IPEndPoint Bbmd = new(IPAddress.Parse("10.0.0.3"), 47808);

    private static readonly BacnetObjectId Log = new(BacnetObjectType.TrendLog, 1);

    private static readonly byte[] Interesting = [0x00, 0x01, 0x04, 0x05, 0x06, 0x07, 0x08, 0x0E, 0x0F, 0x3E, 0x3F, 0x65, 0x75, 0x7F, 0x80, 0xC4, 0xF9, 0xFE, 0xFF];

    /// <summary>Network layers of all kinds, to be mutated.</summary>
    private static readonly string[] Valid =
    [
        "0100300006100E3100651B4368696C6C65723031204F6E2D54696D653D342E3320486F7572730F",
        "0100301206111E310E2102650A31323A30302C34352E36650A31323A31352C34342E381F",
        "0100305507091E",
        "0100305507190E",
        "010030560AC40280000D",
        "010050580B91019117",
        "010030010C0C0000000519553E444290999A3F",
        "010030F10E0C000000101E29554E444290999A4F29674E91004F1F",
        "010030020E0C000000211E29554E44422933334F1F0C000000321E29555E9101911F5F1F0C000000231E29554E4443D9D99A4F1F",
        "010030011A0C0500000119833A05C049025E0EA462031701B413361B000F1E2C419000001F2A04000EA462031701B413381B000F1E2C4190CCCD1F2A04005F6B013561",
        "010020590F",
        "010030010C" + "0EA462031701B413361B000F1E1E1C419000002C00000007" + "7E910191208F" + "1F1F",
        "010030010C" + "0EA462031701B413361B000F1E1E09011C020000012C000000013E19010F3F490159016905" + "7C0041424389009E" + "1F1F",
        "01001000C40200000322040091032163",
        "01003C010010060E3100651B4368696C6C65723031204F6E2D54696D653D342E3320486F757273",
        "0100380101100661620F",
        "010041010710",
        "0100605809",
        "0100715804",
        "010C0005010330010C0C0000000519553E75190054686973206973206120424143" + "6E657420737472696E67213F",
        "012800070203040005010320590FFF20590F",
        "018003010005",
        "01800100050006",
        "01001008",
        "010041010010",
        "010043010010",
        "010C000501031000C40200000322040091032163",
        "0120FFFF00FF1000C40200000322040091032163",
        "018001" + "0005",
    ];

    /// <summary>What management devices say, whole: they have no network layer, or somebody else's.</summary>
    private static readonly byte[][] OfManagement =
    [
        .. new[]
        {
            "810000060000",
            "810000060030",
            "810000060050",
            "810000060060",
            "8104001E0A000002BAC001001000C4020000032204009103" + "2163FFFF",
            "8104001C0A000002BAC001001000C40200000322040091032163",
            "8104001D0A000002BAC0" + "010030010C0C0000000519553E444290999A3F",
            "810400100A000002BAC0" + "01800100050006",
            "8109001801001000C40200000322040091032163",
        }.Select(Convert.FromHexString),
    ];

    [Fact]
    public async Task No_datagram_throws_hangs_or_costs_without_bound()
    {
        var count = Soak.Count(200_000, 10_000_000);
        var tally = new Tally { What = "BACnet datagrams, mutated and random" };
        using var report = Soak.ReportAtEnd(tally);
        var random = new Random(Soak.Seed);
        var corpus = Valid.Select(Convert.FromHexString).ToArray();
        byte current = 0;
        var asked = 0;
        BacnetClient? client = null;
        while (tally.Trials < count)
        {
            // A client of its own for so many: an id whose exchange was given up rests.
            if (client is null || asked % 200 == 0)
            {
                client = new BacnetClient(ScriptedPeer.Patient, (datagram, _) => current = InvokeId(datagram));
            }

            using var cancellation = new CancellationTokenSource();
            var foreign = new BacnetForeignDevice(Bbmd, ScriptedPeer.Patient, (_, _) => { });
            var exchange = Ask(client, foreign, asked++, cancellation.Token);
            for (var sent = 0; sent < Burst; sent++)
            {
                var datagram = Make(random, corpus, random.Next(4) > 0 ? current : (byte)random.Next(256));
                var before = GC.GetAllocatedBytesForCurrentThread();
                try
                {
                    client.Receive(datagram, datagram is [_, 0 or 4, ..] ? Bbmd : ScriptedPeer.EndPoint);
                    Decode(datagram, foreign, tally.Trials);
                }
                catch (Exception exception)
                {
                    Assert.Fail($"seed {Soak.Seed}, datagram {tally.Trials}, {Convert.ToHexString(datagram)}: {exception}");
                }

                var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
                Assert.True(allocated < MostAllocated, $"seed {Soak.Seed}, {allocated} bytes for {Convert.ToHexString(datagram)}");
                tally.Trials++;
            }

            await cancellation.CancelAsync();
            try
            {
                await exchange.WaitAsync(TimeSpan.FromMinutes(2));
            }
            catch (Exception exception) when (exception is BacnetException or OperationCanceledException)
            {
                // What an exchange may end with.
            }

            await foreign.DisposeAsync();
        }
    }

    private static byte InvokeId(ReadOnlyMemory<byte> datagram) =>
        Bvlc.TryDecode(datagram, out var message, out _) && Npdu.TryDecode(message.Npdu, out var npdu, out _) && Apdu.TryDecode(npdu.Payload, out var apdu, out _)
            ? apdu.InvokeId
            : (byte)0;

    private static Task Ask(BacnetClient client, BacnetForeignDevice foreign, int turn, CancellationToken cancellationToken)
    {
        var peer = ScriptedPeer.Peer(routed: turn % 5 == 0 ? new BacnetAddress(5, [3]) : null);
        return (turn % 10) switch
        {
            0 => client.ReadFileStreamAsync(peer, 1, 0, 27, cancellationToken),
            1 => client.ReadFileRecordsAsync(peer, 2, 14, 3, cancellationToken),
            2 => client.ReadPropertyAsync(peer, new BacnetObjectId(BacnetObjectType.AnalogInput, 5), BacnetProperty.PresentValue, null, cancellationToken),
            3 => client.ReadRangeAsync(peer, Log, BacnetProperty.LogBuffer, BacnetRangeRequest.BySequence(1, 10), cancellationToken),
            4 => client.WriteFileStreamAsync(peer, 1, 30, new byte[5000], cancellationToken),
            5 => client.CreateObjectAsync(peer, new BacnetObjectId(BacnetObjectType.File, 13), cancellationToken),
            6 => HearAsync(client.WhoIsAsync(new BacnetTarget(ScriptedPeer.EndPoint, IsBroadcast: turn % 4 == 0), null, null, TimeSpan.FromHours(1), cancellationToken)),
            7 => HearAsync(client.WhoIsRouterAsync(new BacnetTarget(ScriptedPeer.EndPoint, IsBroadcast: false), null, TimeSpan.FromHours(1), cancellationToken)),
            8 => foreign.RegisterAsync(cancellationToken),
            _ => client.ReadPropertiesAsync(
                peer,
                [(new BacnetObjectId(BacnetObjectType.AnalogInput, 16), BacnetProperty.PresentValue), (Log, BacnetProperty.PresentValue)],
                cancellationToken),
        };
    }

    private static async Task HearAsync<T>(IAsyncEnumerable<T> heard)
    {
        await foreach (var one in heard)
        {
            _ = one!.ToString();
        }
    }

    private static byte[] Make(Random random, byte[][] corpus, byte invokeId)
    {
        if (random.Next(20) == 0)
        {
            var noise = new byte[random.Next(1500)];
            random.NextBytes(noise);
            return noise;
        }

        if (random.Next(10) == 0)
        {
            var whole = (byte[])OfManagement[random.Next(OfManagement.Length)].Clone();
            BinaryPrimitives.WriteUInt16BigEndian(whole.AsSpan(2), (ushort)whole.Length);
            return random.Next(2) == 0 ? whole : Mutate(random, whole, corpus);
        }

        var network = (byte[])corpus[random.Next(corpus.Length)].Clone();
        if (network[1] == 0 && network.Length > 3)
        {
            network[3] = network[2] >> 4 is 1 ? network[3] : invokeId;
        }

        if (network is [_, 0, 0x41 or 0x43, _, _, _] && random.Next(4) > 0)
        {
            // Of the parts that a long request has: one after the other they bring it to its end.
            network[4] = (byte)random.Next(4);
        }

        for (var mutations = random.Next(6); mutations > 0; mutations--)
        {
            network = Mutate(random, network, corpus);
        }

        var datagram = new byte[Math.Min(network.Length, 1470) + 4];
        datagram[0] = Bvlc.Type;
        datagram[1] = (byte)(random.Next(10) == 0 ? random.Next(14) : 0x0A);
        BinaryPrimitives.WriteUInt16BigEndian(datagram.AsSpan(2), (ushort)(random.Next(50) == 0 ? random.Next(65536) : datagram.Length));
        network.AsSpan(0, datagram.Length - 4).CopyTo(datagram.AsSpan(4));
        return datagram;
    }

    private static byte[] Mutate(Random random, byte[] bytes, byte[][] corpus)
    {
        var at = random.Next(bytes.Length);
        switch (random.Next(7))
        {
            case 0:
                bytes[at] ^= (byte)(1 << random.Next(8));
                return bytes;
            case 1:
                bytes[at] = Interesting[random.Next(Interesting.Length)];
                return bytes;
            case 2:
                bytes[at] = (byte)random.Next(256);
                return bytes;
            case 3:
                return bytes[..Math.Max(1, at)];
            case 4:
                var other = corpus[random.Next(corpus.Length)];
                return [.. bytes[..at], .. other[random.Next(other.Length)..]];
            case 5:
                var filler = Interesting[random.Next(Interesting.Length)];
                return [.. bytes[..at], .. Enumerable.Repeat(filler, random.Next(random.Next(4) == 0 ? 1400 : 8)), .. bytes[at..]];
            default:
                return [.. bytes[..at], .. bytes[Math.Min(at + 1 + random.Next(3), bytes.Length)..], 0];
        }
    }

    /// <summary>A reader of answers gets the bytes, whatever service they say they are of; which one, goes by the count.</summary>
    private static void Decode(byte[] datagram, BacnetForeignDevice foreign, int turn)
    {
        if (!Bvlc.TryDecode(datagram, out var message, out _))
        {
            return;
        }

        if (message.Function == BvlcFunction.Result)
        {
            foreign.Take(message.Number, Bbmd);
            return;
        }

        if (!Npdu.TryDecode(message.Npdu, out var npdu, out _) || !Apdu.TryDecode(npdu.Payload, out var apdu, out _))
        {
            return;
        }

        var payload = apdu.Payload;
        try
        {
            switch (turn % 9)
            {
                case 0:
                    BacnetFileServices.ReadStreamAnswer(payload);
                    break;
                case 1:
                    BacnetFileServices.ReadRecordsAnswer(payload);
                    break;
                case 2:
                    BacnetFileServices.WriteAnswer(payload.Span);
                    break;
                case 3:
                    BacnetServices.ReadPropertiesAnswer(payload.Span);
                    break;
                case 4:
                    BacnetLogReader.Read(BacnetObjectType.TrendLog, BacnetServices.ReadRangeAnswer(payload, Log, BacnetProperty.LogBuffer).Items.Span);
                    break;
                case 5:
                    BacnetLogReader.Read(BacnetObjectType.TrendLogMultiple, payload.Span);
                    break;
                case 6:
                    BacnetLogReader.Read(BacnetObjectType.EventLog, payload.Span);
                    break;
                case 7:
                    BacnetServices.ReadPropertyAnswer(payload.Span, new BacnetObjectId(BacnetObjectType.AnalogInput, 5), BacnetProperty.PresentValue, null);
                    break;
                default:
                    BacnetServices.CreateObjectAnswer(payload.Span);
                    break;
            }
        }
        catch (BacnetAnswerException)
        {
            // The only thing that reading may end with.
        }

        BacnetServices.ReadError(payload.Span);
        BacnetAnnouncements.ReadIAm(payload.Span, ScriptedPeer.EndPoint, null);
        var reader = new BacnetReader(payload.Span);
        while (reader.TryReadValue(out var value))
        {
            // What was read can be written and said.
            new BacnetWriter(16).WriteValue(value);
            _ = value.ToString();
        }
    }
}
