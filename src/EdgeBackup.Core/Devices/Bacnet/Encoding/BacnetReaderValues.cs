using System.Buffers.Binary;

namespace EdgeBackup.Core.Devices.Bacnet;

public ref partial struct BacnetReader
{
    /// <summary>The most values that one property or construct is read into: a list longer than that fits no message.</summary>
    private const int MostValues = 200_000;

    /// <summary>Reads the next value: application-tagged ones by their type, context-tagged ones and constructs as their bytes.</summary>
    public bool TryReadValue(out BacnetValue value)
    {
        value = BacnetValue.Null;
        var start = Position;
        if (!TryPeekTag(out var tag))
        {
            return TryReadTag(out _);
        }

        if (tag.IsContext)
        {
            if (!TryReadRaw(out var raw))
            {
                return false;
            }

            value = BacnetValue.OfRaw(raw);
            return true;
        }

        if (IsInTag(tag))
        {
            if (!TryReadBoolean(out var boolean))
            {
                return false;
            }

            value = BacnetValue.OfBoolean(boolean);
            return true;
        }

        if (!TryReadContent(tag.Number, isContext: false, out var content))
        {
            return false;
        }

        var read = Decode((BacnetType)tag.Number, content);
        if (read is null)
        {
            return Back(start);
        }

        value = read;
        return true;
    }

    /// <summary>Reads values up to a closing tag, which is read too.</summary>
    public bool TryReadValues(byte closing, out List<BacnetValue> values)
    {
        values = [];
        var start = Position;
        while (!IsClosing(closing))
        {
            if (values.Count == MostValues)
            {
                return Back(start, "too many values");
            }

            if (!TryReadValue(out var value))
            {
                return Back(start);
            }

            values.Add(value);
        }

        return TryReadClosing(closing);
    }

    /// <returns>Null with <see cref="Fault"/> where the content does not fit the type.</returns>
    private BacnetValue? Decode(BacnetType type, ReadOnlySpan<byte> content)
    {
        switch (type)
        {
            case BacnetType.Null when content.IsEmpty:
                return BacnetValue.Null;
            case BacnetType.Unsigned when DecodeUnsigned(content) is { } unsigned:
                return BacnetValue.OfUnsigned(unsigned);
            case BacnetType.Signed when DecodeSigned(content) is { } signed:
                return BacnetValue.OfSigned(signed);
            case BacnetType.Real when content.Length == 4:
                return BacnetValue.OfReal(BinaryPrimitives.ReadSingleBigEndian(content));
            case BacnetType.Double when content.Length == 8:
                return BacnetValue.OfDouble(BinaryPrimitives.ReadDoubleBigEndian(content));
            case BacnetType.OctetString:
                return BacnetValue.OfOctets(content);
            case BacnetType.CharacterString:
                if (BacnetText.TryDecode(content, out var text, out var fault))
                {
                    return BacnetValue.OfText(text);
                }

                Fault = fault;
                return null;
            case BacnetType.BitString:
                return DecodeBits(content) is { } bits ? BacnetValue.OfBits(bits) : null;
            case BacnetType.Enumerated when DecodeUnsigned(content) is <= uint.MaxValue and { } enumerated:
                return BacnetValue.OfEnumerated((uint)enumerated);
            case BacnetType.Date when content.Length == 4:
                return BacnetValue.OfDate(new BacnetDate(content[0], content[1], content[2], content[3]));
            case BacnetType.Time when content.Length == 4:
                return BacnetValue.OfTime(new BacnetTime(content[0], content[1], content[2], content[3]));
            case BacnetType.ObjectId when content.Length == 4:
                return BacnetValue.OfObjectId(BacnetObjectId.FromBits(BinaryPrimitives.ReadUInt32BigEndian(content)));
            default:
                Fault = type <= BacnetType.ObjectId ? $"a value of type {type} with {content.Length} bytes" : $"a value of the reserved type {(byte)type}";
                return null;
        }
    }

    private BacnetBits? DecodeBits(ReadOnlySpan<byte> content)
    {
        if (content.IsEmpty || content[0] > 7 || (content.Length == 1 && content[0] != 0))
        {
            Fault = "a bit string whose count of unused bits is wrong";
            return null;
        }

        return new BacnetBits(content[1..], ((content.Length - 1) * 8) - content[0]);
    }

    private static ulong? DecodeUnsigned(ReadOnlySpan<byte> content)
    {
        if (content.Length is 0 or > 8)
        {
            return null;
        }

        ulong value = 0;
        foreach (var part in content)
        {
            value = value << 8 | part;
        }

        return value;
    }

    private static long? DecodeSigned(ReadOnlySpan<byte> content)
    {
        if (content.Length is 0 or > 8)
        {
            return null;
        }

        long value = (sbyte)content[0];
        foreach (var part in content[1..])
        {
            value = value << 8 | part;
        }

        return value;
    }
}
