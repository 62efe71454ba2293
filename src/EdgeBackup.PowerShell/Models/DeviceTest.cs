namespace EdgeBackup;

/// <summary>Whether a device could be backed up now.</summary>
public sealed class DeviceTest
{
    /// <summary>The device's id.</summary>
    public required string Device { get; init; }

    /// <summary>Whether it answered.</summary>
    public required bool Reachable { get; init; }

    /// <summary>The version it told; null where it told none.</summary>
    public string? Version { get; init; }

    /// <summary>Whether that version is at or above its type's minimum (R1).</summary>
    public bool VersionSupported { get; init; }

    /// <summary>Whether a backup would be let through now.</summary>
    public required bool CanBackup { get; init; }

    /// <summary>Why not; null when it would.</summary>
    public string? Reason { get; init; }

    /// <summary>The number of transactions that run (R2).</summary>
    public int RunningTransactions { get; init; }
}
