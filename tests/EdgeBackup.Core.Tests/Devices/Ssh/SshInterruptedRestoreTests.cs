using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Ssh;
using EdgeBackup.Core.Devices.Types;
using EdgeBackup.Core.Errors;
using Xunit;
using static EdgeBackup.Core.Tests.Devices.RestoreTestTools;

namespace EdgeBackup.Core.Tests.Devices.Ssh;

/// <summary>What becomes of the device, and of what its type's commands have stopped, when a restore over ssh dies at a bad moment.</summary>
public sealed class SshInterruptedRestoreTests(FragileServer server) : IClassFixture<FragileServer>
{
    private static readonly Dictionary<string, byte[]> Old = new(StringComparer.Ordinal)
    {
        ["a.txt"] = Bytes("old alpha"),
        ["b/c"] = Bytes("old c"),
        ["gone"] = Bytes("will be gone"),
    };

    private static readonly Dictionary<string, byte[]> New = new(StringComparer.Ordinal)
    {
        ["a.txt"] = Bytes("new alpha"),
        ["b/c"] = Bytes("new c"),
        ["d"] = Bytes("new d"),
    };

    [SshFact]
    public async Task A_swap_that_began_after_it_was_looked_for_is_undone_and_not_thrown_away()
    {
        await using var device = new SshTestDevice(server, new DeviceSeed { Items = Old });
        var before = await device.ReadAllAsync();
        var journal = new MemoryJournal();
        await using var connection = device.Connect();
        await DieInSwapAsync(connection, journal);
        var mark = Path.Combine(device.Parent, device.Beside().Single(), "mark");

        // As if the command to swap had been on its way still: when it is looked for, nothing has been done.
        await File.WriteAllTextAsync(mark, "");
        journal.OnOpened = _ => File.WriteAllText(mark, "committing\n");
        await using (await connection.BeginRestoreAsync(Plan(RestoreMode.Replace, New), journal, CancellationToken.None))
        {
        }

        await ConnectionConformanceTests.AssertHoldsAsync(device, before);
        Assert.Empty(device.Beside());
        Assert.Empty(journal.Open);
    }

    [SshFact]
    public async Task A_swap_goes_on_when_it_is_told_to_end()
    {
        await using var device = new SshTestDevice(server, new DeviceSeed { Items = Old });
        await using var connection = device.Connect();
        await using var session = await connection.BeginRestoreAsync(Plan(RestoreMode.Replace, New), new MemoryJournal(), CancellationToken.None);
        await StageAsync(session, New);
        server.HangInMove(true);
        var commit = session.CommitAsync(CancellationToken.None);
        await server.WaitForMoveAsync();
        var workers = (await File.ReadAllLinesAsync(Path.Combine(device.Parent, device.Beside().Single(), "lock"))).Select(line => line.Split(' ')[0]);

        Programs.TryRun("kill", ["-TERM", .. workers]);
        server.HangInMove(false);

        Assert.Equal(RestoreCommitOutcome.Completed, await commit);
        Assert.Equal(New.Keys.Append("edge-device.json").Order(StringComparer.Ordinal), (await device.ReadAllAsync()).Keys.Order(StringComparer.Ordinal));
    }

    [SshFact]
    public async Task What_the_commands_before_a_restore_stopped_is_started_again_by_the_next_contact()
    {
        await using var device = new SshTestDevice(server, new DeviceSeed { Items = Old });
        var before = await device.ReadAllAsync();
        var log = Log(device);
        await using (var dying = Connect(device, before: [Note(log, "stopped"), "kill -KILL $PPID"], after: [Note(log, "started")]))
        {
            var session = (SshRestoreSession)await dying.BeginRestoreAsync(Plan(RestoreMode.Replace, New), new MemoryJournal(), CancellationToken.None);
            await StageAsync(session, New);
            await Assert.ThrowsAsync<EdgeBackupException>(() => session.CommitAsync(CancellationToken.None));
            await session.KillAsync();
            await session.DisposeAsync();
        }

        Assert.Equal("stopped\n", await File.ReadAllTextAsync(log));
        await using var connection = Connect(device, before: [], after: [Note(log, "started")]);
        await ContactAsync(connection, isRestore: false);
        Assert.Equal("stopped\nstarted\n", await File.ReadAllTextAsync(log));
        await ContactAsync(connection, isRestore: true);

        Assert.Equal("stopped\nstarted\n", await File.ReadAllTextAsync(log));
        await ConnectionConformanceTests.AssertHoldsAsync(device, before);
        Assert.Equal(["log"], device.Beside());
    }

