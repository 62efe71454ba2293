using EdgeBackup.Core.Records;

namespace EdgeBackup.Core.Operations.Archives;

/// <summary>How far a device's logs have been archived, as one run leaves it to the next.</summary>
internal sealed class HistoryPlaces
{
    private readonly Dictionary<string, string> trendCursors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> sequences = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> counts = new(StringComparer.Ordinal);

    /// <inheritdoc cref="ArchiveRun.EventCursor"/>
    public string? EventCursor { get; set; }

    /// <inheritdoc cref="ArchiveRun.EventMarks"/>
    public ArchiveEventMarks? EventMarks { get; set; }

    /// <inheritdoc cref="ArchiveRun.EventsAbsent"/>
    public bool EventsAbsent { get; set; }

    /// <inheritdoc cref="ArchiveRun.TrendCursors"/>
    public IReadOnlyDictionary<string, string> TrendCursors => trendCursors;

    /// <inheritdoc cref="ArchiveRun.TrendSequences"/>
    public IReadOnlyDictionary<string, long> TrendSequences => sequences;

    /// <inheritdoc cref="ArchiveRun.TrendCounts"/>
    public IReadOnlyDictionary<string, long> TrendCounts => counts;

    /// <inheritdoc cref="ArchiveRun.Absent"/>
    public IReadOnlyList<string> Absent { get; set; } = [];

    /// <summary>Takes the places of a run: a log that is not read keeps its place, and one that is gone for now, too.</summary>
    public void BeginAfter(ArchiveRun? last)
    {
        if (last is null)
        {
            return;
        }

        (EventCursor, EventMarks, EventsAbsent, Absent) = (last.EventCursor, last.EventMarks, last.EventsAbsent, last.Absent);
        TakeTrends(last, keep: []);
    }

    /// <param name="trend">The trend log.</param>
    /// <param name="cursor">The cursor behind what was read of it.</param>
    /// <param name="sequence">The number of the last record; null where there was none.</param>
    /// <param name="hasGap">Records were lost before: the number that was reached tells nothing about what comes.</param>
    public void Reach(string trend, string cursor, long? sequence, bool hasGap)
    {
        trendCursors[trend] = cursor;
        if (hasGap)
        {
            sequences.Remove(trend);
        }

        if (sequence is { } number)
        {
            sequences[trend] = number;
        }
    }

    /// <param name="trend">The trend log.</param>
    /// <param name="count">How many records it held when it was read whole.</param>
    public void Count(string trend, long count) => counts[trend] = count;

    /// <summary>
    /// Goes behind a run that came in between, if no record would be in both: where that one moved none of the cursors that
    /// were moved here, as an extract does, or a run of the other content.
    /// </summary>
    /// <param name="began">The run after which these places began; null for none.</param>
    /// <param name="now">The run that came in between.</param>
    /// <returns>False, and nothing has changed: both have the same records.</returns>
    public bool TryFollow(ArchiveRun? began, ArchiveRun now)
    {
        // A log that was begun anew may have come to the very cursor that the old one had.
        var hasMovedEvents = EventCursor != began?.EventCursor || EventMarks?.Last != began?.EventMarks?.Last;
        var moved = trendCursors.Where(trend => trend.Value != began?.TrendCursors.GetValueOrDefault(trend.Key)).Select(trend => trend.Key).ToHashSet(StringComparer.Ordinal);
        if ((hasMovedEvents && (now.EventCursor != began?.EventCursor || now.EventMarks?.Last != began?.EventMarks?.Last))
            || moved.Any(trend => now.TrendCursors.GetValueOrDefault(trend) != began?.TrendCursors.GetValueOrDefault(trend)))
        {
            return false;
        }

        if (!hasMovedEvents)
        {
            (EventCursor, EventMarks, EventsAbsent) = (now.EventCursor, now.EventMarks, now.EventsAbsent);
        }

        TakeTrends(now, keep: moved);
        Absent = [.. now.Absent.Union(Absent, StringComparer.Ordinal).Except(moved, StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        return true;
    }

    private void TakeTrends(ArchiveRun run, HashSet<string> keep)
    {
        foreach (var (trend, cursor) in run.TrendCursors.Where(trend => !keep.Contains(trend.Key)))
        {
            trendCursors[trend] = cursor;
        }

        foreach (var (trend, sequence) in run.TrendSequences.Where(trend => !keep.Contains(trend.Key)))
        {
            sequences[trend] = sequence;
        }

        foreach (var (trend, count) in run.TrendCounts.Where(trend => !keep.Contains(trend.Key)))
        {
            counts[trend] = count;
        }
    }
}
