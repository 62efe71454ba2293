using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository;

namespace EdgeBackup.Core.Operations;

/// <summary>What to back up.</summary>
public sealed record TakeBackupOptions
{
    public required BackupKind Kind { get; init; }

    /// <summary>For manual backups (R6).</summary>
    public string? Name { get; init; }

    /// <summary>Null: what the device's policy says.</summary>
    public BackupContent? Content { get; init; }

    /// <summary>How long to wait for a busy device; zero refuses at once.</summary>
    public TimeSpan WaitForIdle { get; init; }

    /// <summary>Devices that are captured at once.</summary>
    public int ThrottleLimit { get; init; } = 8;

    /// <summary>Also the devices below each, as one group with it (R15).</summary>
    public bool IncludeChildren { get; init; }

    /// <summary>Take what the device gives for good: such a backup is never suspect, and the next ones are measured against it.</summary>
    public bool SkipValidation { get; init; }
}
