using System.Globalization;

namespace EdgeBackup.Core.Devices.Ssh;

/// <summary>ssh's arguments: one list, never a shell's line.</summary>
internal static class SshArguments
{
    /// <summary>The list, the remote command last.</summary>
    public static IReadOnlyList<string> Build(SshAddress address, ConnectionOptions options, SshSettings settings, string command)
    {
        var arguments = new List<string>();
        if (settings.ConfigFile is { } file)
        {
            arguments.AddRange(["-F", file]);
        }

        // No terminal, no forwarding of agent or display: a device gets nothing of this machine.
        arguments.AddRange(["-T", "-a", "-x"]);
        foreach (var option in Options(options, settings))
        {
            arguments.AddRange(["-o", option]);
        }

        if (options.KeyFilePath is { } key)
        {
            // That key and no other: an agent full of keys would use up the tries that a server grants.
            arguments.AddRange(["-i", key, "-o", "IdentitiesOnly=yes"]);
        }

        if (address.Port is { } port)
        {
            arguments.AddRange(["-p", port.ToString(CultureInfo.InvariantCulture)]);
        }

        if (address.User is { } user)
        {
            arguments.AddRange(["-l", user]);
        }

        arguments.AddRange(["--", address.Host, command]);
        return arguments;
    }

    /// <summary>What stands on the command line wins over the user's configuration, which decides everything else.</summary>
    private static IEnumerable<string> Options(ConnectionOptions options, SshSettings settings)
    {
        const int questions = 3;
        var pause = Math.Max(1, (int)Math.Ceiling(options.SilenceLimit.TotalSeconds / questions));
        var connect = Math.Max(1, (int)Math.Ceiling(settings.ConnectTimeout.TotalSeconds));
        yield return "BatchMode=yes";
        yield return options.HostKeyPolicy == HostKeyPolicy.AcceptNew ? "StrictHostKeyChecking=accept-new" : "StrictHostKeyChecking=yes";
        yield return string.Create(CultureInfo.InvariantCulture, $"ConnectTimeout={connect}");
        yield return "ConnectionAttempts=1";
        yield return string.Create(CultureInfo.InvariantCulture, $"ServerAliveInterval={pause}");
        yield return string.Create(CultureInfo.InvariantCulture, $"ServerAliveCountMax={questions}");

        // A shared connection would outlive the command, and would keep to the host-key policy of whoever opened it.
        yield return "ControlMaster=no";
        yield return "ControlPath=none";
        yield return "ClearAllForwardings=yes";
        yield return "PermitLocalCommand=no";
        yield return "RemoteCommand=none";
        yield return "EscapeChar=none";

        // Errors and no banners: what it says is put into our own errors.
        yield return "LogLevel=ERROR";
    }
}
