namespace EdgeBackup.Core.Items;

/// <summary>An item as a backup holds it: the listing, the digest of its bytes, and where they are.</summary>
public sealed record SavedItem
{
    /// <summary>The item; <see cref="Items.Item.Length"/> is the number of bytes that were saved.</summary>
    public required Item Item { get; init; }

    /// <summary>SHA-256 of the bytes, 64 lower-case hex digits; null for directories and links.</summary>
    public string? Digest { get; init; }

    /// <summary>The chunks of the content in order; empty for an empty file, a directory or a link.</summary>
    public IReadOnlyList<ChunkId> Chunks { get; init; } = [];
}
