namespace EdgeBackup;

/// <summary>What Repair-EdgeRepository did, or with -WhatIf would do.</summary>
public sealed class RepairResult
{
    /// <summary>The repository's path.</summary>
    public required string Repository { get; init; }

    /// <summary>Whether nothing is damaged any more.</summary>
    public required bool Healthy { get; init; }

    /// <summary>What was damaged and no longer is.</summary>
    public MendedObject[] Mended { get; init; } = [];

    /// <summary>The objects in the repository's quarantine folder that hold what was replaced.</summary>
    public string[] Quarantined { get; init; } = [];

    /// <summary>What is still damaged or lost, a row for each thing it touches.</summary>
    public Damage[] Gone { get; init; } = [];

    /// <summary>What was left alone, and why.</summary>
    public string[] Left { get; init; } = [];

    /// <summary>How long it took.</summary>
    public TimeSpan Duration { get; init; }
}
