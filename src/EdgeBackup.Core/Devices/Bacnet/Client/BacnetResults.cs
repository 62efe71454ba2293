namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>What a property of an object was read to be.</summary>
/// <param name="Target">Which object.</param>
/// <param name="Property">Which property of it.</param>
/// <param name="Values">Empty where there is an error, or where the list is empty.</param>
/// <param name="Error">Why it could not be read; null: it was.</param>
public sealed record BacnetPropertyResult(BacnetObjectId Target, BacnetProperty Property, IReadOnlyList<BacnetValue> Values, BacnetException? Error)
{
    /// <summary>The only value; null where there is none, or more than one.</summary>
    public BacnetValue? Value => Error is null && Values.Count == 1 ? Values[0] : null;
}

/// <summary>Bytes of a file of stream access.</summary>
/// <param name="EndOfFile">Whether the last byte of the file is among them.</param>
/// <param name="Start">Position of the first of them.</param>
/// <param name="Data">May be fewer than were asked for.</param>
public readonly record struct BacnetStreamPart(bool EndOfFile, int Start, ReadOnlyMemory<byte> Data);

/// <summary>Records of a file of record access.</summary>
/// <param name="EndOfFile">Whether the last record of the file is among them.</param>
/// <param name="Start">Position of the first of them.</param>
/// <param name="Records">May be fewer than were asked for.</param>
public readonly record struct BacnetRecordPart(bool EndOfFile, int Start, IReadOnlyList<ReadOnlyMemory<byte>> Records);

public enum BacnetRangeKind
{
    ByPosition = 3,
    BySequence = 6,
    ByTime = 7,
}

/// <summary>Which part of a list ReadRange is to answer with.</summary>
/// <param name="Kind">How <paramref name="Reference"/> is meant; the number is the context tag.</param>
/// <param name="Reference">Position from 1, or sequence number; nothing by time.</param>
/// <param name="Count">Items from there; negative: up to and including there.</param>
/// <param name="Date">By time: items after (count positive) or before it, in the device's local time.</param>
/// <param name="Time">See <paramref name="Date"/>.</param>
public sealed record BacnetRangeRequest(BacnetRangeKind Kind, uint Reference, int Count, BacnetDate Date = default, BacnetTime Time = default)
{
    public static BacnetRangeRequest ByPosition(uint position, int count) => new(BacnetRangeKind.ByPosition, position, count);

    public static BacnetRangeRequest BySequence(uint sequence, int count) => new(BacnetRangeKind.BySequence, sequence, count);

    public static BacnetRangeRequest ByTime(DateTime local, int count) =>
        new(BacnetRangeKind.ByTime, 0, count, BacnetDate.Of(DateOnly.FromDateTime(local)), BacnetTime.Of(TimeOnly.FromDateTime(local)));
}

/// <summary>What ReadRange answered.</summary>
/// <param name="HasFirst">The first item of the whole list is among them.</param>
/// <param name="HasLast">The last item of the whole list is among them.</param>
/// <param name="HasMore">More items fit the request than the answer.</param>
/// <param name="Count">Items in <paramref name="Items"/>.</param>
/// <param name="FirstSequence">Sequence number of the first item; by sequence and by time only, and only where there are items.</param>
/// <param name="Items">As they are encoded.</param>
public sealed record BacnetRange(bool HasFirst, bool HasLast, bool HasMore, uint Count, uint? FirstSequence, ReadOnlyMemory<byte> Items);
