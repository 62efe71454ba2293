using static EdgeBackup.Core.Tests.Devices.RestoreTestTools;

namespace EdgeBackup.Core.Tests.Devices;

/// <summary>What the devices of the conformance suites hold.</summary>
/// <param name="Capture">For captures: bytes of all lengths.</param>
/// <param name="Old">Before a restore.</param>
/// <param name="New">What is restored.</param>
public sealed record ConformanceStates(
    IReadOnlyDictionary<string, byte[]> Capture, IReadOnlyDictionary<string, byte[]> Old, IReadOnlyDictionary<string, byte[]> New)
{
    /// <summary>For devices whose items may have any name.</summary>
    public static ConformanceStates OfAnyNames { get; } = new(
        new Dictionary<string, byte[]>(StringComparer.Ordinal)
        {
            ["a.txt"] = Bytes("alpha"),
            ["conf/deep/er/b.json"] = Bytes("{}"),
            ["conf/empty"] = [],
            ["conf/Größe 100% #1.bin"] = Noise(300_000),
            ["conf-2/c.txt"] = Bytes("gamma"),
        },
        new Dictionary<string, byte[]>(StringComparer.Ordinal)
        {
            ["a.txt"] = Bytes("old alpha"),
            ["conf/b.json"] = Bytes("{\"old\":true}"),
            ["conf/gone.txt"] = Bytes("will be gone"),
        },
        new Dictionary<string, byte[]>(StringComparer.Ordinal)
        {
            ["a.txt"] = Bytes("new alpha"),
            ["conf/b.json"] = Bytes("{\"old\":true}"),
            ["conf/new/empty"] = [],
            ["conf/new/Größe 100% #1.bin"] = Noise(200_000, seed: 2),
        });

    /// <summary>An item with content that all three have.</summary>
    public string First { get; init; } = "a.txt";

    /// <summary>Another item with content of <see cref="Capture"/>.</summary>
    public string Second { get; init; } = "conf-2/c.txt";

    /// <summary>An item with content of <see cref="Capture"/>, deep down where there are folders.</summary>
    public string Deep { get; init; } = "conf/deep/er/b.json";
}
