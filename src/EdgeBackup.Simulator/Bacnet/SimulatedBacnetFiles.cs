using EdgeBackup.Core.Devices.Bacnet;

namespace EdgeBackup.Simulator.Bacnet;

/// <summary>
/// The File objects of a simulated device. Its configuration files in their order, and others that no backup contains. All
/// members may be called from any thread.
/// </summary>
public sealed class SimulatedBacnetFiles
{
    private readonly SimulatedBacnetDevice device;
    private readonly Dictionary<uint, SimulatedBacnetFile> files = [];
    private readonly Dictionary<uint, BacnetFileAccess> known = [];
    private readonly List<uint> configuration = [];

    internal SimulatedBacnetFiles(SimulatedBacnetDevice device) => this.device = device;

    /// <summary>The instances of the configuration files, in the order of the property.</summary>
    public IReadOnlyList<uint> Configuration => Locked(() => configuration.ToArray());

    /// <summary>The instances of all File objects, in ascending order.</summary>
    public IReadOnlyList<uint> Instances => Locked(() => files.Keys.Order().ToArray());

    /// <exception cref="KeyNotFoundException">There is no such File object.</exception>
    public SimulatedBacnetFile this[uint instance] => Locked(() => files[instance]);

    public SimulatedBacnetFile? Find(uint instance) => Locked(() => files.GetValueOrDefault(instance));

    /// <summary>Puts a configuration file behind the others, or gives one that is there another content.</summary>
    public void Set(uint instance, SimulatedBacnetFile file) => Locked(() =>
    {
        Put(instance, file);
        if (!configuration.Contains(instance))
        {
            configuration.Add(instance);
        }

        return true;
    });

    /// <summary>Puts a File object that does not belong to the configuration.</summary>
    public void SetOther(uint instance, SimulatedBacnetFile file) => Locked(() =>
    {
        Put(instance, file);
        return true;
    });

    /// <summary>Removes a File object; a configuration file keeps its place in the list, so that a restore has to create it.</summary>
    public bool Remove(uint instance) => Locked(() => files.Remove(instance));

    /// <summary>Removes all of them, and the list.</summary>
    public void Clear() => Locked(() =>
    {
        files.Clear();
        known.Clear();
        configuration.Clear();
        return true;
    });

    internal bool IsConfiguration(uint instance) => configuration.Contains(instance);

    /// <summary>Replaces a content without asking what kind it is, under the device's lock.</summary>
    internal void Put(uint instance, SimulatedBacnetFile file)
    {
        files[instance] = file;
        known[instance] = file.Access;
    }

    /// <summary>Creates an empty File object, of the access that one of this number had before.</summary>
    /// <returns>False: there is one already.</returns>
    internal bool Create(uint instance)
    {
        if (!files.TryAdd(instance, SimulatedBacnetFile.Empty(known.GetValueOrDefault(instance, BacnetFileAccess.Stream))))
        {
            return false;
        }

        if (!configuration.Contains(instance))
        {
            configuration.Add(instance);
        }

        return true;
    }

    internal Dictionary<uint, SimulatedBacnetFile> Snapshot() => new(files);

    internal void Return(Dictionary<uint, SimulatedBacnetFile> snapshot)
    {
        files.Clear();
        foreach (var (instance, file) in snapshot)
        {
            Put(instance, file);
        }
    }

    /// <summary>Whether every configuration file is there and ends in its own checksum.</summary>
    internal bool AreSealed() =>
        configuration.All(instance => files.GetValueOrDefault(instance) is { IsSealed: true });

    private T Locked<T>(Func<T> read)
    {
        lock (device.Sync)
        {
            return read();
        }
    }
}
