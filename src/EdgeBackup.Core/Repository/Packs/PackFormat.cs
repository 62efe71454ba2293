using System.Buffers.Binary;
using System.Security.Cryptography;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository.Chunks;
using EdgeBackup.Core.Repository.Keys;
using EdgeBackup.Core.Repository.Recovery;

namespace EdgeBackup.Core.Repository.Packs;

/// <summary>A chunk's place in a pack.</summary>
/// <param name="Id">Whose bytes these are.</param>
/// <param name="Offset">From the pack's beginning.</param>
/// <param name="StoredLength">Bytes in the pack, the tag included.</param>
/// <param name="RawLength">Bytes of the chunk itself.</param>
/// <param name="Codec">One of <see cref="ChunkCodec"/>.</param>
internal readonly record struct PackEntry(ChunkId Id, int Offset, int StoredLength, int RawLength, byte Codec);

/// <summary>A pack and what is in it.</summary>
/// <param name="Hash">64 hex digits: the SHA-256 of its bytes.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Entries">In the order of their offsets.</param>
internal sealed record PackListing(string Hash, int Length, IReadOnlyList<PackEntry> Entries)
{
    public string Name => PackFormat.ToName(Hash);
}

/// <summary>The byte layout of packs (docs/format.md, Packs).</summary>
internal static class PackFormat
{
    public const string Folder = "packs/";
    public const int SaltSize = 32;
    public const int HeaderSize = 12 + SaltSize;
    public const int TagSize = 16;
    public const int EntrySize = ChunkId.Size + 4 + 4 + 1;
    public const int TrailerSize = 16;
    public const int SmallestBody = HeaderSize + TagSize + TrailerSize;
    public const int NonceSize = 12;
    public const int ChunkDataSize = ChunkId.Size + 4 + 1;

    /// <summary>The version of the packs of format 2, which may end in a recovery section.</summary>
    public const byte NewestVersion = 2;
    private const ulong DirectoryNonce = ulong.MaxValue;

    private static ReadOnlySpan<byte> Magic => "EDGEPACK"u8;

    private static ReadOnlySpan<byte> TrailerMagic => "EDGEPEND"u8;

    public static string ToName(string hash) => $"{Folder}{hash[..2]}/{hash}";

    /// <returns>Null for a name that no pack has.</returns>
    public static string? ToHash(string name)
    {
        var hash = name[(name.LastIndexOf('/') + 1)..];
        return hash.Length == 64 && hash.All(char.IsAsciiHexDigitLower) && ToName(hash) == name ? hash : null;
    }

    /// <summary>A repository's packs have the version of its format.</summary>
    public static void WriteHeader(Span<byte> header, byte version, ReadOnlySpan<byte> salt)
    {
        header[..HeaderSize].Clear();
        Magic.CopyTo(header);
        header[8] = version;
        salt.CopyTo(header[12..]);
    }

    /// <returns>The salt.</returns>
    public static ReadOnlySpan<byte> ReadHeader(string name, ReadOnlySpan<byte> header) =>
        header.Length >= HeaderSize && header.StartsWith(Magic) && header[8] is >= 1 and <= NewestVersion
            ? header.Slice(12, SaltSize)
            : throw new ObjectDamagedException(name, "its first bytes are not those of a pack");

    /// <summary>Where the recovery section begins, by the pack's last bytes.</summary>
    /// <param name="end">The last <see cref="RecoveryGeometry.HeadSize"/> bytes of the pack, or all of a shorter one.</param>
    /// <param name="packLength">Bytes of the whole pack.</param>
    /// <returns>The length of the pack without its recovery section: its own, where it has none.</returns>
    public static long FindBodyLength(ReadOnlySpan<byte> end, long packLength) =>
        RecoveryGeometry.TryReadHead(end) is { BodyLength: >= SmallestBody } geometry && geometry.TotalLength == packLength ? geometry.BodyLength : packLength;

