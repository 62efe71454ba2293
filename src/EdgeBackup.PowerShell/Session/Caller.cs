using System.Management.Automation;
using System.Management.Automation.Remoting;
using System.Net;

namespace EdgeBackup.PowerShell.Session;

/// <summary>
/// Who stands behind the account that runs a command, and where they sit, as the session says it: with JEA, a group managed
/// service account and sudo, one account does the work of many people.
/// </summary>
/// <param name="User">Who came in by PowerShell remoting (JEA), or called sudo; null where nobody stands behind the account.</param>
/// <param name="Client">The address that an SSH session came from; null for none.</param>
internal sealed record Caller(string? User, string? Client)
{
    private const int Longest = 256;

    /// <summary>Finds them. Whoever may set variables of the process may set these: the account is proven, they are said.</summary>
    public static Caller Find(PSVariableIntrinsics variables)
    {
        var sender = variables.GetValue("PSSenderInfo");
        var remote = (sender is PSObject wrapped ? wrapped.BaseObject : sender) as PSSenderInfo;
        var user = remote?.UserInfo?.Identity?.Name ?? Environment.GetEnvironmentVariable("SUDO_USER");
        return new Caller(
            user == Environment.UserName ? null : Clean(user),
            ClientOf(Environment.GetEnvironmentVariable("SSH_CONNECTION")));
    }

    private static string? Clean(string? text) =>
        string.IsNullOrWhiteSpace(text) || text.Length > Longest || text.Any(char.IsControl) ? null : text;

    /// <summary>The first of "client port server port".</summary>
    private static string? ClientOf(string? connection) =>
        connection?.Split(' ')[0] is { } first && IPAddress.TryParse(first, out _) ? first : null;
}
