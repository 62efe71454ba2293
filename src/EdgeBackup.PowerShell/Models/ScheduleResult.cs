using EdgeBackup.Core.Operations.Scheduling;

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

    /// <summary>Why there is no backup, or why the one that was taken is suspect; null for a good one.</summary>
    public string? Reason { get; init; }

    /// <summary>Since when it has been waiting for an idle moment (R4), local time.</summary>
    public DateTime? PostponedSince { get; init; }

    /// <summary>How often in a row it has failed, this time included; 0 when it did not fail.</summary>
    public int Attempt { get; init; }

    /// <summary>When a run of the schedule will take it at the earliest, local time; null for the next run.</summary>
    public DateTime? NextTry { get; init; }

    /// <summary>How long it took, the time included for which a busy device was watched.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>The error id of what failed or was postponed; null for anything else.</summary>
    public string? ErrorId { get; init; }

    internal static ScheduleResult From(ScheduledOutcome outcome) => new()
    {
        Device = outcome.Device,
        Result = outcome.Result.ToOutput(),
        Backup = outcome.Backup?.Backup.Id,
        Changed = outcome.Backup?.Backup.Changed,
        Reason = outcome.Reason,
        PostponedSince = LocalTime.From(outcome.PostponedSince),
        Attempt = outcome.Attempt,
        NextTry = LocalTime.From(outcome.NextTry),
        Duration = outcome.Duration,
        ErrorId = outcome.ErrorId,
    };
}
