using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Schedule;

namespace EdgeBackup.Core.Operations.Scheduling;

/// <summary>How a run of the schedule goes about it.</summary>
public sealed record RunScheduleOptions
{
    /// <summary>Devices that are read at once, over all.</summary>
    public int ThrottleLimit { get; init; } = 16;

    /// <summary>Devices that are read at once at one site, or behind one address where they have no site.</summary>
    public int SiteThrottleLimit { get; init; } = 8;

    /// <summary>How long devices that are busy are watched, from the beginning of the run; they are also watched while others are at it.</summary>
    public TimeSpan WatchFor { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Tell those who are registered for it how it went; not where it is only asked what would be done.</summary>
    public bool Tell { get; init; } = true;
}

/// <summary>What became of a device in a run of the schedule.</summary>
public enum ScheduledResult
{
    Completed,

    /// <summary>It was busy until the end; a later run takes it.</summary>
    Postponed,

    Failed,

    /// <summary>It was left alone.</summary>
    NotDue,
}

/// <summary>A device and what is to be done with it.</summary>
/// <param name="Device">As it is in the catalog.</param>
/// <param name="Policy">What holds for it.</param>
/// <param name="Subject">What the planner looked at; null when it could not.</param>
/// <param name="Decision">What the planner says.</param>
/// <param name="Fault">Why nothing can be planned; null when it can.</param>
public sealed record PlannedDevice(CatalogDevice Device, EffectivePolicy Policy, DueSubject? Subject, DueDecision Decision, EdgeBackupException? Fault)
{
    public bool IsDue => Fault is null && Decision.State == DueState.Due;
}

/// <summary>What became of one device.</summary>
public sealed record ScheduledOutcome
{
    public required string Device { get; init; }

    public required ScheduledResult Result { get; init; }

    /// <summary>Null where none was taken.</summary>
    public ListedBackup? Backup { get; init; }

    /// <summary>Why there is no backup, or why the one that was taken is suspect; null for a good one.</summary>
    public string? Reason { get; init; }

    /// <summary>Of what failed or was postponed.</summary>
    public string? ErrorId { get; init; }

    /// <summary>UTC; null when it is not waiting.</summary>
    public DateTimeOffset? PostponedSince { get; init; }

    /// <summary>Failures in a row.</summary>
    public int Attempt { get; init; }

    /// <summary>When a run will take it at the earliest, UTC; null for the next run.</summary>
    public DateTimeOffset? NextTry { get; init; }

    public TimeSpan Duration { get; init; }
}
