using System.Text;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations.SystemSchedules;
using EdgeBackup.Core.Tests.Devices.Ssh;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations.SystemSchedules;

public sealed class CrontabTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("eb-cron-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("")]
    [InlineData("MAILTO=me\n# BEGIN EdgeBackup schedule other\n0 3 * * * mine\n\n")]
    [InlineData("0 3 * * * no line end")]
    public void Other_lines_stay_as_they_are(string others)
    {
        var block = CrontabText.Block(ScheduleWorld.Schedule(), hasLock: true, hasLimit: true);
        var with = CrontabText.Put(others, "night", block);
        Assert.StartsWith(others, with, StringComparison.Ordinal);
        Assert.Equal(others, CrontabText.Remove(with, "night").TrimEnd('\n') + new string('\n', others.Length - others.TrimEnd('\n').Length));
    }

    [Fact]
    public void A_schedule_replaces_itself_and_no_other()
    {
        var two = new[] { "a", "b" }.Aggregate("", (text, name) => CrontabText.Put(text, name, CrontabText.Block(ScheduleWorld.Schedule(name), true, true)));
        var replaced = CrontabText.Put(two, "A", CrontabText.Block(ScheduleWorld.Schedule("A", ScheduleWorld.Command("/srv/new")), true, true));
        Assert.Equal([("b", "/srv/edge"), ("A", "/srv/new")], CrontabText.Blocks(replaced).Select(block => (block.Mark.Name, block.Mark.Repository)));
    }

    [Fact]
    public void A_line_that_was_commented_out_is_found_as_disabled()
    {
        var crontab = CrontabText.Put("", "night", CrontabText.Block(ScheduleWorld.Schedule(), true, true));
        Assert.True(Assert.Single(CrontabText.Blocks(crontab)).IsEnabled);
        Assert.False(Assert.Single(CrontabText.Blocks(crontab.Replace("\n*/15", "\n#*/15", StringComparison.Ordinal))).IsEnabled);
    }

    [Fact]
    public void A_shell_that_would_not_understand_the_line_is_refused()
    {
        var block = CrontabText.Block(ScheduleWorld.Schedule(), true, true);
        Assert.Equal(ErrorIds.ScheduleInvalid, Assert.Throws<EdgeBackupException>(() => CrontabText.Put("SHELL=/usr/bin/fish\n", "night", block)).ErrorId);
        CrontabText.Put("SHELL=/bin/bash\n", "night", block);
    }

    [Fact]
    public void A_line_longer_than_cron_takes_is_refused() =>
        Assert.Equal(
            ErrorIds.ScheduleInvalid,
            Assert.Throws<EdgeBackupException>(() => CrontabText.Block(ScheduleWorld.Schedule(command: ScheduleWorld.Command() with { Devices = [.. Enumerable.Range(0, 100).Select(number => $"device-{number}")] }), true, true)).ErrorId);

    [ProgramFact("flock")]
    public void The_line_runs_the_command_keeps_its_exit_code_and_does_not_overlap()
    {
        // In place of pwsh stands a script that writes down its arguments, and ends with 1 as a run does of which some failed.
        var seen = Path.Combine(folder, "seen");
        var program = Path.Combine(folder, "pw'sh");
        Programs.WriteProgram(program, $"#!/bin/sh\nprintf '%s\\n' \"$@\" >> '{seen}'\nexit 1\n");
        var command = ScheduleWorld.Command("/srv/100% it's") with { PowerShell = program };
        var schedule = ScheduleWorld.Schedule(command: command) with { DataFolder = Path.Combine(folder, "data $x") };
        var line = Line(CrontabText.Block(schedule, hasLock: true, hasLimit: ScheduleWorld.Find("timeout") is not null));

        Assert.Equal(1, Programs.TryRun("/bin/sh", "-c", line).Code);
        Assert.Equal(command.ToCall().Arguments, File.ReadAllLines(seen));
        Assert.Equal("1", File.ReadAllText(Path.Combine(schedule.DataFolder, "schedules", "night.result")).Trim());

        // Somebody else has the lock: nothing more is run.
        var held = Programs.TryRun("flock", Path.Combine(schedule.DataFolder, "schedules", "night.lock"), "/bin/sh", "-c", line);
        Assert.Equal(0, held.Code);
        Assert.Equal(command.ToCall().Arguments, File.ReadAllLines(seen));
    }

    [Theory]
    [InlineData("/srv/a\\%b")]
    [InlineData("/srv/a\\\\%%b\\")]
    [InlineData("/srv/100% it's \\' \\\\")]
    public void Whatever_cron_makes_of_its_escapes_the_shell_gets_what_was_meant(string path)
    {
        var schedule = ScheduleWorld.Schedule(command: ScheduleWorld.Command(path) with { PowerShell = "printf" }) with { DataFolder = Path.Combine(folder, "data %\\") };
        var line = CrontabText.Block(schedule, hasLock: false, hasLimit: false).Split('\n')[2].Split(' ', 6)[5];
        foreach (var (what, received) in new[] { ("Vixie", CronLine(line, true)), ("cronie", CronLine(line, false)), ("busybox", line) })
        {
            // printf takes the first argument for a format, and writes it as often as there are others.
            var said = Programs.TryRun("/bin/sh", "-c", received.Replace("printf -NoProfile", "printf '%s\\n' -NoProfile", StringComparison.Ordinal));
            Assert.True(said.Code == 0 && said.Output.Trim().Split('\n')[^1] == schedule.Command.ToCall().Arguments[^1], $"{what}: {said.Code} {said.Output} {said.Words}");
            Assert.True(File.Exists(Path.Combine(schedule.DataFolder, "schedules", "night.result")), what);
            Directory.Delete(schedule.DataFolder, recursive: true);
        }
    }

    [Fact]
    public async Task A_crontab_that_cannot_be_read_is_never_written()
    {
        var programs = new ScriptedPrograms((_, _) => new ProgramResult(1, [], "crontab: permission denied"));
        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => Open(programs).RegisterAsync(ScheduleWorld.Schedule(scope: ScheduleScope.User), new WarningObserver(), default));
        Assert.Equal(ErrorIds.ScheduleFailed, error.ErrorId);
        Assert.Equal(["crontab -l"], programs.Calls);
    }

    [ProgramFact("crontab", asRoot: true)]
    public async Task A_real_crontab_takes_a_schedule_and_gives_it_back()
    {
        var user = SshUser.Current.Name;
        var scheduler = Open(new ProgramRunner());
        var mine = Encoding.Latin1.GetBytes("# Gr\u00fc\u00dfe in an old encoding\n0 3 * * * /bin/true\n");
        var file = Path.Combine(folder, "mine");
        await File.WriteAllBytesAsync(file, mine);
        Programs.Run("crontab", "-u", user, file);
        try
        {
            var schedule = ScheduleWorld.Schedule(command: ScheduleWorld.Command(ScheduleWorld.NastyPath), account: new ScheduleAccount(user));
            await scheduler.RegisterAsync(schedule, new WarningObserver(), default);
            await scheduler.RegisterAsync(schedule with { Name = "second" }, new WarningObserver(), default);
            var found = await scheduler.FindAsync(ScheduleScope.System, user, default);
            Assert.Equal(["night", "second"], found.Select(one => one.Name));
            Assert.Equal(ScheduleWorld.NastyPath, found[0].Repository);
            Assert.Equal(user, found[0].Account);
            Assert.Equal(TimeSpan.FromMinutes(15), found[0].Calendar!.Every);
            Assert.NotNull(found[0].NextRun);

            await scheduler.RemoveAsync(found[0], default);
            Assert.Equal(["second"], (await scheduler.FindAsync(null, user, default)).Select(one => one.Name));
            await scheduler.RemoveAsync(found[1], default);
            var left = await new ProgramRunner().RunAsync("crontab", ["-u", user, "-l"], null, default);
            Assert.Equal(mine, left.Output);
        }
        finally
        {
            Programs.TryRun("crontab", "-u", user, "-r");
        }
    }

    /// <summary>What the shell gets of a block: without the five fields, and with cron's escapes undone.</summary>
    private static string Line(string block) => CronLine(block.Split('\n')[2].Split(' ', 6)[5], joinsBackslashes: true);

    /// <summary>What cron hands to the shell of a line's command: to the first '%' that is not escaped; two backslashes are one in some crons.</summary>
    private static string CronLine(string command, bool joinsBackslashes)
    {
        var line = new StringBuilder();
        var isEscaped = false;
        foreach (var character in command)
        {
            if (isEscaped)
            {
                if (character == '%' || (joinsBackslashes && character == '\\'))
                {
                    line.Length--;
                }

                isEscaped = false;
            }
            else if (character == '%')
            {
                break;
            }
            else
            {
                isEscaped = character == '\\';
            }

            line.Append(character);
        }

        return line.ToString();
    }

    private CronScheduler Open(IProgramRunner programs) => new(programs, TimeProvider.System, TimeZoneInfo.Utc, folder);
}
