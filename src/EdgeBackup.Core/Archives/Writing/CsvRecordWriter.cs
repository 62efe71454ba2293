using System.Globalization;
using System.Text;
using CsvHelper;
using EdgeBackup.Core.Devices;

namespace EdgeBackup.Core.Archives.Writing;

/// <summary>
/// Records as CSV (RFC 4180 with LF): UTF-8 without a mark, one line of names first. A value that is not there is empty,
/// an empty text is <c>""</c>. Values are written as they are: what a spreadsheet takes for a formula is not changed.
/// </summary>
internal sealed class CsvRecordWriter : IRecordWriter
{
    private static readonly CsvWriterOptions Format = new() { HasHeader = false, NewLine = "\n", NullValue = "", Injection = CsvInjection.None, WriteByteOrderMark = false, BufferSize = 64 * 1024 };

    private readonly CsvWriter writer;
    private readonly string device;
    private readonly string? trend;

    /// <param name="output">Where to; stays open.</param>
    /// <param name="device">The device's id.</param>
    /// <param name="trend">The trend log's id; null for events.</param>
    public CsvRecordWriter(Stream output, string device, string? trend)
    {
        this.device = device;
        this.trend = trend;
        writer = CsvWriter.Create(output, Format, leaveOpen: true);
        foreach (var name in Encoding.ASCII.GetString(trend is null ? CsvColumns.EventHeader : CsvColumns.TrendHeader).TrimEnd('\n').Split(','))
        {
            writer.WriteField(name);
        }

        writer.EndRecord();
    }

    public void Write(DeviceEvent record)
    {
        Write(record.Time);
        Write(device);
        Write(record.Category);
        Write(record.Source);
        Write(record.User);
        Write(record.Message);
        Write(record.Old);
        Write(record.New);
        Write(record.Id);
        writer.EndRecord();
    }

    public void Write(in TrendRecord record)
    {
        Write(record.Time);
        Write(device);
        Write(trend);
        writer.WriteField(record.Sequence, "", CultureInfo.InvariantCulture);
        Write(record.Value);
        Write(record.Status);
        writer.EndRecord();
    }

    public void Complete() => writer.Flush();

    private void Write(DateTimeOffset time)
    {
        Span<byte> text = stackalloc byte[ArchiveTime.Longest];
        writer.WriteField(text[..ArchiveTime.Write(time, text)]);
    }

    /// <summary>A quoted nothing is an empty text, an unquoted one is no value; and some readers, as Import-Csv, drop blanks that are not quoted.</summary>
    private void Write(string? text) =>
        writer.WriteField(text ?? "", text is "" || (text is not null && (char.IsWhiteSpace(text[0]) || char.IsWhiteSpace(text[^1]))) ? CsvQuoting.Always : Format.Quoting);
}
