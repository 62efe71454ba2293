namespace EdgeBackup;

/// <summary>What became of handing a broken device's state to its replacement (R8).</summary>
public sealed class SwitchResult
{
    /// <summary>The id of the replacement.</summary>
    public required string Device { get; init; }

    /// <summary>The id of the broken device.</summary>
    public required string Replaces { get; init; }

    /// <summary>The id of the backup that was restored onto the replacement.</summary>
    public required string Backup { get; init; }

    /// <summary>The id of the backup taken of the replacement before.</summary>
    public string? SafetyBackup { get; init; }

    /// <summary>Paths that were written.</summary>
    public string[] Restored { get; init; } = [];

    /// <summary>Paths that were as in the backup already.</summary>
    public string[] Unchanged { get; init; } = [];

    /// <summary>Paths that are gone, since the backup does not hold them.</summary>
    public string[] Removed { get; init; } = [];

    /// <summary>What was not brought over, and why: identity items, values no backup holds.</summary>
    public ItemReason[] NotRestored { get; init; } = [];

    /// <summary>Whether the replacement was read back and is as in the backup.</summary>
    public bool Verified { get; init; }

    /// <summary>Whether the broken device is fenced.</summary>
    public bool Fenced { get; init; }

    /// <summary>How long it took.</summary>
    public TimeSpan Duration { get; init; }
}
