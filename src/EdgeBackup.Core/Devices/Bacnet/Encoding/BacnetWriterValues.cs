using System.Buffers.Binary;

namespace EdgeBackup.Core.Devices.Bacnet;

public sealed partial class BacnetWriter
{
    public void WriteNull() => WriteTag((byte)BacnetType.Null, isContext: false, 0);

    /// <summary>The value stands in the tag itself (clause 20.2.3).</summary>
    public void WriteBoolean(bool value) => WriteByte((byte)(0x10 | (value ? 1 : 0)));

    public void WriteUnsigned(ulong value) => WriteUnsignedContent((byte)BacnetType.Unsigned, isContext: false, value);

    public void WriteSigned(long value) => WriteSignedContent((byte)BacnetType.Signed, isContext: false, value);

    public void WriteReal(float value)
    {
        WriteTag((byte)BacnetType.Real, isContext: false, 4);
        BinaryPrimitives.WriteSingleBigEndian(Take(4), value);
    }

    public void WriteDouble(double value)
    {
        WriteTag((byte)BacnetType.Double, isContext: false, 8);
        BinaryPrimitives.WriteDoubleBigEndian(Take(8), value);
    }

    public void WriteOctets(ReadOnlySpan<byte> value) => WriteOctetContent((byte)BacnetType.OctetString, isContext: false, value);

    public void WriteText(string value) => WriteTextContent((byte)BacnetType.CharacterString, isContext: false, value);

    public void WriteBits(BacnetBits value) => WriteBitContent((byte)BacnetType.BitString, isContext: false, value);

    public void WriteEnumerated(uint value) => WriteUnsignedContent((byte)BacnetType.Enumerated, isContext: false, value);

    public void WriteDate(BacnetDate value)
    {
        WriteTag((byte)BacnetType.Date, isContext: false, 4);
        WriteBytes([value.Year, value.Month, value.Day, value.Weekday]);
    }

    public void WriteTime(BacnetTime value)
    {
        WriteTag((byte)BacnetType.Time, isContext: false, 4);
        WriteBytes([value.Hour, value.Minute, value.Second, value.Hundredths]);
    }

    public void WriteObjectId(BacnetObjectId value)
    {
        WriteTag((byte)BacnetType.ObjectId, isContext: false, 4);
        WriteUInt32(value.ToBits());
    }

    public void WriteValue(BacnetValue value)
    {
        switch (value.Type)
        {
            case BacnetType.Null:
                WriteNull();
                break;
            case BacnetType.Boolean:
                WriteBoolean(value.AsBoolean!.Value);
                break;
            case BacnetType.Unsigned:
                WriteUnsigned(value.AsUnsigned!.Value);
                break;
            case BacnetType.Signed:
                WriteSigned(value.AsSigned!.Value);
                break;
            case BacnetType.Real:
                WriteReal((float)value.AsNumber!.Value);
                break;
            case BacnetType.Double:
                WriteDouble(value.AsNumber!.Value);
                break;
            case BacnetType.OctetString:
                WriteOctets(value.AsOctets!.Value.Span);
                break;
            case BacnetType.CharacterString:
                WriteText(value.AsText!);
                break;
            case BacnetType.BitString:
                WriteBits(value.AsBits!);
                break;
            case BacnetType.Enumerated:
                WriteEnumerated(value.AsEnumerated!.Value);
                break;
            case BacnetType.Date:
                WriteDate(value.AsDate!.Value);
                break;
            case BacnetType.Time:
                WriteTime(value.AsTime!.Value);
                break;
            case BacnetType.ObjectId:
                WriteObjectId(value.AsObjectId!.Value);
                break;
            default:
                WriteBytes(value.AsRaw!.Value.Span);
                break;
        }
    }

    /// <summary>A context-tagged Unsigned or Enumerated.</summary>
    public void WriteContextUnsigned(byte number, ulong value) => WriteUnsignedContent(number, isContext: true, value);

    public void WriteContextSigned(byte number, long value) => WriteSignedContent(number, isContext: true, value);

    public void WriteContextBoolean(byte number, bool value)
    {
        WriteTag(number, isContext: true, 1);
        WriteByte((byte)(value ? 1 : 0));
    }

    public void WriteContextObjectId(byte number, BacnetObjectId value)
    {
        WriteTag(number, isContext: true, 4);
        WriteUInt32(value.ToBits());
    }

    public void WriteContextReal(byte number, float value)
    {
        WriteTag(number, isContext: true, 4);
        BinaryPrimitives.WriteSingleBigEndian(Take(4), value);
    }

    public void WriteContextText(byte number, string value) => WriteTextContent(number, isContext: true, value);

    public void WriteContextOctets(byte number, ReadOnlySpan<byte> value) => WriteOctetContent(number, isContext: true, value);

    public void WriteContextBits(byte number, BacnetBits value) => WriteBitContent(number, isContext: true, value);

    public void WriteContextNull(byte number) => WriteTag(number, isContext: true, 0);
}
