using EdgeBackup.Core.Items;

namespace EdgeBackup.Simulator.Devices;

/// <summary>The items of a simulated device. All members may be called from any thread.</summary>
public sealed class SimulatedItems
{
    private readonly SimulatedDevice device;
    private readonly SortedDictionary<string, SimulatedItem> items = new(StringComparer.Ordinal);

    // A device knows by its own firmware what belongs where, so the kind of a path outlives the item.
    private readonly Dictionary<string, (ItemKind Kind, RetainLevel Retain)> known = new(StringComparer.Ordinal);
    private readonly Dictionary<string, byte[]?> changesAfterList = new(StringComparer.Ordinal);
    private long revision;

    internal SimulatedItems(SimulatedDevice device) => this.device = device;

    /// <summary>Whether items carry an ETag.</summary>
    public bool HasETags { get; set; } = true;

    /// <summary>All items at this moment in ordinal order of their paths.</summary>
    public IReadOnlyList<SimulatedItem> List()
    {
        lock (device.Sync)
        {
            device.Advance();
            return [.. items.Values];
        }
    }

    /// <summary>Null when there is no such item.</summary>
    public SimulatedItem? Find(string path)
    {
        lock (device.Sync)
        {
            device.Advance();
            return items.GetValueOrDefault(path);
        }
    }

    /// <summary>Creates or replaces an item; kind and retain level stay as they were where they are not given.</summary>
    public SimulatedItem Set(string path, byte[] content, ItemKind? kind = null, RetainLevel? retain = null)
    {
        lock (device.Sync)
        {
            var (oldKind, oldRetain) = known.TryGetValue(path, out var levels) ? levels : Guess(path);
            var item = new SimulatedItem(
                path,
                content,
                kind ?? oldKind,
                retain ?? oldRetain,
                device.Clock.GetUtcNow(),
                HasETags ? $"\"{device.Options.Id}-{++revision}\"" : null);
            items[path] = item;
            known[path] = (item.Kind, item.Retain);
            return item;
        }
    }

    /// <returns>Whether there was such an item.</returns>
    public bool Remove(string path)
    {
        lock (device.Sync)
        {
            return items.Remove(path);
        }
    }

    public void Clear()
    {
        lock (device.Sync)
        {
            items.Clear();
            changesAfterList.Clear();
        }
    }

    /// <summary>Changes an item right after the next listing, so that what is read is not what was listed; null removes it.</summary>
    public void ChangeAfterList(string path, byte[]? content)
    {
        lock (device.Sync)
        {
            changesAfterList[path] = content;
        }
    }

    internal IReadOnlyList<SimulatedItem> ListOnce(bool withHistory)
    {
        lock (device.Sync)
        {
            var listed = List().Concat(device.Applications.ListUnwritten()).Where(item => withHistory || item.Kind != ItemKind.History).ToList();
            foreach (var (path, content) in changesAfterList)
            {
                if (content is null)
                {
                    items.Remove(path);
                }
                else
                {
                    Set(path, content);
                }
            }

            changesAfterList.Clear();
            return listed;
        }
    }

    /// <summary>Takes over what a restore staged, under the device's lock.</summary>
    internal void Apply(IReadOnlyDictionary<string, byte[]> staged, bool replace)
    {
        if (replace)
        {
            foreach (var item in items.Values.Where(item => item.Kind == ItemKind.Configuration && item.Retain != RetainLevel.None).ToList())
            {
                if (!staged.ContainsKey(item.Path))
                {
                    items.Remove(item.Path);
                }
            }
        }

        foreach (var (path, content) in staged)
        {
            device.Applications.Forget(path);
            if (!items.TryGetValue(path, out var old) || !old.Content.AsSpan().SequenceEqual(content))
            {
                Set(path, content);
            }
        }
    }

    private static (ItemKind Kind, RetainLevel Retain) Guess(string path) =>
        path.StartsWith("identity/", StringComparison.Ordinal) ? (ItemKind.Identity, RetainLevel.Cold)
        : path.StartsWith("history/", StringComparison.Ordinal) ? (ItemKind.History, RetainLevel.Cold)
        : (ItemKind.Configuration, RetainLevel.Cold);
}
