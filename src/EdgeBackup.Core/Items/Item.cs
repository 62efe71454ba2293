namespace EdgeBackup.Core.Items;

/// <summary>What an item belongs to; decides whether and where it may be restored.</summary>
public enum ItemKind
{
    /// <summary>Settings, programs, graphics: what makes the device do its work.</summary>
    Configuration,

    /// <summary>Trend logs and event logs.</summary>
    History,

    /// <summary>Belongs to this piece of hardware and is never restored onto another (R8).</summary>
    Identity,
}

/// <summary>Which restarts a value survives on its device (R12).</summary>
public enum RetainLevel
{
    /// <summary>Survives every restart.</summary>
    Cold,

    /// <summary>Survives a warm start and a power failure.</summary>
    Warm,

    /// <summary>Survives nothing; listed by a device, never captured.</summary>
    None,
}

/// <summary>What stands at an item's path.</summary>
public enum ItemType
{
    File,
    Directory,
    SymbolicLink,
}

/// <summary>One named piece of a device's state, as the device lists it.</summary>
public sealed record Item
{
    /// <summary>Relative, '/' between non-empty segments; see <see cref="ItemPath"/>.</summary>
    public required string Path { get; init; }

    public ItemType Type { get; init; } = ItemType.File;

    /// <summary>Bytes; 0 for directories and links.</summary>
    public long Length { get; init; }

    /// <summary>
    /// True where a device lists an item without knowing for certain how long it is: <see cref="Length"/> is a guess, or 0,
    /// until the item was read. Never in a backup.
    /// </summary>
    public bool IsLengthUnknown { get; init; }

    /// <summary>Last modification, UTC; null where the device does not know.</summary>
    public DateTimeOffset? Modified { get; init; }

    public ItemKind Kind { get; init; }

    public RetainLevel Retain { get; init; } = RetainLevel.Cold;

    /// <summary>The nine permission bits and set-id/sticky bits; null where the source has none.</summary>
    public int? UnixMode { get; init; }

    /// <summary>The Windows read-only attribute.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>What a symbolic link points to, verbatim; null for anything else.</summary>
    public string? LinkTarget { get; init; }

    /// <summary>
    /// Opaque. An unchanged stamp means unchanged bytes, so that the last backup's chunks can be used again without
    /// reading (an ETag; or size, times and file id). Null where no such promise can be made.
    /// </summary>
    public string? Stamp { get; init; }

    /// <summary>
    /// True for the folders that hold other items: they are saved for their modes and times but are not counted or
    /// listed as items; an empty folder is an item of its own.
    /// </summary>
    public bool IsContainer { get; init; }
}
