using EdgeBackup.Core.Devices;
using EdgeBackup.PowerShell.Inventory;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Reads -Address, and what goes with some addresses only.</summary>
internal static class AddressParameter
{
    /// <summary>A URI as it is; anything else is a path in the session's terms.</summary>
    /// <exception cref="InputFaultException">It is no address.</exception>
    public static DeviceAddress Parse(string text, Func<string, string> resolvePath)
    {
        try
        {
            var isUri = text.Contains("://", StringComparison.Ordinal);
            return DeviceAddress.Parse(isUri ? text : resolvePath(text), Path.GetPathRoot(Environment.CurrentDirectory)!);
        }
        catch (ArgumentException exception)
        {
            throw new InputFaultException("AddressInvalid", exception.Message, text, exception);
        }
    }

    /// <summary>A private key means nothing to a folder or an HTTP device, and what means nothing is not taken silently.</summary>
    /// <exception cref="InputFaultException">It was given for such a device.</exception>
    public static void RefuseKeyFile(string? keyFile, DeviceAddress address)
    {
        if (!string.IsNullOrEmpty(keyFile) && address.Kind != ConnectionKind.Ssh)
        {
            throw new InputFaultException("KeyFilePathNotUsed", "-KeyFilePath is for ssh:// addresses. Leave it out; HTTP devices take -Credential or -Token.", keyFile);
        }
    }

    /// <summary>The same for what is done with an unknown host key.</summary>
    /// <exception cref="InputFaultException">It was given for such a device.</exception>
    public static void RefuseHostKeyPolicy(string? policy, DeviceAddress address)
    {
        if (!string.IsNullOrEmpty(policy) && address.Kind != ConnectionKind.Ssh)
        {
            throw new InputFaultException("HostKeyPolicyNotUsed", "-HostKeyPolicy is for ssh:// addresses. Leave it out; HTTP devices take -CertificateThumbprint.", policy);
        }
    }

    /// <summary>Reads -HostKeyPolicy.</summary>
    /// <exception cref="InputFaultException">It is no such word.</exception>
    public static HostKeyPolicy? ReadHostKeyPolicy(string? policy) =>
        string.IsNullOrWhiteSpace(policy) ? null
        : Enum.GetNames<HostKeyPolicy>().FirstOrDefault(name => string.Equals(name, policy.Trim(), StringComparison.OrdinalIgnoreCase)) is { } name ? Enum.Parse<HostKeyPolicy>(name)
        : throw new InputFaultException("ArgumentInvalid", $"-HostKeyPolicy is '{policy}'. It can be {string.Join(" or ", Enum.GetNames<HostKeyPolicy>())}.", policy);
}
