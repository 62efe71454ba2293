namespace EdgeBackup.Core.Devices;

/// <summary>Who a device says it is.</summary>
public sealed record DeviceIdentity
{
    /// <summary>Belongs to the hardware: new hardware, new id.</summary>
    public required string Id { get; init; }

    /// <summary>False where the id is not the device's own word but its registration's (a folder without edge-device.json).</summary>
    public bool IsOwnId { get; init; } = true;

    public string? Name { get; init; }

    /// <summary>The device type's id, for instance <c>edge-controller</c>.</summary>
    public required string Type { get; init; }

    public string? Model { get; init; }

    public string? Serial { get; init; }

    /// <summary>As the device writes it; see <see cref="DeviceVersion"/>. Null where it tells none.</summary>
    public string? Version { get; init; }

    /// <summary>The device's own clock, UTC; null where it tells none.</summary>
    public DateTimeOffset? Time { get; init; }

    /// <summary>What the device offers beyond the minimum: hold, events, trends, stop, persist, changes.</summary>
    public IReadOnlyList<string> Features { get; init; } = [];
}

/// <summary>A charge point under a controller.</summary>
public sealed record ChargePoint
{
    public required string Id { get; init; }

    public bool Online { get; init; }

    /// <summary>When the controller last heard from it, by the controller's clock.</summary>
    public DateTimeOffset? LastSeen { get; init; }

    /// <summary>Transaction messages that it has not delivered yet.</summary>
    public int PendingMessages { get; init; }

    /// <summary>Only ever grows, so that a transaction between two looks is seen (R3).</summary>
    public long TransactionsStarted { get; init; }

    public IReadOnlyList<Connector> Connectors { get; init; } = [];
}

/// <summary>A connector of a charge point.</summary>
/// <param name="Id">Its number as the device gives it.</param>
/// <param name="Status">An OCPP 1.6 status, verbatim.</param>
/// <param name="Transaction">The transaction on it, or null.</param>
public sealed record Connector(int Id, string Status, Transaction? Transaction);

/// <summary>A charging session on a connector.</summary>
/// <param name="Id">As the device gives it.</param>
/// <param name="Started">UTC; null where the device does not say.</param>
public sealed record Transaction(string Id, DateTimeOffset? Started);

/// <summary>One look at a device.</summary>
public sealed record DeviceStatus
{
    public required DeviceIdentity Identity { get; init; }

    /// <summary>Empty for a device without charge points.</summary>
    public IReadOnlyList<ChargePoint> ChargePoints { get; init; } = [];

    /// <summary>
    /// What else runs on the device, in words without a full stop ("a vehicle is charging"), where its type tells how that
    /// is seen; null where nothing does. It holds captures and restores up as a transaction does (R2).
    /// </summary>
    public string? RunningWork { get; init; }

    /// <summary>
    /// What the device itself says against the configuration that it holds, in words without a full stop; null where it says
    /// nothing. A backup of it is taken, and is suspect.
    /// </summary>
    public string? Complaint { get; init; }

    /// <summary>Why the transactions could not be read, one sentence; null when they could. Unreadable counts as running (R2).</summary>
    public string? GateFault { get; init; }

    /// <summary>
    /// Opaque; for devices that list their running transactions and count none: another one than at the first look means
    /// that the list was written in between, so that a transaction may have begun and ended (R3). Null elsewhere.
    /// </summary>
    public string? TransactionsStamp { get; init; }
}
