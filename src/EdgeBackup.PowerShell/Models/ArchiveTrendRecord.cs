namespace EdgeBackup;

/// <summary>A record of a trend log out of an archive.</summary>
public sealed class ArchiveTrendRecord
{
    /// <summary>When; local time.</summary>
    public required DateTime Time { get; init; }

    /// <summary>When, in UTC, as text: what to export, since a local time comes twice when clocks are put back.</summary>
    public required string TimeUtc { get; init; }

    /// <summary>The id of the device.</summary>
    public required string Device { get; init; }

    /// <summary>The trend log's id.</summary>
    public required string Trend { get; init; }

    /// <summary>The device's number for it.</summary>
    public required long Sequence { get; init; }

    /// <summary>A number where it is one, else its text; null where the record holds none.</summary>
    public object? Value { get; init; }

    /// <summary>The value with the very digits of the archive; null where the record holds none.</summary>
    public string? ValueText { get; init; }

    /// <summary>In the device's words; empty where it says nothing.</summary>
    public required string Status { get; init; }

    /// <summary>The folder of the archive that it stands in.</summary>
    public required string Archive { get; init; }
}
