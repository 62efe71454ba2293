using System.Reflection;
using EdgeBackup.Core.Devices.Types.Reading;

namespace EdgeBackup.Core.Devices.Types;

/// <summary>Where a device type comes from.</summary>
public enum DeviceTypeSource
{
    /// <summary>Shipped with the product.</summary>
    BuiltIn,

    /// <summary>A file in the user's folder of types, on this machine.</summary>
    Folder,

    /// <summary>The repository, so that every machine that backs up into it knows it.</summary>
    Repository,
}

/// <summary>A device type and where it comes from.</summary>
/// <param name="Type">The type.</param>
/// <param name="Source">Where it comes from.</param>
/// <param name="Location">The file of a type from the folder; null for the others.</param>
/// <param name="Json">The file's bytes.</param>
public sealed record DeviceTypeEntry(DeviceType Type, DeviceTypeSource Source, string? Location, ReadOnlyMemory<byte> Json);

/// <summary>The device types that are known at one moment. Immutable.</summary>
public sealed class DeviceTypeCatalog
{
    private readonly SortedDictionary<string, DeviceTypeEntry> entries = new(StringComparer.Ordinal);

    private DeviceTypeCatalog(IEnumerable<DeviceTypeEntry> weakestFirst)
    {
        foreach (var entry in weakestFirst)
        {
            entries[entry.Type.Id] = entry;
        }
    }

    /// <summary>The types that are shipped.</summary>
    public static DeviceTypeCatalog BuiltIn { get; } = new(ReadShipped());

    /// <summary>All types, by id.</summary>
    public IReadOnlyCollection<DeviceTypeEntry> Entries => entries.Values;

    /// <summary>Whether a type of this id is shipped; users' own need other ids.</summary>
    public static bool IsBuiltIn(string id) => BuiltIn.entries.ContainsKey(id);

    /// <summary>
    /// The shipped types and others. A type that is in the repository was chosen for its devices and wins over everything:
    /// also over one of the same id that a later version ships. A file of the folder never replaces a shipped type.
    /// </summary>
    public static DeviceTypeCatalog With(IEnumerable<DeviceTypeEntry> folder, IEnumerable<DeviceTypeEntry> repository) =>
        new(folder.Concat(BuiltIn.Entries).Concat(repository));

    /// <returns>Null where there is no type of this id.</returns>
    public DeviceTypeEntry? Get(string? id) => id is null ? null : entries.GetValueOrDefault(id);

    /// <summary>
    /// The type of this id for a device that is reached in this way. A folder (also over SSH) may be of any type whose id
    /// is a word, so that fleets can be sorted by their own types; then nothing but the id is known of it.
    /// </summary>
    /// <returns>Null where there is no such type, or where it cannot be reached in this way.</returns>
    public DeviceType? Find(string? id, ConnectionKind connection)
    {
        if (Get(id) is { } entry)
        {
            return entry.Type.Connections.Contains(connection) ? entry.Type : null;
        }

        return connection is ConnectionKind.Folder or ConnectionKind.Ssh && DeviceTypes.IsWord(id)
            ? new DeviceType { Id = id!, Title = id!, Connections = [ConnectionKind.Folder, ConnectionKind.Ssh] }
            : null;
    }

    private static IEnumerable<DeviceTypeEntry> ReadShipped()
    {
        const string Prefix = "EdgeBackup.Core.Devices.Types.Shipped.";
        var assembly = Assembly.GetExecutingAssembly();
        foreach (var name in assembly.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)))
        {
            using var stream = assembly.GetManifestResourceStream(name)!;
            var json = new byte[stream.Length];
            stream.ReadExactly(json);
            yield return new DeviceTypeEntry(DeviceTypeReader.ReadGood(json, name[Prefix.Length..]), DeviceTypeSource.BuiltIn, Location: null, json);
        }
    }
}
