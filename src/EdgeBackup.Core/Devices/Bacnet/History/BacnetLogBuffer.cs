using System.Runtime.CompilerServices;

namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>Records of one log that were read in one piece.</summary>
/// <param name="First">Sequence number of the first of them.</param>
/// <param name="Records">In their order; perhaps empty.</param>
/// <param name="Reached">The last sequence number that was dealt with.</param>
/// <param name="Gap">What was lost before the first of them.</param>
internal sealed record BacnetLogPage(uint First, IReadOnlyList<BacnetLogRecord> Records, uint Reached, HistoryGap? Gap)
{
    /// <summary>Where the next reading goes on.</summary>
    public BacnetLogPlace Place => new(Reached, Records is [.., var newest] ? BacnetLogPlace.StampOf(newest.Local) : null);
}

/// <summary>
/// Reads a log object's buffer by sequence number. The buffer is a ring: what it forgot before it was read is a gap, and how
/// many records that were is known from their numbers.
/// </summary>
internal sealed class BacnetLogBuffer(BacnetConversation link, BacnetObjectId log)
{
    /// <summary>Asked for at once; the device answers with as many as fit its answer.</summary>
    private const int MostAtOnce = 1000;

    private const string Overflowed = "the device's log buffer overflowed, or was emptied, before it was read";
    private const string BegunAnew = "the device began to number its log anew";

    /// <param name="place">How far it was read before; null: not at all.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="BacnetException">Whatever went wrong.</exception>
    public async IAsyncEnumerable<BacnetLogPage> ReadAsync(BacnetLogPlace? place, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (client, peer) = await link.OpenAsync(cancellationToken).ConfigureAwait(false);
        var (count, newest) = await ReadCountsAsync(cancellationToken).ConfigureAwait(false);
        HistoryGap? gap = null;
        uint? reached = place?.Sequence;
        var oldest = BacnetSequence.Next(newest, 1 - count);
        if (place is { } last && (!BacnetSequence.IsReached(last.Sequence, newest) || await IsAnotherAsync(last, oldest, newest, count, cancellationToken).ConfigureAwait(false)))
        {
            gap = new HistoryGap(null, BegunAnew);
            reached = null;
        }

        if (count == 0)
        {
            if ((gap ?? Missing(reached, BacnetSequence.Next(newest))) is { } emptied)
            {
                yield return new BacnetLogPage(newest, [], newest, emptied);
            }

            yield break;
        }

        gap ??= Missing(reached, oldest);
        var next = gap is not null || reached is null ? oldest : BacnetSequence.Next(reached.Value);
        for (var left = BacnetSequence.From(next, newest) + 1; left > 0 && next != BacnetSequence.Next(newest);)
        {
            var range = await client.ReadRangeAsync(
                peer, log, BacnetProperty.LogBuffer, BacnetRangeRequest.BySequence(next, (int)Math.Min(left, MostAtOnce)), cancellationToken).ConfigureAwait(false);
            var records = BacnetLogReader.Read(log.Type, range.Items.Span);
            if (records.Count == 0)
            {
                // What was asked for has been overwritten meanwhile, if it is not there any more.
                (count, newest) = await ReadCountsAsync(cancellationToken).ConfigureAwait(false);
                oldest = BacnetSequence.Next(newest, 1 - count);
                if (count > 0 && Missing(BacnetSequence.Next(next, -1), oldest) is null)
                {
                    throw new BacnetAnswerException($"{log} says that it has record {next} and answers with none");
                }

                gap = new HistoryGap(count == 0 ? null : (gap is null ? 0 : gap.Lost) + BacnetSequence.From(next, oldest), Overflowed);
                next = count == 0 ? BacnetSequence.Next(newest) : oldest;
                left = count;
                if (count == 0)
                {
                    yield return new BacnetLogPage(newest, [], newest, gap);
                }

                continue;
            }

            var first = range.FirstSequence ?? next;
            if (first != next)
            {
                // A gap is only what the device has no more; records that it has and does not give are a fault of it.
                (count, newest) = await ReadCountsAsync(cancellationToken).ConfigureAwait(false);
                var skipped = BacnetSequence.From(next, first);
                gap = count > 0 && skipped < uint.MaxValue / 2 && BacnetSequence.IsReached(first, BacnetSequence.Next(newest, 1 - count))
                    ? new HistoryGap((gap is null ? 0 : gap.Lost) + skipped, gap?.Reason ?? Overflowed)
                    : throw new BacnetAnswerException($"{log} was asked for record {next}, and answered at another position, with record {first}", isToAnother: true);
            }

            var end = BacnetSequence.Next(first, records.Count - 1);
            yield return new BacnetLogPage(first, records, end, gap);
            gap = null;
            left = BacnetSequence.IsReached(end, newest) ? BacnetSequence.From(end, newest) : 0;
            next = BacnetSequence.Next(end);
        }
    }

    /// <summary>
    /// Whether the record that was read last is another one now: the log was begun anew, and has come farther than before.
    /// Only where something new is to be read, since that costs a question.
    /// </summary>
    private async Task<bool> IsAnotherAsync(BacnetLogPlace last, uint oldest, uint newest, long count, CancellationToken cancellationToken)
    {
        if (last.Stamp is null || last.Sequence == newest || BacnetSequence.From(oldest, last.Sequence) >= count)
        {
            return false;
        }

        var (client, peer) = await link.OpenAsync(cancellationToken).ConfigureAwait(false);
        var range = await client.ReadRangeAsync(peer, log, BacnetProperty.LogBuffer, BacnetRangeRequest.BySequence(last.Sequence, 1), cancellationToken).ConfigureAwait(false);
        return (range.FirstSequence ?? last.Sequence) == last.Sequence
            && BacnetLogReader.Read(log.Type, range.Items.Span) is [var now, ..]
            && BacnetLogPlace.StampOf(now.Local) is { } stamp && stamp != last.Stamp;
    }

    private static HistoryGap? Missing(uint? reached, uint oldest)
    {
        if (reached is not { } last)
        {
            return null;
        }

        // The oldest that is left may lie before what was reached: the usual case.
        var lost = BacnetSequence.From(BacnetSequence.Next(last), oldest);
        return lost is > 0 and < uint.MaxValue / 2 ? new HistoryGap(lost, Overflowed) : null;
    }

    /// <returns>How many records the buffer holds, and the number of the newest.</returns>
    private async Task<(long Count, uint Newest)> ReadCountsAsync(CancellationToken cancellationToken)
    {
        var (client, peer) = await link.OpenAsync(cancellationToken).ConfigureAwait(false);
        var results = await client.ReadPropertiesAsync(peer, [(log, BacnetProperty.RecordCount), (log, BacnetProperty.TotalRecordCount)], cancellationToken).ConfigureAwait(false);
        if (results.FirstOrDefault(result => result.Error is not null) is { } refused)
        {
            throw refused.Error!;
        }

        return results[0].Value?.AsUnsigned is { } count and <= uint.MaxValue && results[1].Value?.AsUnsigned is { } total and <= uint.MaxValue && (count == 0 || total > 0)
            ? ((long)count, (uint)total)
            : throw new BacnetAnswerException($"{log} does not say how many records it has");
    }
}
