using NodaTime;
using NodaTime.TimeZones;

namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>
/// Turns the local times of one log's records into UTC, page after page, in the order of the records. In the hour that
/// occurs twice when clocks are set back, the order decides where it can: records behind one that is later on the clock
/// are of the second hour, and those before them of the first. Where it cannot, the device's present offset does.
/// </summary>
internal sealed class BacnetLogTimes(BacnetDeviceClock clock)
{
    /// <summary>The last record that has a time, and the one before it.</summary>
    private DateTime? last;
    private DateTime? beforeLast;

    /// <summary>The clock change in whose second hour the last record is known to be.</summary>
    private Instant? passed;

    /// <returns>A time for each record; the beginning of 1970 where there is none.</returns>
    public IReadOnlyList<DateTimeOffset> ToUtc(IReadOnlyList<BacnetLogRecord> records)
    {
        if (clock.Zone is not { } zone)
        {
            return [.. records.Select(record => clock.ToUtc(record.Local))];
        }

        var times = new DateTimeOffset[records.Count];
        var twice = new List<(int Index, ZoneLocalMapping Mapping)>();
        for (var index = 0; index < records.Count; index++)
        {
            if (records[index].Local is not { } local)
            {
                times[index] = DateTimeOffset.UnixEpoch;
                continue;
            }

            var mapping = zone.MapLocal(LocalDateTime.FromDateTime(local));
            if (twice.Count > 0 && (mapping.Count != 2 || Change(mapping) != Change(twice[0].Mapping)))
            {
                Settle(records, twice, times);
            }

            if (mapping.Count == 2)
            {
                twice.Add((index, mapping));
                continue;
            }

            // An hour that the zone leaves out: the device's clock was set forward a little later.
            times[index] = At(local, mapping.EarlyInterval);
            passed = null;
            Remember(local);
        }

        if (twice.Count > 0)
        {
            Settle(records, twice, times);
        }

        return times;
    }

    /// <summary>Decides on records that follow each other in the hour that occurs twice.</summary>
    private void Settle(IReadOnlyList<BacnetLogRecord> records, List<(int Index, ZoneLocalMapping Mapping)> twice, DateTimeOffset[] times)
    {
        var change = Change(twice[0].Mapping);
        var overlap = (twice[0].Mapping.EarlyInterval.WallOffset - twice[0].Mapping.LateInterval.WallOffset).ToTimeSpan();
        if (last is { } newest && !IsIn(twice[0].Mapping, newest))
        {
            passed = null;
        }

        var stepsBack = new List<int>();
        var firstStep = last is { } before && IsIn(twice[0].Mapping, before) ? 0 : 1;
        for (var place = 0; place < twice.Count; place++)
        {
            var local = records[twice[place].Index].Local!.Value;
            if (place >= firstStep && IsStepBack(local, overlap))
            {
                stepsBack.Add(place);
            }

            Remember(local);
        }

        // More than one step back is no change of clocks but somebody who has set them.
        var isPassed = passed == change && stepsBack.Count == 0;
        var second = isPassed ? 0 : stepsBack.Count == 1 ? stepsBack[0] : (int?)null;
        for (var place = 0; place < twice.Count; place++)
        {
            var (index, mapping) = twice[place];
            var isLate = second is { } begins ? place >= begins : mapping.EarlyInterval.WallOffset.ToTimeSpan() != -clock.Offset;
            times[index] = At(records[index].Local!.Value, isLate ? mapping.LateInterval : mapping.EarlyInterval);
        }

        passed = second is not null ? change : null;
        twice.Clear();
    }

    /// <summary>
    /// Whether a record comes behind a change of clocks that the one before it came before. The same time twice is one where
    /// the record before those was as far away as clocks are set back: a log of one record an hour.
    /// </summary>
    private bool IsStepBack(DateTime local, TimeSpan overlap) =>
        last is { } previous && (local < previous || (local == previous && beforeLast is { } earlier && previous - earlier == overlap));

    private void Remember(DateTime local)
    {
        beforeLast = last;
        last = local;
    }

    private static bool IsIn(ZoneLocalMapping mapping, DateTime local)
    {
        var other = mapping.Zone.MapLocal(LocalDateTime.FromDateTime(local));
        return other.Count == 2 && Change(other) == Change(mapping);
    }

    private static Instant Change(ZoneLocalMapping mapping) => mapping.LateInterval.Start;

    private static DateTimeOffset At(DateTime local, ZoneInterval interval) =>
        new DateTimeOffset(DateTime.SpecifyKind(local, DateTimeKind.Utc)) - interval.WallOffset.ToTimeSpan();
}
