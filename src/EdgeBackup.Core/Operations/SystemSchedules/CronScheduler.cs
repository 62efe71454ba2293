using System.Globalization;
using System.Text;
using EdgeBackup.Core.Errors;

namespace EdgeBackup.Core.Operations.SystemSchedules;

/// <summary>Crontabs: the user's own, as root also another user's. A crontab that cannot be read is never written.</summary>
/// <param name="programs">Runs crontab.</param>
/// <param name="clock">Tells when the next run is.</param>
/// <param name="zone">In which cron reckons.</param>
/// <param name="dataFolder">EdgeBackup's folder in this user's data folder, where runs leave their results.</param>
public sealed class CronScheduler(IProgramRunner programs, TimeProvider clock, TimeZoneInfo zone, string dataFolder) : ISystemScheduler
{
    private const string Program = "crontab";

    public ScheduleMethod Method => ScheduleMethod.Cron;

    /// <summary>Whether this user's crontab is the computer's own.</summary>
    private static bool IsRoot => !OperatingSystem.IsWindows() && Environment.IsPrivilegedProcess;

    public IReadOnlyList<ScheduleText> Render(SystemSchedule schedule)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        return [new ScheduleText(Place(schedule.Account.Name), CrontabText.Block(schedule, programs.Exists("flock"), programs.Exists("timeout")))];
    }

    public async Task<IReadOnlyList<RegisteredSchedule>> FindAsync(ScheduleScope? scope, string? user, CancellationToken cancellationToken)
    {
        var own = ScopeOf(user);
        if ((scope is not null && scope != own && !IsRoot) || !programs.Exists(Program))
        {
            return [];
        }

        var crontab = await ReadAsync(user, cancellationToken).ConfigureAwait(false);
        var folder = user is null ? dataFolder : Path.Combine(await new LinuxAccounts(programs).FindHomeAsync(user, cancellationToken).ConfigureAwait(false) ?? "/", ".local", "share", "EdgeBackup");
        return [.. CrontabText.Blocks(crontab).Select(block => Describe(block, own, user, folder))];
    }

    public async Task RegisterAsync(SystemSchedule schedule, IOperationObserver observer, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        if (schedule.Scope == ScheduleScope.System && !IsRoot)
        {
            throw new EdgeBackupException(ErrorIds.ScheduleFailed, "The crontab of the computer or of another user may only be changed by root (sudo pwsh). One of your own is -Scope User.", schedule.Name);
        }

        var user = schedule.Account.Name;
        var crontab = await ReadAsync(user, cancellationToken).ConfigureAwait(false);
        await WriteAsync(user, CrontabText.Put(crontab, schedule.Name, Render(schedule)[0].Text), cancellationToken).ConfigureAwait(false);
    }

    public async Task RemoveAsync(RegisteredSchedule schedule, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        var user = schedule.Account == Environment.UserName ? null : schedule.Account;
        var crontab = await ReadAsync(user, cancellationToken).ConfigureAwait(false);
        await WriteAsync(user, CrontabText.Remove(crontab, schedule.Name), cancellationToken).ConfigureAwait(false);
    }

    private static string Place(string? user) => $"crontab of {user ?? Environment.UserName}";

    private static ScheduleScope ScopeOf(string? user) => user is not null || IsRoot ? ScheduleScope.System : ScheduleScope.User;

    private static IReadOnlyList<string> Arguments(string? user, string what) => user is null ? [what] : ["-u", user, what];

    private RegisteredSchedule Describe(CrontabBlock block, ScheduleScope scope, string? user, string folder)
    {
        var calendar = RunCalendar.FromCron(block.Calendar);
        var result = new FileInfo(Path.Combine(folder, CrontabText.ResultFolder, block.Mark.Name + ".result"));
        return new RegisteredSchedule
        {
            Name = block.Mark.Name,
            Method = ScheduleMethod.Cron,
            Scope = scope,
            Calendar = calendar,
            Account = user ?? Environment.UserName,
            Command = block.Command,
            Mark = block.Mark,
            Enabled = block.IsEnabled,
            NextRun = block.IsEnabled ? calendar?.Next(clock.GetUtcNow(), zone) : null,
            LastRun = result.Exists ? result.LastWriteTimeUtc : null,
            LastResult = result.Exists && int.TryParse(File.ReadAllText(result.FullName), NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var code) ? code : null,
            Places = [Place(user)],
        };
    }

    /// <summary>A crontab, one character a byte; empty where the user has none.</summary>
    private async Task<string> ReadAsync(string? user, CancellationToken cancellationToken)
    {
        var result = await programs.RunAsync(Program, Arguments(user, "-l"), input: null, cancellationToken).ConfigureAwait(false);
        if (result.Code == 0)
        {
            return Encoding.Latin1.GetString(result.Output);
        }

        // busybox says it with the system's words.
        return result.Words.Contains("no crontab for", StringComparison.OrdinalIgnoreCase) || result.Words.Contains("No such file or directory", StringComparison.Ordinal)
            ? ""
            : throw new EdgeBackupException(ErrorIds.ScheduleFailed, $"The {Place(user)} cannot be read, and was not touched: {result.Words}", Place(user));
    }

    private async Task WriteAsync(string? user, string crontab, CancellationToken cancellationToken)
    {
        var result = await programs.RunAsync(Program, Arguments(user, "-"), Encoding.Latin1.GetBytes(crontab), cancellationToken).ConfigureAwait(false);
        if (result.Code != 0)
        {
            throw new EdgeBackupException(ErrorIds.ScheduleFailed, $"The {Place(user)} was not changed: {result.Words}", Place(user));
        }

        if (await ReadAsync(user, CancellationToken.None).ConfigureAwait(false) is var now && now != crontab)
        {
            throw new EdgeBackupException(ErrorIds.ScheduleFailed, $"The {Place(user)} is not what was written: somebody else changed it at the same time. Look at it with 'crontab -l', and try again.", Place(user));
        }
    }
}
