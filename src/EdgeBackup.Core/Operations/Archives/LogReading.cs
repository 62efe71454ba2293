using EdgeBackup.Core.Devices;

namespace EdgeBackup.Core.Operations.Archives;

/// <summary>
/// Reads a log from its oldest record to its end. One reading may end before that: a device that gives few records at once
/// looks as one that logs the asking itself, and is at its end each time it is asked.
/// </summary>
internal static class LogReading
{
    private const int MostReadings = 1000;

    /// <summary>What a reading that goes on brings at the least; fewer are what the asking has made.</summary>
    private const int FewRecords = 10;

    /// <summary>The pages of all readings.</summary>
    public static async IAsyncEnumerable<HistoryPage<T>> ToEndAsync<T>(Func<string?, IAsyncEnumerable<HistoryPage<T>>> read)
    {
        string? cursor = null;
        for (var reading = 0; reading < MostReadings; reading++)
        {
            var (count, last) = (0, 0);
            await foreach (var page in read(cursor).ConfigureAwait(false))
            {
                yield return page;
                cursor = page.Next;
                last = page.Records.Count;
                count += last;
            }

            if (last == 0 || (reading > 0 && count < FewRecords))
            {
                yield break;
            }
        }

        if (cursor is not null)
        {
            yield return new HistoryPage<T>([], cursor, new HistoryGap(null, "the device goes on giving records however often it is asked; what came behind the last of these was not read"));
        }
    }
}
