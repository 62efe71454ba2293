namespace EdgeBackup;

/// <summary>Something damaged, and what it touches.</summary>
public sealed class Damage
{
    /// <summary>The object in the repository.</summary>
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Naming", "CA1720", Justification = "What the format calls it, and scripts too.")]
    public required string Object { get; init; }

    /// <summary>The id of the device it touches; null where it touches none.</summary>
    public string? Device { get; init; }

    /// <summary>The id of the backup it touches; null where it touches none.</summary>
    public string? Backup { get; init; }

    /// <summary>The item it touches; null for a whole backup.</summary>
    public string? Path { get; init; }

    /// <summary>What is wrong.</summary>
    public required string Reason { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Path is null ? $"{Object}: {Reason}" : $"{Path}: {Reason}";
}
