using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Schedule;
using NodaTime;

namespace EdgeBackup.Core.Operations.Scheduling;

/// <summary>Puts together what the planner needs to know of devices; a fleet shares a few windows and zones, so each is read once.</summary>
/// <param name="clock">Its zone is that of a policy without one.</param>
internal sealed class DueSubjects(TimeProvider clock)
{
    private readonly Dictionary<string, BackupWindow> windows = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DateTimeZone> zones = new(StringComparer.Ordinal);

    /// <summary>What the planner needs to know of a device.</summary>
    /// <exception cref="EdgeBackupException">PolicyInvalid: the policy has a window or a zone that this version does not know.</exception>
    public DueSubject From(CatalogDevice device, EffectivePolicy policy) => new()
    {
        Device = device.Id,
        Interval = policy.Interval,
        Window = FindWindow(device.Id, policy),
        Zone = FindZone(device.Id, policy),
        Newest = device.LastBackup,
        NextTry = device.Attempts?.State.NextTry,
    };

    private BackupWindow FindWindow(string device, EffectivePolicy policy)
    {
        if (windows.TryGetValue(policy.Window, out var known))
        {
            return known;
        }

        try
        {
            return windows[policy.Window] = BackupWindow.Parse(policy.Window);
        }
        catch (FormatException exception)
        {
            throw Invalid(device, nameof(policy.Window), policy, exception.Message, exception);
        }
    }

    private DateTimeZone FindZone(string device, EffectivePolicy policy)
    {
        var name = policy.TimeZone ?? "";
        if (!zones.TryGetValue(name, out var zone))
        {
            zone = policy.TimeZone is null
                ? TimeZones.Local(clock)
                : TimeZones.Find(name) ?? throw Invalid(device, nameof(policy.TimeZone), policy, $"There is no time zone '{name}'.", inner: null);
            zones[name] = zone;
        }

        return zone;
    }

    private static EdgeBackupException Invalid(string device, string value, EffectivePolicy policy, string reason, Exception? inner) => new(
        ErrorIds.PolicyInvalid,
        $"When the device '{device}' may be backed up cannot be told, and it is left alone. {reason} The value comes from the policy for {policy.Sources[value]}; a newer version of EdgeBackup may have set it. Set it again with Set-EdgeBackupPolicy -{value}.",
        device,
        inner);
}
