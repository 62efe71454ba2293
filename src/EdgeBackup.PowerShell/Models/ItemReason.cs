namespace EdgeBackup;

/// <summary>An item that was left out, and why.</summary>
public sealed class ItemReason
{
    /// <summary>The item's path.</summary>
    public required string Path { get; init; }

    /// <summary>Why.</summary>
    public required string Reason { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Path}: {Reason}";
}
