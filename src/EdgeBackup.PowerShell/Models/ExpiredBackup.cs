namespace EdgeBackup;

/// <summary>A backup that its policy no longer keeps.</summary>
public sealed class ExpiredBackup
{
    /// <summary>The backup's id.</summary>
    public required string Backup { get; init; }

    /// <summary>The device's id.</summary>
    public required string Device { get; init; }

    /// <summary>The name its user gave; null for automatic and safety backups.</summary>
    public string? Name { get; init; }

    /// <summary>Why it was taken.</summary>
    public required BackupKind Kind { get; init; }

    /// <summary>When it was taken, local time.</summary>
    public required DateTime Created { get; init; }

    /// <summary>Why it goes.</summary>
    public required string Reason { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Device} {Backup}: {Reason}";
}
