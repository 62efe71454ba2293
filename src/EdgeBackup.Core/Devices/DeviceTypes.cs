using System.Text.RegularExpressions;

namespace EdgeBackup.Core.Devices;

/// <summary>The device types that are built in, and the rule for the names of others.</summary>
public static partial class DeviceTypes
{
    public const string EdgeControllerId = "edge-controller";

    public const string BmsServerId = "bms-server";

    /// <summary>The type of a folder that names none.</summary>
    public const string FolderId = "folder";

    /// <summary>An EV-charging site controller. Its minimum version is R1.</summary>
    public static DeviceType EdgeController { get; } = new()
    {
        Id = EdgeControllerId,
        Title = "Edge site controller",
        MinimumVersion = DeviceVersion.TryParse("1.24.5"),
        Connections = [ConnectionKind.Http, ConnectionKind.Folder, ConnectionKind.Ssh],
    };

    /// <summary>A building-management server.</summary>
    public static DeviceType BmsServer { get; } = new()
    {
        Id = BmsServerId,
        Title = "Building-management server",
        Connections = [ConnectionKind.Http, ConnectionKind.Folder, ConnectionKind.Ssh],
    };

    /// <summary>Any folder.</summary>
    public static DeviceType Folder { get; } = new()
    {
        Id = FolderId,
        Title = "Folder",
        Connections = [ConnectionKind.Folder, ConnectionKind.Ssh],
    };

    /// <summary>The built-in types, by id.</summary>
    public static IReadOnlyList<DeviceType> BuiltIn { get; } = [BmsServer, EdgeController, Folder];

    /// <summary>Whether a text can be a type's id: [a-z0-9], then up to 63 of [a-z0-9-].</summary>
    public static bool IsWord(string? id) => id is not null && Word().IsMatch(id);

    /// <summary>
    /// The type of this id for a device that is reached in this way. A folder (also over SSH) may be of any type whose id
    /// is a word, so that fleets can be sorted by their own types; an HTTP device is of a built-in type that speaks HTTP.
    /// </summary>
    /// <returns>Null where there is no such type, or where it cannot be reached in this way.</returns>
    public static DeviceType? Find(string? id, ConnectionKind connection)
    {
        var builtIn = BuiltIn.FirstOrDefault(type => string.Equals(type.Id, id, StringComparison.Ordinal));
        if (builtIn is not null)
        {
            return builtIn.Connections.Contains(connection) ? builtIn : null;
        }

        return connection is ConnectionKind.Folder or ConnectionKind.Ssh && IsWord(id)
            ? new DeviceType { Id = id!, Title = id!, Connections = [ConnectionKind.Folder, ConnectionKind.Ssh] }
            : null;
    }

    [GeneratedRegex(@"\A[a-z0-9][a-z0-9-]{0,63}\z")]
    private static partial Regex Word();
}
