using System.Management.Automation;
using System.Security;
using EdgeBackup.Core.Devices;

namespace EdgeBackup.PowerShell.Session;

/// <summary>Reads -Credential and -Token.</summary>
internal static class DeviceSecret
{
    /// <summary>A device's credential; null where neither is given. A token wins.</summary>
    public static DeviceCredential? Read(PSCredential? credential, SecureString? token) =>
        token is not null ? new DeviceCredential { Token = SecretText.Read(token) }
        : credential is not null ? new DeviceCredential { UserName = credential.UserName, Password = SecretText.Read(credential.Password) }
        : null;
}
