using System.Globalization;

namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>Reads the records of log buffers (ASHRAE 135, clause 21: BACnetLogRecord, BACnetLogMultipleRecord, BACnetEventLogRecord).</summary>
internal static class BacnetLogReader
{
    /// <summary>The most members of a Trend_Log_Multiple.</summary>
    private const int MostMembers = 1000;

    /// <summary>The status of what is of a kind, or a length, that is not read here.</summary>
    private const string Unreadable = "unreadable";

    /// <param name="log">Which kind of log the items are of.</param>
    /// <param name="items">As ReadRange answered.</param>
    /// <exception cref="BacnetAnswerException">They are no such records.</exception>
    public static List<BacnetLogRecord> Read(BacnetObjectType log, ReadOnlySpan<byte> items)
    {
        var records = new List<BacnetLogRecord>();
        var reader = new BacnetReader(items);
        while (!reader.AtEnd)
        {
            if (!TryReadRecord(ref reader, log, out var record))
            {
                throw new BacnetAnswerException($"record {records.Count + 1} of the log cannot be read: {reader.Fault ?? "it ends too early"}");
            }

            records.Add(record!);
        }

        return records;
    }

    /// <summary>
    /// One record. What it holds may be of a kind that is not read here: it keeps its place then, and says so, since a log
    /// that stopped there would lose all that comes behind it.
    /// </summary>
    private static bool TryReadRecord(ref BacnetReader reader, BacnetObjectType log, out BacnetLogRecord? record)
    {
        record = null;
        if (!TryReadTime(ref reader, out var time) || !reader.IsOpening(1))
        {
            return false;
        }

        var start = reader;
        reader.TryReadOpening(1);
        if (!TryReadDatum(ref reader, log, time, out record))
        {
            reader = start;
            record = new BacnetLogRecord(time, [], [Unreadable]);
            if (!reader.TryReadRaw(out _))
            {
                return false;
            }
        }

        // The status flags are there or not, whatever is logged (clause 21, BACnetLogRecord).
        if (reader.IsContext(2))
        {
            if (!reader.TryReadContextBits(2, out var flags))
            {
                return false;
            }

            record = record!.Status is [var status] ? record with { Status = [string.Join(',', new[] { status, StatusFlags(flags) }.Where(word => word.Length > 0))] } : record;
        }

        return true;
    }

    private static bool TryReadTime(ref BacnetReader reader, out DateTime? time)
    {
        time = null;
        if (!reader.TryReadOpening(0) || !reader.TryReadDate(out var date) || !reader.TryReadTime(out var clock) || !reader.TryReadClosing(0))
        {
            return false;
        }

        time = date.ToDate() is { } day && clock.ToTime() is { } moment ? day.ToDateTime(moment) : null;
        return true;
    }

    private static bool TryReadDatum(ref BacnetReader reader, BacnetObjectType log, DateTime? time, out BacnetLogRecord? record)
    {
        record = null;
        if (reader.IsContext(0))
        {
            if (!reader.TryReadContextBits(0, out var status))
            {
                return false;
            }

            record = new BacnetLogRecord(time, [], [LogStatus(status)]);
            return reader.TryReadClosing(1);
        }

        return log switch
        {
            BacnetObjectType.EventLog => TryReadEvent(ref reader, time, out record),
            BacnetObjectType.TrendLogMultiple => TryReadMembers(ref reader, time, out record),
            _ => TryReadValue(ref reader, time, out record),
        };
    }

    private static bool TryReadValue(ref BacnetReader reader, DateTime? time, out BacnetLogRecord? record)
    {
        record = null;
        if (reader.IsContext(9))
        {
            return TryReadClock(ref reader, 9, time, out record);
        }

        if (!TryReadOneOrSkip(ref reader, first: 1, out var value, out var status) || !reader.TryReadClosing(1))
        {
            return false;
        }

        record = new BacnetLogRecord(time, [value], [status]);
        return true;
    }

    private static bool TryReadMembers(ref BacnetReader reader, DateTime? time, out BacnetLogRecord? record)
    {
        record = null;
        if (reader.IsContext(2))
        {
            return TryReadClock(ref reader, 2, time, out record);
        }

        if (!reader.TryReadOpening(1))
        {
            return false;
        }

        var values = new List<string?>();
        var status = new List<string>();
        while (!reader.IsClosing(1))
        {
            if (values.Count == MostMembers || !TryReadOneOrSkip(ref reader, first: 0, out var value, out var word))
            {
                return false;
            }

            values.Add(value);
            status.Add(word);
        }

        record = new BacnetLogRecord(time, values, status);
        return reader.TryReadClosing(1) && reader.TryReadClosing(1);
    }

    private static bool TryReadOneOrSkip(ref BacnetReader reader, byte first, out string? value, out string status)
    {
        var start = reader;
        if (TryReadOne(ref reader, first, out value, out status))
        {
            return true;
        }

        reader = start;
        (value, status) = (null, Unreadable);
        return reader.TryReadRaw(out _);
    }

