using System.Globalization;

namespace EdgeBackup.Core.Tests.Devices.Ssh;

/// <summary>The user whom the tests' sshd lets in: a throw-away one where we may make it, else the one who runs the tests.</summary>
internal sealed record SshUser(string Name, int Id)
{
    private static readonly Lazy<SshUser> Shared = new(Create);

    public static SshUser Current => Shared.Value;

    private static SshUser Create()
    {
        if (!Programs.IsSuperuser)
        {
            return new SshUser(Environment.UserName, int.Parse(Programs.Run("id", "-u"), CultureInfo.InvariantCulture));
        }

        // '*' is no password that anybody could type, and unlike '!' it does not lock the account.
        var name = string.Create(CultureInfo.InvariantCulture, $"edgebackup{Environment.ProcessId}");
        Programs.Run("useradd", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/bin/sh", "--user-group", "--password", "*", name);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Programs.TryRun("userdel", "--force", name);
        return new SshUser(name, int.Parse(Programs.Run("id", "-u", name), CultureInfo.InvariantCulture));
    }
}
