namespace EdgeBackup;

/// <summary>What became of one device in a run of the schedule.</summary>
public sealed class ScheduleResult
{
    /// <summary>The device's id.</summary>
    public required string Device { get; init; }

    /// <summary>What became of it.</summary>
    public required ScheduleOutcome Result { get; init; }

    /// <summary>The id of the backup; null where none was taken.</summary>
    public string? Backup { get; init; }

    /// <summary>Whether anything differs from the backup before; null where none was taken.</summary>
    public bool? Changed { get; init; }

    /// <summary>Why there is no backup; null where there is one.</summary>
    public string? Reason { get; init; }

    /// <summary>Since when it has been waiting for an idle moment (R4), local time.</summary>
    public DateTime? PostponedSince { get; init; }

    /// <summary>How often it was tried in this run.</summary>
    public int Attempt { get; init; }

    /// <summary>When it will be tried again, local time.</summary>
    public DateTime? NextTry { get; init; }

    /// <summary>How long it took.</summary>
    public TimeSpan Duration { get; init; }
}
