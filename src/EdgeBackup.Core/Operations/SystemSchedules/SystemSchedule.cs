using System.Text.Json;
using EdgeBackup.Core.Errors;

namespace EdgeBackup.Core.Operations.SystemSchedules;

/// <summary>Which of the operating system's schedulers.</summary>
public enum ScheduleMethod
{
    /// <summary>The Windows Task Scheduler.</summary>
    Task,

    /// <summary>A systemd timer with its service.</summary>
    Systemd,

    /// <summary>A line in a crontab.</summary>
    Cron,
}

/// <summary>Whose scheduler.</summary>
public enum ScheduleScope
{
    /// <summary>That of the user who registers it.</summary>
    User,

    /// <summary>That of the computer.</summary>
    System,
}

/// <summary>A program and its arguments, unquoted.</summary>
public sealed record ProgramCall(string Program, IReadOnlyList<string> Arguments);

/// <summary>As whom a schedule runs.</summary>
/// <param name="Name">The account; null for the one that registers it, or with <see cref="ScheduleScope.System"/> the computer's own (root, SYSTEM).</param>
public sealed record ScheduleAccount(string? Name)
{
    /// <summary>The password of a Windows account; null for none.</summary>
    public string? Password { get; init; }

    /// <summary>The account's home folder, absolute; null where it is not known or does not matter.</summary>
    public string? Home { get; init; }

    /// <summary>Never shows the password.</summary>
    public override string ToString() => Name ?? "";
}

/// <summary>What the operating system shall do: one description, from which each scheduler's own text is made.</summary>
public sealed record SystemSchedule
{
    /// <summary>Its name, as <see cref="ScheduleNames.Check"/> lets it.</summary>
    public required string Name { get; init; }

    public required ScheduleScope Scope { get; init; }

    public required RunCalendar Calendar { get; init; }

    /// <summary>Each run begins up to this much later; zero for none.</summary>
    public TimeSpan RandomDelay { get; init; }

    /// <summary>A run that takes longer is ended.</summary>
    public required TimeSpan TimeLimit { get; init; }

    public required ScheduleAccount Account { get; init; }

    public required ScheduleCommand Command { get; init; }

    /// <summary>The data folder that the registering session was told to use (XDG_DATA_HOME); null for the account's own.</summary>
    public string? DataHome { get; init; }

    /// <summary>EdgeBackup's folder in the account's data folder, absolute; null where that is left to the account's own surroundings.</summary>
    public string? DataFolder { get; init; }

    /// <summary>Absolute paths that a run writes: the repository, the data folder.</summary>
    public IReadOnlyList<string> Written { get; init; } = [];

    /// <summary>Whether it runs as somebody else than who registers it, and so finds no key file by itself. Root registers what runs as root; nobody is Windows' SYSTEM.</summary>
    public bool RunsAsAnother(ScheduleMethod method) => IsAnother(Account, Scope, method);

    internal static bool IsAnother(ScheduleAccount account, ScheduleScope scope, ScheduleMethod method) =>
        account.Name is not null || (method == ScheduleMethod.Task && scope == ScheduleScope.System);
}

/// <summary>A schedule as it stands in the operating system.</summary>
public sealed record RegisteredSchedule
{
    public required string Name { get; init; }

    public required ScheduleMethod Method { get; init; }

    public required ScheduleScope Scope { get; init; }

    /// <summary>When it runs; null where somebody changed it by hand to what EdgeBackup would not have written.</summary>
    public RunCalendar? Calendar { get; init; }

    public required string Account { get; init; }

    /// <summary>The command line as it stands there.</summary>
    public required string Command { get; init; }

    /// <summary>What was registered.</summary>
    internal ScheduleMark Mark { get; init; } = new() { Name = "" };

    public string? Repository => Mark.Repository;

    /// <summary>The key file that it names; null where its account finds its own.</summary>
    public string? KeyFile => Mark.KeyFile;

    public IReadOnlyList<string> Devices => Mark.Devices ?? [];

    public TimeSpan? WatchFor => Mark.WatchFor;

    public int? ThrottleLimit => Mark.ThrottleLimit;

    public int? SiteThrottleLimit => Mark.SiteThrottleLimit;

    public TimeSpan RandomDelay => Mark.RandomDelay;

    public TimeSpan TimeLimit => Mark.TimeLimit;

    public bool Enabled { get; init; }

    public DateTimeOffset? NextRun { get; init; }

    public DateTimeOffset? LastRun { get; init; }

    /// <summary>The exit code of the last run; null where there was none, or nobody knows.</summary>
    public int? LastResult { get; init; }

    /// <summary>The files, or the place in the scheduler.</summary>
    public IReadOnlyList<string> Places { get; init; } = [];
}

/// <summary>A text that is to be put somewhere.</summary>
/// <param name="Place">A file, a crontab, a task.</param>
/// <param name="Text">The whole text.</param>
public sealed record ScheduleText(string Place, string Text);

/// <summary>What EdgeBackup writes beside a schedule to know it as its own, and what cannot well be read from a command line.</summary>
internal sealed record ScheduleMark
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingDefault };

    public required string Name { get; init; }

    public string? Repository { get; init; }

    public string? KeyFile { get; init; }

    public IReadOnlyList<string>? Devices { get; init; }

    public TimeSpan? WatchFor { get; init; }

    public int? ThrottleLimit { get; init; }

    public int? SiteThrottleLimit { get; init; }

    public TimeSpan RandomDelay { get; init; }

    public TimeSpan TimeLimit { get; init; }

    public static ScheduleMark Of(SystemSchedule schedule) => new()
    {
        Name = schedule.Name,
        Repository = schedule.Command.Repository,
        KeyFile = schedule.Command.KeyFile,
        Devices = schedule.Command.Devices.Count == 0 ? null : schedule.Command.Devices,
        WatchFor = schedule.Command.WatchFor,
        ThrottleLimit = schedule.Command.ThrottleLimit,
        SiteThrottleLimit = schedule.Command.SiteThrottleLimit,
        RandomDelay = schedule.RandomDelay,
        TimeLimit = schedule.TimeLimit,
    };

    public string ToJson() => JsonSerializer.Serialize(this, Json);

    /// <returns>Null for what is no mark.</returns>
    public static ScheduleMark? Parse(string text)
    {
        try
        {
            return JsonSerializer.Deserialize<ScheduleMark>(text, Json) is { Name.Length: > 0 } mark ? mark : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>Names of schedules, which become names of files and tasks.</summary>
public static class ScheduleNames
{
    private const int MaximumLength = 64;

    /// <exception cref="EdgeBackupException">ScheduleInvalid.</exception>
    public static void Check(string name)
    {
        if (name.Length is 0 or > MaximumLength || !char.IsAsciiLetterOrDigit(name[0]) || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
        {
            throw new EdgeBackupException(
                ErrorIds.ScheduleInvalid,
                $"'{name}' cannot be the name of a schedule. Use up to {MaximumLength} letters, digits, hyphens, underscores and dots, beginning with a letter or a digit.",
                name);
        }
    }
}
