namespace EdgeBackup;

/// <summary>A portable file that holds a backup.</summary>
public sealed class ExportResult
{
    /// <summary>The backup's id.</summary>
    public required string Backup { get; init; }

    /// <summary>The id of its device.</summary>
    public required string Device { get; init; }

    /// <summary>The file.</summary>
    public required string Path { get; init; }

    /// <summary>Its bytes.</summary>
    public required long Length { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Path;
}
