using System.Runtime.InteropServices;

namespace EdgeBackup.Core.Items;

/// <summary>A chunk's name: 32 bytes, HMAC-SHA-256 under a key of the repository (docs/format.md).</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct ChunkId(ulong A, ulong B, ulong C, ulong D)
{
    /// <summary>Bytes in an id.</summary>
    public const int Size = 32;

    /// <summary>Reads an id from 32 bytes.</summary>
    /// <exception cref="ArgumentException"><paramref name="bytes"/> is not 32 bytes long.</exception>
    public static ChunkId Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size)
        {
            throw new ArgumentException("A chunk id has 32 bytes.", nameof(bytes));
        }

        return MemoryMarshal.Read<ChunkId>(bytes);
    }

    /// <summary>Writes the 32 bytes of the id.</summary>
    public void Write(Span<byte> destination) => MemoryMarshal.Write(destination, this);

    /// <summary>64 lower-case hex digits.</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Size];
        Write(bytes);
        return Convert.ToHexStringLower(bytes);
    }
}
