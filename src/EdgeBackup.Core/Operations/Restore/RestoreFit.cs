using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations.Capture;

namespace EdgeBackup.Core.Operations.Restore;

/// <summary>
/// Whether a backup fits a target: the same type, a version that is not older than the backup's (R7), and no part of it
/// where the target takes only the whole (R13).
/// </summary>
internal static class RestoreFit
{
    /// <exception cref="EdgeBackupException">RestoreTargetMismatch; RestoreVersionMismatch, which -Force lifts.</exception>
    public static void Check(BackupRecord record, DeviceContact contact, RestoreOptions options)
    {
        if (!string.Equals(record.DeviceType, contact.Type.Id, StringComparison.Ordinal))
        {
            throw new EdgeBackupException(
                ErrorIds.RestoreTargetMismatch,
                $"The backup {record.Id} is of a device of type '{record.DeviceType}', but '{contact.Id}' is of type '{contact.Type.Id}'. Choose a backup of that type.",
                contact.Id);
        }

        if (options.Paths.Count > 0 && contact.Connection.RestoresWhole)
        {
            throw new EdgeBackupException(
                ErrorIds.RestoreTargetMismatch,
                $"'{contact.Id}' takes a backup as a whole and no single items of it, because they belong together. Leave -Path out, or write single items to a folder with -Destination.",
                contact.Id);
        }

        if (!options.Force && FindVersionFault(record.Version, contact.Version) is { } fault)
        {
            throw new EdgeBackupException(
                ErrorIds.RestoreVersionMismatch,
                $"The backup {record.Id} was taken at version {record.Version}, but '{contact.Id}' {fault}. Bring the device to that version first; -Force restores nevertheless.",
                contact.Id);
        }
    }

    private static string? FindVersionFault(string? saved, string? now)
    {
        if (saved is null || string.Equals(saved, now, StringComparison.Ordinal))
        {
            return null;
        }

        if (now is null)
        {
            return "tells no version";
        }

        return DeviceVersion.TryParse(saved) is { } savedVersion && DeviceVersion.TryParse(now) is { } nowVersion
            ? nowVersion.CompareTo(savedVersion) < 0 ? $"is at the older version {now}" : null
            : $"is at version {now}, which cannot be compared with it";
    }
}
