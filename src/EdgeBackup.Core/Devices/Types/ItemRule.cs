using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Devices.Types;

/// <summary>What the items whose path fits are.</summary>
public sealed record ItemRule
{
    /// <summary>
    /// A pattern of '/'-separated segments, relative to the root, case-sensitive: <c>*</c> any characters of one segment,
    /// <c>?</c> one of them, <c>**</c> as a whole segment any number of segments, also none.
    /// </summary>
    public required string Path { get; init; }

    /// <summary>Null: as the device says, else Configuration.</summary>
    public ItemKind? Kind { get; init; }

    /// <summary>Null: as the device says, else Cold.</summary>
    public RetainLevel? Retain { get; init; }

    /// <summary>Never listed, saved, removed or restored.</summary>
    public bool Exclude { get; init; }

    /// <summary>A backup without such an item, or in which all such items are empty, is suspect.</summary>
    public bool Required { get; init; }

    /// <summary>Neither content nor size of such an item makes a backup suspect.</summary>
    public bool Unchecked { get; init; }

    /// <summary>Values that change by themselves: left out of comparisons, never out of a backup.</summary>
    public IReadOnlyList<VolatileValue> Volatile { get; init; } = [];
}

/// <summary>Values of an item that change by themselves; exactly one property is set.</summary>
public sealed record VolatileValue
{
    /// <summary>A JSON pointer where a segment <c>*</c> stands for every element.</summary>
    public string? JsonPointer { get; init; }

    /// <summary>A property, key, column or element of this name, wherever it stands.</summary>
    public string? Key { get; init; }

    /// <summary>A regular expression: in an item of lines, the lines with a match; elsewhere the places whose name it matches.</summary>
    public string? Pattern { get; init; }
}
