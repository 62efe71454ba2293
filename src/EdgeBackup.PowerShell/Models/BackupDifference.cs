namespace EdgeBackup;

/// <summary>An item that differs between two backups, or between a backup and a device.</summary>
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

    /// <summary>What differs, value by value or line by line, where that can be told.</summary>
    public ValueDifference[] Detail { get; init; } = [];

    /// <summary>What both sides were read as; null where the bytes were not looked into.</summary>
    public ItemFormat? Format { get; init; }

    /// <summary>What Detail does not say, and why; null where it says all.</summary>
    public string? Note { get; init; }

    /// <summary>The reference's id.</summary>
    public required string Reference { get; init; }

    /// <summary>The id of the backup or device that the reference was compared with.</summary>
    public required string Difference { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Change} {Path}";
}
