namespace EdgeBackup;

/// <summary>A record of a trend log out of an archive.</summary>
public sealed class ArchiveTrendRecord
{
    /// <summary>When; local time. In the archive stands UTC.</summary>
    public required DateTime Time { get; init; }

    /// <summary>The id of the device.</summary>
    public required string Device { get; init; }

    /// <summary>The trend log's id.</summary>
    public required string Trend { get; init; }

    /// <summary>The device's number for it.</summary>
    public required long Sequence { get; init; }

    /// <summary>A number where it is one, else its text; null where the record holds none.</summary>
    public object? Value { get; init; }

    /// <summary>In the device's words; empty where it says nothing.</summary>
    public required string Status { get; init; }
}
