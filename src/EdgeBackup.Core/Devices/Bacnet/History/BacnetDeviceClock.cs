using NodaTime;

namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>
/// How a device's local time is turned into UTC: a log record has local time and nothing else. By the rules of the zone in
/// which the device stands, where that is known; else by the present offset, and the records of the other half of the year
/// are an hour off where the site changes its clocks.
/// </summary>
/// <param name="Offset">What is added to local time now.</param>
/// <param name="Zone">Null: not known, or not the one that the device's clock goes by.</param>
internal sealed record BacnetDeviceClock(TimeSpan Offset, DateTimeZone? Zone = null)
{
    private static readonly TimeSpan Widest = TimeSpan.FromHours(14);

    /// <summary>
    /// By UTC_Offset and Daylight_Savings_Status; of a device without them by how far its clock is from this machine's, in
    /// quarters of an hour. A zone counts where one of the two says the same of this moment, or the device says nothing.
    /// </summary>
    /// <exception cref="BacnetException">The device does not answer.</exception>
    public static async Task<BacnetDeviceClock> ReadAsync(BacnetConversation link, CancellationToken cancellationToken)
    {
        var values = await link.ReadAsync(
            [BacnetProperty.UtcOffset, BacnetProperty.DaylightSavingsStatus, BacnetProperty.LocalDate, BacnetProperty.LocalTime], cancellationToken).ConfigureAwait(false);
        var now = link.Clock.GetUtcNow();
        var told = values[0]?.AsSigned is { } minutes and >= -900 and <= 900 ? TimeSpan.FromMinutes(values[1]?.AsBoolean == true ? minutes - 60 : minutes) : (TimeSpan?)null;
        var shown = Shown(values, now.UtcDateTime);
        var present = told ?? shown;
        if (link.Options.Zone is not { } zone)
        {
            return new BacnetDeviceClock(present ?? TimeSpan.Zero);
        }

        var here = -zone.GetUtcOffset(Instant.FromDateTimeOffset(now)).ToTimeSpan();
        if (present is { } offset && told != here && shown != here)
        {
            link.Warn($"The clock of the device does not go by the time zone {zone.Id} that its policy names: {Words(offset)} by the device now, {Words(here)} by the zone. Its records are turned into UTC by the device's word, so that those of the other half of the year may be an hour off. Set its clock, or the zone with Set-EdgeBackupPolicy -TimeZone.");
            return new BacnetDeviceClock(offset);
        }

        return new BacnetDeviceClock(here, zone);
    }

    /// <summary>By the present offset alone.</summary>
    /// <returns>The beginning of 1970 where there is no time.</returns>
    public DateTimeOffset ToUtc(DateTime? local) =>
        local is { } moment ? new DateTimeOffset(DateTime.SpecifyKind(moment, DateTimeKind.Utc)) + Offset : DateTimeOffset.UnixEpoch;

    private static TimeSpan? Shown(IReadOnlyList<BacnetValue?> values, DateTime now)
    {
        if (values[2]?.AsDate?.ToDate() is not { } date || values[3]?.AsTime?.ToTime() is not { } time)
        {
            return null;
        }

        var quarters = TimeSpan.FromMinutes(15 * Math.Round((now - date.ToDateTime(time)).TotalMinutes / 15));
        return quarters.Duration() <= Widest ? quarters : null;
    }

    private static string Words(TimeSpan offset) => $"UTC{(offset <= TimeSpan.Zero ? "+" : "-")}{offset.Duration():hh\\:mm}";
}
