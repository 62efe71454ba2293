using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations.SystemSchedules;
using EdgeBackup.Core.Platform;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations.SystemSchedules;

/// <summary>What is asked of systemctl and what stands in the folder of units. No systemd runs in a container: its answers are scripted.</summary>
public sealed class SystemdSchedulerTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("eb-systemd-").FullName;
    private readonly WarningObserver observer = new();
    private string? refused;
    private string shown = "";

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task A_schedule_is_written_enabled_found_and_removed()
    {
        var (scheduler, programs) = Open();
        await scheduler.RegisterAsync(ScheduleWorld.Schedule("Night"), observer, default);
        Assert.Equal(["edgebackup-night.service", "edgebackup-night.timer"], Names());
        Assert.Equal(["systemctl daemon-reload", "systemctl enable edgebackup-night.timer", "systemctl restart edgebackup-night.timer"], programs.Calls);

        shown = "UnitFileState=enabled\nActiveState=active\nNextElapseUSecRealtime=Mon 2026-03-02 10:15:00 UTC\nLastTriggerUSec=\nExecMainCode=1\nExecMainStatus=1\nExecMainStartTimestamp=Mon 2026-03-02 10:00:00 UTC\nExecMainExitTimestamp=Mon 2026-03-02 10:01:00 UTC\n";
        var found = Assert.Single(await scheduler.FindAsync(null, null, default));
        Assert.Equal("Night", found.Name);
        Assert.Equal(TimeSpan.FromMinutes(15), found.Calendar!.Every);
        Assert.Equal("root", found.Account);
        Assert.Equal("/srv/edge", found.Repository);
        Assert.True(found.Enabled);
        Assert.Equal(DateTimeOffset.Parse("2026-03-02T10:15:00Z", null), found.NextRun);
        Assert.Equal(DateTimeOffset.Parse("2026-03-02T10:00:00Z", null), found.LastRun);
        Assert.Equal(1, found.LastResult);

        programs.Calls.Clear();
        await scheduler.RemoveAsync(found, default);
        Assert.Empty(Names());
        Assert.Equal(["systemctl disable --now edgebackup-night.timer", "systemctl daemon-reload"], programs.Calls);
    }

    [Fact]
    public async Task Times_of_the_zone_of_the_machine_are_understood_too()
    {
        var (scheduler, _) = Open(zone: TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin"));
        await scheduler.RegisterAsync(ScheduleWorld.Schedule(), observer, default);
        shown = "NextElapseUSecRealtime=Mon 2026-03-02 11:15:00 CET\nExecMainCode=1\nExecMainStatus=0\nExecMainStartTimestamp=Sat 2026-08-01 12:00:00 CEST\nExecMainExitTimestamp=Sat 2026-08-01 12:01:00 CEST\n";
        var found = Assert.Single(await scheduler.FindAsync(null, null, default));
        Assert.Equal(DateTimeOffset.Parse("2026-03-02T10:15:00Z", null), found.NextRun);
        Assert.Equal(DateTimeOffset.Parse("2026-08-01T10:00:00Z", null), found.LastRun);
        Assert.Equal(0, found.LastResult);
    }

    [Fact]
    public async Task A_time_that_nobody_understands_is_an_error_and_no_silence()
    {
        var (scheduler, _) = Open();
        await scheduler.RegisterAsync(ScheduleWorld.Schedule(), observer, default);
        shown = "NextElapseUSecRealtime=tomorrow\n";
        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => scheduler.FindAsync(null, null, default));
        Assert.Equal(ErrorIds.ScheduleFailed, error.ErrorId);
        Assert.Contains("tomorrow", error.Message, StringComparison.Ordinal);
    }

    [ProgramFact("sh")]
    public async Task Programs_tell_their_times_in_UTC_and_their_words_in_English()
    {
        var told = await new ProgramRunner().RunAsync("sh", ["-c", "echo $TZ $LC_ALL"], input: null, default);
        Assert.Equal("UTC C", told.Text.Trim());
    }

    [Fact]
    public async Task A_run_that_has_not_been_has_no_result()
    {
        var (scheduler, _) = Open();
        await scheduler.RegisterAsync(ScheduleWorld.Schedule(), observer, default);
        shown = "UnitFileState=enabled\nActiveState=active\nNextElapseUSecRealtime=n/a\nExecMainCode=0\nExecMainStatus=0\nExecMainExitTimestamp=n/a\n";
        var found = Assert.Single(await scheduler.FindAsync(null, null, default));
        Assert.Null(found.LastResult);
        Assert.Null(found.NextRun);
    }

    [Fact]
    public async Task A_run_that_was_killed_has_the_result_of_a_shell()
    {
        var (scheduler, _) = Open();
        await scheduler.RegisterAsync(ScheduleWorld.Schedule(), observer, default);
        shown = "ExecMainCode=2\nExecMainStatus=15\nExecMainExitTimestamp=Mon 2026-03-02 10:01:00 UTC\n";
        Assert.Equal(143, Assert.Single(await scheduler.FindAsync(null, null, default)).LastResult);
    }

    [Theory]
    [InlineData("daemon-reload")]
    [InlineData("enable")]
    [InlineData("restart")]
    public async Task What_systemd_refuses_leaves_nothing_behind(string step)
    {
        var (scheduler, _) = Open();
        refused = step;
        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => scheduler.RegisterAsync(ScheduleWorld.Schedule(), observer, default));
        Assert.Equal(ErrorIds.ScheduleFailed, error.ErrorId);
        Assert.Contains("no way", error.Message, StringComparison.Ordinal);
        Assert.Empty(Names());
    }

    [Fact]
    public async Task What_systemd_refuses_brings_the_old_schedule_back()
    {
        var (scheduler, _) = Open();
        await scheduler.RegisterAsync(ScheduleWorld.Schedule(), observer, default);
        refused = "enable";
        await Assert.ThrowsAsync<EdgeBackupException>(() => scheduler.RegisterAsync(ScheduleWorld.Schedule(command: ScheduleWorld.Command("/srv/other")), observer, default));
        Assert.Equal("/srv/edge", Assert.Single(await scheduler.FindAsync(null, null, default)).Repository);
    }

    [Theory]
    [InlineData("edgebackup-night.service")]
    [InlineData("edgebackup-night.timer")]
    public async Task What_somebody_else_has_made_is_neither_replaced_nor_listed(string file)
    {
        var (scheduler, _) = Open();
        var path = Path.Combine(folder, file);
        await File.WriteAllTextAsync(path, "[Unit]\nDescription=mine\n");
        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => scheduler.RegisterAsync(ScheduleWorld.Schedule(), observer, default));
        Assert.Equal(ErrorIds.ScheduleExists, error.ErrorId);
        Assert.Equal("[Unit]\nDescription=mine\n", await File.ReadAllTextAsync(path));
        Assert.Equal([file], Names());
        Assert.Empty(await scheduler.FindAsync(null, null, default));
    }

    [Fact]
    public async Task Without_a_running_systemd_the_error_names_cron_and_nothing_is_written()
    {
        var scheduler = new SystemdScheduler(new ScriptedPrograms((_, _) => throw new InvalidOperationException()), SystemPlatform.Create(), TimeZoneInfo.Utc, new SystemdPlaces(folder, folder, Path.Combine(folder, "none"), null));
        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => scheduler.RegisterAsync(ScheduleWorld.Schedule(), observer, default));
        Assert.Equal(ErrorIds.ScheduleFailed, error.ErrorId);
        Assert.Contains("-Method Cron", error.Message, StringComparison.Ordinal);
        Assert.Empty(Names());
    }

    [Theory]
    [InlineData("Linger=no", true)]
    [InlineData("Linger=yes", false)]
    public async Task A_user_is_told_when_the_schedule_would_end_with_the_session(string linger, bool isWarned)
    {
        var (scheduler, programs) = Open(linger);
        await scheduler.RegisterAsync(ScheduleWorld.Schedule(scope: ScheduleScope.User), observer, default);
        Assert.Contains("systemctl --user restart edgebackup-night.timer", programs.Calls);
        Assert.Equal(isWarned, observer.Warnings.Exists(warning => warning.Contains("loginctl enable-linger", StringComparison.Ordinal)));
    }

    private (SystemdScheduler Scheduler, ScriptedPrograms Programs) Open(string linger = "", TimeZoneInfo? zone = null)
    {
        var programs = new ScriptedPrograms((program, arguments) =>
            program == "loginctl" ? new ProgramResult(0, System.Text.Encoding.UTF8.GetBytes(linger), "")
            : refused is not null && arguments.Contains(refused) ? new ProgramResult(1, [], "no way")
            : new ProgramResult(0, System.Text.Encoding.UTF8.GetBytes(arguments.Contains("show") ? shown : ""), ""));
        var user = Path.Combine(folder, "user");
        return (new SystemdScheduler(programs, SystemPlatform.Create(), zone ?? TimeZoneInfo.Utc, new SystemdPlaces(folder, user, folder, folder)), programs);
    }

    private IEnumerable<string> Names() => Directory.GetFiles(folder, "*", SearchOption.TopDirectoryOnly).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal);
}
