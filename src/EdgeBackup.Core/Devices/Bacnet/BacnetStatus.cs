using System.Globalization;
using EdgeBackup.Core.Errors;

namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>Who a BACnet device is, and whether it has time: from the properties of its Device object.</summary>
internal static class BacnetStatus
{
    public const string TypeId = "bacnet-device";

    private const string BackupRuns =
        "a backup of it is being taken, by another tool or by a command that was killed (what a killed one left behind ends after the device's Backup_Failure_Timeout)";

    private static readonly BacnetProperty[] Asked =
    [
        BacnetProperty.VendorIdentifier, BacnetProperty.SerialNumber, BacnetProperty.FirmwareRevision, BacnetProperty.ApplicationSoftwareVersion,
        BacnetProperty.ObjectName, BacnetProperty.ModelName, BacnetProperty.SystemStatus, BacnetProperty.BackupAndRestoreState,
    ];

    /// <exception cref="EdgeBackupException">DeviceUnreachable, DeviceResponseInvalid.</exception>
    public static async Task<DeviceStatus> ReadAsync(BacnetConversation link, CancellationToken cancellationToken)
    {
        IReadOnlyList<BacnetValue?> values;
        try
        {
            values = await link.ReadAsync(Asked, cancellationToken).ConfigureAwait(false);
        }
        catch (BacnetException exception)
        {
            throw link.Errors.From(exception, "reading who it is");
        }

        var (vendor, name, status) = (values[0]?.AsUnsigned, Text(values[4]), values[6]?.AsEnumerated);
        if (vendor is null && name is null && status is null)
        {
            // Object_Name, Vendor_Identifier and System_Status are what every device has (clause 12.11).
            throw link.Errors.Create(
                ErrorIds.DeviceResponseInvalid,
                $"something answers at {link.Options.Address.Text}, but it is not the BACnet device {link.Address.Instance}. Find-EdgeDevice -BacnetNetwork shows which instances are where");
        }

        var serial = Text(values[1]);
        var ownId = OwnId(vendor, serial);
        return new DeviceStatus
        {
            Identity = new DeviceIdentity
            {
                Id = ownId ?? link.Options.Id ?? string.Create(CultureInfo.InvariantCulture, $"bacnet-{link.Address.Instance}"),
                IsOwnId = ownId is not null,
                Name = name,
                Type = link.Options.Type ?? TypeId,
                Model = Text(values[5]),
                Serial = serial,
                Version = Text(values[2]) ?? Text(values[3]) ?? link.Options.Version,
            },
            RunningWork = link.IsInOwnProcedure ? null : FindWork((BacnetSystemStatus?)status, (BacnetBackupState?)values[7]?.AsEnumerated),
            Complaint = FindComplaint((BacnetSystemStatus?)status, (BacnetBackupState?)values[7]?.AsEnumerated),
        };
    }

    /// <summary>What makers leave in Serial_Number who give none: all their devices would be one.</summary>
    private static readonly HashSet<string> Placeholders = new(StringComparer.OrdinalIgnoreCase)
    {
        "n/a", "na", "none", "null", "unknown", "undefined", "unset", "not set", "not available", "default", "serial", "serial number", "serialnumber",
        "tbd", "xxx", "xxxx", "12345", "123456", "1234567", "12345678", "123456789", "1234567890", "0123456789",
    };

    /// <summary>The id that belongs to the hardware: maker and serial number (Serial_Number is unique for a maker, clause 12.11).</summary>
    /// <returns>Null where the device tells no serial number, or one that cannot tell two devices apart or cannot be typed.</returns>
    public static string? OwnId(ulong? vendor, string? serial) =>
        vendor is not null && serial is not null && serial.Any(character => char.IsLetterOrDigit(character) && character != '0') && !Placeholders.Contains(serial) && !serial.Any(character => char.IsControl(character) || character is '*' or '?')
            ? string.Create(CultureInfo.InvariantCulture, $"bacnet-{vendor}-{serial}")
            : null;

    /// <summary>What runs on the device that a capture or a restore must not meet; null where nothing does.</summary>
    public static string? FindWork(BacnetSystemStatus? status, BacnetBackupState? state) => (status, state) switch
    {
        (_, BacnetBackupState.PreparingForBackup or BacnetBackupState.PerformingBackup) => BackupRuns,
        (_, BacnetBackupState.PreparingForRestore or BacnetBackupState.PerformingRestore) =>
            "it is being restored, by another tool or by a command that was killed (what a killed one left behind ends after the device's Backup_Failure_Timeout, or with the next Restore-EdgeBackup onto it on the same machine)",
        (BacnetSystemStatus.BackupInProgress, _) => BackupRuns,
        (BacnetSystemStatus.DownloadInProgress, _) => "it is taking a download",
        _ => null,
    };

    /// <summary>What the device says against its configuration; null where it says nothing.</summary>
    public static string? FindComplaint(BacnetSystemStatus? status, BacnetBackupState? state) => (status, state) switch
    {
        (_, BacnetBackupState.RestoreFailure) => "the device says that its last restore failed (Backup_And_Restore_State restore-failure)",
        (BacnetSystemStatus.DownloadRequired, _) => "the device says that it has no configuration to work with (System_Status download-required)",
        (BacnetSystemStatus.NonOperational, _) => "the device says that it does not work (System_Status non-operational)",
        _ => null,
    };

    private static string? Text(BacnetValue? value) => value?.AsText is { } text && text.Trim() is { Length: > 0 } trimmed ? trimmed : null;
}
