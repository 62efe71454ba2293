using EdgeBackup.Core.Items;

namespace EdgeBackup.Simulator.Devices;

/// <summary>
/// Changes of the configuration that people make on a simulated device: queued while a hold is in force, carried out one
/// after another when nothing is held.
/// </summary>
public sealed class SimulatedChanges
{
    private readonly SimulatedDevice device;
    private readonly Queue<(string Path, byte[] Content)> queue = new();
    private DateTimeOffset? idleSince;

    internal SimulatedChanges(SimulatedDevice device) => this.device = device;

    /// <summary>How many wait.</summary>
    public int Queued
    {
        get
        {
            lock (device.Sync)
            {
                device.Advance();
                return queue.Count;
            }
        }
    }

    /// <summary>Somebody changes an item.</summary>
    public void Make(string path, byte[] content)
    {
        lock (device.Sync)
        {
            device.Advance();
            queue.Enqueue((path, content));
            device.Advance();
        }
    }

    /// <summary>Carries out what is due, under the device's lock.</summary>
    internal void Advance(DateTimeOffset now)
    {
        if (queue.Count == 0 || device.Holds.IsHeld)
        {
            idleSince = null;
            return;
        }

        for (idleSince ??= now; queue.Count > 0 && now - idleSince >= device.Faults.ChangeDuration; idleSince += device.Faults.ChangeDuration)
        {
            var (path, content) = queue.Dequeue();
            device.Items.Set(path, content);
        }
    }
}
