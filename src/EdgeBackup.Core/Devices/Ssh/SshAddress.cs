using EdgeBackup.Core.Errors;

namespace EdgeBackup.Core.Devices.Ssh;

/// <summary>The parts of <c>ssh://user@host:port/path</c>.</summary>
/// <param name="User">Null: as the user's ssh configuration says.</param>
/// <param name="Host">A name, an address, or an alias of the user's ssh configuration.</param>
/// <param name="Port">Null: as the user's ssh configuration says.</param>
/// <param name="Path">Percent signs decoded; <c>/</c> where the address names no path.</param>
internal sealed record SshAddress(string? User, string Host, int? Port, string Path)
{
    /// <exception cref="EdgeBackupException">DeviceUnreachable: something in it cannot be handed to ssh.</exception>
    public static SshAddress Of(DeviceAddress address)
    {
        var uri = new Uri(address.Text);
        var user = Uri.UnescapeDataString(uri.UserInfo);
        var host = uri.IdnHost.Trim('[', ']');
        var path = Uri.UnescapeDataString(uri.AbsolutePath);

        // ssh gets them as arguments of their own, but reads those that begin with '-' as options, and its configuration's
        // ProxyCommand may put them into a shell's line.
        if (host.StartsWith('-') || user.StartsWith('-') || host.Concat(user).Any(IsUnsafe) || path.Any(character => character is '\0' or '\n' or '\r'))
        {
            throw new EdgeBackupException(
                ErrorIds.DeviceUnreachable,
                $"The address '{address.Text}' has characters in its user, host or path that ssh is not given. Give an address like ssh://user@host:22/path.",
                address.Text);
        }

        return new SshAddress(user.Length == 0 ? null : user, host, uri.IsDefaultPort || uri.Port < 0 ? null : uri.Port, path.Length == 0 ? "/" : path);
    }

    private static bool IsUnsafe(char character) =>
        char.IsControl(character) || char.IsWhiteSpace(character) || "'\"`$\\;&<>|(){}*?!#".Contains(character, StringComparison.Ordinal);
}
