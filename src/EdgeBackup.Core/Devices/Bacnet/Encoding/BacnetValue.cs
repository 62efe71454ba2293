using System.Globalization;

namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>
/// A value with its application tag, or a context-tagged one kept as its bytes. The <c>As…</c> properties are null where
/// the value is of another kind.
/// </summary>
public sealed class BacnetValue : IEquatable<BacnetValue>
{
    private readonly ulong number;
    private readonly object? content;

    private BacnetValue(BacnetType type, ulong number, object? content = null)
    {
        Type = type;
        this.number = number;
        this.content = content;
    }

    public static BacnetValue Null { get; } = new(BacnetType.Null, 0);

    public BacnetType Type { get; }

    public bool IsNull => Type == BacnetType.Null;

    public bool? AsBoolean => Type == BacnetType.Boolean ? number != 0 : null;

    public ulong? AsUnsigned => Type == BacnetType.Unsigned ? number : null;

    public long? AsSigned => Type == BacnetType.Signed ? (long)number : null;

    /// <summary>A Real or a Double.</summary>
    public double? AsNumber => Type switch
    {
        BacnetType.Real => BitConverter.UInt32BitsToSingle((uint)number),
        BacnetType.Double => BitConverter.UInt64BitsToDouble(number),
        _ => null,
    };

    public ReadOnlyMemory<byte>? AsOctets => Type == BacnetType.OctetString ? (byte[])content! : null;

    public string? AsText => Type == BacnetType.CharacterString ? (string)content! : null;

    public BacnetBits? AsBits => Type == BacnetType.BitString ? (BacnetBits)content! : null;

    public uint? AsEnumerated => Type == BacnetType.Enumerated ? (uint)number : null;

    public BacnetDate? AsDate => Type == BacnetType.Date
        ? new BacnetDate((byte)(number >> 24), (byte)(number >> 16), (byte)(number >> 8), (byte)number)
        : null;

    public BacnetTime? AsTime => Type == BacnetType.Time
        ? new BacnetTime((byte)(number >> 24), (byte)(number >> 16), (byte)(number >> 8), (byte)number)
        : null;

    public BacnetObjectId? AsObjectId => Type == BacnetType.ObjectId ? BacnetObjectId.FromBits((uint)number) : null;

    /// <summary>A context-tagged value or construct, tags included.</summary>
    public ReadOnlyMemory<byte>? AsRaw => Type == BacnetType.Context ? (byte[])content! : null;

    public static BacnetValue OfBoolean(bool value) => new(BacnetType.Boolean, value ? 1u : 0);

    public static BacnetValue OfUnsigned(ulong value) => new(BacnetType.Unsigned, value);

    public static BacnetValue OfSigned(long value) => new(BacnetType.Signed, (ulong)value);

    public static BacnetValue OfReal(float value) => new(BacnetType.Real, BitConverter.SingleToUInt32Bits(value));

    public static BacnetValue OfDouble(double value) => new(BacnetType.Double, BitConverter.DoubleToUInt64Bits(value));

    public static BacnetValue OfOctets(ReadOnlySpan<byte> value) => new(BacnetType.OctetString, 0, value.ToArray());

    public static BacnetValue OfText(string value) => new(BacnetType.CharacterString, 0, value);

    public static BacnetValue OfBits(BacnetBits value) => new(BacnetType.BitString, 0, value);

    public static BacnetValue OfEnumerated(uint value) => new(BacnetType.Enumerated, value);

    public static BacnetValue OfDate(BacnetDate value) =>
        new(BacnetType.Date, (uint)(value.Year << 24 | value.Month << 16 | value.Day << 8 | value.Weekday));

    public static BacnetValue OfTime(BacnetTime value) =>
        new(BacnetType.Time, (uint)(value.Hour << 24 | value.Minute << 16 | value.Second << 8 | value.Hundredths));

    public static BacnetValue OfObjectId(BacnetObjectId value) => new(BacnetType.ObjectId, value.ToBits());

    /// <param name="tagged">One context-tagged value or construct, tags included.</param>
    public static BacnetValue OfRaw(ReadOnlySpan<byte> tagged) => new(BacnetType.Context, 0, tagged.ToArray());

    public bool Equals(BacnetValue? other) =>
        other is not null && Type == other.Type && number == other.number
        && (content is byte[] bytes ? bytes.AsSpan().SequenceEqual((byte[])other.content!) : Equals(content, other.content));

    public override bool Equals(object? obj) => Equals(obj as BacnetValue);

    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.Add(Type);
        hash.Add(number);
        if (content is byte[] bytes)
        {
            hash.AddBytes(bytes);
        }
        else
        {
            hash.Add(content);
        }

        return hash.ToHashCode();
    }

    /// <summary>The value for people, in the invariant culture.</summary>
    public override string ToString() => Type switch
    {
        BacnetType.Null => "null",
        BacnetType.Boolean => number != 0 ? "true" : "false",
        BacnetType.Signed => ((long)number).ToString(CultureInfo.InvariantCulture),
        BacnetType.Real => BitConverter.UInt32BitsToSingle((uint)number).ToString("R", CultureInfo.InvariantCulture),
        BacnetType.Double => BitConverter.UInt64BitsToDouble(number).ToString("R", CultureInfo.InvariantCulture),
        BacnetType.OctetString or BacnetType.Context => Convert.ToHexString((byte[])content!),
        BacnetType.CharacterString => (string)content!,
        BacnetType.BitString => string.Concat(Enumerable.Range(0, AsBits!.Count).Select(bit => AsBits[bit] ? '1' : '0')),
        BacnetType.Date => AsDate!.Value.ToDate()?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) ?? AsDate.ToString()!,
        BacnetType.Time => AsTime!.Value.ToTime()?.ToString("HH:mm:ss.ff", CultureInfo.InvariantCulture) ?? AsTime.ToString()!,
        BacnetType.ObjectId => AsObjectId!.Value.ToString(),
        _ => number.ToString(CultureInfo.InvariantCulture),
    };
}
