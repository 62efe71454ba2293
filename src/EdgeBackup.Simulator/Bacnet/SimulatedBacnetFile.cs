using System.Security.Cryptography;
using EdgeBackup.Core.Devices.Bacnet;

namespace EdgeBackup.Simulator.Bacnet;

/// <summary>What is in a File object: bytes of stream access, or records. Never changed, only replaced.</summary>
public sealed class SimulatedBacnetFile
{
    /// <summary>How many bytes of its SHA-256 a sealed content ends in.</summary>
    private const int SealLength = 8;

    private SimulatedBacnetFile(BacnetFileAccess access, IReadOnlyList<byte[]> records)
    {
        Access = access;
        Records = records;
    }

    public BacnetFileAccess Access { get; }

    /// <summary>The bytes of a file of stream access; of one of record access all records one behind the other.</summary>
    public byte[] Bytes => Access == BacnetFileAccess.Stream ? Records[0] : [.. Records.SelectMany(record => record)];

    /// <summary>The records of a file of record access; one of stream access has a single one.</summary>
    public IReadOnlyList<byte[]> Records { get; }

    public int Length => Records.Sum(record => record.Length);

    public bool IsEmpty => Access == BacnetFileAccess.Stream ? Records[0].Length == 0 : Records.Count == 0;

    /// <summary>Whether the content ends in its own checksum. An empty file has none and is right.</summary>
    public bool IsSealed => IsEmpty || (Access == BacnetFileAccess.Stream ? IsSealedStream(Records[0]) : IsSealedList(Records));

    public static SimulatedBacnetFile Stream(params byte[] bytes) => new(BacnetFileAccess.Stream, [bytes]);

    public static SimulatedBacnetFile OfRecords(params IEnumerable<byte[]> records) => new(BacnetFileAccess.Record, [.. records]);

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
        var records = Records.Select(record => (byte[])record.Clone()).ToList();
        if (records.FirstOrDefault(record => record.Length > 0) is { } first)
        {
            first[0] ^= 0xFF;
            return new SimulatedBacnetFile(Access, records);
        }

        return Access == BacnetFileAccess.Stream ? Stream(1) : OfRecords([1]);
    }

    /// <summary>Writes over bytes, and behind them where the file is shorter; a gap is filled with zeros.</summary>
    internal SimulatedBacnetFile WriteBytes(int position, ReadOnlySpan<byte> data)
    {
        var bytes = new byte[Math.Max(Records[0].Length, position + data.Length)];
        Records[0].CopyTo(bytes, 0);
        data.CopyTo(bytes.AsSpan(position));
        return Stream(bytes);
    }

    internal SimulatedBacnetFile WriteRecords(int position, IReadOnlyList<byte[]> written)
    {
        var records = Records.ToList();
        while (records.Count < position + written.Count)
        {
            records.Add([]);
        }

        for (var number = 0; number < written.Count; number++)
        {
            records[position + number] = written[number];
        }

        return OfRecords(records);
    }

    /// <summary>Cuts, or fills up with zeros: what writing File_Size does.</summary>
    internal SimulatedBacnetFile Resize(int length)
    {
        if (Access == BacnetFileAccess.Record)
        {
            return length == 0 ? OfRecords([]) : this;
        }

        var bytes = new byte[length];
        Records[0].AsSpan(0, Math.Min(length, Records[0].Length)).CopyTo(bytes);
        return Stream(bytes);
    }

    /// <summary>The same of records: what writing Record_Count does.</summary>
    internal SimulatedBacnetFile ResizeRecords(int count) => OfRecords(
        Enumerable.Range(0, count).Select(number => number < Records.Count ? Records[number] : []));

    private static byte[] Seal(ReadOnlySpan<byte> content) => SHA256.HashData(content)[..SealLength];

    private static bool IsSealedStream(ReadOnlySpan<byte> bytes) =>
        bytes.Length >= SealLength && Seal(bytes[..^SealLength]).AsSpan().SequenceEqual(bytes[^SealLength..]);

    private static bool IsSealedList(IReadOnlyList<byte[]> records) =>
        Seal([.. records.Take(records.Count - 1).SelectMany(record => record)]).AsSpan().SequenceEqual(records[^1]);
}
