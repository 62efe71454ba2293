namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>
/// How a device's local time is turned into UTC. A log record has local time and nothing else, so that the records of the
/// other half of the year are an hour off where the site changes its clocks.
/// </summary>
/// <param name="Offset">What is added to local time.</param>
internal sealed record BacnetDeviceClock(TimeSpan Offset)
{
    private static readonly TimeSpan Widest = TimeSpan.FromHours(14);

    /// <summary>
    /// By UTC_Offset and Daylight_Savings_Status; of a device without them by how far its clock is from this machine's, in
    /// quarters of an hour.
    /// </summary>
    /// <exception cref="BacnetException">The device does not answer.</exception>
    public static async Task<BacnetDeviceClock> ReadAsync(BacnetConversation link, CancellationToken cancellationToken)
    {
        var values = await link.ReadAsync(
            [BacnetProperty.UtcOffset, BacnetProperty.DaylightSavingsStatus, BacnetProperty.LocalDate, BacnetProperty.LocalTime], cancellationToken).ConfigureAwait(false);
        if (values[0]?.AsSigned is { } minutes and >= -900 and <= 900)
        {
            return new BacnetDeviceClock(TimeSpan.FromMinutes(values[1]?.AsBoolean == true ? minutes - 60 : minutes));
        }

        if (values[2]?.AsDate?.ToDate() is { } date && values[3]?.AsTime?.ToTime() is { } time)
        {
            var difference = link.Clock.GetUtcNow().UtcDateTime - date.ToDateTime(time);
            var quarters = TimeSpan.FromMinutes(15 * Math.Round(difference.TotalMinutes / 15));
            return new BacnetDeviceClock(quarters.Duration() <= Widest ? quarters : TimeSpan.Zero);
        }

        return new BacnetDeviceClock(TimeSpan.Zero);
    }

    /// <returns>The beginning of 1970 where there is no time.</returns>
    public DateTimeOffset ToUtc(DateTime? local) =>
        local is { } moment ? new DateTimeOffset(DateTime.SpecifyKind(moment, DateTimeKind.Utc)) + Offset : DateTimeOffset.UnixEpoch;
}
