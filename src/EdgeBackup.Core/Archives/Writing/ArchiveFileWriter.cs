using EdgeBackup.Core.Devices;

namespace EdgeBackup.Core.Archives.Writing;

/// <summary>One file of an archive that is being written: its records, what they span, and where some are missing.</summary>
internal sealed class ArchiveFileWriter : IDisposable
{
    private readonly string path;
    private readonly TrendLog? trend;
    private readonly ArchiveSelection? selection;
    private readonly TextMatcher categories;
    private readonly HashedOutput output;
    private readonly IRecordWriter writer;
    private readonly List<ArchiveGap> gaps = [];
    private DateTimeOffset? earliest;
    private DateTimeOffset? latest;
    private DateTimeOffset? last;
    private int openGaps;
    private long records;
    private long leftOut;

    /// <param name="folder">The archive's folder.</param>
    /// <param name="path">The file's path in it, with '/'.</param>
    /// <param name="device">The device's id.</param>
    /// <param name="trend">The trend log; null for events.</param>
    /// <param name="format">How records are written.</param>
    /// <param name="selection">What is chosen; null for all.</param>
    public ArchiveFileWriter(string folder, string path, string device, TrendLog? trend, ArchiveFormat format, ArchiveSelection? selection)
    {
        this.path = path;
        this.trend = trend;
        this.selection = selection;
        categories = new TextMatcher(selection?.Categories ?? []);
        output = new HashedOutput(Path.Combine(folder, path.Replace('/', Path.DirectorySeparatorChar)));
        writer = format == ArchiveFormat.Csv ? new CsvRecordWriter(output, device, trend?.Id) : new XmlRecordWriter(output, device, trend?.Id);
    }

    /// <summary>Records that were written.</summary>
    public long Records => records;

    public IReadOnlyList<ArchiveGap> Gaps => gaps;

    public void Write(HistoryPage<DeviceEvent> page)
    {
        Note(page.Gap);
        foreach (var record in page.Records)
        {
            if (Take(record.Time) && categories.Matches(record.Category))
            {
                writer.Write(record);
                Count(record.Time);
            }
            else
            {
                leftOut++;
            }
        }
    }

    public void Write(HistoryPage<TrendRecord> page)
    {
        Note(page.Gap);
        foreach (var record in page.Records)
        {
            if (Take(record.Time))
            {
                writer.Write(record);
                Count(record.Time);
            }
            else
            {
                leftOut++;
            }
        }
    }

    /// <summary>Makes the file durable and whole.</summary>
    public ArchiveFile Complete()
    {
        writer.Complete();
        var digest = output.Complete();
        return new ArchiveFile
        {
            Path = path,
            Content = trend is null ? ArchiveContent.Event : ArchiveContent.Trend,
            Trend = trend?.Id,
            Name = trend?.Name,
            Unit = trend?.Unit,
            Records = records,
            LeftOut = leftOut,
            From = earliest,
            To = latest,
            Length = output.Length,
            Sha256 = digest,
        };
    }

    public void Dispose() => output.Dispose();

    private bool Take(DateTimeOffset time)
    {
        // What was lost is bounded by what the device had before and behind it, chosen or not.
        for (; openGaps > 0; openGaps--)
        {
            gaps[^openGaps] = gaps[^openGaps] with { Before = time };
        }

        last = time;
        return selection is null || !(time < selection.From || time >= selection.To);
    }

    private void Count(DateTimeOffset time)
    {
        records++;
        earliest = earliest is null || time < earliest ? time : earliest;
        latest = latest is null || time > latest ? time : latest;
    }

    private void Note(HistoryGap? gap)
    {
        if (gap is not null)
        {
            gaps.Add(new ArchiveGap
            {
                Content = trend is null ? ArchiveContent.Event : ArchiveContent.Trend,
                Trend = trend?.Id,
                Lost = gap.Lost,
                Reason = gap.Reason,
                After = last,
            });
            openGaps++;
        }
    }
}
