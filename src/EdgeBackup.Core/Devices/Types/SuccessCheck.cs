namespace EdgeBackup.Core.Devices.Types;

/// <summary>What must succeed on the device after a restore: tried again until it does or the time is over.</summary>
public sealed record SuccessCheck
{
    /// <summary>Exit code 0 is success.</summary>
    public required DeviceCommand Command { get; init; }

    /// <summary>A regular expression that the output must match as well; null: the exit code is enough.</summary>
    public string? Pattern { get; init; }

    /// <summary>How long after the commands behind a restore it may take until the check succeeds.</summary>
    public TimeSpan WaitUpTo { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>The pause between two tries.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(5);
}
