using EdgeBackup.Core.Errors;

namespace EdgeBackup.Core.Archives.Reading;

/// <summary>
/// Reads the records of one archive that somebody wants, in the order of its files. A file is proved as it is read: where
/// it is not what the manifest says, the error comes at its end, and what came before may be false.
/// </summary>
/// <param name="folder">The archive.</param>
/// <param name="query">Which records.</param>
/// <param name="without">Files that are not read; null for none.</param>
public sealed class ArchiveReader(ArchiveFolder folder, ArchiveQuery query, IReadOnlySet<string>? without = null)
{
    /// <summary>So many lines are read before somebody is asked whether to go on.</summary>
    private const int Breath = 4096;

    private readonly RecordMatcher matcher = new(query);
    private long seen;

    /// <summary>Records that were looked at so far.</summary>
    public long Seen => seen;

    /// <exception cref="EdgeBackupException">ArchiveDamaged.</exception>
    public IEnumerable<ArchiveRecord> Read(CancellationToken cancellationToken)
    {
        if (folder.SignatureFault is { } fault)
        {
            throw ArchiveFolder.Damaged(folder.Path, fault);
        }

        var devices = new TextMatcher(query.Devices);
        return devices.Matches(folder.Manifest.Device)
            ? folder.Manifest.Files.Where(IsWanted).SelectMany(file => ReadFile(file, cancellationToken))
            : [];
    }

    private bool IsWanted(ArchiveFile file)
    {
        var trends = new TextMatcher(query.Trends);
        return query.Wants(file.Content)
            && without?.Contains(file.Path) != true
            && file.Records > 0
            && !(file.To < query.After)
            && !(file.From >= query.Before)
            && (file.Trend is null || trends.Matches(file.Trend) || (file.Name is not null && trends.Matches(file.Name)));
    }

    private IEnumerable<ArchiveRecord> ReadFile(ArchiveFile file, CancellationToken cancellationToken)
    {
        using var input = Open(file);
        using var records = (folder.Manifest.FileFormat == ArchiveFormat.Csv ? ReadCsv(input, file) : ReadXml(input, file)).GetEnumerator();
        while (Next(records, file, cancellationToken) is { } record)
        {
            yield return record;
        }

        input.ReadToEnd(cancellationToken);
        if (input.Fault is { } fault)
        {
            throw ArchiveFolder.Damaged(folder.Path, $"'{file.Path}': {fault}");
        }
    }

    private HashedInput Open(ArchiveFile file)
    {
        try
        {
            return new HashedInput(folder.PathOf(file), file);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw ArchiveFolder.Damaged(folder.Path, $"'{file.Path}' is missing", exception);
        }
    }

    private ArchiveRecord? Next(IEnumerator<ArchiveRecord?> records, ArchiveFile file, CancellationToken cancellationToken)
    {
        try
        {
            while (records.MoveNext())
            {
                if (records.Current is { } record)
                {
                    return record;
                }

                cancellationToken.ThrowIfCancellationRequested();
            }

            return null;
        }
        catch (FormatException exception)
        {
            throw ArchiveFolder.Damaged(folder.Path, $"'{file.Path}': {exception.Message}", exception);
        }
    }

    /// <summary>The wanted records, and now and then a null.</summary>
    private IEnumerable<ArchiveRecord?> ReadCsv(HashedInput input, ArchiveFile file)
    {
        var isEvents = file.Content == ArchiveContent.Event;
        var scanner = new CsvScanner(input, isEvents ? CsvColumns.EventColumns : CsvColumns.TrendColumns);
        scanner.ReadHeader(isEvents ? CsvColumns.EventHeader : CsvColumns.TrendHeader);
        while (scanner.Read())
        {
            seen++;
            ArchiveRecord? record = isEvents
                ? matcher.TakeEvent(scanner.Row, folder.Manifest.Device)
                : matcher.TakeTrend(scanner.Row, folder.Manifest.Device, file.Trend!);
            if (record is not null || seen % Breath == 0)
            {
                yield return record;
            }
        }
    }

    /// <inheritdoc cref="ReadCsv"/>
    private IEnumerable<ArchiveRecord?> ReadXml(HashedInput input, ArchiveFile file)
    {
        foreach (var values in XmlRecordReader.Read(input, file.Content))
        {
            seen++;
            ArchiveRecord? record = file.Content == ArchiveContent.Event
                ? XmlRecordReader.ToEvent(values, folder.Manifest.Device) is var found && matcher.IsWanted(found) ? found : null
                : XmlRecordReader.ToTrend(values, folder.Manifest.Device, file.Trend!) is var read && matcher.IsWanted(read) ? read : null;
            if (record is not null || seen % Breath == 0)
            {
                yield return record;
            }
        }
    }
}