    /// <summary>The same from a list of its chunks, for a pack whose end is damaged.</summary>
    public static int GetBodyLength(PackListing listing) =>
        HeaderSize + listing.Entries.Sum(entry => entry.StoredLength) + (listing.Entries.Count * EntrySize) + TagSize + TrailerSize;

    public static void WriteTrailer(Span<byte> trailer, int directoryLength, int entries)
    {
        BinaryPrimitives.WriteInt32LittleEndian(trailer, directoryLength);
        BinaryPrimitives.WriteInt32LittleEndian(trailer[4..], entries);
        TrailerMagic.CopyTo(trailer[8..]);
    }

    /// <param name="name">For the message.</param>
    /// <param name="trailer">The last bytes before the recovery section.</param>
    /// <param name="bodyLength">Bytes of the pack without that section.</param>
    /// <returns>The length of the sealed directory and the number of its entries.</returns>
    public static (int DirectoryLength, int Entries) ReadTrailer(string name, ReadOnlySpan<byte> trailer, long bodyLength)
    {
        if (trailer.Length != TrailerSize || !trailer[8..].SequenceEqual(TrailerMagic))
        {
            throw new ObjectDamagedException(name, "its end is missing");
        }

        var length = BinaryPrimitives.ReadInt32LittleEndian(trailer);
        var entries = BinaryPrimitives.ReadInt32LittleEndian(trailer[4..]);
        return entries >= 0 && length == ((long)entries * EntrySize) + TagSize && length + HeaderSize + TrailerSize <= bodyLength
            ? (length, entries)
            : throw new ObjectDamagedException(name, "its end was altered");
    }

    /// <summary>A nonce is the offset at which the sealed bytes begin; no two in a pack are the same.</summary>
    public static void WriteNonce(Span<byte> nonce, int offset)
    {
        nonce.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(nonce, (ulong)offset);
    }

    public static void WriteDirectoryNonce(Span<byte> nonce)
    {
        nonce.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(nonce, DirectoryNonce);
    }

    /// <summary>What a chunk's seal is bound to besides its bytes.</summary>
    public static void WriteChunkData(Span<byte> data, ChunkId id, int rawLength, byte codec)
    {
        id.Write(data[..ChunkId.Size]);
        BinaryPrimitives.WriteInt32LittleEndian(data[ChunkId.Size..], rawLength);
        data[ChunkId.Size + 4] = codec;
    }

    public static void WriteEntry(Span<byte> destination, PackEntry entry)
    {
        entry.Id.Write(destination[..ChunkId.Size]);
        BinaryPrimitives.WriteInt32LittleEndian(destination[ChunkId.Size..], entry.StoredLength);
        BinaryPrimitives.WriteInt32LittleEndian(destination[(ChunkId.Size + 4)..], entry.RawLength);
        destination[ChunkId.Size + 8] = entry.Codec;
    }

    /// <summary>Reads entries; the chunks stand one behind the other, so offsets are sums of lengths.</summary>
    /// <param name="name">For the message.</param>
    /// <param name="bytes">A multiple of <see cref="EntrySize"/>.</param>
    /// <param name="packLength">For the bounds.</param>
    public static PackEntry[] ReadEntries(string name, ReadOnlySpan<byte> bytes, long packLength)
    {
        var entries = new PackEntry[bytes.Length / EntrySize];
        var offset = HeaderSize;
        for (var index = 0; index < entries.Length; index++)
        {
            entries[index] = ReadEntry(bytes.Slice(index * EntrySize, EntrySize), offset);
            offset = Next(name, entries[index], packLength);
        }

        return entries;
    }

    /// <summary>Checks entries as <see cref="ReadEntries"/> does, and keeps nothing.</summary>
    public static void CheckEntries(string name, ReadOnlySpan<byte> bytes, long packLength)
    {
        var offset = HeaderSize;
        for (; bytes.Length >= EntrySize; bytes = bytes[EntrySize..])
        {
            offset = Next(name, ReadEntry(bytes[..EntrySize], offset), packLength);
        }
    }

