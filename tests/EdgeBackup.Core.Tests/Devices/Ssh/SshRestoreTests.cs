using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Types;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using Xunit;
using static EdgeBackup.Core.Tests.Devices.RestoreTestTools;

namespace EdgeBackup.Core.Tests.Devices.Ssh;

/// <summary>A device whose mv can be told to end the shell that calls it, as a power failure would.</summary>
public sealed class FragileServer : SshServer
{
    /// <summary>What has this in its name cannot be removed; null: all can.</summary>
    public void Keep(string? name) => Put("kept", name);

    /// <summary>Whether a stage is left half made, and the device silent.</summary>
    public void HangInStage(bool hangs) => Put("hang", hangs ? "" : null);

    /// <summary>Whether every mv waits.</summary>
    public void HangInMove(bool hangs) => Put("hang-mv", hangs ? "" : null);

    /// <summary>Waits until an mv waits.</summary>
    public Task WaitForMoveAsync() => Wait.UntilAsync(() => new FileInfo(At("in-mv")) is { Exists: true, Length: > 0 });

    /// <summary>The number of the mv that does not come to its end any more; 0: none.</summary>
    public void FailAtMove(int number) => File.WriteAllText(At("fail-at"), number + "\n");

    private void Put(string name, string? text)
    {
        if (text is null)
        {
            File.Delete(At(name));
        }
        else
        {
            File.WriteAllText(At(name), text);
        }
    }

    protected override void Prepare()
    {
        WriteProgram("mv", $"""
            #!/bin/sh
            read -r left <{At("fail-at")}
            echo $((left - 1)) >{At("fail-at")}
            [ "$left" = 1 ] && kill -KILL $PPID && exit 1
            while [ -e {At("hang-mv")} ]; do echo >{At("in-mv")}; sleep 0.1; done
            exec /bin/mv "$@"
            """);
        File.WriteAllText(At("fail-at"), "0\n");
        Programs.SetMode(At("fail-at"), 0x1B6);
        File.WriteAllText(At("in-mv"), "");
        Programs.SetMode(At("in-mv"), 0x1B6);
        WriteProgram("rm", $"""
            #!/bin/sh
            if [ -e {At("kept")} ]; then
              case "$*" in *"$(cat {At("kept")})"*) echo 'rm: it is busy' >&2; exit 1 ;; esac
            fi
            exec /bin/rm "$@"
            """);
        WriteProgram("mkdir", $"""
            #!/bin/sh
            case "$1" in */n) while [ -e {At("hang")} ]; do sleep 0.1; done ;; esac
            exec /bin/mkdir "$@"
            """);
    }
}

/// <summary>Restores over ssh, beyond what every connection must do.</summary>
public sealed class SshRestoreTests(FragileServer server) : IClassFixture<FragileServer>
{
    private static readonly Dictionary<string, byte[]> Old = new(StringComparer.Ordinal)
    {
        ["a.txt"] = Bytes("old alpha"),
        ["conf/b.json"] = Bytes("{\"old\":true}"),
        ["conf/gone/x"] = Bytes("will be gone"),
        ["same"] = Bytes("the same"),
    };

    private static readonly Dictionary<string, byte[]> New = new(StringComparer.Ordinal)
    {
        ["a.txt"] = Bytes("new alpha"),
        ["conf/b.json"] = Bytes("{\"old\":false}"),
        ["conf/new/empty"] = [],
        ["conf/new/ a name with blanks "] = Noise(100_000),
        ["same"] = Bytes("the same"),
    };

