using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Platform;

namespace EdgeBackup.Core.Repository.Keys;

/// <summary>The repository's 32-byte master key and the keys derived from it (HKDF-SHA256, RFC 5869; docs/format.md, Keys).</summary>
internal sealed class MasterKey
{
    public const int Size = 32;

    private readonly byte[] chunkId;
    private readonly byte[] subject;
    private readonly byte[] header;
    private readonly byte[] pack;

    public MasterKey(byte[] key)
    {
        Bytes = key;
        chunkId = Derive("chunk-id");
        subject = Derive("subject");
        header = Derive("header");
        pack = Derive("pack");
        SealedObjects = Derive("object");
        Gear = ReadGearTable(HKDF.Expand(HashAlgorithmName.SHA256, Derive("gear"), 256 * sizeof(ulong), Label("gear-table")));
    }

    public byte[] Bytes { get; }

    /// <summary>The key of sealed objects.</summary>
    public byte[] SealedObjects { get; }

    /// <summary>256 random words, so that the cuts tell nobody outside what a file looks like.</summary>
    public ulong[] Gear { get; }

    public static MasterKey Create(IRandomSource random)
    {
        var key = new byte[Size];
        random.Fill(key);
        return new MasterKey(key);
    }

    /// <summary>The id of a chunk with the given SHA-256.</summary>
    public ChunkId ToChunkId(ReadOnlySpan<byte> digest)
    {
        Span<byte> id = stackalloc byte[ChunkId.Size];
        HMACSHA256.HashData(chunkId, digest, id);
        return ChunkId.Read(id);
    }

    /// <summary>32 hex digits that stand for a subject in object names.</summary>
    public string ToFolder(string subjectName) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(subject, Encoding.UTF8.GetBytes(subjectName)).AsSpan(0, 16));

    public byte[] AuthenticateHeader(ReadOnlySpan<byte> content) => HMACSHA256.HashData(header, content);

    public byte[] ToPackKey(ReadOnlySpan<byte> salt) => DeriveSalted(pack, salt, "pack");

    public static byte[] DeriveSalted(byte[] key, ReadOnlySpan<byte> salt, string label)
    {
        var output = new byte[Size];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, key, output, salt, Label(label));
        return output;
    }

    private byte[] Derive(string label) => DeriveSalted(Bytes, [], label);

    private static byte[] Label(string name) => Encoding.ASCII.GetBytes("edgebackup/1/" + name);

    private static ulong[] ReadGearTable(byte[] bytes)
    {
        var table = new ulong[256];
        for (var index = 0; index < table.Length; index++)
        {
            table[index] = BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(index * sizeof(ulong)));
        }

        return table;
    }
}
