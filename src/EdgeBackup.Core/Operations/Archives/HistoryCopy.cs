using EdgeBackup.Core.Archives;
using EdgeBackup.Core.Archives.Writing;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Records;

namespace EdgeBackup.Core.Operations.Archives;

/// <summary>
/// Copies what a device's logs hold behind the cursors of the last run into the files of an archive; one page at a time is
/// in memory. A log that cannot be read is left for the next run and keeps none of the others from being archived.
/// </summary>
/// <param name="options">What to copy.</param>
/// <param name="selection">What of it; null for all.</param>
/// <param name="observer">Is told how far it is.</param>
/// <param name="isAtWork">Throws where the device itself is gone, and not one log of it.</param>
internal sealed class HistoryCopy(WriteArchiveOptions options, ArchiveSelection? selection, IOperationObserver observer, Func<CancellationToken, Task> isAtWork)
{
    private readonly List<ArchiveFile> files = [];
    private readonly List<ArchiveGap> gaps = [];
    private EdgeBackupException? firstFault;
    private int faults;
    private bool isUnlisted;
    private readonly HashSet<string> taken = new(StringComparer.OrdinalIgnoreCase);
    private long records;

    public IReadOnlyList<ArchiveFile> Files => files;

    public IReadOnlyList<ArchiveGap> Gaps => gaps;

    /// <summary>Where the next run begins.</summary>
    public HistoryPlaces Places { get; } = new();

    /// <param name="history">The device's.</param>
    /// <param name="last">The run before; null for none.</param>
    /// <param name="folder">Where the files go.</param>
    /// <param name="cancellationToken">Stops between two pages.</param>
    public async Task RunAsync(IDeviceHistory history, ArchiveRun? last, string folder, CancellationToken cancellationToken)
    {
        Places.BeginAfter(last);
        var listing = await history.ListAsync(cancellationToken).ConfigureAwait(false);
        RequireSomething(listing);
        if (options.Wants(ArchiveContent.Event))
        {
            NoteAbsentEvents(listing, last);
            if (listing.HasEvents)
            {
                await CopyEventsAsync(history, listing, folder, cancellationToken).ConfigureAwait(false);
            }
        }

        if (options.Wants(ArchiveContent.Trend))
        {
            if (listing.TrendsFault is { } fault)
            {
                isUnlisted = true;
                gaps.Add(await PendAsync(fault, ArchiveContent.Trend, trend: null, cancellationToken).ConfigureAwait(false));
            }
            else
            {
                NoteAbsent(listing, last);
            }

            foreach (var trend in listing.Trends)
            {
                await CopyTrendAsync(history, trend, folder, cancellationToken).ConfigureAwait(false);
            }
        }

        // An archive of nothing but failures would look like one of a quiet device.
        if (firstFault is not null && faults == files.Count + (isUnlisted ? 1 : 0) && files.TrueForAll(file => file.Records + file.LeftOut == 0))
        {
            throw firstFault;
        }
    }

    /// <exception cref="EdgeBackupException">ArchiveNotSupported: there is nothing of what was asked for, and never was.</exception>
    private void RequireSomething(HistoryListing listing)
    {
        var (wantsEvents, wantsTrends) = (options.Wants(ArchiveContent.Event), options.Wants(ArchiveContent.Trend));
        if ((listing.HasEvents && wantsEvents) || (wantsTrends && listing.TrendsFault is not null) || (wantsTrends && (listing.Trends.Count + Places.TrendCursors.Count > 0 || (wantsEvents && Places.EventCursor is not null))))
        {
            return;
        }

        var what = wantsTrends ? wantsEvents ? "no event log and no trend logs" : "no trend logs" : "no event log";
        throw new EdgeBackupException(
            ErrorIds.ArchiveNotSupported,
            $"The device '{options.Device}' says that it has {what}, so that there is nothing to archive.{(!wantsEvents || Places.EventCursor is null ? "" : " It had when it was archived before: see to the device.")}",
            options.Device);
    }

