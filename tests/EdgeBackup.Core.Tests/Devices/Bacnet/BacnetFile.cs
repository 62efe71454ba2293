using System.Buffers.Binary;
using EdgeBackup.Core.Devices.Bacnet;

namespace EdgeBackup.Core.Tests.Devices.Bacnet;

/// <summary>A file whose bytes tell where they stand, as a device answers AtomicReadFile of it.</summary>
internal static class BacnetFile
{
    public static byte[] At(int position)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, position);
        return bytes;
    }

    public static bool TryReadRequest(ReadOnlySpan<byte> payload, out int start)
    {
        start = 0;
        var reader = new BacnetReader(payload);
        return reader.TryReadObjectId(out _) && reader.TryReadOpening(0) && reader.TryReadSigned(out start);
    }

    public static Apdu Answer(Apdu request, int start) => new(ApduKind.ComplexAck)
    {
        InvokeId = request.InvokeId,
        Service = request.Service,
        Payload = Content(start, At(start)),
    };

    public static byte[] Content(int start, ReadOnlySpan<byte> data)
    {
        var writer = new BacnetWriter(data.Length + 32);
        writer.WriteBoolean(false);
        writer.WriteOpening(0);
        writer.WriteSigned(start);
        writer.WriteOctets(data);
        writer.WriteClosing(0);
        return writer.ToArray();
    }
}

/// <summary>Answers AtomicReadFile in parts, over a wire that spoils them where there is a <see cref="Random"/>.</summary>
internal sealed class PartingServer
{
    private readonly int maxApdu;
    private readonly Lock gate = new();
    private BacnetSegmentSender? sender;
    private Apdu shape;

    public PartingServer(int length, int maxApdu)
    {
        this.maxApdu = maxApdu;
        Content = new byte[length];
        new Random(length).NextBytes(Content);
    }

    public byte[] Content { get; }

    public Random? Random { get; init; }

    public IEnumerable<Apdu> Take(Apdu apdu)
    {
        lock (gate)
        {
            if (apdu.Kind == ApduKind.ConfirmedRequest)
            {
                // A doubled request while its answer is under way is not answered twice (clause 5.4.5).
                if (sender is null)
                {
                    shape = new Apdu(ApduKind.ComplexAck) { InvokeId = apdu.InvokeId, Service = apdu.Service, Window = 16 };
                    sender = new BacnetSegmentSender(BacnetFile.Content(0, Content), maxApdu - 5);
                    return Spoil(sender.Outstanding(shape));
                }
            }
            else if (apdu.Kind == ApduKind.SegmentAck && sender is not null && (Random is null || Random.Next(5) > 0) && sender.Take(apdu))
            {
                return Spoil(sender.Outstanding(shape));
            }

            return [];
        }
    }

    public List<Apdu> Repeat()
    {
        lock (gate)
        {
            return sender is null || sender.IsDone ? [] : Spoil(sender.Outstanding(shape));
        }
    }

    private List<Apdu> Spoil(IEnumerable<Apdu> parts)
    {
        var result = new List<Apdu>();
        foreach (var part in parts)
        {
            if (Random is null)
            {
                result.Add(part);
            }
            else if (Random.Next(5) > 0)
            {
                result.Insert(Random.Next(10) == 0 ? Random.Next(result.Count + 1) : result.Count, part);
                if (Random.Next(10) == 0)
                {
                    result.Add(part);
                }
            }
        }

        return result;
    }
}
