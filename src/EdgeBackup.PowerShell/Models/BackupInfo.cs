namespace EdgeBackup;

/// <summary>A backup. Times are local (see <see cref="LocalTime"/>).</summary>
public sealed class BackupInfo
{
    /// <summary>The backup's id.</summary>
    public required string Id { get; init; }

    /// <summary>The id once more, under the name by which -Backup binds from the pipeline.</summary>
    public string Backup => Id;

    /// <summary>The id of the device it was taken of.</summary>
    public required string Device { get; init; }

    /// <summary>What the device was called then.</summary>
    public string? DeviceName { get; init; }

    /// <summary>The device's type then.</summary>
    public required string DeviceType { get; init; }

    /// <summary>The name its user gave (R6); null for automatic and safety backups.</summary>
    public string? Name { get; init; }

    /// <summary>Why it was taken.</summary>
    public required BackupKind Kind { get; init; }

    /// <summary>How much of the device it covers (R10).</summary>
    public required BackupContent Content { get; init; }

    /// <summary>When the capture began, local time.</summary>
    public required DateTime Created { get; init; }

    /// <summary>The device's version then; null where it has none.</summary>
    public string? Version { get; init; }

    /// <summary>Number of items.</summary>
    public required int ItemCount { get; init; }

    /// <summary>Sum of the items' lengths in bytes.</summary>
    public required long Length { get; init; }

    /// <summary>Whether anything differs from the backup before.</summary>
    public required bool Changed { get; init; }

    /// <summary>Whether it is exempt from retention (R9).</summary>
    public bool Protected { get; init; }

    /// <summary>Why it is protected; null where nobody said.</summary>
    public string? ProtectedReason { get; init; }

    /// <summary>When retention lets go of it, local time; null for manual and protected backups.</summary>
    public DateTime? Expires { get; init; }

    /// <summary>What the device listed and the backup does not hold.</summary>
    public ItemReason[] NotSaved { get; init; } = [];

    /// <summary>Whether something speaks against what it holds.</summary>
    public bool Suspect => SuspectReason.Length > 0;

    /// <summary>What speaks against it, one sentence each; empty for a good backup.</summary>
    public string[] SuspectReason { get; init; } = [];

    /// <summary>The server and the devices below it that it was taken together with (R15); null where it was taken alone.</summary>
    public BackupGroup? Group { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Id;
}
