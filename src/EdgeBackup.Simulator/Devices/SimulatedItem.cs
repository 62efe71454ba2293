using EdgeBackup.Core.Items;

namespace EdgeBackup.Simulator.Devices;

/// <summary>One item of a simulated device.</summary>
/// <param name="Path">As the device lists it; a bad one is listed all the same.</param>
/// <param name="Content">Never changed in place.</param>
/// <param name="ETag">The header's value, quotes included; null for a device that has none.</param>
public sealed record SimulatedItem(
    string Path, byte[] Content, ItemKind Kind, RetainLevel Retain, DateTimeOffset Modified, string? ETag)
{
    /// <summary>An application has written it and the device has not written it down: listed, and not to be read.</summary>
    public bool IsUnwritten { get; init; }
}
