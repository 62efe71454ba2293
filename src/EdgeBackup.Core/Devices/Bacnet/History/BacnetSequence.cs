using System.Globalization;

namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>
/// The numbers of a log's records: 1 to 4294967295, and 1 again after that (clause 12.25.16, Total_Record_Count). All
/// arithmetic with them stands here.
/// </summary>
internal static class BacnetSequence
{
    private const long Count = uint.MaxValue;

    public static uint Next(uint sequence, long steps = 1) => (uint)(Modulo((long)sequence - 1 + steps) + 1);

    /// <summary>Steps forwards from one number to the other, 0 to 4294967294.</summary>
    public static long From(uint sequence, uint to) => Modulo((long)to - sequence);

    /// <summary>Whether a number that was reached once lies before another, and not in a future that the log has not had.</summary>
    public static bool IsReached(uint sequence, uint newest) => From(sequence, newest) < Count / 2;

    private static long Modulo(long value) => ((value % Count) + Count) % Count;
}

/// <summary>How far a log was read.</summary>
/// <param name="Sequence">The last number.</param>
/// <param name="Stamp">What the device's clock showed in that record, digits; null where that is not known.</param>
internal readonly record struct BacnetLogPlace(uint Sequence, string? Stamp = null)
{
    public static string? StampOf(DateTime? local) => local?.ToString("yyyyMMddHHmmssff", CultureInfo.InvariantCulture);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Sequence}{(Stamp is null ? "" : "@")}{Stamp}");
}

/// <summary>
/// How far each log of a sequence was read: <c>25:1=4711@2024070112000000;25:2=12</c>, object type, instance, last sequence
/// number and the time of that record.
/// </summary>
internal static class BacnetCursor
{
    /// <param name="reached">How far each log was read.</param>
    /// <param name="gone">Those of them that the device has no more; that was told.</param>
    public static string Write(IEnumerable<KeyValuePair<BacnetObjectId, BacnetLogPlace>> reached, IReadOnlySet<BacnetObjectId>? gone = null) => string.Join(
        ';',
        reached.Select(one => string.Create(CultureInfo.InvariantCulture, $"{(ushort)one.Key.Type}:{one.Key.Instance}={one.Value}{(gone?.Contains(one.Key) == true ? "!" : "")}")));

    /// <exception cref="FormatException">It is none of ours.</exception>
    public static Dictionary<BacnetObjectId, BacnetLogPlace> Read(string? cursor, HashSet<BacnetObjectId>? gone = null)
    {
        var reached = new Dictionary<BacnetObjectId, BacnetLogPlace>();
        foreach (var part in (cursor ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            var numbers = part.TrimEnd('!').Split(':', '=', '@');
            if (numbers.Length is not (3 or 4)
                || !ushort.TryParse(numbers[0], NumberStyles.None, CultureInfo.InvariantCulture, out var type)
                || !uint.TryParse(numbers[1], NumberStyles.None, CultureInfo.InvariantCulture, out var instance)
                || !uint.TryParse(numbers[2], NumberStyles.None, CultureInfo.InvariantCulture, out var sequence))
            {
                throw new FormatException($"'{cursor}' is no place in a BACnet log");
            }

            var log = new BacnetObjectId((BacnetObjectType)type, instance);
            reached[log] = new BacnetLogPlace(sequence, numbers.Length == 4 ? numbers[3] : null);
            if (part[^1] == '!')
            {
                gone?.Add(log);
            }
        }

        return reached;
    }
}
