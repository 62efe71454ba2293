namespace EdgeBackup;

/// <summary>A file of an archive.</summary>
public sealed class ArchiveFile
{
    /// <summary>Its path in the archive.</summary>
    public required string Path { get; init; }

    /// <summary>Events, or the records of a trend log.</summary>
    public required ArchiveContent Content { get; init; }

    /// <summary>The trend log's id; null of events.</summary>
    public string? Trend { get; init; }

    /// <summary>The trend log's name; null of events.</summary>
    public string? Name { get; init; }

    /// <summary>The trend log's unit; null where it has none.</summary>
    public string? Unit { get; init; }

    /// <summary>Records in it.</summary>
    public required long Records { get; init; }

    /// <summary>Records that an extract did not choose.</summary>
    public long LeftOut { get; init; }

    /// <summary>The earliest time on a record; null where there is none.</summary>
    public DateTime? From { get; init; }

    /// <summary>The latest time on a record; null where there is none.</summary>
    public DateTime? To { get; init; }

    /// <summary>Bytes.</summary>
    public required long Length { get; init; }

    /// <summary>Of its bytes.</summary>
    public required string Sha256 { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Path;
}
