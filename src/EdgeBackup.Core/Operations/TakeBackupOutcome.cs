namespace EdgeBackup.Core.Operations;

/// <summary>What became of one device: a backup or an error, never both and never neither.</summary>
/// <param name="Device">The device's id.</param>
/// <param name="Backup">The backup that exists now.</param>
/// <param name="Error">Why there is none.</param>
public sealed record TakeBackupOutcome(string Device, ListedBackup? Backup, Exception? Error);
