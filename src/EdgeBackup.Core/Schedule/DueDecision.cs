namespace EdgeBackup.Core.Schedule;

/// <summary>Whether a device's automatic backup is to be taken.</summary>
public enum DueState
{
    /// <summary>The newest backup is young enough.</summary>
    NotDue,

    /// <summary>It is to be taken, at <see cref="DueDecision.At"/> where that is still to come.</summary>
    Due,

    /// <summary>It is due, and its window is closed until <see cref="DueDecision.At"/>.</summary>
    WaitingForWindow,

    /// <summary>It is due, has failed, and is left alone until <see cref="DueDecision.At"/>.</summary>
    RetryLater,
}

/// <summary>What the planner says of one device.</summary>
/// <param name="State">Whether the backup is to be taken.</param>
/// <param name="At">UTC. Not due: when it will be. Due: since when, or, a little ahead, when it is its turn. Else: when it may be tried.</param>
/// <param name="Closes">When the window that is open closes, UTC; null when it is always open, or closed.</param>
public readonly record struct DueDecision(DueState State, DateTimeOffset At, DateTimeOffset? Closes = null);

/// <summary>What the planner needs to know of a device.</summary>
public sealed record DueSubject
{
    public required string Device { get; init; }

    /// <summary>How old the newest backup may be (R4); more than zero.</summary>
    public required TimeSpan Interval { get; init; }

    public required BackupWindow Window { get; init; }

    /// <summary>Where the window's hours are local.</summary>
    public required NodaTime.DateTimeZone Zone { get; init; }

    /// <summary>When the newest backup in the repository was taken (R5), UTC; null when there is none.</summary>
    public DateTimeOffset? Newest { get; init; }

    /// <summary>Until when the device is left alone after a failure, UTC; null when it is not.</summary>
    public DateTimeOffset? NextTry { get; init; }
}
