namespace EdgeBackup;

/// <summary>An event out of an archive.</summary>
public sealed class ArchiveEvent
{
    /// <summary>When; local time.</summary>
    public required DateTime Time { get; init; }

    /// <summary>When, in UTC, as text: what to export, since a local time comes twice when clocks are put back.</summary>
    public required string TimeUtc { get; init; }

    /// <summary>The id of the device.</summary>
    public required string Device { get; init; }

    /// <summary>In the device's words: alarm, system, user-activity, setpoint, access.</summary>
    public required string Category { get; init; }

    /// <summary>What it is about.</summary>
    public required string Source { get; init; }

    /// <summary>Who did it; null for nobody.</summary>
    public string? User { get; init; }

    /// <summary>What happened.</summary>
    public required string Message { get; init; }

    /// <summary>The value before; null where there is none.</summary>
    public string? Old { get; init; }

    /// <summary>The value after; null where there is none.</summary>
    public string? New { get; init; }

    /// <summary>The device's number for it; null where it has none.</summary>
    public string? EventId { get; init; }

    /// <summary>The folder of the archive that it stands in.</summary>
    public required string Archive { get; init; }
}
