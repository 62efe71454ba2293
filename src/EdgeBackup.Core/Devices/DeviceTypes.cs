using System.Text.RegularExpressions;

namespace EdgeBackup.Core.Devices;

/// <summary>Ids of device types that the code itself names, and the rule for all ids.</summary>
public static partial class DeviceTypes
{
    public const string EdgeControllerId = "edge-controller";

    public const string BmsServerId = "bms-server";

    /// <summary>The type of a folder that names none.</summary>
    public const string FolderId = "folder";

    /// <summary>Whether a text can be a type's id: [a-z0-9], then up to 63 of [a-z0-9-].</summary>
    public static bool IsWord(string? id) => id is not null && Word().IsMatch(id);

    [GeneratedRegex(@"\A[a-z0-9][a-z0-9-]{0,63}\z")]
    private static partial Regex Word();
}
