using EdgeBackup.Core.Devices.Bacnet;
using NodaTime;

namespace EdgeBackup.Simulator.Bacnet.Services;

/// <summary>The device's local time: BACnet's dates and times have no zone, only the device's UTC_Offset tells it.</summary>
internal static class DeviceTimes
{
    public static DateTime Local(SimulatedBacnetDevice device, DateTimeOffset time) =>
        device.Options.Zone is { } zone ? Instant.FromDateTimeOffset(time).InZone(zone).ToDateTimeUnspecified() : time.UtcDateTime.AddMinutes(-device.Options.UtcOffset);

    public static bool IsDaylightSaving(SimulatedBacnetDevice device, DateTimeOffset time) =>
        device.Options.Zone is { } zone && zone.GetZoneInterval(Instant.FromDateTimeOffset(time)).Savings != Offset.Zero;

    public static PropertyContent DateAndTime(SimulatedBacnetDevice device, DateTimeOffset time)
    {
        var local = Local(device, time);
        return new PropertyContent([BacnetValue.OfDate(Date(local)), BacnetValue.OfTime(Time(local))]);
    }

    /// <summary>A BACnetDateTime within a construct of the given context number.</summary>
    public static void Write(BacnetWriter writer, byte context, SimulatedBacnetDevice device, DateTimeOffset time)
    {
        var local = Local(device, time);
        writer.WriteOpening(context);
        writer.WriteDate(Date(local));
        writer.WriteTime(Time(local));
        writer.WriteClosing(context);
    }

    public static BacnetDate Date(DateTime local) => BacnetDate.Of(DateOnly.FromDateTime(local));

    public static BacnetTime Time(DateTime local) => BacnetTime.Of(TimeOnly.FromDateTime(local));
}
