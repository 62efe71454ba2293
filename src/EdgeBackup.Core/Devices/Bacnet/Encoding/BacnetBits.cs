namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>A row of bits; the first is bit 0 (clause 20.2.10).</summary>
public sealed class BacnetBits : IEquatable<BacnetBits>
{
    private readonly byte[] bytes;

    /// <param name="bytes">The first bit is the highest of the first byte.</param>
    /// <param name="count">How many bits of them count.</param>
    public BacnetBits(ReadOnlySpan<byte> bytes, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, bytes.Length * 8);
        this.bytes = bytes[..((count + 7) / 8)].ToArray();
        Count = count;
        if (count % 8 != 0)
        {
            this.bytes[^1] &= (byte)(0xFF << (8 - (count % 8)));
        }
    }

    public int Count { get; }

    /// <summary>The bits as they are sent, without the count of those unused.</summary>
    public ReadOnlyMemory<byte> Bytes => bytes;

    /// <summary>Whether a bit is set; one past the end is not.</summary>
    public bool this[int bit] => bit >= 0 && bit < Count && (bytes[bit / 8] & (0x80 >> (bit % 8))) != 0;

    /// <summary>Makes a row of the given length with some bits set.</summary>
    public static BacnetBits Of(int count, params ReadOnlySpan<int> set)
    {
        var bytes = new byte[(count + 7) / 8];
        foreach (var bit in set)
        {
            bytes[bit / 8] |= (byte)(0x80 >> (bit % 8));
        }

        return new BacnetBits(bytes, count);
    }

    public bool Equals(BacnetBits? other) => other is not null && Count == other.Count && bytes.AsSpan().SequenceEqual(other.bytes);

    public override bool Equals(object? obj) => Equals(obj as BacnetBits);

    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.Add(Count);
        hash.AddBytes(bytes);
        return hash.ToHashCode();
    }
}
