using EdgeBackup.Core.Operations.SystemSchedules;

namespace EdgeBackup;

/// <summary>A schedule that the operating system keeps.</summary>
public sealed class ScheduleInfo
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Which scheduler has it.</summary>
    public required ScheduleMethod Method { get; init; }

    /// <summary>Whose scheduler.</summary>
    public required ScheduleScope Scope { get; init; }

    /// <summary>How often it runs; null where somebody has changed that by hand.</summary>
    public TimeSpan? Every { get; init; }

    /// <summary>The time of day of its first run after midnight; null as with Every.</summary>
    public TimeSpan? At { get; init; }

    /// <summary>As whom it runs.</summary>
    public required string Account { get; init; }

    /// <summary>Whether it runs by itself.</summary>
    public bool Enabled { get; init; }

    /// <summary>When it runs next, local time; null where it does not, or nobody knows.</summary>
    public DateTime? NextRun { get; init; }

    /// <summary>When it ran last, local time; null where it has not, or nobody knows.</summary>
    public DateTime? LastRun { get; init; }

    /// <summary>The exit code of the last run: 0 nothing failed, 1 some devices failed, 2 all failed or the repository could not be used; null where nobody knows.</summary>
    public int? LastResult { get; init; }

    /// <summary>The repository it works in.</summary>
    public string? Repository { get; init; }

    /// <summary>The key file that it names; null where its account finds its own.</summary>
    public string? KeyFile { get; init; }

    /// <summary>The command line, as it stands there.</summary>
    public required string Command { get; init; }

    /// <summary>Where it stands: files, a crontab, a task.</summary>
    public string[] Path { get; init; } = [];

    /// <summary>The devices that were named; empty for all.</summary>
    public string[] Device { get; init; } = [];

    /// <summary>How long busy devices are watched; null where that was left alone.</summary>
    public TimeSpan? WatchFor { get; init; }

    /// <summary>Devices that are read at once; null where that was left alone.</summary>
    public int? ThrottleLimit { get; init; }

    /// <summary>Devices that are read at once at one site; null where that was left alone.</summary>
    public int? SiteThrottleLimit { get; init; }

    /// <summary>Each run begins up to this much later.</summary>
    public TimeSpan RandomDelay { get; init; }

    /// <summary>A run that takes longer is ended.</summary>
    public TimeSpan TimeLimit { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Name;

    internal static ScheduleInfo From(RegisteredSchedule schedule) => new()
    {
        Name = schedule.Name,
        Method = schedule.Method.ToOutput(),
        Scope = schedule.Scope.ToOutput(),
        Every = schedule.Calendar?.Every,
        At = schedule.Calendar?.Offset,
        Account = schedule.Account,
        Enabled = schedule.Enabled,
        NextRun = LocalTime.From(schedule.NextRun),
        LastRun = LocalTime.From(schedule.LastRun),
        LastResult = schedule.LastResult,
        Repository = schedule.Repository,
        KeyFile = schedule.KeyFile,
        Command = schedule.Command,
        Path = [.. schedule.Places],
        Device = [.. schedule.Devices],
        WatchFor = schedule.WatchFor,
        ThrottleLimit = schedule.ThrottleLimit,
        SiteThrottleLimit = schedule.SiteThrottleLimit,
        RandomDelay = schedule.RandomDelay,
        TimeLimit = schedule.TimeLimit,
    };
}
