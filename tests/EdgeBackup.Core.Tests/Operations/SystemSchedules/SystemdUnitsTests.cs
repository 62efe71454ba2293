using System.Globalization;
using System.Text.RegularExpressions;
using EdgeBackup.Core.Operations.SystemSchedules;
using EdgeBackup.Core.Platform;
using EdgeBackup.Core.Tests.Devices.Ssh;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations.SystemSchedules;

public sealed class SystemdUnitsTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("eb-units-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void The_service_holds_the_command_to_the_letter()
    {
        var command = ScheduleWorld.Command(ScheduleWorld.NastyPath) with { Devices = ["site-*", "o'neill"], ThrottleLimit = 4, WatchFor = TimeSpan.FromMinutes(2) };
        var service = Render(ScheduleWorld.Schedule(command: command)).Service;
        var call = command.ToCall();
        Assert.Equal(call.Arguments.Prepend(call.Program), SystemdLine.Split(Value(service, "ExecStart")));
        Assert.Contains(" -Device 'site-*', 'o''neill' -WatchFor 00:02:00 -ThrottleLimit 4 -SetExitCode", call.Arguments[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_may_write_the_repository_and_nothing_else_of_the_system()
    {
        var service = Render(ScheduleWorld.Schedule()).Service;
        Assert.Equal("strict", Value(service, "ProtectSystem"));

        // What is not there must not keep systemd from starting what says so better.
        Assert.Equal(["-/srv/edge", "-/home/keeper/.ssh"], Regex.Matches(service, "^ReadWritePaths=(.*)$", RegexOptions.Multiline).Select(match => match.Groups[1].Value));
        Assert.Equal("yes", Value(service, "PrivateTmp"));
        Assert.Equal("no", Value(service, "MemoryDenyWriteExecute"));
    }

    [Fact]
    public void A_repository_in_a_temporary_folder_is_not_hidden_from_the_run() =>
        Assert.DoesNotContain("PrivateTmp=", Render(ScheduleWorld.Schedule(command: ScheduleWorld.Command("/tmp/edge"))).Service, StringComparison.Ordinal);

    [Fact]
    public void Another_account_has_a_data_folder_of_its_own_and_no_capability()
    {
        var service = Render(ScheduleWorld.Schedule(account: new ScheduleAccount("edge") { Home = "/home/edge" })).Service;
        Assert.Equal("edge", Value(service, "User"));
        Assert.Equal("", Value(service, "CapabilityBoundingSet"));
        Assert.Equal("edgebackup/edge", Value(service, "StateDirectory"));
        Assert.Contains("Environment=XDG_DATA_HOME=%S/edgebackup/edge\n", service, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_accounts_do_not_take_each_others_data_folder()
    {
        var folders = new[] { "edge", "other", "gmsa$" }.Select(name => Value(Render(ScheduleWorld.Schedule(account: new ScheduleAccount(name) { Home = "/" })).Service, "StateDirectory")).ToList();
        Assert.Equal(folders.Distinct(), folders);
        Assert.DoesNotContain("edgebackup", folders);
    }

    [Fact]
    public void What_was_missed_is_caught_up()
    {
        var timer = Render(ScheduleWorld.Schedule(calendar: RunCalendar.Create(TimeSpan.FromHours(4), new TimeSpan(1, 30, 0))) with { RandomDelay = TimeSpan.FromMinutes(5) }).Timer;
        Assert.Equal("*-*-* 01/4:30:00", Value(timer, "OnCalendar"));
        Assert.Equal("true", Value(timer, "Persistent"));
        Assert.Equal("300", Value(timer, "RandomizedDelaySec"));
    }

    [ProgramFact("systemd-analyze")]
    public void Systemd_verifies_the_units_of_the_computer_of_other_accounts_and_of_a_user()
    {
        var number = 0;
        foreach (var path in new[] { "/srv/edge", ScheduleWorld.NastyPath })
        {
            foreach (var (scope, account) in new[] { (ScheduleScope.System, null as string), (ScheduleScope.System, "daemon"), (ScheduleScope.User, null) })
            {
                var units = Write(ScheduleWorld.Schedule(string.Create(CultureInfo.InvariantCulture, $"v{number++}"), ScheduleWorld.Command(path), scope: scope, account: new ScheduleAccount(account) { Home = "/home/a b%" }) with { DataHome = "/data 100%/$x" });
                var (code, output, words) = Programs.TryRun("env", ["XDG_RUNTIME_DIR=" + folder, "systemd-analyze", "verify", "--man=no", .. scope == ScheduleScope.User ? new[] { "--user" } : [], .. units]);
                Assert.True(code == 0 && words.Length == 0, $"{scope} {account} {path}: {code} {output} {words}");
            }
        }
    }

    [ProgramFact("systemd-analyze")]
    public void Systemd_would_say_so_if_a_unit_were_wrong()
    {
        var unit = Write(ScheduleWorld.Schedule())[0];
        File.WriteAllText(unit, File.ReadAllText(unit).Replace("ProtectSystem=strict", "ProtectSystem=yess", StringComparison.Ordinal));
        var (_, _, words) = Programs.TryRun("systemd-analyze", "verify", "--man=no", unit);
        Assert.Contains("yess", words, StringComparison.Ordinal);
    }

    [ProgramFact("systemd-analyze")]
    public void A_service_of_the_computer_is_hardly_exposed()
    {
        Assert.InRange(Exposure(ScheduleWorld.Schedule("root")), 0.5, 2.5);
        Assert.InRange(Exposure(ScheduleWorld.Schedule("edge", account: new ScheduleAccount("daemon") { Home = "/home/edge" })), 0.5, 2.2);
    }

    [ProgramFact("systemctl")]
    public void The_timer_can_be_enabled()
    {
        var root = Path.Combine(folder, "root");
        var units = Directory.CreateDirectory(Path.Combine(root, "etc", "systemd", "system")).FullName;
        Write(ScheduleWorld.Schedule(), units);
        Programs.Run("systemctl", $"--root={root}", "enable", "edgebackup-night.timer");
        Assert.Equal("enabled", Programs.Run("systemctl", $"--root={root}", "is-enabled", "edgebackup-night.timer").Trim());
    }

    private static string Value(string unit, string key) => Regex.Match(unit, $"^{key}=(.*)$", RegexOptions.Multiline).Groups[1].Value;

    private double Exposure(SystemSchedule schedule)
    {
        var output = Programs.TryRun("env", "LC_ALL=C", "systemd-analyze", "security", "--no-pager", "--offline=true", Write(schedule)[0]).Output;
        return double.Parse(Regex.Match(output, @"exposure level for \S+: ([0-9.]+)").Groups[1].Value, CultureInfo.InvariantCulture);
    }

    private (string Service, string Timer) Render(SystemSchedule schedule)
    {
        var texts = new SystemdScheduler(new ProgramRunner(), SystemPlatform.Create(), TimeZoneInfo.Utc, new SystemdPlaces(folder, folder, folder, folder)).Render(schedule);
        return (texts[0].Text, texts[1].Text);
    }

    private string[] Write(SystemSchedule schedule, string? to = null)
    {
        var (service, timer) = Render(schedule);
        var unit = Path.Combine(to ?? folder, $"edgebackup-{schedule.Name}");
        File.WriteAllText(unit + ".service", service);
        File.WriteAllText(unit + ".timer", timer);
        return [unit + ".service", unit + ".timer"];
    }
}
