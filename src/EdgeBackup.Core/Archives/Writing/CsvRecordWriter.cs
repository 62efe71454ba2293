using System.Buffers;
using System.Buffers.Text;
using System.Text;
using EdgeBackup.Core.Devices;

namespace EdgeBackup.Core.Archives.Writing;

/// <summary>
/// Records as CSV (RFC 4180 with LF): UTF-8 without a mark, one line of names first. A value that is not there is empty,
/// an empty text is <c>""</c>. Values are written as they are: what a spreadsheet takes for a formula is not changed.
/// </summary>
internal sealed class CsvRecordWriter : IRecordWriter
{
    private const int BufferSize = 128 * 1024;

    private static readonly SearchValues<byte> Special = SearchValues.Create(",\"\r\n"u8);

    private readonly Stream output;
    private readonly byte[] device;
    private readonly byte[] trend;
    private byte[] buffer = new byte[BufferSize];
    private int used;

    /// <param name="output">Where to; stays open.</param>
    /// <param name="device">The device's id.</param>
    /// <param name="trend">The trend log's id; null for events.</param>
    public CsvRecordWriter(Stream output, string device, string? trend)
    {
        this.output = output;
        this.device = Field(device);
        this.trend = trend is null ? [] : Field(trend);
        var header = trend is null ? CsvColumns.EventHeader : CsvColumns.TrendHeader;
        header.CopyTo(buffer);
        used = header.Length;
    }

    public void Write(DeviceEvent record)
    {
        AppendTime(record.Time);
        Append((byte)',');
        Append(device);
        AppendNext(record.Category);
        AppendNext(record.Source);
        AppendNext(record.User);
        AppendNext(record.Message);
        AppendNext(record.Old);
        AppendNext(record.New);
        AppendNext(record.Id);
        Append((byte)'\n');
    }

    public void Write(in TrendRecord record)
    {
        AppendTime(record.Time);
        Append((byte)',');
        Append(device);
        Append((byte)',');
        Append(trend);
        Append((byte)',');
        Reserve(32);
        Utf8Formatter.TryFormat(record.Sequence, buffer.AsSpan(used), out var written);
        used += written;
        AppendNext(record.Value);
        AppendNext(record.Status);
        Append((byte)'\n');
    }

    public void Complete() => Flush();

    private static byte[] Field(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return bytes.Length > 0 && bytes.AsSpan().IndexOfAny(Special) < 0 ? bytes : Encoding.UTF8.GetBytes($"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"");
    }

    private void AppendTime(DateTimeOffset time)
    {
        Reserve(ArchiveTime.Longest);
        used += ArchiveTime.Write(time, buffer.AsSpan(used));
    }

    private void AppendNext(string? text)
    {
        Append((byte)',');
        if (text is null)
        {
            return;
        }

        Reserve(Encoding.UTF8.GetMaxByteCount(text.Length));
        var length = Encoding.UTF8.GetBytes(text, buffer.AsSpan(used));
        if (length > 0 && buffer.AsSpan(used, length).IndexOfAny(Special) < 0)
        {
            used += length;
            return;
        }

        Append((byte)'"');
        foreach (var part in text.AsSpan().Split('"'))
        {
            if (part.Start.Value > 0)
            {
                Append("\"\""u8);
            }

            var piece = text.AsSpan(part);
            Reserve(Encoding.UTF8.GetMaxByteCount(piece.Length));
            used += Encoding.UTF8.GetBytes(piece, buffer.AsSpan(used));
        }

        Append((byte)'"');
    }

    private void Append(byte value)
    {
        Reserve(1);
        buffer[used++] = value;
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        Reserve(bytes.Length);
        bytes.CopyTo(buffer.AsSpan(used));
        used += bytes.Length;
    }

    private void Reserve(int length)
    {
        if (buffer.Length - used >= length)
        {
            return;
        }

        Flush();
        if (buffer.Length < length)
        {
            buffer = new byte[length];
        }
    }

    private void Flush()
    {
        output.Write(buffer.AsSpan(0, used));
        used = 0;
    }
}
