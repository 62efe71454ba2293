namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>How long a BACnet device is waited for where it does not tell itself.</summary>
public sealed record BacnetTimes
{
    /// <summary>Between two looks at a device that is at work.</summary>
    public TimeSpan Poll { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>For Backup_Preparation_Time, Restore_Preparation_Time and Restore_Completion_Time where the device has none: old devices take their time and do not tell.</summary>
    public TimeSpan Preparation { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>On top of what a device tells or is granted.</summary>
    public TimeSpan Margin { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>After END_BACKUP, until the device says that it is idle again.</summary>
    public TimeSpan Leaving { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>For Backup_Failure_Timeout where the device does not tell it.</summary>
    public TimeSpan FailureTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>A restore that was noted longer ago than this and the device's Backup_Failure_Timeout is not the one that is open on the device.</summary>
    public TimeSpan LongestRestore { get; init; } = TimeSpan.FromHours(1);

    /// <summary>What a command that was stopped, or has failed, still spends on taking the device out of its procedure.</summary>
    public TimeSpan Abort { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a file waits for those before it that nobody has asked for yet.</summary>
    public TimeSpan Order { get; init; } = TimeSpan.FromMilliseconds(300);

    /// <summary>Before a part of a file is asked for again that the device had no time for.</summary>
    public TimeSpan Again { get; init; } = TimeSpan.FromSeconds(1);
}
