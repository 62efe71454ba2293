using EdgeBackup.Core.Errors;

namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>The password of ReinitializeDevice, and whether it may travel.</summary>
internal static class BacnetPassword
{
    /// <summary>ASHRAE 135, clause 16.4: up to 20 characters.</summary>
    private const int LongestPassword = 20;

    /// <returns>Null without a credential.</returns>
    /// <exception cref="EdgeBackupException">DeviceAuthenticationFailed: it is too long, or would be sent in clear to another machine.</exception>
    public static string? From(ConnectionOptions options, bool isLoopback)
    {
        if ((options.Credential?.Token ?? options.Credential?.Password) is not { Length: > 0 } password)
        {
            return null;
        }

        if (password.Length > LongestPassword)
        {
            throw Refuse($"The password for {options.Address.Text} has {password.Length} characters, and BACnet has room for {LongestPassword}. Set the one that the device has with Set-EdgeDevice -Credential or -Token.");
        }

        if (!isLoopback && !options.AllowUnencryptedAuthentication)
        {
            throw Refuse(
                $"The password for {options.Address.Text} was not sent, because BACnet/IP would show it to everybody on the way. "
                + "Where the network is one that only trusted devices are in, allow it with -AllowUnencryptedAuthentication.");
        }

        return password;

        EdgeBackupException Refuse(string message) => new(ErrorIds.DeviceAuthenticationFailed, message, options.Id ?? options.Address.Text);
    }
}
