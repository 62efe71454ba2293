using EdgeBackup.Core.Devices.Bacnet;

namespace EdgeBackup.Simulator.Bacnet;

/// <summary>
/// A trend log, trend log multiple or event log: a ring that forgets its oldest entries. All members may be called from
/// any thread.
/// </summary>
public sealed class SimulatedBacnetLog
{
    private readonly SimulatedBacnetDevice device;
    private readonly Queue<SimulatedLogEntry> entries = new();

    internal SimulatedBacnetLog(SimulatedBacnetDevice device, BacnetObjectId id, string name, int bufferSize, IReadOnlyList<BacnetObjectId> logged)
    {
        this.device = device;
        Id = id;
        Name = name;
        BufferSize = bufferSize;
        Logged = logged;
    }

    public BacnetObjectId Id { get; }

    public string Name { get; }

    /// <summary>How many entries it holds.</summary>
    public int BufferSize { get; }

    /// <summary>Whose present values are logged; of an event log nobody's.</summary>
    public IReadOnlyList<BacnetObjectId> Logged { get; }

    public string Description { get; init; } = "";

    /// <summary>The number of the newest entry, counted since the log was made; after 4294967295 comes 1. Set it to play a log of old.</summary>
    public uint TotalCount
    {
        get => Locked(() => Total);
        set => Locked(() => Total = value);
    }

    public int Count => Locked(() => entries.Count);

    internal uint Total { get; private set; }

    /// <summary>The oldest first; under the device's lock.</summary>
    internal IReadOnlyCollection<SimulatedLogEntry> Entries => entries;

    /// <summary>The number of the oldest entry; means something only when there is one.</summary>
    internal uint OldestSequence => Back(Total, entries.Count - 1);

    public void Add(params IEnumerable<SimulatedLogEntry> added) => Locked(() =>
    {
        foreach (var entry in added)
        {
            if (entries.Count == BufferSize)
            {
                entries.Dequeue();
            }

            entries.Enqueue(entry);
            Total = Total == uint.MaxValue ? 1 : Total + 1;
        }

        return true;
    });

    /// <summary>Empties it; a single entry says so, as the standard wants.</summary>
    public void Purge() => Locked(() =>
    {
        entries.Clear();
        Add(new SimulatedStatusEntry(device.Clock.GetUtcNow(), Purged: true));
        return true;
    });

    /// <summary>It is as it was when it was made, as after a restore that makes its object anew.</summary>
    public void BeginAnew() => Locked(() =>
    {
        entries.Clear();
        return Total = 0;
    });

    /// <summary>The number of the entry at a place, 0 for the oldest.</summary>
    internal uint SequenceAt(int index) => Back(Total, entries.Count - 1 - index);

    /// <summary>The place of the entry with a number; null when it is not, or no longer, there.</summary>
    internal int? IndexOf(uint sequence)
    {
        if (entries.Count == 0 || sequence == 0)
        {
            return null;
        }

        var oldest = OldestSequence;
        var distance = sequence >= oldest ? (long)sequence - oldest : uint.MaxValue - (long)oldest + sequence;
        return distance < entries.Count ? (int)distance : null;
    }

    /// <summary>Zero is no number: the step from 1 back leads to the largest.</summary>
    private static uint Back(uint sequence, int steps) =>
        steps < sequence ? sequence - (uint)steps : uint.MaxValue - ((uint)steps - sequence);

    private T Locked<T>(Func<T> read)
    {
        lock (device.Sync)
        {
            return read();
        }
    }
}
