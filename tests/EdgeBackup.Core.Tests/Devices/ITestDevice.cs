using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Tests.Devices;

/// <summary>What a device of the conformance suite holds when it is made. Its identity item comes on top.</summary>
public sealed record DeviceSeed
{
    public string Id { get; init; } = "device-1";

    public string Version { get; init; } = "1.24.5";

    /// <summary>Configuration items of retain level Cold.</summary>
    public IReadOnlyDictionary<string, byte[]> Items { get; init; } = new Dictionary<string, byte[]>();
}

/// <summary>A real device behind the connection that is tested: the suite makes it, connects, and reaches behind its back.</summary>
public interface ITestDevice : IAsyncDisposable
{
    /// <summary>The path of the one identity item that the device has from the beginning; null for one whose identity is no item.</summary>
    string? IdentityPath { get; }

    /// <summary>
    /// Whether its items belong together: it always has the same ones, they are captured and restored all or none, and
    /// none vanishes. The suites' states keep to that where a device is so (<see cref="ConformanceStates"/>).
    /// </summary>
    bool IsWhole => false;

    /// <summary>Whether transactions run on such devices at all.</summary>
    bool HasTransactions => true;

    /// <summary>Whether the device tells history and retain levels apart; a folder does not.</summary>
    bool HasKindsAndLevels { get; }

    bool HasHold { get; }

    /// <summary>Whether an unchanged item can be told without reading it.</summary>
    bool HasStamps => true;

    /// <summary>A new connection; the suite disposes it. May be called while another is open.</summary>
    IDeviceConnection Connect();

    /// <summary>Creates or replaces an item behind the connection's back.</summary>
    Task SetAsync(string path, byte[] content, ItemKind kind = ItemKind.Configuration, RetainLevel retain = RetainLevel.Cold);

    Task RemoveAsync(string path);

    /// <summary>Every file-like item now, whatever its kind, by path; not through the connection.</summary>
    Task<IReadOnlyDictionary<string, byte[]>> ReadAllAsync();

    /// <summary>Starts a transaction on connector 1 of the first charge point.</summary>
    Task StartTransactionAsync();

    Task EndTransactionAsync();

    /// <summary>What the death of its process would do to an open session; nothing where the device cannot tell.</summary>
    Task KillAsync(IRestoreSession session) => Task.CompletedTask;
}
