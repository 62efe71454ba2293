namespace EdgeBackup.Simulator.Devices;

/// <summary>A transaction on a simulated connector.</summary>
public sealed record SimulatedTransaction(string Id, DateTimeOffset Started, string Card);

/// <summary>A connector; change it only through its charge point.</summary>
public sealed class SimulatedConnector
{
    internal SimulatedConnector(int id) => Id = id;

    public int Id { get; }

    /// <summary>An OCPP 1.6 status, or whatever a test wants the device to say.</summary>
    public string Status { get; internal set; } = "Available";

    public SimulatedTransaction? Transaction { get; internal set; }

    /// <summary>When an accepted request to stop takes effect; null while there is none.</summary>
    internal DateTimeOffset? StopsAt { get; set; }
}

/// <summary>A charge point under a simulated controller. All members may be called from any thread.</summary>
public sealed class SimulatedChargePoint
{
    private readonly SimulatedDevice device;
    private bool online = true;
    private TimeSpan lastSeenAgo = TimeSpan.FromSeconds(5);
    private int pendingMessages;
    private long transactionsStarted;

    internal SimulatedChargePoint(SimulatedDevice device, string id, int connectors)
    {
        this.device = device;
        Id = id;
        Connectors = [.. Enumerable.Range(1, connectors).Select(number => new SimulatedConnector(number))];
    }

    public string Id { get; }

    public IReadOnlyList<SimulatedConnector> Connectors { get; }

    public bool Online
    {
        get => Read(() => online);
        set => Read(() => online = value);
    }

    /// <summary>How long ago the controller heard from it.</summary>
    public TimeSpan LastSeenAgo
    {
        get => Read(() => lastSeenAgo);
        set => Read(() => lastSeenAgo = value);
    }

    public int PendingMessages
    {
        get => Read(() => pendingMessages);
        set => Read(() => pendingMessages = value);
    }

    public long TransactionsStarted
    {
        get => Read(() => transactionsStarted);
        set => Read(() => transactionsStarted = value);
    }

    /// <summary>Begins a transaction.</summary>
    /// <param name="connector">The connector's number.</param>
    /// <param name="despiteHold">Whether a device that breaks its own promise is played.</param>
    /// <returns>Null where a hold forbids it, where there is no such connector, or where one runs already.</returns>
    public SimulatedTransaction? StartTransaction(int connector = 1, bool despiteHold = false)
    {
        lock (device.Sync)
        {
            device.Advance();
            var place = Connectors.FirstOrDefault(candidate => candidate.Id == connector);
            if (place is null || place.Transaction is not null || (device.Holds.IsHeld && !despiteHold))
            {
                return null;
            }

            place.Transaction = new SimulatedTransaction($"t{++transactionsStarted}-{Id}", device.Clock.GetUtcNow(), "04A1B2C3");
            place.Status = "Charging";
            place.StopsAt = null;
            return place.Transaction;
        }
    }

    /// <summary>Ends the transaction on a connector at once.</summary>
    public void EndTransaction(int connector = 1)
    {
        lock (device.Sync)
        {
            foreach (var place in Connectors.Where(candidate => candidate.Id == connector))
            {
                End(place);
            }
        }
    }

    /// <summary>Makes a connector say a status, whatever runs on it.</summary>
    public void SetStatus(int connector, string status)
    {
        lock (device.Sync)
        {
            Connectors.Single(candidate => candidate.Id == connector).Status = status;
        }
    }

    /// <summary>Ends what an accepted request to stop has ended by now, under the device's lock.</summary>
    internal void Advance(DateTimeOffset now)
    {
        foreach (var place in Connectors.Where(place => place.StopsAt <= now))
        {
            End(place);
        }
    }

    private static void End(SimulatedConnector place)
    {
        place.Transaction = null;
        place.StopsAt = null;
        place.Status = "Available";
    }

    private T Read<T>(Func<T> read)
    {
        lock (device.Sync)
        {
            return read();
        }
    }
}