    /// <summary>Reads one entry.</summary>
    /// <param name="bytes">Of <see cref="EntrySize"/>; checked before.</param>
    /// <param name="offset">Where the chunk begins in its pack.</param>
    public static PackEntry ReadEntry(ReadOnlySpan<byte> bytes, int offset) => new(
        ChunkId.Read(bytes[..ChunkId.Size]),
        offset,
        BinaryPrimitives.ReadInt32LittleEndian(bytes[ChunkId.Size..]),
        BinaryPrimitives.ReadInt32LittleEndian(bytes[(ChunkId.Size + 4)..]),
        bytes[ChunkId.Size + 8]);

    /// <summary>Opens a pack's own directory.</summary>
    public static PackEntry[] OpenDirectory(
        string name, MasterKey master, ReadOnlySpan<byte> header, ReadOnlySpan<byte> directory, ReadOnlySpan<byte> trailer, long bodyLength)
    {
        var plain = new byte[directory.Length - TagSize];
        Span<byte> nonce = stackalloc byte[NonceSize];
        WriteDirectoryNonce(nonce);
        using var cipher = new AesGcm(master.ToPackKey(ReadHeader(name, header)), TagSize);
        try
        {
            cipher.Decrypt(nonce, directory[..plain.Length], directory[plain.Length..], plain, DirectoryData(header, trailer));
        }
        catch (AuthenticationTagMismatchException exception)
        {
            throw new ObjectDamagedException(name, "its list of chunks was altered", exception);
        }

        return ReadEntries(name, plain, bodyLength - TrailerSize - directory.Length);
    }

    /// <returns>Where the next chunk begins.</returns>
    private static int Next(string name, PackEntry entry, long packLength) =>
        entry.StoredLength >= TagSize && entry.StoredLength <= Chunker.MaximumSize + TagSize
        && entry.RawLength is >= 0 and <= Chunker.MaximumSize
        && (long)entry.Offset + entry.StoredLength <= packLength
            ? entry.Offset + entry.StoredLength
            : throw new ObjectDamagedException(name, "its list of chunks does not fit its length");

    public static byte[] DirectoryData(ReadOnlySpan<byte> header, ReadOnlySpan<byte> trailer) => [.. header[..HeaderSize], .. trailer];

    /// <summary>Unseals and expands one chunk.</summary>
    /// <param name="name">The pack's name, for the message.</param>
    /// <param name="key">The pack's key.</param>
    /// <param name="entry">The chunk.</param>
    /// <param name="sealedBytes">Its bytes in the pack, tag included; overwritten.</param>
    /// <param name="plain">At least <see cref="PackEntry.RawLength"/> bytes.</param>
    public static void OpenChunk(string name, byte[] key, PackEntry entry, Span<byte> sealedBytes, Span<byte> plain)
    {
        Unseal(name, key, entry, sealedBytes);
        if (!ChunkCodec.TryExpand(entry.Codec, sealedBytes[..^TagSize], plain[..entry.RawLength]))
        {
            throw new ObjectDamagedException(name, "a chunk in it is stored in a way that is not known");
        }
    }

    /// <summary>Unseals one chunk in place, and leaves it compressed.</summary>
    public static void Unseal(string name, byte[] key, PackEntry entry, Span<byte> sealedBytes)
    {
        Span<byte> nonce = stackalloc byte[NonceSize];
        Span<byte> data = stackalloc byte[ChunkDataSize];
        WriteNonce(nonce, entry.Offset);
        WriteChunkData(data, entry.Id, entry.RawLength, entry.Codec);
        var stored = sealedBytes[..^TagSize];

        // A cipher object must not be used by two threads at once, and making one is cheap beside a chunk.
        using var cipher = new AesGcm(key, TagSize);
        try
        {
            cipher.Decrypt(nonce, stored, sealedBytes[^TagSize..], stored, data);
        }
        catch (AuthenticationTagMismatchException exception)
        {
            throw new ObjectDamagedException(name, "bytes in it were altered", exception);
        }
    }
}
