using System.Runtime.Versioning;
using System.Security.Principal;

namespace EdgeBackup.Core.Operations.SystemSchedules;

/// <summary>Accounts as Windows names them: as DOMAIN\name, as a name alone, or by their SID, as the Task Scheduler likes to.</summary>
public static class WindowsAccounts
{
    private const string SidPrefix = "S-1-";

    /// <summary>Whether two texts name one account of this system.</summary>
    public static bool AreSame(string left, string right) =>
        OperatingSystem.IsWindows() ? AreSame(left, right, FindSid) : string.Equals(left, right, StringComparison.Ordinal);

    /// <summary>The same with another source of SIDs, which gives null for what is no account.</summary>
    internal static bool AreSame(string left, string right, Func<string, string?> findSid) =>
        string.Equals(left, right, StringComparison.OrdinalIgnoreCase)
        || (findSid(left) is { } sid && string.Equals(sid, findSid(right), StringComparison.OrdinalIgnoreCase));

    /// <summary>An account by its name, where it has one.</summary>
    public static string Show(string account) =>
        OperatingSystem.IsWindows() && account.StartsWith(SidPrefix, StringComparison.OrdinalIgnoreCase) ? FindName(account) ?? account : account;

    [SupportedOSPlatform("windows")]
    private static string? FindSid(string account) => Translate(
        account.StartsWith(SidPrefix, StringComparison.OrdinalIgnoreCase)
            ? () => new SecurityIdentifier(account)
            : () => new NTAccount(account.StartsWith(@".\", StringComparison.Ordinal) ? Environment.MachineName + account[1..] : account).Translate(typeof(SecurityIdentifier)));

    [SupportedOSPlatform("windows")]
    private static string? FindName(string sid) => Translate(() => new SecurityIdentifier(sid).Translate(typeof(NTAccount)));

    [SupportedOSPlatform("windows")]
    private static string? Translate(Func<IdentityReference> translate)
    {
        try
        {
            return translate().Value;
        }
        catch (Exception exception) when (exception is IdentityNotMappedException or ArgumentException)
        {
            // No account, or one of a domain that does not answer now.
            return null;
        }
    }
}
