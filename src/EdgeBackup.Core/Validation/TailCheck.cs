using System.Buffers.Binary;

namespace EdgeBackup.Core.Validation;

/// <summary>Keeps the last bytes of a content.</summary>
/// <param name="size">How many.</param>
internal abstract class TailCheck(int size) : SteadyCheck
{
    private readonly byte[] tail = new byte[size];
    private int held;

    protected sealed override void Add(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length >= tail.Length)
        {
            bytes[^tail.Length..].CopyTo(tail);
            held = tail.Length;
            return;
        }

        var kept = Math.Min(held, tail.Length - bytes.Length);
        tail.AsSpan(held - kept, kept).CopyTo(tail);
        bytes.CopyTo(tail.AsSpan(kept));
        held = kept + bytes.Length;
    }

    protected sealed override string? Finish(long length) => Judge(tail.AsSpan(0, held), length);

    /// <returns>As <see cref="ContentCheck.FinishAsync"/>.</returns>
    protected abstract string? Judge(ReadOnlySpan<byte> end, long length);
}

/// <summary>Whether a ZIP archive ends with its directory (APPNOTE.TXT 4.3.16).</summary>
internal sealed class ZipCheck() : TailCheck(RecordLength + ushort.MaxValue)
{
    private const int RecordLength = 22;

    protected override string? Judge(ReadOnlySpan<byte> end, long length)
    {
        for (var rest = end; ;)
        {
            var at = rest.LastIndexOf("PK\x05\x06"u8);
            if (at < 0)
            {
                return "the ZIP archive ends without its directory";
            }

            // The comment reaches to the end, save for what some programs append.
            if (at + RecordLength <= end.Length && at + RecordLength + BinaryPrimitives.ReadUInt16LittleEndian(end[(at + 20)..]) <= end.Length)
            {
                return null;
            }

            rest = rest[..at];
        }
    }
}

/// <summary>Whether a tar archive consists of whole blocks and ends with two empty ones (POSIX.1, pax).</summary>
internal sealed class TarCheck() : TailCheck(2 * Block)
{
    private const int Block = 512;

    protected override string? Judge(ReadOnlySpan<byte> end, long length) =>
        length % Block != 0 ? "the tar archive ends in the middle of a block"
        : end.ContainsAnyExcept((byte)0) ? "the tar archive ends without its end mark"
        : null;
}

/// <summary>Whether an SQLite database is as long as its header says (sqlite.org/fileformat.html, 1.3).</summary>
internal sealed class SqliteCheck : SteadyCheck
{
    private const int HeaderLength = 100;

    private readonly byte[] header = new byte[HeaderLength];
    private int held;

    protected override void Add(ReadOnlySpan<byte> bytes)
    {
        var count = Math.Min(HeaderLength - held, bytes.Length);
        bytes[..count].CopyTo(header.AsSpan(held));
        held += count;
    }

    protected override string? Finish(long length)
    {
        if (held < HeaderLength)
        {
            return "the SQLite database ends within its header";
        }

        var written = BinaryPrimitives.ReadUInt16BigEndian(header.AsSpan(16));
        var page = written == 1 ? 65536L : written;
        var pages = BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(28));
        if (page < 512 || !long.IsPow2(page))
        {
            return "the header of the SQLite database is none";
        }

        // The count holds only where the program that wrote last knew of it. A longer file is no fault: a change that was not committed leaves one.
        var isCountValid = pages > 0 && BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(24)) == BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(92));
        return length % page != 0 ? "the SQLite database ends in the middle of a page"
            : isCountValid && length < pages * page ? $"the SQLite database has {length / page} of its {pages} pages"
            : null;
    }
}
