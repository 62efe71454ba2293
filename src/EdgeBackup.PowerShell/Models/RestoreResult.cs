namespace EdgeBackup;

/// <summary>What a restore did, or with -WhatIf would do (R7).</summary>
public sealed class RestoreResult
{
    /// <summary>The id of the backup that was restored.</summary>
    public required string Backup { get; init; }

    /// <summary>The id of the device that was changed; null with -Destination.</summary>
    public string? Device { get; init; }

    /// <summary>The id of the backup taken before; null with -SkipSafetyBackup and -Destination.</summary>
    public string? SafetyBackup { get; init; }

    /// <summary>Paths that were written.</summary>
    public string[] Restored { get; init; } = [];

    /// <summary>Paths that were as in the backup already.</summary>
    public string[] Unchanged { get; init; } = [];

    /// <summary>Paths that are gone, since the backup does not hold them.</summary>
    public string[] Removed { get; init; } = [];

    /// <summary>What the backup or the device holds and the restore did not bring back, and why.</summary>
    public ItemReason[] NotRestored { get; init; } = [];

    /// <summary>Whether what the device held before was held against the backup; where not, Restored are all paths that are written.</summary>
    public bool Compared { get; init; }

    /// <summary>Whether the result was read back and is as in the backup.</summary>
    public bool Verified { get; init; }

    /// <summary>How long it took.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>The folder that was written; null for a restore onto a device.</summary>
    public string? Destination { get; init; }
}