    [SshFact]
    public async Task Whichever_move_a_restore_dies_in_the_next_contact_brings_the_old_state_back()
    {
        var kills = 0;
        for (var move = 1; ; move++)
        {
            await using var device = new SshTestDevice(server, new DeviceSeed { Items = Old });
            var before = await device.ReadAllAsync();
            var journal = new MemoryJournal();
            await using var dying = device.Connect();
            var session = (Core.Devices.Ssh.SshRestoreSession)await dying.BeginRestoreAsync(Plan(RestoreMode.Replace, New), journal, CancellationToken.None);
            await StageAsync(session, New);
            server.FailAtMove(move);
            session.OnSwapBroken = session.KillAsync;

            var error = await Record.ExceptionAsync(() => session.CommitAsync(CancellationToken.None));

            server.FailAtMove(0);
            if (error is null)
            {
                await session.DisposeAsync();
                Assert.Equal(New["a.txt"], (await device.ReadAllAsync())["a.txt"]);
                break;
            }

            kills++;
            await using var connection = device.Connect();
            await connection.GetStatusAsync(CancellationToken.None);
            await ConnectionConformanceTests.AssertHoldsAsync(device, before);
            Assert.Equal(RestoreCommitOutcome.Completed, await RestoreAsync(connection, RestoreMode.Replace, New, journal));
            Assert.Equal(New.Keys.Append("edge-device.json").Order(StringComparer.Ordinal), (await device.ReadAllAsync()).Keys.Order(StringComparer.Ordinal));
            Assert.Empty(device.Beside());
            await session.DisposeAsync();
        }

        Assert.InRange(kills, 4, 20);
    }

    [SshFact]
    public async Task A_connection_that_breaks_in_the_swap_is_made_anew_and_the_old_state_brought_back()
    {
        await using var device = new SshTestDevice(server, new DeviceSeed { Items = Old });
        var before = await device.ReadAllAsync();
        var journal = new MemoryJournal();
        await using var connection = device.Connect();
        await using (var session = await connection.BeginRestoreAsync(Plan(RestoreMode.Replace, New), journal, CancellationToken.None))
        {
            await StageAsync(session, New);
            server.FailAtMove(3);

            var error = await Assert.ThrowsAsync<EdgeBackupException>(() => session.CommitAsync(CancellationToken.None));

            server.FailAtMove(0);
            Assert.Equal(ErrorIds.RestoreFailed, error.ErrorId);
            Assert.Contains("old state was brought back", error.Message, StringComparison.Ordinal);
        }

        await ConnectionConformanceTests.AssertHoldsAsync(device, before);
        Assert.Empty(journal.Open);
        Assert.Empty(device.Beside());
    }

    [SshFact]
    public async Task A_connection_that_is_cut_while_sending_leaves_the_old_state_and_nothing_else()
    {
        await using var device = new SshTestDevice(server, new DeviceSeed { Items = Old });
        var before = await device.ReadAllAsync();
        var journal = new MemoryJournal();
        await using var connection = device.Connect();
        await using (var session = await connection.BeginRestoreAsync(Plan(RestoreMode.Replace, New), journal, CancellationToken.None))
        {
            SshServer.Signal("KILL", server.Processes());
            await Assert.ThrowsAsync<EdgeBackupException>(async () =>
            {
                await StageAsync(session, New);
                await session.CommitAsync(CancellationToken.None);
            });
        }

        await ConnectionConformanceTests.AssertHoldsAsync(device, before);
        Assert.Empty(journal.Open);
        Assert.Empty(device.Beside());
    }

    [SshFact]
    public async Task What_is_the_same_already_is_neither_sent_nor_touched()
    {
        await using var device = new SshTestDevice(server, new DeviceSeed { Items = Old });
        await using var connection = device.Connect();
        var inode = Programs.Run("stat", "-c", "%i %Z", device.At("same"));
        var unread = new UnreadableStream();
        var plan = Plan(RestoreMode.Overlay, new Dictionary<string, byte[]> { ["same"] = Old["same"] });

        await using (var session = await connection.BeginRestoreAsync(plan, new MemoryJournal(), CancellationToken.None))
        {
            await session.WriteAsync(plan.Items[0].Saved, unread, CancellationToken.None);
            await session.CommitAsync(CancellationToken.None);
        }

        Assert.Equal(inode, Programs.Run("stat", "-c", "%i %Z", device.At("same")));
    }