    [SshTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_line_that_is_cut_before_everything_is_started_again_is_made_up_for(bool isRestore)
    {
        await using var device = new SshTestDevice(server, new DeviceSeed { Items = Old });
        var before = await device.ReadAllAsync();
        var log = Log(device);
        await using var connection = Connect(device, before: [], after: [$"[ -s '{log}' ] || {{ {Note(log, "cut")}; kill -KILL $PPID; }}", Note(log, "started")]);
        await DieInSwapAsync(connection, new MemoryJournal());

        var cut = await Assert.ThrowsAsync<EdgeBackupException>(() => ContactAsync(connection, isRestore));
        Assert.Equal((ErrorIds.DeviceUnreachable, "cut\n"), (cut.ErrorId, await File.ReadAllTextAsync(log)));
        await ContactAsync(connection, isRestore);

        Assert.Equal("cut\nstarted\n", await File.ReadAllTextAsync(log));
        await ConnectionConformanceTests.AssertHoldsAsync(device, before);
        Assert.Equal(["log"], device.Beside());
    }

    [SshFact]
    public async Task A_command_after_a_restore_that_fails_is_told_once_and_keeps_no_restore_off()
    {
        await using var device = new SshTestDevice(server, new DeviceSeed { Items = Old });
        var log = Log(device);
        var journal = new MemoryJournal();
        await using var connection = Connect(device, before: [], after: [$"[ -s '{log}' ] || {{ {Note(log, "failed")}; exit 3; }}"]);
        await DieInSwapAsync(connection, journal);

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => connection.GetStatusAsync(CancellationToken.None));

        Assert.Equal(ErrorIds.RestoreFailed, error.ErrorId);
        Assert.Contains("exit code 3", error.Message, StringComparison.Ordinal);
        await connection.GetStatusAsync(CancellationToken.None);
        Assert.Equal(RestoreCommitOutcome.Completed, await RestoreAsync(connection, RestoreMode.Replace, New, journal));
        Assert.Empty(journal.Open);
    }

    [SshFact]
    public async Task A_command_after_a_restore_that_ends_every_connection_is_run_once_and_those_behind_it_by_the_next_contact()
    {
        await using var device = new SshTestDevice(server, new DeviceSeed { Items = Old });
        var log = Log(device);
        var told = new List<string>();
        await using var connection = Connect(device, before: [], after: [Note(log, "first"), Restart(log), Note(log, "last")], told.Add);
        await DieInSwapAsync(connection, new MemoryJournal());

        var cut = await Assert.ThrowsAsync<EdgeBackupException>(() => connection.GetStatusAsync(CancellationToken.None));
        Assert.Equal(ErrorIds.DeviceUnreachable, cut.ErrorId);
        Assert.Contains("not run again", cut.Message, StringComparison.Ordinal);
        Assert.Empty(told);
        await connection.GetStatusAsync(CancellationToken.None);
        Assert.Contains("is not known", Assert.Single(told), StringComparison.Ordinal);
        await connection.GetStatusAsync(CancellationToken.None);

        Assert.Single(told);
        Assert.Equal("first\nrestarted\nlast\n", await File.ReadAllTextAsync(log));
        Assert.Equal(["log"], device.Beside());
    }

    [SshFact]
    public async Task A_command_that_was_put_right_meanwhile_is_run()
    {
        await using var device = new SshTestDevice(server, new DeviceSeed { Items = Old });
        var log = Log(device);
        await using (var dying = Connect(device, before: [], after: [Restart(log)]))
        {
            await DieInSwapAsync(dying, new MemoryJournal());
            await Assert.ThrowsAsync<EdgeBackupException>(() => dying.GetStatusAsync(CancellationToken.None));
        }

        await using var connection = Connect(device, before: [], after: [Note(log, "started")]);
        await connection.GetStatusAsync(CancellationToken.None);

        Assert.Equal("restarted\nstarted\n", await File.ReadAllTextAsync(log));
        Assert.Equal(["log"], device.Beside());
    }

    [SshFact]
    public async Task A_restore_whose_command_ends_every_connection_runs_it_once_for_each_state()
    {
        await using var device = new SshTestDevice(server, new DeviceSeed { Items = Old });
        var before = await device.ReadAllAsync();
        var log = Log(device);
        var told = new List<string>();
        await using var connection = Connect(device, before: ["true"], after: [Restart(log)], told.Add);
        await Assert.ThrowsAsync<EdgeBackupException>(() => RestoreAsync(connection, RestoreMode.Replace, New, new MemoryJournal()));
        for (var contact = 0; contact < 2; contact++)
        {
            await connection.GetStatusAsync(CancellationToken.None);
        }

        // For the new state, and for the old one.
        Assert.Equal("restarted\nrestarted\n", await File.ReadAllTextAsync(log));
        Assert.Single(told);
        await ConnectionConformanceTests.AssertHoldsAsync(device, before);
        Assert.Equal(["log"], device.Beside());
    }

