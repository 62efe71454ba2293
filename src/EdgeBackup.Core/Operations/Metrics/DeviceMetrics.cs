using EdgeBackup.Core.Catalog;

namespace EdgeBackup.Core.Operations.Metrics;

/// <summary>A device with what its newest backup holds.</summary>
/// <param name="Device">As it is listed.</param>
/// <param name="Newest">Null where it has no backup.</param>
internal sealed record MeasuredDevice(ListedDevice Device, NewestBackup? Newest);

/// <summary>The metrics of devices. What is not known has no sample.</summary>
internal static class DeviceMetrics
{
    private static readonly BackupState[] States = Enum.GetValues<BackupState>();

    /// <summary>In the order in which they are written.</summary>
    private static readonly (string Name, string Help, Func<MeasuredDevice, double?> Read)[] Gauges =
    [
        ("edgebackup_device_last_backup_timestamp_seconds", "When the newest backup of the device was taken.", device => Timestamp(device.Device.Device.LastBackup)),
        ("edgebackup_device_backup_age_seconds", "How old the newest backup of the device was when this was written.", device => device.Device.BackupAge?.TotalSeconds),
        ("edgebackup_device_last_backup_size_bytes", "Bytes in the newest backup of the device.", device => device.Newest?.Length),
        ("edgebackup_device_last_backup_items", "Items in the newest backup of the device.", device => device.Newest?.ItemCount),
        ("edgebackup_device_last_attempt_timestamp_seconds", "When the newest automatic backup of the device was begun, however it ended.", device => Timestamp(device.Device.Device.Attempts?.State.LastAttempt)),
        ("edgebackup_device_last_success_timestamp_seconds", "When an automatic backup of the device last succeeded.", device => Timestamp(device.Device.Device.Attempts?.State.LastSuccess)),
        ("edgebackup_device_last_duration_seconds", "How long the newest attempt took.", device => device.Device.Device.Attempts?.State.Duration?.TotalSeconds),
        ("edgebackup_device_consecutive_failures", "Attempts in a row that failed; a busy device is no failure.", device => device.Device.Device.Attempts?.State.ConsecutiveFailures ?? 0),
        ("edgebackup_device_postponed_since_timestamp_seconds", "Since when a due backup has been waiting for an idle moment; absent when none waits.", device => Timestamp(device.Device.Device.PostponedSince)),
        ("edgebackup_device_last_verified_timestamp_seconds", "When a backup of the device was last read back and found whole.", device => Timestamp(device.Device.Device.Attempts?.State.LastVerified)),
        ("edgebackup_device_overdue", "1 when the device has no backup as young as its policy wants, counting what the policy tolerates, and one that never had any from its registration; else 0.", device => device.Device.IsOverdue ? 1 : 0),
        ("edgebackup_device_last_archive_timestamp_seconds", "When the newest archive of the device was written; extracts do not count.", device => Timestamp(device.Device.Device.LastArchive)),
        ("edgebackup_device_archive_age_seconds", "How old the newest archive of the device was when this was written.", device => device.Device.ArchiveAge?.TotalSeconds),
        ("edgebackup_device_archive_consecutive_failures", "Runs of archives in a row that failed or left a log unread; absent for a device that was never archived.", ArchiveFailures),
    ];

    /// <summary>Writes all of them.</summary>
    public static void Write(PrometheusText text, string repository, IReadOnlyList<MeasuredDevice> devices)
    {
        var labels = devices.Select(device => Labels(repository, device.Device.Device)).ToList();
        foreach (var (name, help, read) in Gauges)
        {
            text.Begin(name, help);
            for (var index = 0; index < devices.Count; index++)
            {
                if (read(devices[index]) is { } value)
                {
                    text.Sample(name, labels[index], value);
                }
            }
        }

        const string State = "edgebackup_device_backup_state";
        text.Begin(State, "1 for the state that the device's backups are in, 0 for the others.");
        for (var index = 0; index < devices.Count; index++)
        {
            foreach (var state in States)
            {
                text.Sample(State, $"{labels[index]},state=\"{state.ToString().ToLowerInvariant()}\"", devices[index].Device.BackupState == state ? 1 : 0);
            }
        }
    }

    private static string Labels(string repository, CatalogDevice device) => PrometheusText.Labels(
        ("repository", repository), ("device", device.Id), ("name", device.Name), ("type", device.Type), ("site", device.Site));

    private static double? ArchiveFailures(MeasuredDevice device) =>
        device.Device.Device.Attempts?.State.Archive?.ConsecutiveFailures ?? (device.Device.Device.LastArchive is null ? null : 0);

    private static double? Timestamp(DateTimeOffset? time) => time is { } known ? PrometheusText.Timestamp(known) : null;
}
