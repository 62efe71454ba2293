namespace EdgeBackup.Core.Operations.Compare;

/// <summary>How something differs between a reference and what it is compared with.</summary>
public enum ItemChange
{
    /// <summary>Not in the reference.</summary>
    Added,

    /// <summary>Only in the reference.</summary>
    Removed,

    /// <summary>In both, and not the same.</summary>
    Modified,
}

/// <summary>What an item was read as, to find out which of its values differ.</summary>
public enum ItemFormat
{
    Json,
    Xml,
    Yaml,
    Ini,
    Csv,
    Sqlite,

    /// <summary>Lines.</summary>
    Text,

    /// <summary>Bytes that are none of these.</summary>
    Binary,
}

/// <summary>A value that differs.</summary>
/// <param name="Path">
/// Where it stands in its item: a JSON pointer, with a number in brackets where a name occurs several times. In the
/// difference; in the reference for what is only there. What belongs to the item and not to its bytes (mode, kind, retain,
/// type, target) has no slash in front.
/// </param>
/// <param name="Change">How it differs.</param>
/// <param name="Reference">Its text in the reference, on one line and shortened; null where it is not there.</param>
/// <param name="Difference">Its text in what the reference is compared with; null where it is not there.</param>
public sealed record ValueDifference(string Path, ItemChange Change, string? Reference, string? Difference);

/// <summary>An item that differs.</summary>
public sealed record ItemDifference
{
    public required string Path { get; init; }

    public required ItemChange Change { get; init; }

    /// <summary>Bytes in the reference; null when it is not there.</summary>
    public long? ReferenceLength { get; init; }

    /// <summary>Bytes in what the reference is compared with; null when it is not there.</summary>
    public long? DifferenceLength { get; init; }

    /// <summary>What both sides were read as; null where the bytes were not looked into.</summary>
    public ItemFormat? Format { get; init; }

    /// <summary>Value by value, as far as it can be told.</summary>
    public IReadOnlyList<ValueDifference> Details { get; init; } = [];

    /// <summary>What the details do not say, and why: sentences. Null where they say all.</summary>
    public string? Note { get; init; }
}
