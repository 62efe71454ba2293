using System.Globalization;

namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>A trend log's id: <c>trend-log-1</c>, and for each member of a Trend_Log_Multiple <c>trend-log-multiple-1.2</c>, counted from 1.</summary>
internal static class BacnetTrendId
{
    private const string Single = "trend-log-";
    private const string Multiple = "trend-log-multiple-";

    public static string Of(BacnetObjectId log, int member) => log.Type == BacnetObjectType.TrendLog
        ? string.Create(CultureInfo.InvariantCulture, $"{Single}{log.Instance}")
        : string.Create(CultureInfo.InvariantCulture, $"{Multiple}{log.Instance}.{member + 1}");

    /// <returns>Null: it is none.</returns>
    public static (BacnetObjectId Log, int Member)? Parse(string id)
    {
        var culture = CultureInfo.InvariantCulture;
        if (id.StartsWith(Multiple, StringComparison.Ordinal))
        {
            return id[Multiple.Length..].Split('.') is [var log, var member]
                && uint.TryParse(log, NumberStyles.None, culture, out var number)
                && int.TryParse(member, NumberStyles.None, culture, out var place)
                && place > 0
                ? (new BacnetObjectId(BacnetObjectType.TrendLogMultiple, number), place - 1)
                : null;
        }

        return id.StartsWith(Single, StringComparison.Ordinal) && uint.TryParse(id[Single.Length..], NumberStyles.None, culture, out var instance)
            ? (new BacnetObjectId(BacnetObjectType.TrendLog, instance), 0)
            : null;
    }
}

/// <summary>What a log records (BACnetDeviceObjectPropertyReference).</summary>
/// <param name="Target">Which object.</param>
/// <param name="Property">Which property of it.</param>
/// <param name="IsElsewhere">Whether it is another device's.</param>
internal sealed record BacnetLoggedProperty(BacnetObjectId Target, uint Property, bool IsElsewhere)
{
    /// <param name="values">Of Log_DeviceObjectProperty: one reference, or an array of them, each of context-tagged parts.</param>
    /// <returns>As many as can be read.</returns>
    public static List<BacnetLoggedProperty> Read(IReadOnlyList<BacnetValue> values)
    {
        var references = new List<BacnetLoggedProperty>();
        foreach (var value in values)
        {
            if (value.AsRaw is not { } raw)
            {
                break;
            }

            var reader = new BacnetReader(raw.Span);
            if (reader.TryReadContextObjectId(0, out var target))
            {
                references.Add(new BacnetLoggedProperty(target, 0, IsElsewhere: false));
            }
            else if (references.Count > 0 && reader.TryReadContextUnsigned(1, out var property))
            {
                references[^1] = references[^1] with { Property = property };
            }
            else if (references.Count > 0 && reader.TryReadContextObjectId(3, out _))
            {
                references[^1] = references[^1] with { IsElsewhere = true };
            }
        }

        return references;
    }
}
