using NodaTime;
using NodaTime.TimeZones;

namespace EdgeBackup.Core.Schedule;

/// <summary>Time zones by name, from the data that comes with the product: the same on every system, whatever is installed there.</summary>
public static class TimeZones
{
    /// <summary>Finds a zone.</summary>
    /// <param name="name">An IANA id (<c>Europe/Berlin</c>) in any letter case, or the id that Windows has for it (<c>W. Europe Standard Time</c>).</param>
    /// <returns>Null when there is none of this name.</returns>
    public static DateTimeZone? Find(string name)
    {
        var source = TzdbDateTimeZoneSource.Default;
        var wanted = name.Trim();
        var windows = source.WindowsMapping.PrimaryMapping.FirstOrDefault(pair => string.Equals(pair.Key, wanted, StringComparison.OrdinalIgnoreCase)).Value;
        var id = windows ?? DateTimeZoneProviders.Tzdb.Ids.FirstOrDefault(known => string.Equals(known, wanted, StringComparison.OrdinalIgnoreCase));
        return id is null ? null : DateTimeZoneProviders.Tzdb.GetZoneOrNull(id);
    }

    /// <summary>The zone in which this machine's clock runs; UTC where the machine's is not known.</summary>
    public static DateTimeZone Local(TimeProvider clock) => Find(clock.LocalTimeZone.Id) ?? DateTimeZone.Utc;

    /// <summary>The id of that zone.</summary>
    public static string LocalId(TimeProvider clock) => Local(clock).Id;

    /// <summary>The ids that are nearest to a name that is none.</summary>
    public static IEnumerable<string> All => DateTimeZoneProviders.Tzdb.Ids;
}