    [SshFact]
    public async Task Modes_times_links_and_folders_come_back()
    {
        await using var device = new SshTestDevice(server, new DeviceSeed { Items = Old });
        await using var connection = device.Connect();
        var time = new DateTimeOffset(2020, 5, 6, 7, 8, 9, TimeSpan.Zero);
        var file = Saved("bin/run", Bytes("#!/bin/sh\n")) is var saved ? saved with { Item = saved.Item with { UnixMode = 0x1ED, Modified = time } } : null!;
        var items = new List<SavedItem>
        {
            new() { Item = new Item { Path = "a.txt", Type = ItemType.SymbolicLink, LinkTarget = "bin/run" } },
            new() { Item = new Item { Path = "bin", Type = ItemType.Directory, IsContainer = true, UnixMode = 0x1C0, Modified = time } },
            file,
            new() { Item = new Item { Path = "empty", Type = ItemType.Directory, UnixMode = 0x1ED, Modified = time } },
        };
        var plan = new RestorePlan(RestoreMode.Replace, [.. items.Select(item => new RestoreItem(item))]);

        await using (var session = await connection.BeginRestoreAsync(plan, new MemoryJournal(), CancellationToken.None))
        {
            foreach (var item in items)
            {
                using var content = new MemoryStream(item.Item.Type == ItemType.File ? Bytes("#!/bin/sh\n") : []);
                await session.WriteAsync(item, content, CancellationToken.None);
            }

            await session.CommitAsync(CancellationToken.None);
        }

        Assert.Equal("bin/run", new FileInfo(device.At("a.txt")).LinkTarget);
        Assert.Equal(0x1ED, Programs.GetMode(device.At("bin/run")));
        Assert.Equal(0x1C0, Programs.GetMode(device.At("bin")));
        Assert.Equal(time.UtcDateTime, File.GetLastWriteTimeUtc(device.At("bin/run")));
        Assert.Equal(time.UtcDateTime, Directory.GetLastWriteTimeUtc(device.At("bin")));
        Assert.Equal(["a.txt", "bin", "edge-device.json", "empty"], Directory.EnumerateFileSystemEntries(device.Root).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [SshFact]
    public async Task The_types_commands_run_around_a_restore_and_a_check_that_fails_brings_the_old_state_back()
    {
        await using var device = new SshTestDevice(server, new DeviceSeed { Items = Old });
        var log = Path.Combine(device.Parent, "log");
        DeviceCommand Note(string what) => new($"echo {what} $(cat a.txt) >>'{log}'", DeviceCommand.DefaultTimeout);
        DeviceType Type(string check) => new()
        {
            Id = "app",
            Title = "App",
            Connections = [ConnectionKind.Ssh],
            Commands = new DeviceCommands { BeforeRestore = [Note("before")], AfterRestore = [Note("after")] },
            Check = new SuccessCheck { Command = new DeviceCommand(check, DeviceCommand.DefaultTimeout), WaitUpTo = TimeSpan.Zero, Interval = TimeSpan.FromMilliseconds(10) },
        };
        Core.Devices.Ssh.SshDeviceConnection Connect(string check) =>
            new(server.Options(device.Root) with { Definition = Type(check) }, TimeProvider.System, server.Settings());
        var items = new Dictionary<string, byte[]> { ["a.txt"] = Bytes("new alpha") };

        await using (var connection = Connect("exit 3"))
        {
            var error = await Assert.ThrowsAsync<EdgeBackupException>(() => RestoreAsync(connection, RestoreMode.Overlay, items));
            Assert.Equal(ErrorIds.RestoreFailed, error.ErrorId);
            Assert.Contains("exit 3", error.Message, StringComparison.Ordinal);
        }

        Assert.Equal(Old["a.txt"], (await device.ReadAllAsync())["a.txt"]);
        Assert.Equal("before old alpha\nafter new alpha\nafter old alpha\n", await File.ReadAllTextAsync(log));
        await using (var connection = Connect("grep -q 'new alpha' a.txt"))
        {
            await RestoreAsync(connection, RestoreMode.Overlay, items);
        }

        Assert.Equal(Bytes("new alpha"), (await device.ReadAllAsync())["a.txt"]);
    }

    [SshFact]
    public async Task Only_what_the_type_looks_at_is_replaced_and_it_is_staged_beside_it()
    {
        await using var device = new SshTestDevice(server, new DeviceSeed
        {
            Items = new Dictionary<string, byte[]> { ["etc/app.conf"] = Bytes("old"), ["etc/app.d/x"] = Bytes("old x"), ["etc/app.d/cache/y"] = Bytes("y"), ["etc/other"] = Bytes("other") },
        });
        await using var connection = new Core.Devices.Ssh.SshDeviceConnection(
            server.Options(device.Root) with
            {
                Definition = new DeviceType
                {
                    Id = "app",
                    Title = "App",
                    Connections = [ConnectionKind.Ssh],
                    Paths = ["etc/app.conf", "etc/app.d", "opt/app"],
                    Items = [new ItemRule { Path = "etc/app.d/cache/**", Exclude = true }],
                },
            },
            TimeProvider.System,
            server.Settings());
        var items = new Dictionary<string, byte[]> { ["etc/app.conf"] = Bytes("new"), ["opt/app/z"] = Bytes("z") };

        await using (var session = await connection.BeginRestoreAsync(Plan(RestoreMode.Replace, items), new MemoryJournal(), CancellationToken.None))
        {
            await StageAsync(session, items);
            Assert.Contains(Directory.EnumerateDirectories(device.At("etc")), path => Path.GetFileName(path).StartsWith(".edgebackup-", StringComparison.Ordinal));
            await session.CommitAsync(CancellationToken.None);
        }

        var after = (await device.ReadAllAsync()).Keys.Order(StringComparer.Ordinal);
        Assert.Equal(["edge-device.json", "etc/app.conf", "etc/app.d/cache/y", "etc/other", "opt/app/z"], after);
        Assert.Equal(Bytes("new"), (await device.ReadAllAsync())["etc/app.conf"]);
        var outside = await Assert.ThrowsAsync<EdgeBackupException>(
            () => RestoreAsync(connection, RestoreMode.Overlay, new Dictionary<string, byte[]> { ["etc/other"] = Bytes("new") }));
        Assert.Equal(ErrorIds.RestoreTargetMismatch, outside.ErrorId);
    }

    [SshFact]
    public async Task R2_a_transaction_that_begins_while_sending_stops_the_restore()
    {
        await using var device = new SshTestDevice(server, new DeviceSeed { Items = Old });
        await using var connection = device.Connect();
        await using var session = await connection.BeginRestoreAsync(Plan(RestoreMode.Replace, New), new MemoryJournal(), CancellationToken.None);
        await StageAsync(session, New);
        await device.StartTransactionAsync();

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => session.CommitAsync(CancellationToken.None));

        Assert.Equal(ErrorIds.DeviceBusy, error.ErrorId);
        Assert.Equal(Old["a.txt"], (await device.ReadAllAsync())["a.txt"]);
    }

    [SshFact]
    public async Task Somebody_elses_open_restore_is_left_alone()
    {
        await using var device = new SshTestDevice(server, new DeviceSeed { Items = Old });
        await using var connection = device.Connect();
        await using var other = await connection.BeginRestoreAsync(Plan(RestoreMode.Replace, New), new MemoryJournal(), CancellationToken.None);

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => connection.BeginRestoreAsync(Plan(RestoreMode.Replace, New), new MemoryJournal(), CancellationToken.None));

        Assert.Equal(ErrorIds.DeviceBusy, error.ErrorId);
        await StageAsync(other, New);
        Assert.Equal(RestoreCommitOutcome.Completed, await other.CommitAsync(CancellationToken.None));
    }

