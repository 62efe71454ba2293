using System.Globalization;
using System.Text;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Platform;

namespace EdgeBackup.Core.Operations.SystemSchedules;

/// <summary>Where systemd keeps its units, and whether it runs.</summary>
/// <param name="SystemUnits">The administrator's units.</param>
/// <param name="UserUnits">This user's units.</param>
/// <param name="SystemRuntime">There while systemd runs the computer.</param>
/// <param name="UserRuntime">There while systemd runs for this user; null where nobody says where that would be.</param>
public sealed record SystemdPlaces(string SystemUnits, string UserUnits, string SystemRuntime, string? UserRuntime)
{
    public static SystemdPlaces ForCurrentUser()
    {
        var config = Environment.GetEnvironmentVariable("XDG_CONFIG_HOME") is { Length: > 0 } given
            ? given
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".config");
        var runtime = Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR");
        return new SystemdPlaces("/etc/systemd/system", Path.Combine(config, "systemd", "user"), "/run/systemd/system", string.IsNullOrEmpty(runtime) ? null : Path.Combine(runtime, "systemd"));
    }

    public string Units(ScheduleScope scope) => scope == ScheduleScope.System ? SystemUnits : UserUnits;

    public bool IsRunning(ScheduleScope scope) => Directory.Exists(SystemRuntime) && (scope == ScheduleScope.System || (UserRuntime is { } runtime && Directory.Exists(runtime)));
}

/// <summary>systemd timers.</summary>
/// <param name="programs">Runs systemctl; in UTC, where they can tell it so.</param>
/// <param name="platform">Puts units into place.</param>
/// <param name="zone">The zone of this machine, in which systemctl tells times that are not in UTC.</param>
/// <param name="places">Where units are.</param>
public sealed class SystemdScheduler(IProgramRunner programs, IPlatform platform, TimeZoneInfo zone, SystemdPlaces places) : ISystemScheduler
{
    private const string Program = "systemctl";

    public ScheduleMethod Method => ScheduleMethod.Systemd;

