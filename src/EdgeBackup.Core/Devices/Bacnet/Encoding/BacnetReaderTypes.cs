using System.Buffers.Binary;

namespace EdgeBackup.Core.Devices.Bacnet;

public ref partial struct BacnetReader
{
    public bool TryReadBoolean(out bool value)
    {
        value = false;
        var start = Position;
        if (!TryReadTag(out var tag))
        {
            return false;
        }

        if (!IsInTag(tag) || tag.Length > 1)
        {
            return Back(start, "no Boolean");
        }

        value = tag.Length == 1;
        return true;
    }

    public bool TryReadUnsigned(out uint value) => TryReadUnsigned((byte)BacnetType.Unsigned, isContext: false, out value);

    public bool TryReadEnumerated(out uint value) => TryReadUnsigned((byte)BacnetType.Enumerated, isContext: false, out value);

    public bool TryReadSigned(out int value) => TryReadSigned((byte)BacnetType.Signed, isContext: false, out value);

    public bool TryReadOctets(out ReadOnlySpan<byte> value) => TryReadContent((byte)BacnetType.OctetString, isContext: false, out value);

    public bool TryReadText(out string value) => TryReadText((byte)BacnetType.CharacterString, isContext: false, out value);

    public bool TryReadObjectId(out BacnetObjectId value) => TryReadObjectId((byte)BacnetType.ObjectId, isContext: false, out value);

    public bool TryReadBits(out BacnetBits value)
    {
        value = new BacnetBits([], 0);
        var start = Position;
        if (!TryReadContent((byte)BacnetType.BitString, isContext: false, out var content))
        {
            return false;
        }

        var bits = DecodeBits(content);
        value = bits ?? value;
        return bits is not null || Back(start);
    }

    public bool TryReadDate(out BacnetDate value)
    {
        value = default;
        var start = Position;
        if (!TryReadContent((byte)BacnetType.Date, isContext: false, out var content))
        {
            return false;
        }

        if (content.Length != 4)
        {
            return Back(start, "a Date that is not four bytes");
        }

        value = new BacnetDate(content[0], content[1], content[2], content[3]);
        return true;
    }

    public bool TryReadTime(out BacnetTime value)
    {
        value = default;
        var start = Position;
        if (!TryReadContent((byte)BacnetType.Time, isContext: false, out var content))
        {
            return false;
        }

        if (content.Length != 4)
        {
            return Back(start, "a Time that is not four bytes");
        }

        value = new BacnetTime(content[0], content[1], content[2], content[3]);
        return true;
    }

    /// <summary>A context-tagged Unsigned or Enumerated.</summary>
    public bool TryReadContextUnsigned(byte number, out uint value) => TryReadUnsigned(number, isContext: true, out value);

    public bool TryReadContextSigned(byte number, out int value) => TryReadSigned(number, isContext: true, out value);

    public bool TryReadContextText(byte number, out string value) => TryReadText(number, isContext: true, out value);

    public bool TryReadContextOctets(byte number, out ReadOnlySpan<byte> value) => TryReadContent(number, isContext: true, out value);

    public bool TryReadContextObjectId(byte number, out BacnetObjectId value) => TryReadObjectId(number, isContext: true, out value);

    public bool TryReadContextBoolean(byte number, out bool value)
    {
        value = false;
        var start = Position;
        if (!TryReadContent(number, isContext: true, out var content))
        {
            return false;
        }

        if (content.Length != 1 || content[0] > 1)
        {
            return Back(start, "a Boolean that is neither 0 nor 1");
        }

        value = content[0] == 1;
        return true;
    }

    public bool TryReadContextBits(byte number, out BacnetBits value)
    {
        value = new BacnetBits([], 0);
        var start = Position;
        if (!TryReadContent(number, isContext: true, out var content))
        {
            return false;
        }

        var bits = DecodeBits(content);
        value = bits ?? value;
        return bits is not null || Back(start);
    }

    public bool TryReadContextReal(byte number, out float value)
    {
        value = 0;
        var start = Position;
        if (!TryReadContent(number, isContext: true, out var content))
        {
            return false;
        }

        if (content.Length != 4)
        {
            return Back(start, "a Real that is not four bytes");
        }

        value = BinaryPrimitives.ReadSingleBigEndian(content);
        return true;
    }

    private bool TryReadUnsigned(byte number, bool isContext, out uint value)
    {
        value = 0;
        var start = Position;
        if (!TryReadContent(number, isContext, out var content))
        {
            return false;
        }

        if (DecodeUnsigned(content) is not { } wide || wide > uint.MaxValue)
        {
            return Back(start, "a number of no byte, or larger than 32 bits");
        }

        value = (uint)wide;
        return true;
    }

    private bool TryReadSigned(byte number, bool isContext, out int value)
    {
        value = 0;
        var start = Position;
        if (!TryReadContent(number, isContext, out var content))
        {
            return false;
        }

        if (DecodeSigned(content) is not { } wide || wide is < int.MinValue or > int.MaxValue)
        {
            return Back(start, "a number of no byte, or larger than 32 bits");
        }

        value = (int)wide;
        return true;
    }

    private bool TryReadText(byte number, bool isContext, out string value)
    {
        value = "";
        var start = Position;
        return TryReadContent(number, isContext, out var content)
            && (BacnetText.TryDecode(content, out value, out var fault) || Back(start, fault));
    }

    private bool TryReadObjectId(byte number, bool isContext, out BacnetObjectId value)
    {
        value = default;
        var start = Position;
        if (!TryReadContent(number, isContext, out var content))
        {
            return false;
        }

        if (content.Length != 4)
        {
            return Back(start, "an object identifier that is not four bytes");
        }

        value = BacnetObjectId.FromBits(BinaryPrimitives.ReadUInt32BigEndian(content));
        return true;
    }
}
