using System.Buffers.Binary;
using System.Text;

namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>Writes tagged values (ASHRAE 135, clause 20.2) and the plain numbers of headers, all of them highest byte first.</summary>
public sealed partial class BacnetWriter
{
    private byte[] buffer;

    /// <param name="capacity">Bytes to begin with; more are taken as they are needed.</param>
    public BacnetWriter(int capacity = 256) => buffer = new byte[Math.Max(16, capacity)];

    public int Length { get; private set; }

    /// <summary>What was written; good until the next write.</summary>
    public ReadOnlyMemory<byte> Memory => buffer.AsMemory(0, Length);

    public ReadOnlySpan<byte> Span => buffer.AsSpan(0, Length);

    public byte[] ToArray() => Span.ToArray();

    public void Clear() => Length = 0;

    public void WriteByte(byte value) => Take(1)[0] = value;

    public void WriteUInt16(ushort value) => BinaryPrimitives.WriteUInt16BigEndian(Take(2), value);

    public void WriteUInt32(uint value) => BinaryPrimitives.WriteUInt32BigEndian(Take(4), value);

    public void WriteBytes(ReadOnlySpan<byte> value) => value.CopyTo(Take(value.Length));

    /// <summary>Writes over two bytes that are already there: a length that is known only at the end.</summary>
    public void PatchUInt16(int position, ushort value) => BinaryPrimitives.WriteUInt16BigEndian(buffer.AsSpan(position, 2), value);

    /// <summary>Writes the head of a value.</summary>
    /// <param name="number">Application type or context number, 0 to 254.</param>
    /// <param name="isContext">Which of the two.</param>
    /// <param name="length">Bytes that follow.</param>
    public void WriteTag(byte number, bool isContext, uint length)
    {
        var first = (byte)((number < 15 ? number << 4 : 0xF0) | (isContext ? 0x08 : 0));
        WriteByte((byte)(first | (length < 5 ? length : 5)));
        if (number >= 15)
        {
            WriteByte(number);
        }

        switch (length)
        {
            case < 5:
                break;
            case < 254:
                WriteByte((byte)length);
                break;
            case <= ushort.MaxValue:
                WriteByte(254);
                WriteUInt16((ushort)length);
                break;
            default:
                WriteByte(255);
                WriteUInt32(length);
                break;
        }
    }

    public void WriteOpening(byte number) => WriteBracket(number, 0x0E);

    public void WriteClosing(byte number) => WriteBracket(number, 0x0F);

    private void WriteBracket(byte number, byte low)
    {
        WriteByte((byte)((number < 15 ? number << 4 : 0xF0) | low));
        if (number >= 15)
        {
            WriteByte(number);
        }
    }

    private void WriteUnsignedContent(byte number, bool isContext, ulong value)
    {
        var length = 1;
        while (length < 8 && value >> (8 * length) != 0)
        {
            length++;
        }

        WriteTag(number, isContext, (uint)length);
        var bytes = Take(length);
        for (var index = length - 1; index >= 0; index--)
        {
            bytes[index] = (byte)value;
            value >>= 8;
        }
    }

    private void WriteSignedContent(byte number, bool isContext, long value)
    {
        var length = 1;
        while (length < 8 && value >> ((8 * length) - 1) is not (0 or -1))
        {
            length++;
        }

        WriteTag(number, isContext, (uint)length);
        var bytes = Take(length);
        for (var index = length - 1; index >= 0; index--)
        {
            bytes[index] = (byte)value;
            value >>= 8;
        }
    }

    private void WriteOctetContent(byte number, bool isContext, ReadOnlySpan<byte> value)
    {
        WriteTag(number, isContext, (uint)value.Length);
        WriteBytes(value);
    }

    private void WriteTextContent(byte number, bool isContext, string value)
    {
        var length = Encoding.UTF8.GetByteCount(value);
        WriteTag(number, isContext, (uint)length + 1);
        WriteByte((byte)BacnetCharacterSet.Utf8);
        Encoding.UTF8.GetBytes(value, Take(length));
    }

    private void WriteBitContent(byte number, bool isContext, BacnetBits value)
    {
        WriteTag(number, isContext, (uint)value.Bytes.Length + 1);
        WriteByte((byte)((value.Bytes.Length * 8) - value.Count));
        WriteBytes(value.Bytes.Span);
    }

    private Span<byte> Take(int count)
    {
        if (buffer.Length - Length < count)
        {
            Array.Resize(ref buffer, Math.Max(buffer.Length * 2, Length + count));
        }

        var span = buffer.AsSpan(Length, count);
        Length += count;
        return span;
    }
}
