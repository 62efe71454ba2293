namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>AtomicReadFile and AtomicWriteFile (ASHRAE 135, clause 14): 0 brackets stream access, 1 record access.</summary>
internal static class BacnetFileServices
{
    private const byte Stream = 0;
    private const byte Record = 1;

    public static BacnetRequest ReadStream(uint file, int start, uint count) => Read(Stream, file, start, count);

    public static BacnetRequest ReadRecords(uint file, int start, uint count) => Read(Record, file, start, count);

    public static BacnetStreamPart ReadStreamAnswer(ReadOnlyMemory<byte> answer)
    {
        var reader = new BacnetReader(answer.Span);
        if (reader.TryReadBoolean(out var isEnd)
            && reader.TryReadOpening(Stream)
            && reader.TryReadSigned(out var start)
            && reader.TryReadOctets(out var data))
        {
            var bytes = answer.Slice(reader.Position - data.Length, data.Length);
            if (reader.TryReadClosing(Stream))
            {
                return new BacnetStreamPart(isEnd, start, bytes);
            }
        }

        throw BacnetServices.Unreadable(BacnetConfirmedService.AtomicReadFile, reader);
    }

    public static BacnetRecordPart ReadRecordsAnswer(ReadOnlyMemory<byte> answer)
    {
        var reader = new BacnetReader(answer.Span);
        if (reader.TryReadBoolean(out var isEnd)
            && reader.TryReadOpening(Record)
            && reader.TryReadSigned(out var start)
            && reader.TryReadUnsigned(out var count))
        {
            var records = new List<ReadOnlyMemory<byte>>();
            while (!reader.IsClosing(Record) && reader.TryReadOctets(out var data))
            {
                records.Add(answer.Slice(reader.Position - data.Length, data.Length));
            }

            if (reader.TryReadClosing(Record))
            {
                return records.Count == count
                    ? new BacnetRecordPart(isEnd, start, records)
                    : throw new BacnetAnswerException($"the answer to AtomicReadFile says {count} records and has {records.Count}");
            }
        }

        throw BacnetServices.Unreadable(BacnetConfirmedService.AtomicReadFile, reader);
    }

    public static BacnetRequest WriteStream(uint file, int start, ReadOnlySpan<byte> data)
    {
        var writer = new BacnetWriter(data.Length + 32);
        writer.WriteObjectId(new BacnetObjectId(BacnetObjectType.File, file));
        writer.WriteOpening(Stream);
        writer.WriteSigned(start);
        writer.WriteOctets(data);
        writer.WriteClosing(Stream);
        return Write(Stream, start, writer);
    }

    public static BacnetRequest WriteRecords(uint file, int start, IReadOnlyList<ReadOnlyMemory<byte>> records)
    {
        var writer = new BacnetWriter(records.Sum(record => record.Length + 6) + 32);
        writer.WriteObjectId(new BacnetObjectId(BacnetObjectType.File, file));
        writer.WriteOpening(Record);
        writer.WriteSigned(start);
        writer.WriteUnsigned((uint)records.Count);
        foreach (var record in records)
        {
            writer.WriteOctets(record.Span);
        }

        writer.WriteClosing(Record);
        return Write(Record, start, writer);
    }

    public static int WriteAnswer(ReadOnlySpan<byte> answer)
    {
        var reader = new BacnetReader(answer);
        return reader.TryReadContextSigned(reader.IsContext(Record) ? Record : Stream, out var start)
            ? start
            : throw BacnetServices.Unreadable(BacnetConfirmedService.AtomicWriteFile, reader);
    }

    private static BacnetRequest Read(byte access, uint file, int start, uint count)
    {
        var writer = new BacnetWriter(32);
        writer.WriteObjectId(new BacnetObjectId(BacnetObjectType.File, file));
        writer.WriteOpening(access);
        writer.WriteSigned(start);
        writer.WriteUnsigned(count);
        writer.WriteClosing(access);
        return new BacnetRequest(
            BacnetConfirmedService.AtomicReadFile,
            writer.Memory,
            HasResult: true,
            answer =>
            {
                var reader = new BacnetReader(answer.Span);
                return reader.TryReadBoolean(out _) && reader.TryReadOpening(access) && reader.TryReadSigned(out var position) && position == start;
            });
    }

    private static BacnetRequest Write(byte access, int start, BacnetWriter writer) => new(
        BacnetConfirmedService.AtomicWriteFile,
        writer.Memory,
        HasResult: true,
        answer =>
        {
            // A start of -1 appends; the device tells where.
            var reader = new BacnetReader(answer.Span);
            return reader.TryReadContextSigned(access, out var position) && (start < 0 || position == start);
        });
}
