namespace EdgeBackup;

/// <summary>What Sync-EdgeRepository copied, and how far behind the copy is.</summary>
public sealed class SyncResult
{
    /// <summary>The path of the repository that was read.</summary>
    public required string Source { get; init; }

    /// <summary>The path of the copy.</summary>
    public required string Destination { get; init; }

    /// <summary>Backups that were copied.</summary>
    public int Copied { get; init; }

    /// <summary>What could not be copied, and why.</summary>
    public SyncProblem[] Failed { get; init; } = [];

    /// <summary>Backups that were in the copy already.</summary>
    public int Skipped { get; init; }

    /// <summary>Device records, policies and events that were copied.</summary>
    public int Records { get; init; }

    /// <summary>Bytes of items that were read from the source.</summary>
    public long BytesRead { get; init; }

    /// <summary>Bytes that were written to the copy for backups.</summary>
    public long BytesWritten { get; init; }

    /// <summary>Bytes of items that were read back from the copy and were right.</summary>
    public long Verified { get; init; }

    /// <summary>Backups of the source that are not in the copy.</summary>
    public int Behind { get; init; }

    /// <summary>When the newest backup of the source was taken.</summary>
    public DateTime? NewestInSource { get; init; }

    /// <summary>When the newest backup of the copy was taken.</summary>
    public DateTime? NewestInCopy { get; init; }

    /// <summary>By how much the newest backup of the copy is older than that of the source; null where one has none.</summary>
    public TimeSpan? Lag { get; init; }

    /// <summary>How long it took.</summary>
    public TimeSpan Duration { get; init; }
}

/// <summary>Something that Sync-EdgeRepository could not copy.</summary>
public sealed class SyncProblem
{
    /// <summary>The device's id; null where it is not known.</summary>
    public string? Device { get; init; }

    /// <summary>The backup's id; null for another record.</summary>
    public string? Backup { get; init; }

    /// <summary>The item; null where it is the whole.</summary>
    public string? Path { get; init; }

    /// <summary>Why.</summary>
    public required string Reason { get; init; }

    /// <inheritdoc/>
    public override string ToString() => string.Join(' ', new[] { Device, Backup, Path }.Where(part => part is not null)) is { Length: > 0 } what ? $"{what}: {Reason}" : Reason;
}
