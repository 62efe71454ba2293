using System.Text;
using EdgeBackup.Core.Devices.Bacnet;
using Xunit;

namespace EdgeBackup.Core.Tests.Devices.Bacnet;

public sealed class BacnetReaderTests
{
    // Clause 20.2 publishes an encoding of each type.
    public static TheoryData<string, BacnetValue> Published => new()
    {
        { "00", BacnetValue.Null },
        { "10", BacnetValue.OfBoolean(false) },
        { "11", BacnetValue.OfBoolean(true) },
        { "2148", BacnetValue.OfUnsigned(72) },
        { "3148", BacnetValue.OfSigned(72) },
        { "31B8", BacnetValue.OfSigned(-72) },
        { "4442900000", BacnetValue.OfReal(72) },
        { "55084052000000000000", BacnetValue.OfDouble(72) },
        { "631234FF", BacnetValue.OfOctets([0x12, 0x34, 0xFF]) },
        { "75190054686973206973206120424143" + "6E657420737472696E6721", BacnetValue.OfText("This is a BACnet string!") },
        { "8203A8", BacnetValue.OfBits(BacnetBits.Of(5, 0, 2, 4)) },
        { "9100", BacnetValue.OfEnumerated(0) },
        { "A45B011804", BacnetValue.OfDate(new BacnetDate(91, 1, 24, 4)) },
        { "B4112D1E4B", BacnetValue.OfTime(new BacnetTime(17, 45, 30, 75)) },
        { "C400C0000F", BacnetValue.OfObjectId(new BacnetObjectId(BacnetObjectType.BinaryInput, 15)) },
    };

    [Theory]
    [MemberData(nameof(Published))]
    public void A_value_of_each_type_is_read_and_written_as_published(string hex, BacnetValue value)
    {
        var reader = new BacnetReader(Convert.FromHexString(hex));
        Assert.True(reader.TryReadValue(out var read), reader.Fault);
        Assert.True(reader.AtEnd);
        Assert.Equal(value, read);
        var writer = new BacnetWriter();
        writer.WriteValue(value);
        Assert.Equal(hex, Convert.ToHexString(writer.Span));
    }

    [Theory]
    [InlineData(0, "60")]
    [InlineData(4, "64")]
    [InlineData(5, "6505")]
    [InlineData(253, "65FD")]
    [InlineData(254, "65FE00FE")]
    [InlineData(65535, "65FEFFFF")]
    [InlineData(65536, "65FF00010000")]
    public void A_length_takes_as_many_bytes_as_it_needs(int length, string tag)
    {
        var content = new byte[length];
        new Random(length).NextBytes(content);
        var writer = new BacnetWriter();
        writer.WriteOctets(content);
        Assert.StartsWith(tag, Convert.ToHexString(writer.Span[..Math.Min(6, writer.Length)]), StringComparison.Ordinal);
        Assert.Equal((tag.Length / 2) + length, writer.Length);
        var reader = new BacnetReader(writer.Span);
        Assert.True(reader.TryReadOctets(out var read));
        Assert.Equal(content, read);
    }

    [Theory]
    [InlineData(14, "E903")]
    [InlineData(15, "F90F03")]
    [InlineData(254, "F9FE03")]
    public void A_context_number_above_fourteen_has_a_byte_of_its_own(byte number, string hex)
    {
        var writer = new BacnetWriter();
        writer.WriteContextUnsigned(number, 3);
        Assert.Equal(hex, Convert.ToHexString(writer.Span));
        var reader = new BacnetReader(writer.Span);
        Assert.True(reader.TryReadContextUnsigned(number, out var value));
        Assert.Equal(3u, value);
        writer.Clear();
        writer.WriteOpening(number);
        writer.WriteClosing(number);
        reader = new BacnetReader(writer.Span);
        Assert.True(reader.TryReadOpening(number) && reader.TryReadClosing(number) && reader.AtEnd);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(255, 1)]
    [InlineData(256, 2)]
    [InlineData(uint.MaxValue, 4)]
    [InlineData(ulong.MaxValue, 8)]
    public void A_number_takes_as_few_bytes_as_it_can(ulong number, int length)
    {
        var writer = new BacnetWriter();
        writer.WriteUnsigned(number);
        var reader = new BacnetReader(writer.Span);
        Assert.True(reader.TryPeekTag(out var tag));
        Assert.Equal((uint)length, tag.Length);
        Assert.True(reader.TryReadValue(out var value));
        Assert.Equal(number, value.AsUnsigned);
    }

