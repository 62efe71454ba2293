using EdgeBackup.Core.Archives;
using EdgeBackup.Core.Archives.Writing;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Records;

namespace EdgeBackup.Core.Operations.Archives;

/// <summary>Copies what a device's logs hold behind the cursors of the last run into the files of an archive; one page at a time is in memory.</summary>
internal sealed class HistoryCopy(WriteArchiveOptions options, ArchiveSelection? selection, IOperationObserver observer)
{
    private readonly List<ArchiveFile> files = [];
    private readonly List<ArchiveGap> gaps = [];
    private readonly Dictionary<string, string> trendCursors = new(StringComparer.Ordinal);
    private readonly HashSet<string> taken = new(StringComparer.OrdinalIgnoreCase);
    private long records;

    public IReadOnlyList<ArchiveFile> Files => files;

    public IReadOnlyList<ArchiveGap> Gaps => gaps;

    /// <summary>Where the next run begins.</summary>
    public string? EventCursor { get; private set; }

    /// <inheritdoc cref="EventCursor"/>
    public IReadOnlyDictionary<string, string> TrendCursors => trendCursors;

    /// <summary>Trend logs with a cursor that the device does not list.</summary>
    public IReadOnlyList<string> Absent { get; private set; } = [];

    /// <param name="history">The device's.</param>
    /// <param name="last">The run before; null for none.</param>
    /// <param name="folder">Where the files go.</param>
    /// <param name="cancellationToken">Stops between two pages.</param>
    public async Task RunAsync(IDeviceHistory history, ArchiveRun? last, string folder, CancellationToken cancellationToken)
    {
        // Copied first: a log that is not read keeps its place, and one that is gone for now, too.
        EventCursor = last?.EventCursor;
        Absent = last?.Absent ?? [];
        foreach (var (trend, cursor) in last?.TrendCursors ?? new Dictionary<string, string>())
        {
            trendCursors[trend] = cursor;
        }

        var listing = await history.ListAsync(cancellationToken).ConfigureAwait(false);
        if (listing.HasEvents && options.Wants(ArchiveContent.Event))
        {
            await CopyEventsAsync(history, folder, cancellationToken).ConfigureAwait(false);
        }

        if (options.Wants(ArchiveContent.Trend))
        {
            NoteAbsent(listing, last);
            foreach (var trend in listing.Trends)
            {
                await CopyTrendAsync(history, trend, folder, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task CopyEventsAsync(IDeviceHistory history, string folder, CancellationToken cancellationToken)
    {
        using var file = new ArchiveFileWriter(folder, ArchiveNames.Events(options.Format), options.Device, trend: null, options.Format, selection);
        await foreach (var page in history.ReadEventsAsync(selection is null ? EventCursor : null, cancellationToken).ConfigureAwait(false))
        {
            cancellationToken.ThrowIfCancellationRequested();
            file.Write(page);
            EventCursor = selection is null ? page.Next : EventCursor;
            Tell("events", page.Records.Count);
        }

        Complete(file);
    }

    private async Task CopyTrendAsync(IDeviceHistory history, TrendLog trend, string folder, CancellationToken cancellationToken)
    {
        using var file = new ArchiveFileWriter(folder, ArchiveNames.Trend(trend.Id, options.Format, taken), options.Device, trend, options.Format, selection);
        await foreach (var page in history.ReadTrendAsync(trend.Id, selection is null ? trendCursors.GetValueOrDefault(trend.Id) : null, cancellationToken).ConfigureAwait(false))
        {
            cancellationToken.ThrowIfCancellationRequested();
            file.Write(page);
            if (selection is null)
            {
                trendCursors[trend.Id] = page.Next;
            }

            Tell(trend.Name, page.Records.Count);
        }

        Complete(file);
    }

    private void Complete(ArchiveFileWriter file)
    {
        files.Add(file.Complete());
        gaps.AddRange(file.Gaps);
    }

    /// <summary>
    /// A trend log that was archived before and is not there any more may have held records that nobody will read. That
    /// is told once; the cursor is kept, since some logs come back.
    /// </summary>
    private void NoteAbsent(HistoryListing listing, ArchiveRun? last)
    {
        if (selection is not null)
        {
            return;
        }

        Absent = [.. trendCursors.Keys.Except(listing.Trends.Select(trend => trend.Id), StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        gaps.AddRange(Absent.Except(last?.Absent ?? [], StringComparer.Ordinal).Select(trend => new ArchiveGap
        {
            Content = ArchiveContent.Trend,
            Trend = trend,
            Reason = "the device does not list this trend log any more",
        }));
    }

    private void Tell(string what, int count)
    {
        records += count;
        observer.Progress(new OperationProgress($"Archiving {options.Device}", what, ItemsDone: records));
    }
}
