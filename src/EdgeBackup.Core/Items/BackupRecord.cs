namespace EdgeBackup.Core.Items;

/// <summary>Why a backup was taken.</summary>
public enum BackupKind
{
    /// <summary>By the clock (R4).</summary>
    Automatic,

    /// <summary>By somebody, with a name (R6).</summary>
    Manual,

    /// <summary>Before a restore or a switch (R7).</summary>
    Safety,
}

/// <summary>How much of a device a backup or a restore covers (R10).</summary>
public enum BackupContent
{
    Configuration,

    /// <summary>Configuration and history.</summary>
    All,
}

/// <summary>Something a device listed that is not in the backup, and why.</summary>
/// <param name="Path">The item's path.</param>
/// <param name="Reason">One sentence for the user.</param>
public sealed record NotSavedItem(string Path, string Reason);

/// <summary>What speaks against a backup.</summary>
public enum SuspectCause
{
    /// <summary>There is nothing where something should be.</summary>
    Empty,

    /// <summary>A web page stands where something else belongs, or bytes that are not what the name says.</summary>
    WrongContent,

    /// <summary>The content ends in the middle.</summary>
    Cut,

    /// <summary>Much larger or smaller than in the last good backup.</summary>
    Size,

    /// <summary>What the device's type calls required is not there; without a path, what the device itself, or a restore that was not finished, says against what it holds.</summary>
    Missing,
}

/// <summary>Why a backup is suspect: it is kept, but what it holds may not be the device's state.</summary>
/// <param name="Path">The item's path, or the type's pattern for what is missing; empty for the backup as a whole.</param>
/// <param name="Cause">For programs.</param>
/// <param name="Reason">The rest of a sentence that begins with the path, for people.</param>
public sealed record SuspectReason(string Path, SuspectCause Cause, string Reason)
{
    /// <summary>Path and reason in one line.</summary>
    public override string ToString() => Path.Length == 0 ? Reason : $"{Path}: {Reason}";
}

/// <summary>Where a backup's item list is: chunks that hold the list, or, at a greater depth, lists of such chunks.</summary>
/// <param name="Depth">0: the chunks hold the item list itself; n: they hold the ids of the chunks of depth n - 1.</param>
/// <param name="Chunks">Chunk ids in order.</param>
public sealed record ManifestRoot(int Depth, IReadOnlyList<ChunkId> Chunks);

/// <summary>What a backup's author says of it before it exists.</summary>
public record BackupHeader
{
    /// <summary>24 hex digits, sortable by time: 12 of milliseconds since 1970, 12 random.</summary>
    public required string Id { get; init; }

    /// <summary>The id of the device. To the repository it is an opaque subject.</summary>
    public required string Device { get; init; }

    public string? DeviceName { get; init; }

    public required string DeviceType { get; init; }

    /// <summary>The version the device told when it was captured; null where it has none.</summary>
    public string? Version { get; init; }

    /// <summary>The name that its user gave (R6); null for automatic and safety backups.</summary>
    public string? Name { get; init; }

    public required BackupKind Kind { get; init; }

    public required BackupContent Content { get; init; }

    /// <summary>When the capture began, UTC.</summary>
    public required DateTimeOffset Created { get; init; }

    /// <summary>Whether any item differs from the device's previous backup of the same content.</summary>
    public bool Changed { get; init; } = true;

    /// <summary>What the device listed and the backup does not hold (R12, R16).</summary>
    public IReadOnlyList<NotSavedItem> NotSaved { get; init; } = [];

    /// <summary>Who took it and where: user@machine.</summary>
    public string? Author { get; init; }

    /// <summary>What speaks against it, as it was found during the capture; null where nothing does. Never empty.</summary>
    public IReadOnlyList<SuspectReason>? Suspect { get; init; }

    /// <summary>The server and the devices below it that it was taken together with (R15); null where it was taken alone.</summary>
    public BackupGroup? Group { get; init; }
}

/// <summary>A backup that exists: written last, sealed, never changed.</summary>
public sealed record BackupRecord : BackupHeader
{
    /// <summary>Items: files, links and empty folders.</summary>
    public required int ItemCount { get; init; }

    /// <summary>Sum of the items' lengths in bytes.</summary>
    public required long Length { get; init; }

    /// <summary>
    /// SHA-256 over path, type, kind, retain level, mode, link target and digest of every item, 64 lower-case hex
    /// digits: two backups with the same state have the same, whatever the stamps and times say.
    /// </summary>
    public required string StateDigest { get; init; }

    /// <summary>
    /// The same without the items of history, whatever the backup's content; null where it holds no history and
    /// <see cref="StateDigest"/> says it. A version that did not know it wrote none.
    /// </summary>
    public string? ConfigurationDigest { get; init; }

    public required ManifestRoot Manifest { get; init; }
}
