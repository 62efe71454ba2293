using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Operations.SystemSchedules;
using EdgeBackup.Core.Records;
using EdgeBackup.PowerShell.Commands;

namespace EdgeBackup.PowerShell.Inventory;

/// <summary>What the DSC classes cannot compare as texts, in the words of those who keep it.</summary>
public static class DesiredState
{
    /// <summary>An address as the repository keeps it.</summary>
    /// <param name="address">A URI, or a path that is absolute.</param>
    public static string Address(string address) => AddressParameter.Parse(address, Path.GetFullPath).Text;

    /// <summary>The id of a device type.</summary>
    /// <param name="type">The id, or a file that is one.</param>
    /// <param name="resolvePath">Makes a path absolute, in the session's terms.</param>
    public static string TypeId(string type, Func<string, string> resolvePath) => TypeParameter.Read(type, path => DeviceTypeLibrary.ReadFile(resolvePath(path))).Id!;

    /// <summary>Tags as the repository keeps them: each text may hold several.</summary>
    public static string[] Words(string[] texts) => [.. TextList.Split(texts)];

    /// <summary>What is done with an unknown host key, as the repository keeps it.</summary>
    public static string HostKeyPolicy(string policy) => $"{AddressParameter.ReadHostKeyPolicy(policy)}";

    /// <summary>A window as the repository keeps it.</summary>
    public static string Window(string window) => PolicyCheck.Normalize(new PolicyValues { Window = window }).Window!;

    /// <summary>A time zone as the repository keeps it.</summary>
    public static string TimeZone(string zone) => PolicyCheck.Normalize(new PolicyValues { TimeZone = zone }).TimeZone!;

    /// <summary>Whether two texts name one account of this system; on Windows one may be its SID.</summary>
    public static bool IsSameAccount(string left, string right) => WindowsAccounts.AreSame(left, right);
}
