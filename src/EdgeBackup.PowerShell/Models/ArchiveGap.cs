namespace EdgeBackup;

/// <summary>A place in an archive where records are missing.</summary>
public sealed class ArchiveGap
{
    /// <summary>Events, or the records of a trend log.</summary>
    public required ArchiveContent Content { get; init; }

    /// <summary>The trend log's id; null of events.</summary>
    public string? Trend { get; init; }

    /// <summary>How many; null where that cannot be known.</summary>
    public long? Lost { get; init; }

    /// <summary>The time on the record before; null where the archive has none.</summary>
    public DateTime? After { get; init; }

    /// <summary>The time on the record behind; null where there is none.</summary>
    public DateTime? Before { get; init; }

    /// <summary>Whether nothing is lost yet: they could not be read, and the next run tries again.</summary>
    public bool Pending { get; init; }

    /// <summary>What happened.</summary>
    public required string Reason { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Trend is null ? Reason : $"{Trend}: {Reason}";
}