    [SshFact]
    public async Task A_stage_of_ours_that_cannot_be_removed_is_known_until_it_can_be()
    {
        await using var device = new SshTestDevice(server, new DeviceSeed { Items = Old });
        var journal = new MemoryJournal();
        await using var connection = device.Connect();
        await device.KillAsync(await connection.BeginRestoreAsync(Plan(RestoreMode.Replace, New), journal, CancellationToken.None));
        var dead = Assert.Single(journal.Open);

        server.Keep(dead);
        Assert.Equal(RestoreCommitOutcome.Completed, await RestoreAsync(connection, RestoreMode.Replace, New, journal));
        server.Keep(null);

        Assert.Equal([dead], journal.Open);
        Assert.Contains(dead, Assert.Single(device.Beside()), StringComparison.Ordinal);
        Assert.Equal(RestoreCommitOutcome.Completed, await RestoreAsync(connection, RestoreMode.Replace, Old, journal));
        Assert.Empty(journal.Open);
        Assert.Empty(device.Beside());
    }

    [SshFact]
    public async Task A_stage_that_was_being_made_when_the_command_was_stopped_keeps_nobody_waiting()
    {
        await using var device = new SshTestDevice(server, new DeviceSeed { Items = Old });
        var journal = new MemoryJournal();
        await using var connection = device.Connect();
        using var stop = new CancellationTokenSource();
        server.HangInStage(true);
        var beginning = connection.BeginRestoreAsync(Plan(RestoreMode.Replace, New), journal, stop.Token);
        await Wait.UntilAsync(() => device.Beside().Any() || beginning.IsCompleted);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => beginning);
        server.HangInStage(false);

