namespace EdgeBackup.Core.Operations.Sync;

/// <summary>What to copy.</summary>
public sealed record SyncOptions
{
    /// <summary>Ids of devices, literal or with wildcards; null for all.</summary>
    public IReadOnlyList<string>? Devices { get; init; }

    /// <summary>Tell how far behind the copy is; write nothing.</summary>
    public bool WhatIf { get; init; }
}

/// <summary>Something that could not be copied.</summary>
/// <param name="Device">Null where it is not known.</param>
/// <param name="Backup">Its id; null for another record.</param>
/// <param name="Path">The item that is damaged; null where it is the whole.</param>
/// <param name="Reason">One sentence for the user.</param>
public sealed record SyncFailure(string? Device, string? Backup, string? Path, string Reason);

/// <summary>What was copied, and how far behind the copy is now.</summary>
public sealed record SyncOutcome
{
    /// <summary>Backups that were copied, with -WhatIf none.</summary>
    public required int Copied { get; init; }

    /// <summary>Backups that were in the copy already.</summary>
    public required int Skipped { get; init; }

    /// <summary>Device records, policies and events that were copied.</summary>
    public required int Records { get; init; }

    public required IReadOnlyList<SyncFailure> Failed { get; init; }

    /// <summary>Bytes of items that were read from the source.</summary>
    public required long BytesRead { get; init; }

    /// <summary>Bytes of packs, index objects and backup records that were written to the copy.</summary>
    public required long BytesWritten { get; init; }

    /// <summary>Bytes of items that were read back from the copy and were right.</summary>
    public required long Verified { get; init; }

    /// <summary>Backups of the source that are not in the copy.</summary>
    public required int Behind { get; init; }

    /// <summary>When the newest backup of the source was taken; null for none.</summary>
    public DateTimeOffset? NewestInSource { get; init; }

    /// <summary>When the newest backup of the copy was taken; null for none.</summary>
    public DateTimeOffset? NewestInCopy { get; init; }

    /// <summary>By how much the newest backup of the copy is older than that of the source; null where there is no such backup.</summary>
    public TimeSpan? Lag => NewestInSource is { } source && NewestInCopy is { } copy ? (source > copy ? source - copy : TimeSpan.Zero) : null;
}
