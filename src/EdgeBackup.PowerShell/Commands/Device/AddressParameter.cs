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
            Refuse(command, "-KeyFilePath is for ssh:// addresses. Leave it out; HTTP devices take -Credential or -Token.", "KeyFilePathNotUsed", keyFile);
        }
    }

    /// <summary>The same for what is done with an unknown host key.</summary>
    public static void RefuseHostKeyPolicy(PSCmdlet command, string? policy, DeviceAddress? address)
    {
        if (policy is not null && address?.Kind != ConnectionKind.Ssh)
        {
            Refuse(command, "-HostKeyPolicy is for ssh:// addresses. Leave it out; HTTP devices take -CertificateThumbprint.", "HostKeyPolicyNotUsed", policy);
        }
    }

    /// <summary>Reads -HostKeyPolicy, whose words were checked when it was bound.</summary>
    public static HostKeyPolicy? ReadHostKeyPolicy(string? policy) => policy is null ? null : Enum.Parse<HostKeyPolicy>(policy, ignoreCase: true);

    private static void Refuse(PSCmdlet command, string message, string id, string target) =>
        command.ThrowTerminatingError(new ErrorRecord(new PSArgumentException(message), id, ErrorCategory.InvalidArgument, target));
}
