namespace EdgeBackup;

/// <summary>What Optimize-EdgeRepository did, or with -WhatIf would do.</summary>
public sealed class OptimizeResult
{
    /// <summary>The repository's path.</summary>
    public required string Repository { get; init; }

    /// <summary>The backups that expired.</summary>
    public ExpiredBackup[] Expired { get; init; } = [];

    /// <summary>Bytes given back.</summary>
    public long BytesFreed { get; init; }

    /// <summary>Packs that were deleted.</summary>
    public int PacksDeleted { get; init; }

    /// <summary>Packs that were rewritten without their waste.</summary>
    public int PacksRewritten { get; init; }

    /// <summary>What was left alone, and why.</summary>
    public string[] Kept { get; init; } = [];

    /// <summary>How long it took.</summary>
    public TimeSpan Duration { get; init; }
}
