using EdgeBackup.Core.Devices;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Reads -Type: the id of a type, or a file that is one.</summary>
internal static class TypeParameter
{
    /// <summary>Ids are words; whatever cannot be one, having a dot or a separator, is a path.</summary>
    public static bool IsFile(string text) => !DeviceTypes.IsWord(text) && text.IndexOfAny(['.', '/', '\\']) >= 0;
}
