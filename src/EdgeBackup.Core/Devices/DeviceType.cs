namespace EdgeBackup.Core.Devices;

/// <summary>What a kind of device is.</summary>
public sealed record DeviceType
{
    /// <summary>A word of [a-z0-9-], for instance <c>edge-controller</c>.</summary>
    public required string Id { get; init; }

    /// <summary>For people.</summary>
    public required string Title { get; init; }

    /// <summary>Below it no backup is taken (R1); null where every version will do.</summary>
    public DeviceVersion? MinimumVersion { get; init; }

    /// <summary>How such devices can be reached.</summary>
    public required IReadOnlyList<ConnectionKind> Connections { get; init; }
}
