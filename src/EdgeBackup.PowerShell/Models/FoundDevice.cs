namespace EdgeBackup;

/// <summary>A device that was found on a network; Register-EdgeDevice takes it from the pipeline.</summary>
public sealed class FoundDevice
{
    /// <summary>The id that it is registered by, or would be.</summary>
    public required string Device { get; init; }

    /// <summary>Where it is reached.</summary>
    public required string Address { get; init; }

    /// <summary>The instance of its Device object.</summary>
    public required long Instance { get; init; }

    /// <summary>What it calls itself; null where it does not tell.</summary>
    public string? Name { get; init; }

    /// <summary>Who made it; null where it does not tell.</summary>
    public string? Vendor { get; init; }

    /// <summary>As its maker calls it; null where it does not tell.</summary>
    public string? Model { get; init; }

    /// <summary>The version of its firmware, or of its application; null where it tells none.</summary>
    public string? Version { get; init; }

    /// <summary>The device type to register it as.</summary>
    public required string Type { get; init; }

    /// <summary>Whether it has what a backup by the standard's procedure needs.</summary>
    public required bool CanBackup { get; init; }

    /// <summary>Why not, or what stands against registering it as it is; null where nothing does.</summary>
    public string? Reason { get; init; }

    /// <summary>Whether it is registered in the repository; null where there is none at hand that would know.</summary>
    public required bool? Registered { get; init; }
}