    [SshTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task No_command_after_a_restore_is_run_while_something_runs(bool isRestore)
    {
        await using var device = new SshTestDevice(server, new DeviceSeed { Items = Old });
        var log = Log(device);
        var told = new List<string>();
        await using var connection = Connect(device, before: [], after: [Note(log, "started")], told.Add);
        await DieInSwapAsync(connection, new MemoryJournal());
        await device.StartTransactionAsync();
        if (isRestore)
        {
            Assert.Equal(ErrorIds.DeviceBusy, (await Assert.ThrowsAsync<EdgeBackupException>(() => ContactAsync(connection, isRestore))).ErrorId);
        }
        else
        {
            await ContactAsync(connection, isRestore);
        }

        Assert.Equal("", await File.ReadAllTextAsync(log));
        Assert.Contains("wait, because something runs on the device: the transaction 't-1'", Assert.Single(told), StringComparison.Ordinal);
        Assert.Equal("old alpha", await File.ReadAllTextAsync(device.At("a.txt")));
        await device.EndTransactionAsync();
        await ContactAsync(connection, isRestore);
        Assert.Equal("started\n", await File.ReadAllTextAsync(log));
    }

    [SshTheory]
    [InlineData("list", "")]
    [InlineData("gate", "")]
    [InlineData("list", "restarted")]
    [InlineData("gate", "restarted")]
    [InlineData("list", "written")]
    public async Task A_list_that_a_stopped_service_left_behind_does_not_keep_it_from_being_started_and_what_came_later_or_a_gate_does(string what, string since)
    {
        var isLeftBehind = (what, since) == ("list", "");
        await using var device = new SshTestDevice(server, new DeviceSeed { Items = Old });
        var log = Log(device);
        var list = device.At("edge-transactions.json");
        const string Running = """[{"id":"t-1","chargepoint":"cp-1","connector":1}]""";
        var told = new List<string>();
        await using var connection = Connect(
            device,
            before: [what == "list" ? $"echo '{Running}' >edge-transactions.json; {Note(log, "stopped")}" : Note(log, "stopped")],
            after: [$"rm -f edge-transactions.json; {Note(log, "started")}"],
            told.Add,
            what == "gate" ? $"[ \"$(tail -n 1 '{log}')\" != stopped ]" : null);
        await DieInSwapAsync(connection, new MemoryJournal(), hasCommandsBefore: true);
        if (since == "restarted")
        {
            await File.WriteAllTextAsync(Path.Combine(device.Parent, device.Beside().Single(name => name != "log"), "stopped"), "another start\n");
        }
        else if (since == "written")
        {
            File.SetLastWriteTimeUtc(list, DateTime.UtcNow.AddMinutes(1));
        }

        await connection.GetStatusAsync(CancellationToken.None);
        await connection.GetStatusAsync(CancellationToken.None);

        Assert.Equal(isLeftBehind ? "stopped\nstarted\n" : "stopped\n", await File.ReadAllTextAsync(log));
        Assert.Equal(isLeftBehind ? 0 : 1, told.Count);
    }

    [SshFact]
    public async Task A_stage_that_takes_no_note_keeps_the_one_that_commands_are_still_to_be_run()
    {
        await using var device = new SshTestDevice(server, new DeviceSeed { Items = Old });
        var log = Log(device);
        var after = $"[ $(ulimit -f) != 0 ] || kill -KILL $PPID; {Note(log, "started")}";
        await using (var dying = Connect(device, before: ["kill -KILL $PPID"], [after]))
        {
            var session = (SshRestoreSession)await dying.BeginRestoreAsync(Plan(RestoreMode.Replace, New), new MemoryJournal(), CancellationToken.None);
            await StageAsync(session, New);
            await Assert.ThrowsAsync<EdgeBackupException>(() => session.CommitAsync(CancellationToken.None));
            await session.KillAsync();
            await session.DisposeAsync();
        }

        // No file takes a byte any more, as on a full disk, and the line breaks in the command.
        await using (var connection = Connect(device, before: [], [after], gate: "prlimit --fsize=0 --pid $PPID"))
        {
            await Assert.ThrowsAsync<EdgeBackupException>(() => connection.GetStatusAsync(CancellationToken.None));
        }

        Assert.Equal("", await File.ReadAllTextAsync(log));
        await using (var connection = Connect(device, before: [], [after]))
        {
            await connection.GetStatusAsync(CancellationToken.None);
        }

        Assert.Equal("started\n", await File.ReadAllTextAsync(log));
        Assert.Equal(["log"], device.Beside());
    }

    [SshFact]
    public async Task A_contact_that_does_not_know_the_type_brings_the_old_state_back_and_leaves_the_commands_to_one_that_does()
    {
        await using var device = new SshTestDevice(server, new DeviceSeed { Items = Old });
        var before = await device.ReadAllAsync();
        var log = Log(device);
        await using var connection = Connect(device, before: [], after: [Note(log, "started")]);
        await DieInSwapAsync(connection, new MemoryJournal());
        await using (var stranger = device.Connect())
        {
            await stranger.GetStatusAsync(CancellationToken.None);
            await stranger.GetStatusAsync(CancellationToken.None);
        }

        await ConnectionConformanceTests.AssertHoldsAsync(device, before);
        Assert.Equal("", await File.ReadAllTextAsync(log));
        await connection.GetStatusAsync(CancellationToken.None);

        Assert.Equal("started\n", await File.ReadAllTextAsync(log));
        Assert.Equal(["log"], device.Beside());
    }

    [SshFact]
    public async Task What_a_killed_command_of_ours_left_running_on_the_device_is_ended_by_the_next_restore()
    {
        await using var device = new SshTestDevice(server, new DeviceSeed { Items = Old });
        var journal = new MemoryJournal();
        await using var connection = device.Connect();

        // Its ssh still stands, as behind a line that nobody knows to be cut.
        await using var left = await connection.BeginRestoreAsync(Plan(RestoreMode.Replace, New), journal, CancellationToken.None);
        var stage = Path.Combine(device.Parent, device.Beside().Single());
        await using (var next = await connection.BeginRestoreAsync(Plan(RestoreMode.Replace, New), journal, CancellationToken.None))
        {
            Assert.False(Directory.Exists(stage));
            await StageAsync(next, New);
            Assert.Equal(RestoreCommitOutcome.Completed, await next.CommitAsync(CancellationToken.None));
        }

        Assert.Equal("new alpha", await File.ReadAllTextAsync(device.At("a.txt")));
    }

    /// <summary>What the restart of a device is for a connection.</summary>
    private static string Restart(string log) => $"{Note(log, "restarted")}; kill -KILL $PPID";

    private static string Log(SshTestDevice device)
    {
        var log = Path.Combine(device.Parent, "log");
        File.WriteAllText(log, "");
        Programs.SetMode(log, 0x1B6);
        return log;
    }

    private static string Note(string log, string what) => $"echo {what} >>'{log}'";

    private static async Task ContactAsync(SshDeviceConnection connection, bool isRestore)
    {
        if (isRestore)
        {
            await using var session = await connection.BeginRestoreAsync(Plan(RestoreMode.Overlay, New), new MemoryJournal(), CancellationToken.None);
            return;
        }

        await connection.GetStatusAsync(CancellationToken.None);
    }

    private SshDeviceConnection Connect(SshTestDevice device, string[] before, string[] after, Action<string>? warn = null, string? gate = null) => new(
        server.Options(device.Root) with
        {
            Warn = warn,
            Definition = new DeviceType
            {
                Id = "app",
                Title = "App",
                Connections = [ConnectionKind.Ssh],
                Gate = gate is null ? null : new GateRules { Command = new DeviceCommand(gate, DeviceCommand.DefaultTimeout), BusyExitCodes = [1] },
                Commands = new DeviceCommands
                {
                    BeforeRestore = [.. before.Select(line => new DeviceCommand(line, DeviceCommand.DefaultTimeout))],
                    AfterRestore = [.. after.Select(line => new DeviceCommand(line, DeviceCommand.DefaultTimeout))],
                },
            },
        },
        TimeProvider.System,
        server.Settings());

    /// <summary>A restore whose device and command both die in its second move.</summary>
    /// <remarks>By moves its stage is told, too, how far it is: once, and once more where commands run before it.</remarks>
    private async Task DieInSwapAsync(IDeviceConnection connection, MemoryJournal journal, bool hasCommandsBefore = false)
    {
        var session = (SshRestoreSession)await connection.BeginRestoreAsync(Plan(RestoreMode.Replace, New), journal, CancellationToken.None);
        await StageAsync(session, New);
        server.FailAtMove(hasCommandsBefore ? 4 : 3);
        session.OnSwapBroken = session.KillAsync;
        await Assert.ThrowsAsync<EdgeBackupException>(() => session.CommitAsync(CancellationToken.None));
        server.FailAtMove(0);
        await session.DisposeAsync();
    }
}
