namespace EdgeBackup;

/// <summary>What kinds of device there are.</summary>
public sealed class DeviceTypeInfo
{
    /// <summary>The type's id, as a device tells it.</summary>
    public required string Id { get; init; }

    /// <summary>What it is, for people.</summary>
    public required string Title { get; init; }

    /// <summary>The lowest version that is backed up (R1); null where any is.</summary>
    public string? MinimumVersion { get; init; }

    /// <summary>The connections that can speak to it.</summary>
    public string[] Connection { get; init; } = [];

    /// <inheritdoc/>
    public override string ToString() => Id;
}
