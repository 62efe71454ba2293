namespace EdgeBackup;

/// <summary>An item that differs between two backups, or between a backup and its device.</summary>
public sealed class BackupDifference
{
    /// <summary>The item's path.</summary>
    public required string Path { get; init; }

    /// <summary>How it differs.</summary>
    public required ItemChange Change { get; init; }

    /// <summary>Bytes in the reference; null when it is not there.</summary>
    public long? ReferenceLength { get; init; }

    /// <summary>Bytes in the difference; null when it is not there.</summary>
    public long? DifferenceLength { get; init; }

    /// <summary>What differs, line by line, where that can be told.</summary>
    public string[] Detail { get; init; } = [];
}
