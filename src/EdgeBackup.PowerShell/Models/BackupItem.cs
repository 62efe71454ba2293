namespace EdgeBackup;

/// <summary>One item of a backup.</summary>
public sealed class BackupItem
{
    /// <summary>The backup's id.</summary>
    public required string Backup { get; init; }

    /// <summary>The item's path, with '/' between its parts.</summary>
    public required string Path { get; init; }

    /// <summary>Bytes.</summary>
    public required long Length { get; init; }

    /// <summary>When it was last modified, local time; null where the device does not know.</summary>
    public DateTime? Modified { get; init; }

    /// <summary>What it belongs to.</summary>
    public required ItemKind Kind { get; init; }

    /// <summary>Which restarts its values survive (R12).</summary>
    public required RetainLevel Retain { get; init; }

    /// <summary>SHA-256 of its bytes, 64 lower-case hex digits; null for folders and links.</summary>
    public string? Digest { get; init; }

    /// <summary>File, empty folder or link.</summary>
    public required ItemType Type { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Path;
}
