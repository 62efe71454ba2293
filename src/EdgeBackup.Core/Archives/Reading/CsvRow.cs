using System.Text;

namespace EdgeBackup.Core.Archives.Reading;

/// <summary>The fields of one line, as bytes in a buffer that is valid until the next line is read.</summary>
internal readonly ref struct CsvRow(ReadOnlySpan<byte> buffer, ReadOnlySpan<CsvField> fields)
{
    private readonly ReadOnlySpan<byte> buffer = buffer;
    private readonly ReadOnlySpan<CsvField> fields = fields;

    /// <summary>Whether there is no value, which is not the empty text.</summary>
    public bool IsNull(int column) => fields[column] is { Length: 0, IsQuoted: false };

    /// <summary>The bytes; where <see cref="HasQuotes"/>, every '"' twice.</summary>
    public ReadOnlySpan<byte> Bytes(int column) => buffer.Slice(fields[column].Start, fields[column].Length);

    public bool HasQuotes(int column) => fields[column].HasQuotes;

    public string Text(int column)
    {
        var text = Encoding.UTF8.GetString(Bytes(column));
        return fields[column].HasQuotes ? text.Replace("\"\"", "\"", StringComparison.Ordinal) : text;
    }

    public string? TextOrNull(int column) => IsNull(column) ? null : Text(column);
}

/// <summary>Where a field is.</summary>
internal readonly record struct CsvField(int Start, int Length, bool IsQuoted, bool HasQuotes);