        Assert.Equal(RestoreCommitOutcome.Completed, await RestoreAsync(connection, RestoreMode.Replace, New, journal));
        Assert.Empty(journal.Open);
        Assert.Empty(device.Beside());
    }

    [SshFact]
    public async Task Where_nothing_can_stand_beside_the_root_it_is_staged_within()
    {
        await using var device = new SshTestDevice(server, new DeviceSeed { Items = Old });
        Programs.SetMode(device.Parent, 0x1ED);
        Programs.Give(device.Parent, 0);
        await using var connection = device.Connect();

        await using (var session = await connection.BeginRestoreAsync(Plan(RestoreMode.Replace, New), new MemoryJournal(), CancellationToken.None))
        {
            await StageAsync(session, New);
            var listed = await ListFilesAsync(connection);
            Assert.Equal(Old.Keys.Append("edge-device.json").Order(StringComparer.Ordinal), listed.Keys.Order(StringComparer.Ordinal));
            await session.CommitAsync(CancellationToken.None);
        }

        Assert.Equal(New.Keys.Append("edge-device.json").Order(StringComparer.Ordinal), (await device.ReadAllAsync()).Keys.Order(StringComparer.Ordinal));
        Assert.DoesNotContain(Directory.EnumerateFileSystemEntries(device.Root), path => Path.GetFileName(path).StartsWith('.'));
    }

    /// <summary>Throws when it is read.</summary>
    private sealed class UnreadableStream : MemoryStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => throw new InvalidOperationException("It was read.");
    }
}

/// <summary>A device on which a file can become no longer than 64 KiB, as if its disk were full.</summary>
public sealed class FullServer : SshServer
{
    protected override string MoreConfiguration => "ForceCommand ulimit -f 128; eval \"$SSH_ORIGINAL_COMMAND\"";
}

public sealed class SshFullDiskTests(FullServer server) : IClassFixture<FullServer>
{
    [SshFact]
    public async Task A_device_that_cannot_hold_what_is_sent_keeps_its_old_state_and_no_stage()
    {
        await using var device = new SshTestDevice(server, new DeviceSeed { Items = new Dictionary<string, byte[]> { ["a"] = Bytes("old") } });
        var before = await device.ReadAllAsync();
        var journal = new MemoryJournal();
        await using var connection = device.Connect();

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => RestoreAsync(
            connection, RestoreMode.Overlay, new Dictionary<string, byte[]> { ["a"] = Noise(2_000_000), ["b"] = Bytes("b") }, journal));

        Assert.Equal(ErrorIds.RestoreFailed, error.ErrorId);
        await ConnectionConformanceTests.AssertHoldsAsync(device, before);
        Assert.Empty(journal.Open);
        Assert.Empty(device.Beside());
        Assert.Equal(RestoreCommitOutcome.Completed, await RestoreAsync(connection, RestoreMode.Overlay, new Dictionary<string, byte[]> { ["a"] = Bytes("new") }));
    }
}
