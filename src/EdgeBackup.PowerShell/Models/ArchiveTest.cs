namespace EdgeBackup;

/// <summary>Whether an archive is what was written.</summary>
public sealed class ArchiveTest
{
    /// <summary>Its folder; of one that is missing, where it should be.</summary>
    public required string Path { get; init; }

    /// <summary>The id of the device; null where the manifest cannot be read.</summary>
    public string? Device { get; init; }

    /// <summary>The how-manieth of the device it is; null where the manifest cannot be read.</summary>
    public long? Number { get; init; }

    /// <summary>Whether nothing is wrong.</summary>
    public required bool Intact { get; init; }

    /// <summary>What is wrong.</summary>
    public ItemReason[] Damage { get; init; } = [];

    /// <summary>Of the key that signed it; null where the manifest cannot be read.</summary>
    public string? Fingerprint { get; init; }

    /// <summary>Whether the repository's key signed it; null where there is no repository at hand.</summary>
    public bool? OwnKey { get; init; }
}
