using System.Text;
using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Validation;

/// <summary>
/// Looks at one item while it is read: is it what its name says, and is it whole? By the item's first bytes it chooses the
/// check for the rest. Used by one thread at a time.
/// </summary>
internal sealed class ContentInspector : IDisposable
{
    /// <summary>The mark of a tar archive ends here.</summary>
    private const int HeadLength = 512;

    /// <summary>Files of these names hold data and never a web page.</summary>
    private static readonly HashSet<string> DataNames = new(StringComparer.OrdinalIgnoreCase)
    {
        ".json", ".xml", ".yaml", ".yml", ".toml", ".cfg", ".conf", ".config", ".ini", ".properties", ".csv",
        ".tar", ".gz", ".tgz", ".zip", ".gwbk", ".db", ".sqlite", ".sqlite3", ".bin", ".pem", ".crt", ".cer", ".key",
    };

    private readonly string extension;
    private readonly byte[] head = new byte[HeadLength];
    private int held;
    private long length;
    private ContentCheck? check;
    private SuspectCause cause = SuspectCause.Cut;
    private string? fault;
    private bool chosen;

    /// <param name="path">The item's.</param>
    public ContentInspector(string path)
    {
        extension = Path.GetExtension(path);
    }

    /// <summary>Takes the next bytes.</summary>
    public async ValueTask AddAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        length += bytes.Length;
        if (!chosen)
        {
            var count = Math.Min(HeadLength - held, bytes.Length);
            bytes.Span[..count].CopyTo(head.AsSpan(held));
            held += count;
            bytes = bytes[count..];
            if (held < HeadLength)
            {
                return;
            }

            await ChooseAsync(cancellationToken).ConfigureAwait(false);
        }

        if (check is not null && bytes.Length > 0)
        {
            await check.AddAsync(bytes, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Says what is wrong with the content; null where nothing is known to be.</summary>
    /// <param name="path">The item's.</param>
    /// <param name="cancellationToken">Stops.</param>
    public async ValueTask<SuspectReason?> FinishAsync(string path, CancellationToken cancellationToken)
    {
        if (!chosen)
        {
            await ChooseAsync(cancellationToken).ConfigureAwait(false);
        }

        fault ??= check is null ? null : await check.FinishAsync(length).ConfigureAwait(false);
        return fault is null ? null : new SuspectReason(path, cause, fault);
    }

    public void Dispose() => check?.Dispose();

    private async ValueTask ChooseAsync(CancellationToken cancellationToken)
    {
        chosen = true;
        check = Choose(head.AsSpan(0, held));
        if (check is not null)
        {
            await check.AddAsync(head.AsMemory(0, held), cancellationToken).ConfigureAwait(false);
        }
    }

    private ContentCheck? Choose(ReadOnlySpan<byte> start)
    {
        if (start.Length == 0)
        {
            return null;
        }

        if (DataNames.Contains(extension) && IsWebPage(start))
        {
            return Refuse("it is a web page, and its name says otherwise");
        }

        return start.StartsWith((ReadOnlySpan<byte>)[0x1F, 0x8B, 8]) ? new GzipCheck()
            : start.StartsWith("PK\x03\x04"u8) ? new ZipCheck()
            : start.StartsWith("SQLite format 3\0"u8) ? new SqliteCheck()
            : start.Length > 262 && start[257..].StartsWith("ustar"u8) ? new TarCheck()
            : Has(".gz") || Has(".tgz") ? Refuse("it is no gzip content, as its name says")
            : Has(".zip") || Has(".gwbk") ? ChooseEmptyZip(start)
            : Has(".json") ? new JsonCheck()
            : Has(".xml") ? new XmlCheck()
            : null;
    }

    /// <summary>An archive without entries begins with its end.</summary>
    private ContentCheck? ChooseEmptyZip(ReadOnlySpan<byte> start) =>
        start.StartsWith("PK\x05\x06"u8) ? new ZipCheck() : Refuse("it is no ZIP archive, as its name says");

    private bool Has(string name) => string.Equals(extension, name, StringComparison.OrdinalIgnoreCase);

    private ContentCheck? Refuse(string reason)
    {
        fault = reason;
        cause = SuspectCause.WrongContent;
        return null;
    }

    private static bool IsWebPage(ReadOnlySpan<byte> start)
    {
        var text = Encoding.Latin1.GetString(start).TrimStart(' ', '\t', '\r', '\n', '\u00EF', '\u00BB', '\u00BF');
        return text.StartsWith("<!doctype html", StringComparison.OrdinalIgnoreCase)
            || (text.StartsWith("<html", StringComparison.OrdinalIgnoreCase) && (text.Length == 5 || text[5] is '>' or ' ' or '\t' or '\r' or '\n'));
    }
}
