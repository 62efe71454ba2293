using EdgeBackup.Core.Items;

namespace EdgeBackup.Simulator.Devices;

/// <summary>
/// The values that applications of a simulated device have written: they stand in its memory. Those of level Cold become
/// items when the device is asked to write them down; until then it lists them as unwritten.
/// </summary>
public sealed class SimulatedApplications
{
    private readonly SimulatedDevice device;
    private readonly SortedDictionary<string, (byte[] Content, RetainLevel Retain)> values = new(StringComparer.Ordinal);
    private DateTimeOffset? writtenAt;

    internal SimulatedApplications(SimulatedDevice device) => this.device = device;

    /// <summary>How the last request to write down stands, in the interface's words.</summary>
    internal (string State, string? Detail) State { get; private set; } = ("completed", null);

    /// <summary>An application writes a value.</summary>
    public void Write(string path, byte[] content, RetainLevel retain = RetainLevel.Cold)
    {
        lock (device.Sync)
        {
            values[path] = (content, retain);
        }
    }

    /// <summary>Begins to write down.</summary>
    /// <returns>Whether that is done.</returns>
    internal bool Persist(DateTimeOffset now)
    {
        State = ("performing", null);
        writtenAt = now + device.Faults.PersistDuration;
        Advance(now);
        return State.State != "performing" && State.Detail is null;
    }

    internal void Advance(DateTimeOffset now)
    {
        if (writtenAt is not { } due || now < due)
        {
            return;
        }

        writtenAt = null;
        if (device.Faults.PersistFailure is { } failure)
        {
            State = ("failed", failure);
            return;
        }

        foreach (var (path, value) in values.Where(value => value.Value.Retain == RetainLevel.Cold).ToList())
        {
            values.Remove(path);
            if (device.Items.Find(path) is not { } item || !item.Content.AsSpan().SequenceEqual(value.Content))
            {
                device.Items.Set(path, value.Content, ItemKind.Configuration, value.Retain);
            }
        }

        State = ("completed", null);
    }

    /// <summary>Those that no item stands for, under the device's lock.</summary>
    internal IEnumerable<SimulatedItem> ListUnwritten() => values
        .Where(value => device.Items.Find(value.Key) is null)
        .Select(value => new SimulatedItem(value.Key, value.Value.Content, ItemKind.Configuration, value.Value.Retain, device.Clock.GetUtcNow(), ETag: null) { IsUnwritten = true });

    /// <summary>A restore has set the value, or a restart has cleared the memory.</summary>
    internal void Forget(string path) => values.Remove(path);

    internal void ForgetAll()
    {
        values.Clear();
        writtenAt = null;
    }
}
