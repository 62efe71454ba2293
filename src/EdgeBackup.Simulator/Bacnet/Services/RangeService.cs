using EdgeBackup.Core.Devices.Bacnet;

namespace EdgeBackup.Simulator.Bacnet.Services;

/// <summary>ReadRange over the buffers of log objects (clause 15.8): by position, by sequence number and by time.</summary>
internal sealed class RangeService(SimulatedBacnetDevice device, BacnetObjects objects)
{
    /// <summary>The answer's own parameters around the items.</summary>
    private const int Overhead = 32;

    private const BacnetErrorCode PropertyIsNotAList = (BacnetErrorCode)22;

    public ServiceAnswer Read(ReadOnlySpan<byte> payload, int budget)
    {
        var reader = new BacnetReader(payload);
        if (!reader.TryReadContextObjectId(0, out var id)
            || !reader.TryReadContextUnsigned(1, out var property)
            || !PropertyServices.TryReadIndex(ref reader, 2, out var index)
            || !TryReadRange(ref reader, out var range))
        {
            return ServiceAnswer.Malformed;
        }

        if (objects.Find(id) is not { } properties)
        {
            return PropertyFault.UnknownObject.ToAnswer();
        }

        if ((BacnetProperty)property != BacnetProperty.LogBuffer || device.Logs.FirstOrDefault(log => log.Id == id) is not { } log)
        {
            return properties.ContainsKey((BacnetProperty)property)
                ? ServiceAnswer.Error(BacnetErrorClass.Services, PropertyIsNotAList)
                : PropertyFault.UnknownProperty.ToAnswer();
        }

        if (index is not null)
        {
            return ServiceAnswer.Error(BacnetErrorClass.Property, BacnetErrorCode.PropertyIsNotAnArray);
        }

        if (range is { Count: 0 })
        {
            return ServiceAnswer.Error(BacnetErrorClass.Services, BacnetErrorCode.ParameterOutOfRange);
        }

        return Answer(id, log, range, budget);
    }

    private ServiceAnswer Answer(BacnetObjectId id, SimulatedBacnetLog log, BacnetRangeRequest? range, int budget)
    {
        var (start, count) = Select(log, range);
        var further = Math.Min(count, device.Faults.ReadsFurther);
        (start, count) = (start + further, count - further);
        var items = log.Entries.Skip(start).Take(count).Select(entry => LogRecords.Encode(device, log, entry)).ToList();

        // What does not fit is left out at the end that lies farther from where the request began.
        var fitting = 0;
        var length = Overhead;
        var isBackward = range is { Count: < 0 };
        foreach (var item in isBackward ? items.AsEnumerable().Reverse() : items)
        {
            length += item.Length;
            if (length > budget)
            {
                break;
            }

            fitting++;
        }

        var hasMore = fitting < count;
        if (isBackward)
        {
            start += count - fitting;
            items = [.. items.Skip(count - fitting)];
        }
        else
        {
            items = [.. items.Take(fitting)];
        }

        var writer = new BacnetWriter(length + Overhead);
        writer.WriteContextObjectId(0, id);
        writer.WriteContextUnsigned(1, (uint)BacnetProperty.LogBuffer);
        var isFirst = fitting > 0 && start == 0;
        var isLast = fitting > 0 && start + fitting == log.Entries.Count;
        writer.WriteContextBits(3, Flags(isFirst, isLast, hasMore));
        writer.WriteContextUnsigned(4, (uint)fitting);
        writer.WriteOpening(5);
        foreach (var item in items)
        {
            writer.WriteBytes(item);
        }

        writer.WriteClosing(5);
        if (fitting > 0 && range is { Kind: BacnetRangeKind.BySequence or BacnetRangeKind.ByTime })
        {
            writer.WriteContextUnsigned(6, log.SequenceAt(start));
        }

        return ServiceAnswer.Of(writer);
    }

    private (int Start, int Count) Select(SimulatedBacnetLog log, BacnetRangeRequest? range)
    {
        var total = log.Entries.Count;
        if (range is null)
        {
            return (0, total);
        }

        int? place = range.Kind switch
        {
            BacnetRangeKind.ByPosition => range.Reference >= 1 && range.Reference <= total ? (int)range.Reference - 1 : null,
            BacnetRangeKind.BySequence => log.IndexOf(range.Reference),
            _ => Place(log, range),
        };
        if (place is not { } index)
        {
            return (0, 0);
        }

        // A count of int.MinValue has no counterpart above zero.
        var wanted = Math.Abs((long)range.Count);
        if (range.Count > 0)
        {
            return (index, (int)Math.Min(wanted, total - index));
        }

        var count = (int)Math.Min(wanted, index + 1);
        return (index - count + 1, count);
    }

    /// <summary>The first entry after, or the last one before, a moment, as the entries' times stand, in the order in which they were written.</summary>
    private int? Place(SimulatedBacnetLog log, BacnetRangeRequest range)
    {
        if (range.Date.ToDate() is not { } date || range.Time.ToTime() is not { } time)
        {
            return null;
        }

        // Hundredths are all that the wire knows of a time, here as there.
        var moment = date.ToDateTime(time);
        var times = log.Entries.Select(entry => Hundredths(DeviceTimes.Local(device, entry.Time))).ToList();
        var index = range.Count > 0 ? times.FindIndex(candidate => candidate > moment) : times.FindLastIndex(candidate => candidate < moment);
        return index < 0 ? null : index;
    }

    private static DateTime Hundredths(DateTime time) => new(time.Ticks - (time.Ticks % (TimeSpan.TicksPerMillisecond * 10)), time.Kind);

    private static BacnetBits Flags(bool isFirst, bool isLast, bool hasMore)
    {
        Span<int> set = stackalloc int[3];
        var count = 0;
        if (isFirst)
        {
            set[count++] = 0;
        }

        if (isLast)
        {
            set[count++] = 1;
        }

        if (hasMore)
        {
            set[count++] = 2;
        }

        return BacnetBits.Of(3, set[..count]);
    }

    /// <returns>False where a range stands there and cannot be read; true with null where there is none.</returns>
    private static bool TryReadRange(ref BacnetReader reader, out BacnetRangeRequest? range)
    {
        range = null;
        if (reader.AtEnd)
        {
            return true;
        }

        foreach (var kind in Enum.GetValues<BacnetRangeKind>())
        {
            if (!reader.IsOpening((byte)kind))
            {
                continue;
            }

            reader.TryReadOpening((byte)kind);
            uint reference = 0;
            BacnetDate date = default;
            BacnetTime time = default;
            var isRead = kind == BacnetRangeKind.ByTime
                ? reader.TryReadDate(out date) && reader.TryReadTime(out time)
                : reader.TryReadUnsigned(out reference);
            if (!isRead || !reader.TryReadSigned(out var count) || !reader.TryReadClosing((byte)kind))
            {
                return false;
            }

            range = new BacnetRangeRequest(kind, reference, count, date, time);
            return true;
        }

        return false;
    }
}
