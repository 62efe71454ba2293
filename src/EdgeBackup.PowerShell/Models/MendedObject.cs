namespace EdgeBackup;

/// <summary>Something that a repair has mended.</summary>
public sealed class MendedObject
{
    /// <summary>The object in the repository, or the chunk that had none.</summary>
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Naming", "CA1720", Justification = "What the format calls it, and scripts too.")]
    public required string Object { get; init; }

    /// <summary>Where its bytes came from.</summary>
    public required RepairMethod Method { get; init; }

    /// <summary>The device whose item was brought back; null for whole objects.</summary>
    public string? Device { get; init; }

    /// <summary>The id of its backup; null for whole objects.</summary>
    public string? Backup { get; init; }

    /// <summary>The item's path; null for whole objects.</summary>
    public string? Path { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Path is null ? $"{Object} ({Method})" : $"{Path} ({Method})";
}
