using EdgeBackup.Core.Items;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Schedule;

namespace EdgeBackup.Core.Operations.Scheduling;

/// <summary>
/// Hours that a device's type sets are meant at the device's site (R11). Where no policy says in which zone that is,
/// they are taken for those of the machine that runs the schedule, which may be anywhere: that is said.
/// </summary>
internal static class WindowZones
{
    private const int Shown = 5;

    /// <summary>Whether the machine's zone counts for hours that nobody here has set.</summary>
    public static bool IsGuessed(EffectivePolicy policy) =>
        policy.TimeZone is null && policy.Sources.GetValueOrDefault(nameof(PolicyValues.Window)) == PolicyBook.TypeSource && policy.Window != BackupWindow.Always.ToString();

    /// <summary>Warns, once for all devices.</summary>
    /// <param name="devices">Those whose zone is guessed, with their sites.</param>
    /// <param name="clock">Its zone is the guess.</param>
    /// <param name="observer">Is warned.</param>
    public static void Warn(IReadOnlyList<(string Id, string? Site)> devices, TimeProvider clock, IOperationObserver observer)
    {
        if (devices.Count == 0)
        {
            return;
        }

        var names = string.Join(", ", devices.Take(Shown).Select(device => device.Id)) + (devices.Count > Shown ? ", ..." : "");
        var set = devices.FirstOrDefault(device => device.Site is not null).Site is { } site
            ? $"Set-EdgeBackupPolicy -Site '{site.Replace("'", "''", StringComparison.Ordinal)}' -TimeZone"
            : $"Set-EdgeBackupPolicy -Device '{devices[0].Id.Replace("'", "''", StringComparison.Ordinal)}' -TimeZone (or -Site, once the device has one)";
        observer.Warning($"{names}: the hours in which the type wants automatic backups are taken in the time zone of this machine, {TimeZones.LocalId(clock)}, because no policy says which one holds where the device stands. Set it: {set}.");
    }
}
