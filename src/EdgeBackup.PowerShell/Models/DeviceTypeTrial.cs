namespace EdgeBackup;

/// <summary>What a device type makes of a live device.</summary>
public sealed class DeviceTypeTrial
{
    /// <summary>The address that was given.</summary>
    public required string Address { get; init; }

    /// <summary>The id that the device tells.</summary>
    public required string Id { get; init; }

    /// <summary>The name that it tells; null for none.</summary>
    public string? Name { get; init; }

    /// <summary>Its type.</summary>
    public required string Type { get; init; }

    /// <summary>The version that it tells; null for none.</summary>
    public string? Version { get; init; }

    /// <summary>Whether that is at or above the type's minimum.</summary>
    public bool VersionSupported { get; init; }

    /// <summary>Whether a backup would begin now.</summary>
    public bool CanBackup { get; init; }

    /// <summary>Why not; null where it would.</summary>
    public string? Reason { get; init; }

    /// <summary>What a backup of all content would hold.</summary>
    public DeviceTypeItem[] Item { get; init; } = [];

    /// <summary>What it would leave out.</summary>
    public DeviceTypeItem[] LeftOut { get; init; } = [];

    /// <summary>The rules that hold for nothing on this device.</summary>
    public string[] UnusedRule { get; init; } = [];

    /// <summary>What to look at before the type is used.</summary>
    public string[] Warning { get; init; } = [];

    /// <inheritdoc/>
    public override string ToString() => Address;
}

/// <summary>An item of a device as a type's rules see it.</summary>
public sealed class DeviceTypeItem
{
    /// <summary>Its path.</summary>
    public required string Path { get; init; }

    /// <summary>Bytes.</summary>
    public long Length { get; init; }

    /// <summary>What it belongs to.</summary>
    public required ItemKind Kind { get; init; }

    /// <summary>Which restarts it survives.</summary>
    public required RetainLevel Retain { get; init; }

    /// <summary>The path of the rule that holds for it; null where none does.</summary>
    public string? Rule { get; init; }

    /// <summary>Why it is left out; null where it is saved.</summary>
    public string? Reason { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Path;
}
