namespace EdgeBackup.Simulator.Devices;

/// <summary>What a simulated device is when it is switched on.</summary>
public sealed record SimulatedDeviceOptions
{
    /// <summary>Names the device in its address; what it says of itself can be changed later.</summary>
    public string Id { get; init; } = "edge-001";

    public string? Name { get; init; }

    /// <summary><c>edge-controller</c> or <c>bms-server</c>.</summary>
    public string Type { get; init; } = DeviceTypes.EdgeController;

    public string Version { get; init; } = "1.24.5";

    /// <summary>Null for all that its type has.</summary>
    public IReadOnlyList<string>? Features { get; init; }

    /// <summary>Charge points of an edge controller; a building server has none.</summary>
    public int ChargePoints { get; init; } = 2;

    public int ConnectorsPerChargePoint { get; init; } = 2;

    /// <summary>Whether the device comes with a plausible configuration; otherwise it has no items.</summary>
    public bool WithSampleItems { get; init; } = true;

    /// <summary>How much more configuration than a plausible one it comes with, for measuring.</summary>
    public int SampleKilobytes { get; init; }
}

/// <summary>The device types of the interface.</summary>
public static class DeviceTypes
{
    public const string EdgeController = "edge-controller";
    public const string BuildingServer = "bms-server";
}
