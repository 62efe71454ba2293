using System.Management.Automation;
using EdgeBackup.Core.Devices;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Reads -Address.</summary>
internal static class AddressParameter
{
    /// <summary>A URI as it is; anything else is a path in the session's terms.</summary>
    /// <returns>Null after an error was written.</returns>
    public static DeviceAddress? Parse(PSCmdlet command, string text, Func<string, string> resolvePath)
    {
        try
        {
            var isUri = text.Contains("://", StringComparison.Ordinal);
            return DeviceAddress.Parse(isUri ? text : resolvePath(text), Path.GetPathRoot(Environment.CurrentDirectory)!);
        }
        catch (ArgumentException exception)
        {
            command.WriteError(new ErrorRecord(exception, "AddressInvalid", ErrorCategory.InvalidArgument, text));
            return null;
        }
    }

    /// <summary>A private key means nothing to a folder or an HTTP device, and what means nothing is not taken silently.</summary>
    public static void RefuseKeyFile(PSCmdlet command, string? keyFile, DeviceAddress? address)
    {
        if (keyFile is not null && address?.Kind != ConnectionKind.Ssh)
        {
            var exception = new PSArgumentException("-KeyFilePath is for ssh:// addresses. Leave it out; HTTP devices take -Credential or -Token.");
            command.ThrowTerminatingError(new ErrorRecord(exception, "KeyFilePathNotUsed", ErrorCategory.InvalidArgument, keyFile));
        }
    }
}
