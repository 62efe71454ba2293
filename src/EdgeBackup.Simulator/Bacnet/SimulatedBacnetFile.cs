using System.Security.Cryptography;
using EdgeBackup.Core.Devices.Bacnet;

namespace EdgeBackup.Simulator.Bacnet;

/// <summary>What is in a File object: bytes of stream access, or records. Never changed, only replaced.</summary>
public sealed class SimulatedBacnetFile
{
    /// <summary>How many bytes of its SHA-256 a sealed content ends in.</summary>
    private const int SealLength = 8;

    private readonly IReadOnlyList<byte[]> records;
    private readonly GrowingBytes content;

    private SimulatedBacnetFile(BacnetFileAccess access, IReadOnlyList<byte[]> records, GrowingBytes content, int length)
    {
        Access = access;
        this.records = records;
        this.content = content;
        Length = length;
    }

    public BacnetFileAccess Access { get; }

    /// <summary>The bytes of a file of stream access; of one of record access all records one behind the other.</summary>
    public byte[] Bytes => Access == BacnetFileAccess.Stream ? Content.ToArray() : [.. records.SelectMany(record => record)];

    /// <summary>The records of a file of record access; one of stream access has a single one.</summary>
    public IReadOnlyList<byte[]> Records => Access == BacnetFileAccess.Stream ? [Bytes] : records;

    public int Length { get; }

    public bool IsEmpty => Access == BacnetFileAccess.Stream ? Length == 0 : records.Count == 0;

    /// <summary>Whether the content ends in its own checksum. An empty file has none and is right.</summary>
    public bool IsSealed => IsEmpty || (Access == BacnetFileAccess.Stream ? IsSealedStream(Content) : IsSealedList(records));

    /// <summary>The bytes of a file of stream access.</summary>
    internal ReadOnlySpan<byte> Content => content.Span(Length);

    public static SimulatedBacnetFile Stream(params byte[] bytes) => new(BacnetFileAccess.Stream, [], new GrowingBytes(bytes), bytes.Length);

    public static SimulatedBacnetFile OfRecords(params IEnumerable<byte[]> records)
    {
        byte[][] list = [.. records];
        return new(BacnetFileAccess.Record, list, new GrowingBytes([]), list.Sum(record => record.Length));
    }

    public static SimulatedBacnetFile Empty(BacnetFileAccess access) =>
        access == BacnetFileAccess.Stream ? Stream([]) : OfRecords([]);

    /// <summary>A file of stream access whose last bytes are the checksum that <see cref="SimulatedBacnetOptions.ChecksContent"/> asks for.</summary>
    public static SimulatedBacnetFile SealedStream(ReadOnlySpan<byte> content) => Stream([.. content, .. Seal(content)]);

    /// <summary>The same of records: the checksum is a record of its own.</summary>
    public static SimulatedBacnetFile SealedRecords(IReadOnlyList<byte[]> records) =>
        OfRecords([.. records, Seal([.. records.SelectMany(record => record)])]);

    /// <summary>The same content with one byte changed: what an altered file is.</summary>
    public SimulatedBacnetFile Altered()
    {
        var altered = Records.Select(record => (byte[])record.Clone()).ToList();
        if (altered.FirstOrDefault(record => record.Length > 0) is { } first)
        {
            first[0] ^= 0xFF;
            return Access == BacnetFileAccess.Stream ? Stream(altered[0]) : OfRecords(altered);
        }

        return Access == BacnetFileAccess.Stream ? Stream(1) : OfRecords([1]);
    }

    /// <summary>Writes over bytes, and behind them where the file is shorter; a gap is filled with zeros.</summary>
    internal SimulatedBacnetFile WriteBytes(int position, ReadOnlySpan<byte> data)
    {
        if (position == Length && content.TryAppend(Length, data))
        {
            return new SimulatedBacnetFile(Access, records, content, Length + data.Length);
        }

        var length = Math.Max(Length, position + data.Length);
        var bytes = new byte[length * 2];
        Content.CopyTo(bytes);
        data.CopyTo(bytes.AsSpan(position));
        return new SimulatedBacnetFile(Access, records, new GrowingBytes(bytes, length), length);
    }

    internal SimulatedBacnetFile WriteRecords(int position, IReadOnlyList<byte[]> written)
    {
        var list = records.ToList();
        while (list.Count < position + written.Count)
        {
            list.Add([]);
        }

        for (var number = 0; number < written.Count; number++)
        {
            list[position + number] = written[number];
        }

        return OfRecords(list);
    }

    /// <summary>Cuts, or fills up with zeros: what writing File_Size does.</summary>
    internal SimulatedBacnetFile Resize(int length)
    {
        if (Access == BacnetFileAccess.Record)
        {
            return length == 0 ? OfRecords([]) : this;
        }

        var bytes = new byte[length];
        Content[..Math.Min(length, Length)].CopyTo(bytes);
        return Stream(bytes);
    }

    /// <summary>The same of records: what writing Record_Count does.</summary>
    internal SimulatedBacnetFile ResizeRecords(int count) => OfRecords(
        Enumerable.Range(0, count).Select(number => number < records.Count ? records[number] : []));

    private static byte[] Seal(ReadOnlySpan<byte> content) => SHA256.HashData(content)[..SealLength];

    private static bool IsSealedStream(ReadOnlySpan<byte> bytes) =>
        bytes.Length >= SealLength && Seal(bytes[..^SealLength]).AsSpan().SequenceEqual(bytes[^SealLength..]);

    private static bool IsSealedList(IReadOnlyList<byte[]> records) =>
        Seal([.. records.Take(records.Count - 1).SelectMany(record => record)]).AsSpan().SequenceEqual(records[^1]);

    /// <summary>
    /// Bytes that several contents share, each its own beginning of them: appending to the longest one costs nothing, and a
    /// restore in small pieces does not copy the file with each.
    /// </summary>
    private sealed class GrowingBytes(byte[] bytes, int used)
    {
        private readonly Lock gate = new();
        private int used = used;

        public GrowingBytes(byte[] bytes)
            : this(bytes, bytes.Length)
        {
        }

        public ReadOnlySpan<byte> Span(int length) => bytes.AsSpan(0, length);

        public bool TryAppend(int length, ReadOnlySpan<byte> data)
        {
            lock (gate)
            {
                if (length != used || bytes.Length - used < data.Length)
                {
                    return false;
                }

                data.CopyTo(bytes.AsSpan(used));
                used += data.Length;
                return true;
            }
        }
    }
}