    [Theory]
    [InlineData(-1, 1)]
    [InlineData(127, 1)]
    [InlineData(128, 2)]
    [InlineData(-128, 1)]
    [InlineData(-129, 2)]
    [InlineData(long.MinValue, 8)]
    [InlineData(long.MaxValue, 8)]
    public void A_signed_number_keeps_its_sign(long number, int length)
    {
        var writer = new BacnetWriter();
        writer.WriteSigned(number);
        var reader = new BacnetReader(writer.Span);
        Assert.True(reader.TryPeekTag(out var tag));
        Assert.Equal((uint)length, tag.Length);
        Assert.True(reader.TryReadValue(out var value));
        Assert.Equal(number, value.AsSigned);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4)]
    [InlineData(5)]
    public void Text_is_read_in_the_character_sets_in_use(byte set)
    {
        const string Name = "Lüftung";
        byte[] characters = set switch
        {
            0 => Encoding.UTF8.GetBytes(Name),
            4 => Encoding.BigEndianUnicode.GetBytes(Name),
            _ => Encoding.Latin1.GetBytes(Name),
        };
        var writer = new BacnetWriter();
        writer.WriteTag((byte)BacnetType.CharacterString, isContext: false, (uint)characters.Length + 1);
        writer.WriteByte(set);
        writer.WriteBytes(characters);
        var reader = new BacnetReader(writer.Span);
        Assert.True(reader.TryReadText(out var read), reader.Fault);
        Assert.Equal(Name, read);
    }

    [Theory]
    [InlineData("73010041", "DBCS")]
    [InlineData("73020041", "JIS X 0208")]
    [InlineData("75030041", "bytes are missing")]
    [InlineData("7303004100", "UCS-4")]
    [InlineData("72" + "0941", "unknown character set 9")]
    [InlineData("720441", "half a character")]
    [InlineData("70", "without a character set")]
    public void Text_in_another_character_set_is_refused_by_its_name(string hex, string why)
    {
        var reader = new BacnetReader(Convert.FromHexString(hex));
        Assert.False(reader.TryReadText(out _));
        Assert.Contains(why, reader.Fault, StringComparison.Ordinal);
        Assert.Equal(0, reader.Position);
    }

    [Theory]
    [InlineData("")]
    [InlineData("65")]
    [InlineData("65FE00")]
    [InlineData("65FF000000")]
    [InlineData("65FFFFFFFFFF00")]
    [InlineData("64010203")]
    [InlineData("F9")]
    [InlineData("F9FF00")]
    [InlineData("20")]
    [InlineData("2500")]
    [InlineData("2509010203040506070809")]
    [InlineData("4342900000")]
    [InlineData("8108")]
    [InlineData("80")]
    [InlineData("8103")]
    [InlineData("D0")]
    [InlineData("0E")]
    [InlineData("0E1F")]
    [InlineData("0E0E0F")]
    [InlineData("0F")]
    [InlineData("12")]
    [InlineData("06")]
    public void What_cannot_be_read_is_said_and_left_where_it_was(string hex)
    {
        var reader = new BacnetReader(Convert.FromHexString(hex));
        Assert.False(reader.TryReadValue(out _));
        Assert.Equal(0, reader.Position);
        Assert.NotNull(reader.Fault);
    }

    [Fact]
    public void Constructs_are_read_whole_and_not_without_bound()
    {
        var writer = new BacnetWriter();
        for (var depth = 0; depth < 64; depth++)
        {
            writer.WriteOpening((byte)depth);
        }

        for (var depth = 63; depth >= 0; depth--)
        {
            writer.WriteClosing((byte)depth);
        }

        var reader = new BacnetReader(writer.Span);
        Assert.True(reader.TryReadValue(out var value), reader.Fault);
        Assert.Equal(writer.Memory.ToArray(), value.AsRaw!.Value.ToArray());
        var deeper = new byte[65 + 65];
        deeper.AsSpan(0, 65).Fill(0x0E);
        deeper.AsSpan(65).Fill(0x0F);
        reader = new BacnetReader(deeper);
        Assert.False(reader.TryReadValue(out _));
        Assert.Contains("too deep", reader.Fault, StringComparison.Ordinal);
    }

    [Fact]
    public void A_day_that_is_left_open_or_does_not_exist_is_none()
    {
        Assert.Equal(new DateOnly(2024, 2, 29), new BacnetDate(124, 2, 29, 4).ToDate());
        Assert.Null(new BacnetDate(123, 2, 29, 255).ToDate());
        Assert.Null(new BacnetDate(255, 2, 1, 255).ToDate());
        Assert.Null(new BacnetTime(24, 0, 0, 0).ToTime());
        Assert.Equal(new TimeOnly(1, 2, 3), new BacnetTime(1, 2, 3, 255).ToTime());
        Assert.Equal(new BacnetDate(124, 2, 29, 4), BacnetDate.Of(new DateOnly(2024, 2, 29)));
    }
}
