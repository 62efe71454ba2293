using System.Management.Automation;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Types;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.PowerShell.Errors;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Reads -Type: the id of a type, or a file that is one.</summary>
internal static class TypeParameter
{
    /// <summary>Ids are words; whatever cannot be one, having a dot or a separator, is a path.</summary>
    /// <param name="command">Takes the error.</param>
    /// <param name="text">What the user gave; null for nothing.</param>
    /// <param name="resolvePath">Reads a path in the session's terms.</param>
    /// <param name="id">The type's id.</param>
    /// <param name="file">The type, where a file was given.</param>
    /// <returns>False after an error was written.</returns>
    public static bool TryRead(PSCmdlet command, string? text, Func<string, string> resolvePath, out string? id, out DeviceTypeEntry? file)
    {
        (id, file) = (text, null);
        if (text is null || DeviceTypes.IsWord(text) || text.IndexOfAny(['.', '/', '\\']) < 0)
        {
            return true;
        }

        try
        {
            file = DeviceTypeLibrary.ReadFile(resolvePath(text));
            id = file.Type.Id;
            return true;
        }
        catch (EdgeBackupException exception)
        {
            command.WriteError(EdgeErrors.ToErrorRecord(exception, text));
            return false;
        }
    }
}
