using System.Text.RegularExpressions;
using EdgeBackup.Core.Errors;

namespace EdgeBackup.Core.Operations.SystemSchedules;

/// <summary>What Linux knows of another account.</summary>
internal sealed partial class LinuxAccounts(IProgramRunner programs)
{
    /// <summary>The home folder of an account; null where nobody knows the account.</summary>
    /// <exception cref="EdgeBackupException">ScheduleInvalid: that is no account's name.</exception>
    public async Task<string?> FindHomeAsync(string user, CancellationToken cancellationToken)
    {
        if (!Name().IsMatch(user))
        {
            throw new EdgeBackupException(ErrorIds.ScheduleInvalid, $"'{user}' is no account's name.", user);
        }

        var result = await programs.RunAsync("getent", ["passwd", user], input: null, cancellationToken).ConfigureAwait(false);
        return result.Code == 0 && result.Text.Trim().Split(':') is { Length: >= 7 } fields ? fields[5] : null;
    }

    /// <summary>What an account may not reach of what a schedule needs, each as a sentence. Only root can find out.</summary>
    public async Task<IReadOnlyList<string>> FindObstaclesAsync(string user, ScheduleCommand command, CancellationToken cancellationToken)
    {
        var obstacles = new List<string>();
        if (!await MayAsync(user, "-x", command.PowerShell, cancellationToken).ConfigureAwait(false))
        {
            obstacles.Add($"The account {user} may not run '{command.PowerShell}'. Give another with -PowerShellPath.");
        }

        if (!await MayAsync(user, "-r", command.Module, cancellationToken).ConfigureAwait(false))
        {
            obstacles.Add($"The account {user} may not read the module at '{command.Module}'. Install it for all users.");
        }

        if (command.KeyFile is { } key && !await MayAsync(user, "-r", key, cancellationToken).ConfigureAwait(false))
        {
            obstacles.Add($"The account {user} may not read the key file '{key}'. Give it a copy that belongs to it alone, and register with -KeyFile.");
        }

        if (!await MayAsync(user, "-w", command.Repository, cancellationToken).ConfigureAwait(false))
        {
            obstacles.Add($"The account {user} may not write the repository '{command.Repository}'. Give it the rights, or choose another account.");
        }

        return obstacles;
    }

    private async Task<bool> MayAsync(string user, string what, string path, CancellationToken cancellationToken) =>
        (await programs.RunAsync("runuser", ["-u", user, "--", "test", what, path], input: null, cancellationToken).ConfigureAwait(false)).Code == 0;

    [GeneratedRegex(@"^[A-Za-z0-9_][A-Za-z0-9_.@-]*\$?$")]
    private static partial Regex Name();
}
