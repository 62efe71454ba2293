using System.Net.Http.Headers;
using System.Text;
using EdgeBackup.Core.Errors;

namespace EdgeBackup.Core.Devices.Http;

/// <summary>Whether a credential may travel to a device, and in which header.</summary>
internal static class DeviceAuthentication
{
    /// <returns>The header's value; null without a credential.</returns>
    /// <exception cref="EdgeBackupException">
    /// DeviceAuthenticationFailed: the credential would go unencrypted, or cannot be written in a header.
    /// </exception>
    public static AuthenticationHeaderValue? CreateHeader(ConnectionOptions options, Uri address)
    {
        if (options.Credential is not { } credential)
        {
            return null;
        }

        if (address.Scheme == Uri.UriSchemeHttp && !address.IsLoopback && !options.AllowUnencryptedAuthentication)
        {
            throw Refuse(
                $"The credential for {address} was not sent, because plain http:// would show it to everybody on the way. "
                + "Register the device with an https:// address, or allow it with -AllowUnencryptedAuthentication.");
        }

        if (credential.Token is { } token)
        {
            // Checked here because the header's own check would put the token into its message.
            return token.Length > 0 && token.All(character => character is > ' ' and < '\u007f')
                ? new AuthenticationHeaderValue("Bearer", token)
                : throw Refuse("The token has characters that cannot be sent in a header. Set the device's token again.");
        }

        if (credential.UserName?.Contains(':', StringComparison.Ordinal) == true)
        {
            throw Refuse("A user name with a colon cannot be sent with HTTP Basic. Give the device another user.");
        }

        var pair = Encoding.UTF8.GetBytes($"{credential.UserName}:{credential.Password}");
        return new AuthenticationHeaderValue("Basic", Convert.ToBase64String(pair));

        EdgeBackupException Refuse(string message) => new(ErrorIds.DeviceAuthenticationFailed, message, options.Id ?? options.Address.Text);
    }
}
