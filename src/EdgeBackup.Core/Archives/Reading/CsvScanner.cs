using System.Buffers;

namespace EdgeBackup.Core.Archives.Reading;

/// <summary>
/// Finds lines and their fields in the CSV of archives. It reads no other CSV: a line that an archive's writer would not
/// have written is a <see cref="FormatException"/>.
/// </summary>
/// <param name="input">The file.</param>
/// <param name="columns">How many fields every line has.</param>
internal sealed class CsvScanner(Stream input, int columns)
{
    private const int FirstBuffer = 256 * 1024;
    private const int LargestLine = 64 * 1024 * 1024;

    private static readonly SearchValues<byte> LineMarks = SearchValues.Create("\"\n"u8);

    private readonly CsvField[] fields = new CsvField[columns];
    private byte[] buffer = new byte[FirstBuffer];
    private int start;
    private int end;
    private bool ended;

    /// <summary>The line that was read last; valid until the next.</summary>
    public CsvRow Row => new(buffer, fields);

    /// <summary>Reads the line of names.</summary>
    public void ReadHeader(ReadOnlySpan<byte> expected)
    {
        while (end - start < expected.Length && !ended)
        {
            Fill();
        }

        if (!buffer.AsSpan(start, end - start).StartsWith(expected))
        {
            throw new FormatException("its first line is not that of an archive's file");
        }

        start += expected.Length;
    }

    /// <summary>Reads a line.</summary>
    /// <returns>False at the end.</returns>
    public bool Read()
    {
        var scanned = start;
        var isQuoted = false;
        while (true)
        {
            var found = buffer.AsSpan(scanned, end - scanned).IndexOfAny(LineMarks);
            if (found < 0)
            {
                if (ended)
                {
                    return start == end ? false : throw new FormatException("its last line is cut off");
                }

                var offset = end - start;
                Fill();
                scanned = start + offset;
                continue;
            }

            scanned += found + 1;
            if (buffer[scanned - 1] == (byte)'"')
            {
                isQuoted = !isQuoted;
            }
            else if (!isQuoted)
            {
                Split(start, scanned - 1);
                start = scanned;
                return true;
            }
        }
    }

    private void Split(int from, int to)
    {
        var place = from;
        for (var column = 0; column < fields.Length; column++)
        {
            var isLast = column == fields.Length - 1;
            var next = place < to && buffer[place] == (byte)'"' ? ReadQuoted(column, place, to) : ReadPlain(column, place, to);
            if (isLast ? next != to : next == to || buffer[next] != (byte)',')
            {
                throw new FormatException($"a line has not {fields.Length} fields");
            }

            place = next + 1;
        }
    }

    private int ReadPlain(int column, int place, int to)
    {
        var comma = buffer.AsSpan(place, to - place).IndexOf((byte)',');
        var next = comma < 0 ? to : place + comma;
        fields[column] = new CsvField(place, next - place, IsQuoted: false, HasQuotes: false);
        return next;
    }

    private int ReadQuoted(int column, int place, int to)
    {
        var from = place + 1;
        var hasQuotes = false;
        for (var scanned = from; ;)
        {
            var quote = buffer.AsSpan(scanned, to - scanned).IndexOf((byte)'"');
            if (quote < 0)
            {
                throw new FormatException("a quotation mark is not closed");
            }

            scanned += quote + 1;
            if (scanned == to || buffer[scanned] != (byte)'"')
            {
                fields[column] = new CsvField(from, scanned - 1 - from, IsQuoted: true, hasQuotes);
                return scanned;
            }

            hasQuotes = true;
            scanned++;
        }
    }

    private void Fill()
    {
        if (start > 0)
        {
            buffer.AsSpan(start, end - start).CopyTo(buffer);
            end -= start;
            start = 0;
        }

        if (end == buffer.Length)
        {
            if (buffer.Length >= LargestLine)
            {
                throw new FormatException($"a line is longer than {LargestLine / (1024 * 1024)} MiB");
            }

            Array.Resize(ref buffer, buffer.Length * 2);
        }

        var read = input.Read(buffer.AsSpan(end));
        ended = read == 0;
        end += read;
    }
}
