using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Types;
using EdgeBackup.Core.Operations.Repositories;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Reads -Type: the id of a type, or a file that is one.</summary>
internal static class TypeParameter
{
    /// <param name="text">What the user gave; null for nothing.</param>
    /// <param name="readFile">Reads a type's file; a list of devices names the same one in each row.</param>
    /// <returns>The type's id, and the type where a file was given.</returns>
    public static (string? Id, DeviceTypeEntry? File) Read(string? text, Func<string, DeviceTypeEntry> readFile)
    {
        if (text is null || !IsFile(text))
        {
            return (text, null);
        }

        var file = readFile(text);
        return (file.Type.Id, file);
    }

    /// <summary>Ids are words; whatever cannot be one, having a dot or a separator, is a path.</summary>
    private static bool IsFile(string text) => !DeviceTypes.IsWord(text) && text.IndexOfAny(['.', '/', '\\']) >= 0;
}
