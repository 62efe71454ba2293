namespace EdgeBackup.Core.Errors;

/// <summary>The stable error ids that scripts may match on; docs/errors.md lists each with its remedy.</summary>
public static class ErrorIds
{
    public const string DeviceNotFound = nameof(DeviceNotFound);
    public const string DeviceUnreachable = nameof(DeviceUnreachable);
    public const string DeviceAuthenticationFailed = nameof(DeviceAuthenticationFailed);
    public const string DeviceRegistrationMismatch = nameof(DeviceRegistrationMismatch);
    public const string DeviceSecretUnavailable = nameof(DeviceSecretUnavailable);
    public const string DeviceVersionUnsupported = nameof(DeviceVersionUnsupported);
    public const string DeviceBusy = nameof(DeviceBusy);
    public const string DeviceStateUnknown = nameof(DeviceStateUnknown);
    public const string DeviceIdChanged = nameof(DeviceIdChanged);
    public const string DeviceIdDuplicate = nameof(DeviceIdDuplicate);
    public const string DeviceReplaced = nameof(DeviceReplaced);
    public const string DeviceResponseInvalid = nameof(DeviceResponseInvalid);
    public const string DeviceTypeInvalid = nameof(DeviceTypeInvalid);
    public const string ItemPathInvalid = nameof(ItemPathInvalid);
    public const string CaptureInterrupted = nameof(CaptureInterrupted);
    public const string CaptureFailed = nameof(CaptureFailed);
    public const string BackupNotFound = nameof(BackupNotFound);
    public const string BackupNameInvalid = nameof(BackupNameInvalid);
    public const string BackupNameInUse = nameof(BackupNameInUse);
    public const string BackupDamaged = nameof(BackupDamaged);
    public const string RestoreTargetMismatch = nameof(RestoreTargetMismatch);
    public const string RestoreVersionMismatch = nameof(RestoreVersionMismatch);
    public const string RestoreFailed = nameof(RestoreFailed);
    public const string RestoreVerifyFailed = nameof(RestoreVerifyFailed);
    public const string DestinationNotEmpty = nameof(DestinationNotEmpty);
    public const string SwitchRefused = nameof(SwitchRefused);
    public const string SyncRefused = nameof(SyncRefused);
    public const string PolicyInvalid = nameof(PolicyInvalid);
    public const string NotificationInvalid = nameof(NotificationInvalid);
    public const string NotificationNotFound = nameof(NotificationNotFound);
    public const string ScheduleExists = nameof(ScheduleExists);
    public const string ScheduleFailed = nameof(ScheduleFailed);
    public const string ScheduleInvalid = nameof(ScheduleInvalid);
    public const string ScheduleNotFound = nameof(ScheduleNotFound);
    public const string RepositoryNotFound = nameof(RepositoryNotFound);
    public const string RepositoryExists = nameof(RepositoryExists);
    public const string RepositoryKeyWrong = nameof(RepositoryKeyWrong);
    public const string RepositoryKeyNotFound = nameof(RepositoryKeyNotFound);
    public const string RepositoryKeyNeeded = nameof(RepositoryKeyNeeded);
    public const string RepositoryDamaged = nameof(RepositoryDamaged);
    public const string RepositoryFormatUnsupported = nameof(RepositoryFormatUnsupported);
    public const string RepositoryNotReadable = nameof(RepositoryNotReadable);
    public const string RepositoryNotWritable = nameof(RepositoryNotWritable);
    public const string ArchiveNotRestorable = nameof(ArchiveNotRestorable);
    public const string ArchiveNotFound = nameof(ArchiveNotFound);
    public const string ArchiveNotSupported = nameof(ArchiveNotSupported);
    public const string ArchiveFailed = nameof(ArchiveFailed);
    public const string ArchiveDamaged = nameof(ArchiveDamaged);
}
