namespace EdgeBackup.Core.Archives;

/// <summary>A record as it was read from an archive.</summary>
/// <param name="Time">UTC.</param>
/// <param name="Device">The device's id.</param>
public abstract record ArchiveRecord(DateTime Time, string Device);

/// <summary>An event from an archive; what the members mean stands at <see cref="Devices.DeviceEvent"/>.</summary>
public sealed record ArchivedEvent(
    DateTime Time, string Device, string? Id, string Category, string Source, string? User, string Message, string? Old, string? New)
    : ArchiveRecord(Time, Device);

/// <summary>A record of a trend log from an archive; what the members mean stands at <see cref="Devices.TrendRecord"/>.</summary>
public sealed record ArchivedTrendRecord(DateTime Time, string Device, string Trend, long Sequence, string? Value, string Status)
    : ArchiveRecord(Time, Device);
