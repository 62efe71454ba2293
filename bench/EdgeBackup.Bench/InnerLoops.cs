using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using BenchmarkDotNet.Attributes;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Platform;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Repository.Backups;
using EdgeBackup.Core.Repository.Chunks;
using EdgeBackup.Core.Repository.Index;
using EdgeBackup.Core.Repository.Keys;
using EdgeBackup.Core.Repository.Packs;

namespace EdgeBackup.Bench;

/// <summary>What every byte or every chunk passes through.</summary>
public class InnerLoops : IDisposable
{
    /// <summary>Bytes of the chunk that most of these work on: the average one.</summary>
    public const int ChunkBytes = 64 * 1024;

    /// <summary>Bytes of the stream that is cut.</summary>
    public const int StreamBytes = 8 * 1024 * 1024;

    private const int InPack = 64;
    private const int TableSize = 1_000_000;
    private const int Inserted = 100_000;

    private readonly MasterKey master = new([.. Enumerable.Range(1, 32).Select(value => (byte)value)]);
    private readonly SystemRandom random = new();
    private readonly PackBuilder builder = new(new RepositoryHeader(new string('0', 32), 2, DateTimeOffset.UnixEpoch) { RedundancyPercent = 1 });
    private readonly byte[] stream = Bytes(1, StreamBytes);
    private readonly byte[] random64 = Bytes(2, ChunkBytes);
    private readonly byte[] logs = Logs(3);
    private readonly byte[] binary = Binary(4);
    private readonly byte[] output = new byte[ChunkCodec.BufferSize(ChunkBytes)];
    private readonly byte[] plain = new byte[ChunkBytes];
    private readonly ChunkTable table = new([]);
    private readonly ChunkId[] ids = [.. Enumerable.Range(0, TableSize).Select(number => ChunkId.Read(SHA256.HashData(BitConverter.GetBytes(number))))];
    private readonly ArrayBufferWriter<byte> lines = new();
    private readonly byte[] line;
    private readonly SavedItem item;
    private readonly PackListing listing;
    private readonly byte[] sealedChunk;
    private readonly byte[] opened;
    private readonly byte[] packKey;
    private readonly PackEntry sealedEntry;
    private int next;

    public InnerLoops()
    {
        var entries = ids.Select((id, number) => new PackEntry(id, PackFormat.HeaderSize, ChunkBytes, ChunkBytes, 0)).ToArray();
        table.Reserve(TableSize);
        table.Add(new PackListing(new string('a', 64), ChunkBytes, entries));
        listing = new PackListing(new string('b', 64), ChunkBytes, entries[..Inserted]);
        item = new SavedItem
        {
            Item = new Item { Path = "logs/charge-point-07/2026-11-21.log", Length = ChunkBytes, Modified = DateTimeOffset.UnixEpoch.AddDays(20_000), Stamp = "65536-1763700000", UnixMode = 420 },
            Digest = Convert.ToHexStringLower(SHA256.HashData(random64)),
            Chunks = [master.ToChunkId(SHA256.HashData(random64))],
        };
        ManifestCodec.Write(lines, item);
        line = lines.WrittenSpan.TrimEnd("\n"u8).ToArray();
        builder.Begin(master, random);
        builder.Append(ids[0], ChunkBytes, ChunkCodec.Raw, random64);
        sealedEntry = builder.Entries[0];
        var pack = builder.Finish();
        packKey = master.ToPackKey(PackFormat.ReadHeader("pack", pack.Span[..PackFormat.HeaderSize]));
        sealedChunk = pack.Slice(sealedEntry.Offset, sealedEntry.StoredLength).ToArray();
        opened = new byte[sealedChunk.Length];
    }

    [Benchmark(Description = "cut search, 8 MiB")]
    public int FindCuts()
    {
        var chunker = new Chunker(master.Gear);
        var cuts = 0;
        for (var rest = stream.AsSpan(); rest.Length > 0; cuts++)
        {
            rest = rest[chunker.FindCut(rest)..];
        }

        return cuts;
    }

    [Benchmark(Description = "hash and id, 64 KiB")]
    public ChunkId HashAndId() => master.ToChunkId(SHA256.HashData(random64));

    [Benchmark(Description = "Brotli 1, logs, 64 KiB")]
    public int CompressLogs() => ChunkCodec.TryCompress(logs, output);

    [Benchmark(Description = "Brotli 1, binaries, 64 KiB")]
    public int CompressBinary() => ChunkCodec.TryCompress(binary, output);

    [Benchmark(Description = "Brotli 1, random, 64 KiB")]
    public int CompressRandom() => ChunkCodec.TryCompress(random64, output);

    [Benchmark(Description = "seal, 64 KiB", OperationsPerInvoke = InPack)]
    public int Seal()
    {
        builder.Begin(master, random);
        for (var chunk = 0; chunk < InPack; chunk++)
        {
            builder.Append(ids[chunk], ChunkBytes, ChunkCodec.Raw, random64);
        }

        return builder.Entries.Count;
    }

    [Benchmark(Description = "unseal, 64 KiB")]
    public byte Unseal()
    {
        sealedChunk.CopyTo(opened, 0);
        PackFormat.OpenChunk("pack", packKey, sealedEntry, opened, plain);
        return plain[0];
    }

    [Benchmark(Description = "chunk table, look-up among 1,000,000")]
    public bool LookUp()
    {
        next = (next + 7919) % TableSize;
        return table.TryFind(ids[next], reliable: true, out _);
    }

    [Benchmark(Description = "chunk table, insert", OperationsPerInvoke = Inserted)]
    public int Insert()
    {
        var fresh = new ChunkTable([]);
        fresh.Reserve(Inserted);
        fresh.Add(listing);
        return fresh.Count;
    }

    [Benchmark(Description = "item list, write a line")]
    public int WriteLine()
    {
        lines.ResetWrittenCount();
        ManifestCodec.Write(lines, item);
        return lines.WrittenCount;
    }

    [Benchmark(Description = "item list, read a line")]
    public SavedItem ReadLine() => ManifestCodec.Read(line, master);

    public void Dispose()
    {
        builder.Dispose();
        GC.SuppressFinalize(this);
    }

    private static byte[] Bytes(int seed, int length)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private static byte[] Logs(int seed)
    {
        var words = new Random(seed);
        var text = new StringBuilder();
        for (var time = 1_700_000_000L; text.Length < ChunkBytes; time += words.Next(1, 60))
        {
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"{time} [INFO] cp{words.Next(1, 20):00} meter energy={words.Next(100_000)} session id={words.Next():x8}\n");
        }

        return Encoding.ASCII.GetBytes(text.ToString(0, ChunkBytes));
    }

    /// <summary>The runtime's own machine code, the same for everybody who has this runtime.</summary>
    private static byte[] Binary(int part)
    {
        using var file = File.OpenRead(typeof(object).Assembly.Location);
        file.Position = (long)part * 1024 * 1024;
        var bytes = new byte[ChunkBytes];
        file.ReadExactly(bytes);
        return bytes;
    }
}
