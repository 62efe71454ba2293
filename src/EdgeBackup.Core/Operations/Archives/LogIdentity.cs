using System.Security.Cryptography;
using System.Text;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Records;

namespace EdgeBackup.Core.Operations.Archives;

/// <summary>
/// Whether a log is still the one that the last run read. A device should say so itself (410 with <c>anew</c>); one that
/// answers an empty page to a cursor ahead of its log, or records from the middle of it, would lose what the new log holds
/// before that. What the listing tells in any case raises the suspicion, and only then is the log looked through.
/// </summary>
internal static class LogIdentity
{
    /// <summary>
    /// Whether the oldest event has changed as it does not while the log only goes on: to one that is younger than the last
    /// that was read, or older than the oldest was.
    /// </summary>
    public static bool IsSuspect(DeviceEvent? oldest, ArchiveEventMarks? marks) =>
        oldest is not null && marks is not null
        && Digest(oldest) is var digest && digest != marks.Oldest && digest != marks.Last
        && (oldest.Time >= marks.LastTime || oldest.Time < marks.OldestTime);

    /// <summary>Whether what lies behind the cursor begins with the log's oldest event: then nothing lies before it, and nothing is lost. A quiet log whose old events have run out is so.</summary>
    public static bool BeginsWith(IReadOnlyList<DeviceEvent> behind, DeviceEvent? oldest) =>
        oldest is not null && behind.Count > 0 && behind[0].Time == oldest.Time && Digest(behind[0]) == Digest(oldest);

    /// <summary>Whether an event log holds the last event that was read, so that it is the same log.</summary>
    public static async Task<bool> HoldsLastAsync(IDeviceHistory history, ArchiveEventMarks marks, CancellationToken cancellationToken)
    {
        await foreach (var page in LogReading.ToEndAsync(cursor => history.ReadEventsAsync(cursor, cancellationToken)).ConfigureAwait(false))
        {
            if (page.Records.Any(record => record.Time == marks.LastTime && Digest(record) == marks.Last))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether a trend log begins below the number that was reached and does not hold it, so that it is another log.</summary>
    public static async Task<bool> IsAnewAsync(IDeviceHistory history, string trend, long reached, CancellationToken cancellationToken)
    {
        var isBelow = false;
        await foreach (var page in LogReading.ToEndAsync(cursor => history.ReadTrendAsync(trend, cursor, cancellationToken)).ConfigureAwait(false))
        {
            if (page.Records.Count == 0)
            {
                continue;
            }

            isBelow = isBelow || IsBelow(reached, page.Records[0].Sequence);
            if (!isBelow || page.Records.Any(record => record.Sequence == reached))
            {
                return false;
            }
        }

        return isBelow;
    }

    /// <summary>A number that has gone all the way round (32 bits in BACnet) is no new beginning.</summary>
    public static bool IsBelow(long reached, long first) => first <= reached && reached - first < uint.MaxValue / 2;

    /// <summary>What is to be remembered after a reading.</summary>
    /// <param name="before">What was before it; null for nothing.</param>
    /// <param name="oldest">The oldest event now; null where there is none, or none is told.</param>
    /// <param name="last">The last that was read; null for none.</param>
    public static ArchiveEventMarks? Next(ArchiveEventMarks? before, DeviceEvent? oldest, DeviceEvent? last)
    {
        if (last is null)
        {
            // An empty log may be a new one: what was known tells so when it holds something again.
            return oldest is null ? before : before is null ? null : before with { Oldest = Digest(oldest), OldestTime = oldest.Time };
        }

        return oldest is null ? null : new ArchiveEventMarks(Digest(oldest), oldest.Time, Digest(last), last.Time);
    }

    private static string Digest(DeviceEvent record)
    {
        var text = new StringBuilder();
        foreach (var value in (string?[])[record.Id, record.Time.UtcTicks.ToString(System.Globalization.CultureInfo.InvariantCulture), record.Category, record.Source, record.User, record.Message, record.Old, record.New])
        {
            text.Append(value is null ? '-' : '+').Append(value).Append('\0');
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }
}