    public IReadOnlyList<ScheduleText> Render(SystemSchedule schedule)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        var unit = Path.Combine(places.Units(schedule.Scope), SystemdUnits.UnitName(schedule.Name));
        return [new ScheduleText(unit + ".service", SystemdUnits.Service(schedule)), new ScheduleText(unit + ".timer", SystemdUnits.Timer(schedule))];
    }

    public async Task<IReadOnlyList<RegisteredSchedule>> FindAsync(ScheduleScope? scope, string? user, CancellationToken cancellationToken)
    {
        var found = new List<RegisteredSchedule>();
        foreach (var one in Enum.GetValues<ScheduleScope>().Where(one => scope is null || scope == one))
        {
            var folder = places.Units(one);
            var files = Directory.Exists(folder) ? Directory.GetFiles(folder, SystemdUnits.Prefix + "*.service") : [];
            foreach (var file in files.Order(StringComparer.Ordinal))
            {
                if (await ReadAsync(file, one, cancellationToken).ConfigureAwait(false) is { } schedule)
                {
                    found.Add(schedule);
                }
            }
        }

        return found;
    }

    public async Task RegisterAsync(SystemSchedule schedule, IOperationObserver observer, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        ArgumentNullException.ThrowIfNull(observer);
        RequireSystemd(schedule.Scope);
        var texts = Render(schedule);
        var before = new List<(string Path, string? Text)>();
        foreach (var text in texts)
        {
            var old = File.Exists(text.Place) ? await File.ReadAllTextAsync(text.Place, cancellationToken).ConfigureAwait(false) : null;
            before.Add((text.Place, old));
        }

        if (before[0].Text is { } service ? FindMark(service) is null : before[1].Text is not null)
        {
            throw new EdgeBackupException(
                ErrorIds.ScheduleExists,
                $"'{before[0].Path}' or its timer stands there already, and EdgeBackup has not made it. Choose another -Name.",
                schedule.Name);
        }

        var timer = SystemdUnits.UnitName(schedule.Name) + ".timer";
        try
        {
            foreach (var text in texts)
            {
                Write(text.Place, text.Text);
            }

            await ControlAsync(schedule.Scope, ["daemon-reload"], cancellationToken).ConfigureAwait(false);
            await ControlAsync(schedule.Scope, ["enable", timer], cancellationToken).ConfigureAwait(false);
            await ControlAsync(schedule.Scope, ["restart", timer], cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            await PutBackAsync(schedule.Scope, timer, before).ConfigureAwait(false);
            throw;
        }

        if (schedule.Scope == ScheduleScope.User)
        {
            await WarnOfLogoutAsync(observer, cancellationToken).ConfigureAwait(false);
        }
    }

    public async Task RemoveAsync(RegisteredSchedule schedule, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        var isRunning = places.IsRunning(schedule.Scope);
        if (isRunning)
        {
            await ControlAsync(schedule.Scope, ["disable", "--now", SystemdUnits.UnitName(schedule.Name) + ".timer"], cancellationToken).ConfigureAwait(false);
        }

        // The timer first: a service alone starts nothing, and still bears the mark.
        foreach (var place in schedule.Places.OrderByDescending(place => place, StringComparer.Ordinal))
        {
            Change(() => File.Delete(place), place);
        }

        if (isRunning)
        {
            await ControlAsync(schedule.Scope, ["daemon-reload"], CancellationToken.None).ConfigureAwait(false);
        }
    }

    private static ScheduleMark? FindMark(string service) =>
        service.Split('\n').FirstOrDefault(line => line.StartsWith(SystemdUnits.MarkKey, StringComparison.Ordinal)) is { } line
            ? ScheduleMark.Parse(line[SystemdUnits.MarkKey.Length..])
            : null;

    private static string? Value(string unit, string key) =>
        unit.Split('\n').FirstOrDefault(line => line.StartsWith(key + "=", StringComparison.Ordinal))?[(key.Length + 1)..].Trim();

    /// <summary>A time as systemctl tells it: <c>Mon 2026-03-02 10:15:00 UTC</c>.</summary>
    /// <exception cref="EdgeBackupException">ScheduleFailed: it is told otherwise.</exception>
    private DateTimeOffset? Time(Dictionary<string, string> properties, string key)
    {
        if (!properties.TryGetValue(key, out var text) || text is "" or "n/a")
        {
            return null;
        }

        var end = text.LastIndexOf(' ');
        if (end > 0 && DateTime.TryParseExact(text[..end], "ddd yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture, DateTimeStyles.None, out var time))
        {
            // In the hour that an autumn night has twice, the zone's name would tell which; a guess of an hour is good enough.
            var local = text[(end + 1)..] is "UTC" ? TimeZoneInfo.Utc : zone;
            return new DateTimeOffset(time, local.GetUtcOffset(time));
        }

        throw new EdgeBackupException(ErrorIds.ScheduleFailed, $"systemctl tells the time '{text}' ({key}), which EdgeBackup cannot read. Look at the schedule with 'systemctl list-timers'.", key);
    }

    private async Task<RegisteredSchedule?> ReadAsync(string file, ScheduleScope scope, CancellationToken cancellationToken)
    {
        var service = await File.ReadAllTextAsync(file, cancellationToken).ConfigureAwait(false);
        if (FindMark(service) is not { } mark)
        {
            return null;
        }

        var timerFile = Path.ChangeExtension(file, ".timer");
        var timer = File.Exists(timerFile) ? await File.ReadAllTextAsync(timerFile, cancellationToken).ConfigureAwait(false) : "";
        var unit = Path.GetFileNameWithoutExtension(file);
        var clock = await ShowAsync(scope, unit + ".timer", cancellationToken).ConfigureAwait(false);
        var run = await ShowAsync(scope, unit + ".service", cancellationToken).ConfigureAwait(false);
        var hasRun = Time(run, "ExecMainExitTimestamp") is not null;
        var status = int.TryParse(run.GetValueOrDefault("ExecMainStatus"), NumberStyles.None, CultureInfo.InvariantCulture, out var code) && hasRun ? code : (int?)null;

        // CLD_KILLED and CLD_DUMPED: then the status is a signal, which shells tell as 128 and more.
        var wasKilled = run.GetValueOrDefault("ExecMainCode") is "2" or "3";
        return new RegisteredSchedule
        {
            Name = mark.Name,
            Method = ScheduleMethod.Systemd,
            Scope = scope,
            Calendar = Value(timer, "OnCalendar") is { } calendar ? RunCalendar.FromSystemd(calendar) : null,
            Account = Value(service, "User") ?? (scope == ScheduleScope.System ? "root" : Environment.UserName),
            Command = Value(service, "ExecStart") ?? "",
            Mark = mark,
            Enabled = clock.GetValueOrDefault("UnitFileState") == "enabled" && clock.GetValueOrDefault("ActiveState") == "active",
            NextRun = Time(clock, "NextElapseUSecRealtime"),
            LastRun = Time(run, "ExecMainStartTimestamp") ?? Time(clock, "LastTriggerUSec"),
            LastResult = wasKilled ? status + 128 : status,
            Places = File.Exists(timerFile) ? [file, timerFile] : [file],
        };
    }

    private async Task<Dictionary<string, string>> ShowAsync(ScheduleScope scope, string unit, CancellationToken cancellationToken)
    {
        if (!places.IsRunning(scope))
        {
            return [];
        }

        var answer = await ControlAsync(
            scope,
            ["show", unit, "--property=UnitFileState,ActiveState,NextElapseUSecRealtime,LastTriggerUSec,ExecMainCode,ExecMainStatus,ExecMainStartTimestamp,ExecMainExitTimestamp"],
            cancellationToken).ConfigureAwait(false);
        return answer.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split('=', 2))
            .Where(pair => pair.Length == 2)
            .ToDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal);
    }

    private void RequireSystemd(ScheduleScope scope)
    {
        if (!places.IsRunning(scope))
        {
            throw new EdgeBackupException(
                ErrorIds.ScheduleFailed,
                scope == ScheduleScope.User && places.IsRunning(ScheduleScope.System)
                    ? "systemd runs here, but not for this user (a session of su or sudo has none). Log on as that user, or register it for the computer as root: -Scope System -User. Or use -Method Cron."
                    : "systemd does not run here, as in most containers, so a timer would never start anything. Use -Method Cron, or let whatever runs this container start Invoke-EdgeBackupSchedule.",
                "Systemd");
        }
    }

    private async Task<ProgramResult> ControlAsync(ScheduleScope scope, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        var result = await programs.RunAsync(Program, scope == ScheduleScope.User ? ["--user", .. arguments] : arguments, input: null, cancellationToken).ConfigureAwait(false);
        return result.Code == 0
            ? result
            : throw new EdgeBackupException(ErrorIds.ScheduleFailed, $"'systemctl {string.Join(' ', arguments)}' failed with {result.Code}: {result.Words}", arguments[^1]);
    }

    private void Write(string path, string text) => Change(
        () =>
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            var temporary = path + ".new";
            File.WriteAllText(temporary, text, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
            platform.Rename(temporary, path, overwrite: true);
        },
        path);

    private static void Change(Action action, string path)
    {
        try
        {
            action();
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new EdgeBackupException(ErrorIds.ScheduleFailed, $"'{path}' may not be changed by this user. A schedule of the computer needs root (sudo pwsh); one of your own is -Scope User.", path, exception);
        }
    }

    private async Task PutBackAsync(ScheduleScope scope, string timer, List<(string Path, string? Text)> before)
    {
        var isNew = before.TrueForAll(file => file.Text is null);
        if (isNew)
        {
            // Its links, where it was enabled already; the first error is the one that is told.
            await TryControlAsync(scope, ["disable", "--now", timer]).ConfigureAwait(false);
        }

        foreach (var (path, text) in before)
        {
            try
            {
                if (text is not null)
                {
                    Write(path, text);
                }
                else if (File.Exists(path))
                {
                    File.Delete(path);
                }
            }
            catch (Exception exception) when (exception is EdgeBackupException or IOException or UnauthorizedAccessException)
            {
                // What could not be written cannot be put back either; the first error is the one that is told.
            }
        }

        await TryControlAsync(scope, ["daemon-reload"]).ConfigureAwait(false);
        if (!isNew)
        {
            await TryControlAsync(scope, ["restart", timer]).ConfigureAwait(false);
        }
    }

    private async Task TryControlAsync(ScheduleScope scope, IReadOnlyList<string> arguments)
    {
        try
        {
            await ControlAsync(scope, arguments, CancellationToken.None).ConfigureAwait(false);
        }
        catch (EdgeBackupException)
        {
            // Clean-up after an error, which is told.
        }
    }

    private async Task WarnOfLogoutAsync(IOperationObserver observer, CancellationToken cancellationToken)
    {
        var result = await programs.RunAsync("loginctl", ["show-user", Environment.UserName, "--property=Linger"], input: null, cancellationToken).ConfigureAwait(false);
        if (!result.Text.Contains("Linger=yes", StringComparison.Ordinal))
        {
            observer.Warning($"The schedule runs only while {Environment.UserName} is logged on. So that it runs always, run once: loginctl enable-linger {Environment.UserName}");
        }
    }
}
