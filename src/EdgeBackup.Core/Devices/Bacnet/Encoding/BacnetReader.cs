using System.Buffers.Binary;

namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>
/// Reads tagged values (ASHRAE 135, clause 20.2). Nothing in the bytes makes it throw: what cannot be read answers false,
/// stays where it was and says why in <see cref="Fault"/>.
/// </summary>
public ref partial struct BacnetReader
{
    /// <summary>Constructs within constructs; no service of the standard needs a tenth of it.</summary>
    private const int DeepestNesting = 64;

    private readonly ReadOnlySpan<byte> data;

    public BacnetReader(ReadOnlySpan<byte> data) => this.data = data;

    public int Position { get; private set; }

    public readonly bool AtEnd => Position >= data.Length;

    public readonly ReadOnlySpan<byte> Rest => data[Position..];

    /// <summary>What was wrong where the last read failed; null before any did.</summary>
    public string? Fault { get; private set; }

    public bool TryReadByte(out byte value)
    {
        value = 0;
        if (!TryReadBytes(1, out var bytes))
        {
            return false;
        }

        value = bytes[0];
        return true;
    }

    public bool TryReadUInt16(out ushort value)
    {
        value = 0;
        if (!TryReadBytes(2, out var bytes))
        {
            return false;
        }

        value = BinaryPrimitives.ReadUInt16BigEndian(bytes);
        return true;
    }

    public bool TryReadUInt32(out uint value)
    {
        value = 0;
        if (!TryReadBytes(4, out var bytes))
        {
            return false;
        }

        value = BinaryPrimitives.ReadUInt32BigEndian(bytes);
        return true;
    }

    public bool TryReadBytes(int count, out ReadOnlySpan<byte> bytes)
    {
        if (count < 0 || data.Length - Position < count)
        {
            bytes = default;
            return Fail("bytes are missing at the end");
        }

        bytes = data.Slice(Position, count);
        Position += count;
        return true;
    }

    public readonly bool TryPeekTag(out BacnetTag tag) => TryParseTag(out tag, out _) is null;

    public bool TryReadTag(out BacnetTag tag)
    {
        var fault = TryParseTag(out tag, out var length);
        if (fault is not null)
        {
            return Fail(fault);
        }

        Position += length;
        return true;
    }

    /// <summary>Whether a construct's opening tag stands here.</summary>
    public readonly bool IsOpening(byte number) => TryPeekTag(out var tag) && tag.IsOpening && tag.Number == number;

    public readonly bool IsClosing(byte number) => TryPeekTag(out var tag) && tag.IsClosing && tag.Number == number;

    /// <summary>Whether a context-tagged primitive value with this number stands here.</summary>
    public readonly bool IsContext(byte number) =>
        TryPeekTag(out var tag) && tag.IsContext && !tag.IsOpening && !tag.IsClosing && tag.Number == number;

    public readonly bool IsApplication(BacnetType type) => TryPeekTag(out var tag) && !tag.IsContext && tag.Number == (byte)type;

    public bool TryReadOpening(byte number)
    {
        if (!IsOpening(number))
        {
            return Fail($"no opening tag {number}");
        }

        return TryReadTag(out _);
    }

    public bool TryReadClosing(byte number)
    {
        if (!IsClosing(number))
        {
            return Fail($"no closing tag {number}");
        }

        return TryReadTag(out _);
    }

    /// <summary>Reads past one value or whole construct of any tag.</summary>
    /// <param name="tagged">Its bytes, tags included.</param>
    public bool TryReadRaw(out ReadOnlySpan<byte> tagged)
    {
        tagged = default;
        var start = Position;
        Span<byte> open = stackalloc byte[DeepestNesting];
        var depth = 0;
        do
        {
            if (!TryReadTag(out var tag))
            {
                return Back(start);
            }

            if (tag.IsOpening)
            {
                if (depth == DeepestNesting)
                {
                    return Back(start, "constructs nested too deep");
                }

                open[depth++] = tag.Number;
            }
            else if (tag.IsClosing)
            {
                if (depth == 0 || open[--depth] != tag.Number)
                {
                    return Back(start, $"closing tag {tag.Number} without its opening one");
                }
            }
            else if (!TrySkipContent(tag))
            {
                return Back(start);
            }
        }
        while (depth > 0);

        tagged = data[start..Position];
        return true;
    }

    private bool TrySkipContent(BacnetTag tag) =>
        IsInTag(tag) || (tag.Length <= int.MaxValue ? TryReadBytes((int)tag.Length, out _) : Fail("bytes are missing at the end"));

    private static bool IsInTag(BacnetTag tag) => !tag.IsContext && tag.Number == (byte)BacnetType.Boolean;

    /// <summary>Reads a primitive value's tag, which must be as given, and its content.</summary>
    private bool TryReadContent(byte number, bool isContext, out ReadOnlySpan<byte> content)
    {
        content = default;
        var start = Position;
        if (!TryReadTag(out var tag))
        {
            return false;
        }

        if (tag.Number != number || tag.IsContext != isContext || tag.IsOpening || tag.IsClosing)
        {
            return Back(start, isContext ? $"no value of context {number}" : $"no {(BacnetType)number}");
        }

        if (tag.Length > int.MaxValue || !TryReadBytes((int)tag.Length, out content))
        {
            return Back(start, "bytes are missing at the end");
        }

        return true;
    }

    private readonly string? TryParseTag(out BacnetTag tag, out int used)
    {
        tag = default;
        used = 0;
        var rest = data[Position..];
        if (rest.IsEmpty)
        {
            return "a value is missing at the end";
        }

        var first = rest[0];
        used = 1;
        var number = (byte)(first >> 4);
        if (number == 15)
        {
            if (rest.Length < 2)
            {
                return "half a tag at the end";
            }

            number = rest[1];
            used = 2;
            if (number == 255)
            {
                return "the reserved tag 255";
            }
        }

        var isContext = (first & 0x08) != 0;
        var length = (uint)(first & 0x07);
        if (length >= 6)
        {
            tag = new BacnetTag(number, isContext, length == 6, length == 7, 0);
            return isContext ? null : "an opening or closing tag of an application type";
        }

        if (length == 5)
        {
            var more = rest[used..];
            if (more.IsEmpty)
            {
                return "half a tag at the end";
            }

            switch (more[0])
            {
                case < 254:
                    length = more[0];
                    used += 1;
                    break;
                case 254 when more.Length >= 3:
                    length = BinaryPrimitives.ReadUInt16BigEndian(more[1..]);
                    used += 3;
                    break;
                case 255 when more.Length >= 5:
                    length = BinaryPrimitives.ReadUInt32BigEndian(more[1..]);
                    used += 5;
                    break;
                default:
                    return "half a tag at the end";
            }
        }

        tag = new BacnetTag(number, isContext, IsOpening: false, IsClosing: false, length);
        return null;
    }

    private bool Fail(string fault)
    {
        Fault = fault;
        return false;
    }

    private bool Back(int start, string? fault = null)
    {
        Position = start;
        Fault = fault ?? Fault;
        return false;
    }
}
