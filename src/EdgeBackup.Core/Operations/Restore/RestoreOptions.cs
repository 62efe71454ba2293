using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Operations.Restore;

/// <summary>How much of a backup is restored (R10).</summary>
public enum RestoreContent
{
    /// <summary>Without history, since restored history would overwrite newer history.</summary>
    Configuration,

    /// <summary>Nothing but history, over what is there.</summary>
    History,

    All,
}

/// <summary>What to restore onto a device.</summary>
public sealed record RestoreOptions
{
    /// <summary>A backup's id, the name of a manual one, or a wildcard that means one.</summary>
    public required string Backup { get; init; }

    /// <summary>The target's id; null for the device that the backup is of.</summary>
    public string? Device { get; init; }

    /// <summary>Item paths, literal or with wildcards: only these, over what is there. Empty: everything.</summary>
    public IReadOnlyList<string> Paths { get; init; } = [];

    /// <summary>By default configuration only, since restored history would overwrite newer history.</summary>
    public RestoreContent Content { get; init; } = RestoreContent.Configuration;

    public bool SkipSafetyBackup { get; init; }

    /// <summary>Lifts the fence and the refusal of a target that is older than the backup; nothing else.</summary>
    public bool Force { get; init; }

    /// <summary>Whether what is not sent stays: a part was asked for, not the state of the backup.</summary>
    internal bool IsOverlay => Paths.Count > 0 || Content == RestoreContent.History;
}

/// <summary>What becomes of an item.</summary>
public enum RestoreAction
{
    /// <summary>Its bytes are written to the device.</summary>
    Restore,

    /// <summary>The device holds the same bytes already.</summary>
    Unchanged,

    /// <summary>The device has it and the backup has not: it goes.</summary>
    Remove,

    /// <summary>The backup has it, or lists it, and it is not restored.</summary>
    NotRestored,
}

/// <summary>One line of a restore's plan.</summary>
/// <param name="Path">The item.</param>
/// <param name="Action">What becomes of it.</param>
/// <param name="Length">Bytes in the backup; 0 for one that is removed.</param>
/// <param name="Reason">Why it is not restored; null otherwise.</param>
public sealed record RestoreStep(string Path, RestoreAction Action, long Length, string? Reason = null);

/// <summary>A plan, for a user to look at.</summary>
/// <param name="Backup">The backup's id.</param>
/// <param name="Source">The device that it is of.</param>
/// <param name="Target">The device that it would be restored onto.</param>
/// <param name="Steps">By path.</param>
/// <param name="IsCompared">
/// Whether what the target holds was held against the backup. Where not, everything that would be written is
/// <see cref="RestoreAction.Restore"/>, and what would be removed is not known.
/// </param>
public sealed record RestorePreview(string Backup, string Source, string Target, IReadOnlyList<RestoreStep> Steps, bool IsCompared);

/// <summary>What a restore did.</summary>
public sealed record RestoreResult
{
    public required string Backup { get; init; }

    /// <summary>The target.</summary>
    public required string Device { get; init; }

    /// <summary>The id of the backup that was taken before; null where none was asked for.</summary>
    public string? SafetyBackup { get; init; }

    /// <summary>Items whose bytes were written.</summary>
    public required IReadOnlyList<string> Restored { get; init; }

    /// <summary>Items that the device held already.</summary>
    public required IReadOnlyList<string> Unchanged { get; init; }

    /// <summary>Items that were not in the backup and are gone.</summary>
    public required IReadOnlyList<string> Removed { get; init; }

    /// <summary>What the backup has, or lists, and was not restored, with the reason.</summary>
    public required IReadOnlyList<NotSavedItem> NotRestored { get; init; }

    /// <summary>Whether what the device held before was held against the backup; where not, everything that was sent is in <see cref="Restored"/>.</summary>
    public required bool IsCompared { get; init; }

    /// <summary>True: every item was read back and is what the backup holds.</summary>
    public required bool Verified { get; init; }

    public required TimeSpan Duration { get; init; }
}
