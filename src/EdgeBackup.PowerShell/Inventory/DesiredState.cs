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
    /// <param name="address">A URI or a path.</param>
    public static string Address(string address) => AddressParameter.Parse(address, Path.GetFullPath).Text;

    /// <summary>The id of a device type.</summary>
    /// <param name="type">The id, or a file that is one.</param>
    public static string TypeId(string type) => TypeParameter.Read(type, path => DeviceTypeLibrary.ReadFile(Path.GetFullPath(path))).Id!;

    /// <summary>A window as the repository keeps it.</summary>
    public static string Window(string window) => PolicyCheck.Normalize(new PolicyValues { Window = window }).Window!;

    /// <summary>A time zone as the repository keeps it.</summary>
    public static string TimeZone(string zone) => PolicyCheck.Normalize(new PolicyValues { TimeZone = zone }).TimeZone!;

    /// <summary>Whether two texts name one account of this system; on Windows one may be its SID.</summary>
    public static bool IsSameAccount(string left, string right) => WindowsAccounts.AreSame(left, right);
}