    /// <summary>A value of either choice; their context numbers differ by one (boolean, real, enumerated, unsigned, signed, bits, null, failure), and any by two.</summary>
    private static bool TryReadOne(ref BacnetReader reader, byte first, out string? value, out string status)
    {
        value = null;
        status = "";
        var invariant = CultureInfo.InvariantCulture;
        if (!reader.TryPeekTag(out var tag) || !tag.IsContext || tag.IsClosing)
        {
            return reader.TryReadOpening(first);
        }

        switch (tag.Number - first)
        {
            case 0 when reader.TryReadContextBoolean(tag.Number, out var boolean):
                value = boolean ? "true" : "false";
                return true;
            case 1 when reader.TryReadContextReal(tag.Number, out var real):
                value = real.ToString("R", invariant);
                return true;
            case 2 or 3 when reader.TryReadContextUnsigned(tag.Number, out var unsigned):
                value = unsigned.ToString(invariant);
                return true;
            case 4 when reader.TryReadContextSigned(tag.Number, out var signed):
                value = signed.ToString(invariant);
                return true;
            case 5 when reader.TryReadContextBits(tag.Number, out var bits):
                value = BacnetValue.OfBits(bits).ToString();
                return true;
            case 6 when !tag.IsOpening && tag.Length == 0:
                status = "null";
                return reader.TryReadTag(out _);
            case 7 when reader.TryReadOpening(tag.Number):
                if (!reader.TryReadEnumerated(out var errorClass) || !reader.TryReadEnumerated(out var code) || !reader.TryReadClosing(tag.Number))
                {
                    return false;
                }

                status = $"failure {BacnetWords.Of((BacnetErrorClass)errorClass)} {BacnetWords.Of((BacnetErrorCode)code)}";
                return true;
            case 8 or 9 when tag.Number == (first == 0 ? 8 : 10) && reader.TryReadOpening(tag.Number) && reader.TryReadValues(tag.Number, out var any):
                value = string.Join(' ', any);
                return true;
            default:
                return false;
        }
    }

    private static bool TryReadClock(ref BacnetReader reader, byte number, DateTime? time, out BacnetLogRecord? record)
    {
        record = null;
        if (!reader.TryReadContextReal(number, out var seconds))
        {
            return false;
        }

        record = new BacnetLogRecord(time, [], [string.Create(CultureInfo.InvariantCulture, $"time-change {seconds:R} s")]);
        return reader.TryReadClosing(1);
    }

    /// <summary>The parts of a ConfirmedEventNotification that an archive has a place for (clause 13.8).</summary>
    private static bool TryReadEvent(ref BacnetReader reader, DateTime? time, out BacnetLogRecord? record)
    {
        record = null;
        if (reader.IsContext(2))
        {
            return TryReadClock(ref reader, 2, time, out record);
        }

        if (!reader.TryReadOpening(1)
            || !reader.TryReadContextUnsigned(0, out _)
            || !reader.TryReadContextObjectId(1, out _)
            || !reader.TryReadContextObjectId(2, out var source))
        {
            return false;
        }

        uint eventType = 0;
        uint notifyType = 0;
        string? message = null;
        uint? from = null;
        uint? to = null;
        while (!reader.IsClosing(1))
        {
            if (!reader.TryPeekTag(out var tag))
            {
                return reader.TryReadTag(out _);
            }

            var isRead = tag is { IsContext: true, IsOpening: false } ? tag.Number switch
            {
                6 => reader.TryReadContextUnsigned(6, out eventType),
                7 => TryReadMessage(ref reader, out message),
                8 => reader.TryReadContextUnsigned(8, out notifyType),
                10 => TryReadState(ref reader, 10, out from),
                11 => TryReadState(ref reader, 11, out to),
                _ => reader.TryReadRaw(out _),
            }
            : reader.TryReadRaw(out _);
            if (!isRead)
            {
                return false;
            }
        }

        record = new BacnetLogRecord(time, [], [], new BacnetLoggedEvent(source, eventType, notifyType, message, from, to));
        return reader.TryReadClosing(1) && reader.TryReadClosing(1);
    }

    /// <summary>A message in a character set that is not read is said to be one: the event counts without it.</summary>
    private static bool TryReadMessage(ref BacnetReader reader, out string? message)
    {
        if (reader.TryReadContextText(7, out var text))
        {
            message = text;
            return true;
        }

        message = $"({reader.Fault})";
        return reader.TryReadRaw(out _);
    }

    private static bool TryReadState(ref BacnetReader reader, byte number, out uint? state)
    {
        var isRead = reader.TryReadContextUnsigned(number, out var value);
        state = isRead ? value : null;
        return isRead;
    }

    /// <summary>BACnetLogStatus.</summary>
    private static string LogStatus(BacnetBits bits) =>
        Words(bits, "log-disabled", "buffer-purged", "log-interrupted") is { Length: > 0 } words ? words : "log-enabled";

    private static string StatusFlags(BacnetBits bits) => Words(bits, "in-alarm", "fault", "overridden", "out-of-service");

    private static string Words(BacnetBits bits, params ReadOnlySpan<string> words)
    {
        var set = new List<string>();
        for (var bit = 0; bit < words.Length; bit++)
        {
            if (bits[bit])
            {
                set.Add(words[bit]);
            }
        }

        return string.Join(',', set);
    }
}
