namespace EdgeBackup.Simulator.Devices;

/// <summary>The holds on new transactions of a simulated device.</summary>
public sealed class SimulatedHolds
{
    private readonly SimulatedDevice device;
    private readonly Dictionary<string, DateTimeOffset> expiries = new(StringComparer.Ordinal);
    private int number;

    internal SimulatedHolds(SimulatedDevice device) => this.device = device;

    /// <summary>Whether any hold is in force.</summary>
    public bool IsHeld
    {
        get
        {
            lock (device.Sync)
            {
                return expiries.Values.Any(expiry => expiry > device.Clock.GetUtcNow());
            }
        }
    }

    /// <summary>How often a hold was renewed.</summary>
    public int Renewals { get; private set; }

    /// <summary>Drops every hold, as a restart does.</summary>
    public void Lose()
    {
        lock (device.Sync)
        {
            expiries.Clear();
        }
    }

    internal (string Id, DateTimeOffset Expires) Take(double seconds)
    {
        var id = $"h{++number}";
        return (id, expiries[id] = Expiry(seconds));
    }

    internal DateTimeOffset? Renew(string id, double seconds)
    {
        if (!expiries.TryGetValue(id, out var old) || old <= device.Clock.GetUtcNow())
        {
            return null;
        }

        Renewals++;
        return expiries[id] = Expiry(seconds);
    }

    internal void Release(string id) => expiries.Remove(id);

    private DateTimeOffset Expiry(double seconds)
    {
        var granted = TimeSpan.FromSeconds(Math.Max(0, seconds));
        return device.Clock.GetUtcNow() + (device.Faults.LongestHold is { } longest && longest < granted ? longest : granted);
    }
}
