namespace EdgeBackup;

/// <summary>What a file of a device type is worth.</summary>
public sealed class DeviceTypeTest
{
    /// <summary>The file.</summary>
    public required string Path { get; init; }

    /// <summary>The type's id; null for a file that cannot be used.</summary>
    public string? Id { get; init; }

    /// <summary>Whether the type can be used.</summary>
    public bool Valid { get; init; }

    /// <summary>What is wrong, in the order of the file.</summary>
    public DeviceTypeProblem[] Problem { get; init; } = [];

    /// <inheritdoc/>
    public override string ToString() => Path;
}
