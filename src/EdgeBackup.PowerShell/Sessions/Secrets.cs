using System.Net;
using System.Security;
using EdgeBackup.Core.Devices;

namespace EdgeBackup.PowerShell.Sessions;

/// <summary>Takes secrets out of PowerShell's wrappings, at the last moment.</summary>
internal static class Secrets
{
    public static string? Text(SecureString? secret) => secret is null ? null : new NetworkCredential("", secret).Password;

    /// <summary>A device's credential; null where neither is given.</summary>
    public static DeviceCredential? Device(System.Management.Automation.PSCredential? credential, SecureString? token) =>
        token is not null ? new DeviceCredential { Token = Text(token) }
        : credential is not null ? new DeviceCredential { UserName = credential.UserName, Password = credential.GetNetworkCredential().Password }
        : null;
}