    private async Task CopyEventsAsync(IDeviceHistory history, HistoryListing listing, string folder, CancellationToken cancellationToken)
    {
        var oldest = listing.OldestEvent;
        using var file = new ArchiveFileWriter(folder, ArchiveNames.Events(options.Format), options.Device, trend: null, options.Format, selection);
        await CompleteAsync(
            file,
            trend: null,
            async () =>
            {
                if (listing.EventsFault is { } fault)
                {
                    // Without its oldest event nobody knows whether it is still the log that was read before.
                    throw fault;
                }

                if (!await TryCopyEventsAsync(history, oldest, file, isFromOldest: selection is not null, cancellationToken).ConfigureAwait(false))
                {
                    await TryCopyEventsAsync(history, oldest, file, isFromOldest: true, cancellationToken).ConfigureAwait(false);
                }
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <returns>False, and nothing was written: the log is another one than the last run read, and is to be read from its oldest record.</returns>
    private async Task<bool> TryCopyEventsAsync(IDeviceHistory history, DeviceEvent? oldest, ArchiveFileWriter file, bool isFromOldest, CancellationToken cancellationToken)
    {
        var suspect = selection is null && LogIdentity.IsSuspect(oldest, Places.EventMarks) ? Places.EventMarks : null;
        DeviceEvent? last = null;
        await foreach (var page in Read(cursor => history.ReadEventsAsync(cursor, cancellationToken), isFromOldest ? null : Places.EventCursor).ConfigureAwait(false))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var given = page;
            if (suspect is not null && page.Gap is null)
            {
                if (isFromOldest)
                {
                    given = page with { Gap = new HistoryGap(null, "the device's log does not hold the last archived event any more: it was begun anew since the last run, or has overflowed") };
                }
                else if (!LogIdentity.BeginsWith(page.Records, oldest) && !await LogIdentity.HoldsLastAsync(history, suspect, cancellationToken).ConfigureAwait(false))
                {
                    return false;
                }
            }

            suspect = null;
            file.Write(given);
            last = page.Records is [.., var newest] ? newest : last;
            if (selection is null)
            {
                Places.EventCursor = page.Next;
                Places.EventMarks = LogIdentity.Next(page.Gap is null ? Places.EventMarks : null, oldest, last);
            }

            Tell("events", page.Records.Count);
        }

        return suspect is null || isFromOldest || await LogIdentity.HoldsLastAsync(history, suspect, cancellationToken).ConfigureAwait(false);
    }

    private async Task CopyTrendAsync(IDeviceHistory history, TrendLog trend, string folder, CancellationToken cancellationToken)
    {
        using var file = new ArchiveFileWriter(folder, ArchiveNames.Trend(trend.Id, options.Format, taken), options.Device, trend, options.Format, selection);
        await CompleteAsync(
            file,
            trend,
            async () =>
            {
                if (!await TryCopyTrendAsync(history, trend, file, isFromOldest: selection is not null, cancellationToken).ConfigureAwait(false))
                {
                    await TryCopyTrendAsync(history, trend, file, isFromOldest: true, cancellationToken).ConfigureAwait(false);
                }

                if (selection is null && trend.Records is { } count)
                {
                    Places.Count(trend.Id, count);
                }
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <returns>False, and nothing was written: the log goes on below the number that was read last, so that it is another one, and is to be read from its oldest record.</returns>
    private async Task<bool> TryCopyTrendAsync(IDeviceHistory history, TrendLog trend, ArchiveFileWriter file, bool isFromOldest, CancellationToken cancellationToken)
    {
        long? reached = selection is null && Places.TrendSequences.TryGetValue(trend.Id, out var last) ? last : null;

        // A log that holds fewer than it did has been emptied, unless it drops old records by their age.
        var hasShrunk = !isFromOldest && reached is not null && trend.Records < Places.TrendCounts.GetValueOrDefault(trend.Id);
        await foreach (var page in Read(cursor => history.ReadTrendAsync(trend.Id, cursor, cancellationToken), isFromOldest ? null : Places.TrendCursors.GetValueOrDefault(trend.Id)).ConfigureAwait(false))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var given = page;
            if (hasShrunk && page.Gap is null && await LogIdentity.IsAnewAsync(history, trend.Id, reached!.Value, cancellationToken).ConfigureAwait(false))
            {
                return false;
            }

            hasShrunk = false;
            if (reached is { } before && page.Records.Count > 0)
            {
                if (page.Gap is null && LogIdentity.IsBelow(before, page.Records[0].Sequence))
                {
                    if (!isFromOldest)
                    {
                        return false;
                    }

                    given = page with { Gap = new HistoryGap(null, "the device has begun to number this trend log anew since the last run") };
                }

                reached = null;
            }

            file.Write(given);
            if (selection is null)
            {
                Places.Reach(trend.Id, page.Next, page.Records is [.., var newest] ? newest.Sequence : null, page.Gap is not null);
            }

            Tell(trend.Name, page.Records.Count);
        }

        return !hasShrunk || !await LogIdentity.IsAnewAsync(history, trend.Id, reached!.Value, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Copies a log, and completes its file also where the log fails: what was read of it counts, and the rest waits for the next run.</summary>
    private async Task CompleteAsync(ArchiveFileWriter file, TrendLog? trend, Func<Task> copy, CancellationToken cancellationToken)
    {
        ArchiveGap? failure = null;
        try
        {
            await copy().ConfigureAwait(false);
        }
        catch (EdgeBackupException exception)
        {
            failure = await PendAsync(exception, trend is null ? ArchiveContent.Event : ArchiveContent.Trend, trend?.Id, cancellationToken).ConfigureAwait(false);
        }

        files.Add(file.Complete());
        gaps.AddRange(file.Gaps);
        if (failure is not null)
        {
            gaps.Add(failure);
        }
    }

    /// <summary>What cannot be read is the next run's, unless the device itself is gone.</summary>
    private async Task<ArchiveGap> PendAsync(EdgeBackupException fault, ArchiveContent content, string? trend, CancellationToken cancellationToken)
    {
        await RequireDeviceAsync(fault, cancellationToken).ConfigureAwait(false);
        firstFault ??= fault;
        faults++;
        return new ArchiveGap { Content = content, Trend = trend, Pending = true, Reason = fault.Message.TrimEnd('.') };
    }

    private async Task RequireDeviceAsync(EdgeBackupException fault, CancellationToken cancellationToken)
    {
        try
        {
            await isAtWork(cancellationToken).ConfigureAwait(false);
        }
        catch (EdgeBackupException exception)
        {
            observer.Verbose(exception.Message);
            throw fault;
        }
    }

    /// <summary>As <see cref="NoteAbsent"/>, of the events.</summary>
    private void NoteAbsentEvents(HistoryListing listing, ArchiveRun? last)
    {
        if (selection is not null)
        {
            return;
        }

        Places.EventsAbsent = !listing.HasEvents && Places.EventCursor is not null;
        if (Places.EventsAbsent && last?.EventsAbsent != true)
        {
            gaps.Add(new ArchiveGap { Content = ArchiveContent.Event, Reason = "the device has no event log any more" });
        }
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

        Places.Absent = [.. Places.TrendCursors.Keys.Except(listing.Trends.Select(trend => trend.Id), StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        gaps.AddRange(Places.Absent.Except(last?.Absent ?? [], StringComparer.Ordinal).Select(trend => new ArchiveGap
        {
            Content = ArchiveContent.Trend,
            Trend = trend,
            Reason = "the device does not list this trend log any more",
        }));
    }

    /// <summary>A run leaves to the next what a reading left; for an extract there is no next.</summary>
    private IAsyncEnumerable<HistoryPage<T>> Read<T>(Func<string?, IAsyncEnumerable<HistoryPage<T>>> read, string? cursor) => selection is null ? read(cursor) : LogReading.ToEndAsync(read);

    private void Tell(string what, int count)
    {
        records += count;
        observer.Progress(new OperationProgress($"Archiving {options.Device}", what, ItemsDone: records));
    }
}
