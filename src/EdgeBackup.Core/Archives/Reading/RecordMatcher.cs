namespace EdgeBackup.Core.Archives.Reading;

/// <summary>Decides about records before objects are made of them. Not thread-safe.</summary>
internal sealed class RecordMatcher(ArchiveQuery query)
{
    private readonly DateTime after = query.After?.UtcDateTime ?? DateTime.MinValue;
    private readonly DateTime? before = query.Before?.UtcDateTime;
    private readonly TextMatcher categories = new(query.Categories);
    private readonly TextMatcher users = new(query.Users);
    private readonly TextMatcher sources = new(query.Sources);
    private readonly TextMatcher messages = new(query.Messages);
    private readonly TextMatcher olds = new(query.Values);
    private readonly TextMatcher news = new(query.Values);

    /// <summary>Makes an event of a line, if it is wanted.</summary>
    /// <returns>Null where it is not.</returns>
    /// <exception cref="FormatException">No archive has such a line.</exception>
    public ArchivedEvent? TakeEvent(CsvRow row, string device)
    {
        var time = Time(row);
        return IsWanted(time)
            && Matches(categories, row, CsvColumns.Category)
            && Matches(users, row, CsvColumns.User)
            && Matches(sources, row, CsvColumns.Source)
            && Matches(messages, row, CsvColumns.Message)
            && (olds.IsEverything || Matches(olds, row, CsvColumns.Old) || Matches(news, row, CsvColumns.New))
                ? new ArchivedEvent(
                    time,
                    device,
                    row.TextOrNull(CsvColumns.Id),
                    row.Text(CsvColumns.Category),
                    row.Text(CsvColumns.Source),
                    row.TextOrNull(CsvColumns.User),
                    row.Text(CsvColumns.Message),
                    row.TextOrNull(CsvColumns.Old),
                    row.TextOrNull(CsvColumns.New))
                : null;
    }

    /// <inheritdoc cref="TakeEvent(CsvRow, string)"/>
    public ArchivedTrendRecord? TakeTrend(CsvRow row, string device, string trend)
    {
        var time = Time(row);
        return IsWanted(time) && Matches(news, row, CsvColumns.Value)
            ? new ArchivedTrendRecord(time, device, trend, Number(row.Bytes(CsvColumns.Sequence)), row.TextOrNull(CsvColumns.Value), row.Text(CsvColumns.Status))
            : null;
    }

    public bool IsWanted(ArchivedEvent record) =>
        IsWanted(record.Time)
        && categories.Matches(record.Category)
        && Matches(users, record.User)
        && sources.Matches(record.Source)
        && messages.Matches(record.Message)
        && (olds.IsEverything || Matches(olds, record.Old) || Matches(news, record.New));

    public bool IsWanted(ArchivedTrendRecord record) => IsWanted(record.Time) && Matches(news, record.Value);

    private static long Number(ReadOnlySpan<byte> bytes) =>
        System.Buffers.Text.Utf8Parser.TryParse(bytes, out long number, out var used) && used == bytes.Length
            ? number
            : throw new FormatException("a sequence number is none");

    private static DateTime Time(CsvRow row) =>
        ArchiveTime.TryRead(row.Bytes(CsvColumns.Time), out var time) ? time : throw new FormatException("a time is none");

    private static bool Matches(TextMatcher matcher, CsvRow row, int column) =>
        matcher.IsEverything || (!row.IsNull(column) && matcher.Matches(row.Bytes(column), row.HasQuotes(column)));

    /// <summary>What is not there matches no wish.</summary>
    private static bool Matches(TextMatcher matcher, string? text) => matcher.IsEverything || (text is not null && matcher.Matches(text));

    private bool IsWanted(DateTime time) => time >= after && !(time >= before);
}
