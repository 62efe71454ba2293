using System.Text;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Types;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using Xunit;
using static EdgeBackup.Core.Tests.Devices.RestoreTestTools;

namespace EdgeBackup.Core.Tests.Devices.Ssh;

/// <summary>Captures over ssh, beyond what every connection must do.</summary>
public sealed class SshCaptureTests(SshServer server) : IClassFixture<SshServer>
{
    [SshFact]
    public async Task Folders_links_modes_and_times_are_listed_as_they_are()
    {
        await using var device = new SshTestDevice(server);
        await device.SetAsync("conf/a b's \"x\" $HOME `id`.txt", Bytes("a"));
        Programs.SetMode(device.At("conf/a b's \"x\" $HOME `id`.txt"), 0x1A0);
        Directory.CreateDirectory(device.At("empty"));
        File.CreateSymbolicLink(device.At("link to"), "conf/no where");
        await using var connection = device.Connect();
        await using var capture = await connection.BeginCaptureAsync(BackupContent.All, CancellationToken.None);

        var items = (await ListAsync(capture)).ToDictionary(item => item.Path, StringComparer.Ordinal);

        var file = items["conf/a b's \"x\" $HOME `id`.txt"];
        Assert.Equal(0x1A0, file.UnixMode);
        Assert.Equal(File.GetLastWriteTimeUtc(device.At(file.Path)), file.Modified!.Value.UtcDateTime);
        Assert.True(items["conf"].IsContainer);
        Assert.False(items["empty"].IsContainer);
        Assert.Equal("conf/no where", items["link to"].LinkTarget);
        Assert.Equal(ItemType.SymbolicLink, items["link to"].Type);
    }

    [SshFact]
    public async Task Thousands_of_small_files_come_over_one_connection()
    {
        await using var device = new SshTestDevice(server, new DeviceSeed
        {
            Items = Enumerable.Range(0, 1500).ToDictionary(index => $"many/{index % 40}/f{index}", index => Bytes($"file {index}")),
        });

        // Those of the test before may still be on their way out, and would be missed.
        await Wait.UntilAsync(() => server.Sessions().Count == 0);
        await using var connection = device.Connect();
        await using var capture = await connection.BeginCaptureAsync(BackupContent.All, CancellationToken.None);
        var files = (await ListAsync(capture)).Where(item => item.Type == ItemType.File).ToList();
        var sessions = server.Sessions().Count;

        await Parallel.ForEachAsync(files, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (item, token) =>
        {
            var captured = await capture.OpenReadAsync(item, token);
            Assert.Equal(await File.ReadAllBytesAsync(device.At(item.Path), token), await ReadToEndAsync(captured!));
        });

        Assert.Equal(1501, files.Count);
        Assert.Equal(sessions, server.Sessions().Count);
        await capture.CompleteAsync(CancellationToken.None);
    }

    [SshFact]
    public async Task Two_large_items_can_be_open_and_read_one_after_the_other()
    {
        var first = Noise(12_000_000, seed: 1);
        var second = Noise(12_000_000, seed: 2);
        await using var device = new SshTestDevice(server, new DeviceSeed { Items = new Dictionary<string, byte[]> { ["a"] = first, ["b"] = second } });
        await using var connection = device.Connect();
        await using var capture = await connection.BeginCaptureAsync(BackupContent.All, CancellationToken.None);
        var items = (await ListAsync(capture)).Where(item => item.Path is "a" or "b").ToList();

        var one = await capture.OpenReadAsync(items[0], CancellationToken.None);
        var two = await capture.OpenReadAsync(items[1], CancellationToken.None);

        Assert.Equal(second, await ReadToEndAsync(two!));
        Assert.Equal(first, await ReadToEndAsync(one!));
        Assert.Equal(items[0].Stamp, one!.Describe().Stamp);
        await capture.CompleteAsync(CancellationToken.None);
    }

    [SshFact]
    public async Task A_large_file_that_is_written_to_while_it_is_read_is_never_called_good()
    {
        var content = Noise(16_000_000);
        await using var device = new SshTestDevice(server, new DeviceSeed { Items = new Dictionary<string, byte[]> { ["big"] = content } });
        await using var connection = device.Connect();
        await using var capture = await connection.BeginCaptureAsync(BackupContent.All, CancellationToken.None);
        var item = (await ListAsync(capture)).Single(candidate => candidate.Path == "big");

        var captured = await capture.OpenReadAsync(item, CancellationToken.None);
        await captured!.Stream.ReadExactlyAsync(new byte[1]);
        await using (var writer = new FileStream(device.At("big"), FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            // Its length stays, and the last bytes have not been read yet: all that can be on the way (ssh grants 2 MB, we keep 3) is much less than the file.
            writer.Seek(-1, SeekOrigin.End);
            writer.WriteByte((byte)(content[^1] + 1));
        }

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => ReadToEndAsync(captured));
        Assert.Equal(ErrorIds.CaptureFailed, error.ErrorId);

        var again = await capture.OpenReadAsync(item, CancellationToken.None);
        Assert.Equal((byte)(content[^1] + 1), (await ReadToEndAsync(again!))[^1]);
    }

    [SshFact]
    public async Task A_file_that_only_grows_is_taken_up_to_where_it_was()
    {
        var content = Noise(16_000_000);
        await using var device = new SshTestDevice(server, new DeviceSeed { Items = new Dictionary<string, byte[]> { ["log"] = content } });
        await using var connection = device.Connect();
        await using var capture = await connection.BeginCaptureAsync(BackupContent.All, CancellationToken.None);
        var item = (await ListAsync(capture)).Single(candidate => candidate.Path == "log");

        var captured = await capture.OpenReadAsync(item, CancellationToken.None);
        await captured!.Stream.ReadExactlyAsync(new byte[1]);
        await File.AppendAllTextAsync(device.At("log"), "one more line");

        var rest = await ReadToEndAsync(captured);
        Assert.Equal(content[1..], rest);
        Assert.Null(captured.Describe().Stamp);
        await capture.CompleteAsync(CancellationToken.None);
    }

    [SshFact]
    public async Task A_cut_connection_fails_the_item_and_the_next_try_goes_on_over_a_new_one()
    {
        var content = Noise(16_000_000);
        await using var device = new SshTestDevice(server, new DeviceSeed { Items = new Dictionary<string, byte[]> { ["big"] = content } });
        await using var connection = device.Connect();
        await using var capture = await connection.BeginCaptureAsync(BackupContent.All, CancellationToken.None);
        var item = (await ListAsync(capture)).Single(candidate => candidate.Path == "big");
        var captured = await capture.OpenReadAsync(item, CancellationToken.None);
        await captured!.Stream.ReadExactlyAsync(new byte[1]);

        SshServer.Signal("KILL", server.Processes());

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => ReadToEndAsync(captured));
        Assert.Equal(ErrorIds.CaptureFailed, error.ErrorId);
        Assert.Equal(content, await ReadToEndAsync((await capture.OpenReadAsync(item, CancellationToken.None))!));
        await capture.CompleteAsync(CancellationToken.None);
    }

    [SshFact]
    public async Task A_device_that_freezes_in_the_middle_is_given_up()
    {
        await using var device = new SshTestDevice(server, new DeviceSeed { Items = new Dictionary<string, byte[]> { ["big"] = Noise(16_000_000) } })
        {
            Change = options => options with { SilenceLimit = TimeSpan.FromSeconds(3) },
        };
        await using var connection = device.Connect();
        await using var capture = await connection.BeginCaptureAsync(BackupContent.All, CancellationToken.None);
        var item = (await ListAsync(capture)).Single(candidate => candidate.Path == "big");
        var captured = await capture.OpenReadAsync(item, CancellationToken.None);
        await captured!.Stream.ReadExactlyAsync(new byte[1]);
        var frozen = server.Processes();

        SshServer.Signal("STOP", frozen);
        try
        {
            Assert.Equal(ErrorIds.CaptureFailed, (await Assert.ThrowsAsync<EdgeBackupException>(() => ReadToEndAsync(captured))).ErrorId);
        }
        finally
        {
            SshServer.Signal("KILL", frozen);
        }
    }

    [SshFact]
    public async Task A_file_that_may_not_be_read_is_named_and_the_others_are_read()
    {
        await using var device = new SshTestDevice(server, new DeviceSeed { Items = new Dictionary<string, byte[]> { ["a"] = Bytes("a"), ["b"] = Bytes("b"), ["c"] = Bytes("c") } });
        Programs.SetMode(device.At("b"), 0);
        if (Programs.IsSuperuser)
        {
            Programs.Give(device.At("b"), 0);
        }

        await using var connection = device.Connect();
        await using var capture = await connection.BeginCaptureAsync(BackupContent.All, CancellationToken.None);
        var items = (await ListAsync(capture)).ToDictionary(item => item.Path, StringComparer.Ordinal);

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => capture.OpenReadAsync(items["b"], CancellationToken.None));
        var again = await Assert.ThrowsAsync<EdgeBackupException>(() => capture.OpenReadAsync(items["b"], CancellationToken.None));

        Assert.Equal(ErrorIds.CaptureFailed, error.ErrorId);
        Assert.Contains("'b'", again.Message, StringComparison.Ordinal);
        Assert.Contains("Permission denied", again.Message, StringComparison.Ordinal);
        Assert.Equal(Bytes("c"), await ReadToEndAsync((await capture.OpenReadAsync(items["c"], CancellationToken.None))!));
    }

    [SshTheory]
    [InlineData("line\nbreak")]
    [InlineData("latin-\u00e4")]
    public async Task A_name_that_cannot_be_saved_is_refused_by_name(string name)
    {
        await using var device = new SshTestDevice(server);
        if (name.Contains('\n', StringComparison.Ordinal))
        {
            await device.SetAsync(name, Bytes("x"));
        }
        else
        {
            Programs.Run("sh", "-c", $"touch {device.Root}/$(printf 'latin-\\344')");
        }

        await using var connection = device.Connect();
        await using var capture = await connection.BeginCaptureAsync(BackupContent.All, CancellationToken.None);

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => ListAsync(capture));

        Assert.Equal(ErrorIds.ItemPathInvalid, error.ErrorId);
        Assert.Contains(name[..4], error.Message, StringComparison.Ordinal);
    }

    [SshFact]
    public async Task What_the_type_says_decides_what_is_listed_and_what_is_run_around_it()
    {
        await using var device = new SshTestDevice(server, new DeviceSeed
        {
            Items = new Dictionary<string, byte[]>
            {
                ["etc/app.conf"] = Bytes("a"), ["etc/app.d/x"] = Bytes("x"), ["etc/app.d/cache/y"] = Bytes("y"), ["var/log/app.log"] = Bytes("l"), ["other"] = Bytes("o"),
            },
        })
        {
            Change = options => options with
            {
                Definition = new DeviceType
                {
                    Id = "app",
                    Title = "App",
                    Connections = [ConnectionKind.Ssh],
                    Paths = ["etc/app.d", "var/log", "etc/missing"],
                    PathsCommand = new DeviceCommand("echo etc/app.conf; echo \"$PWD/etc/app.d/x\"", DeviceCommand.DefaultTimeout),
                    Items = [new ItemRule { Path = "etc/app.d/cache/**", Exclude = true }, new ItemRule { Path = "var/log/**", Kind = ItemKind.History }],
                    Commands = new DeviceCommands
                    {
                        BeforeCapture = [new DeviceCommand("echo before >>run.txt", DeviceCommand.DefaultTimeout)],
                        AfterCapture = [new DeviceCommand("echo after >>run.txt", DeviceCommand.DefaultTimeout)],
                    },
                },
            },
        };
        await using var connection = device.Connect();

        Assert.Equal(["etc/app.conf", "etc/app.d/x"], (await CaptureAsync(connection, BackupContent.Configuration)).Keys.Order(StringComparer.Ordinal));
        Assert.Equal(["etc/app.conf", "etc/app.d/x", "var/log/app.log"], (await CaptureAsync(connection, BackupContent.All)).Keys.Order(StringComparer.Ordinal));
        Assert.Equal("before\nafter\nbefore\nafter\n", await File.ReadAllTextAsync(device.At("run.txt")));
    }

    [SshFact]
    public async Task A_command_before_the_capture_that_fails_or_hangs_fails_the_capture_and_the_ones_after_run()
    {
        foreach (var command in new[] { new DeviceCommand("echo no way >&2; exit 7", TimeSpan.FromSeconds(30)), new DeviceCommand("sleep 600", TimeSpan.FromSeconds(1)) })
        {
            await using var device = new SshTestDevice(server)
            {
                Change = options => options with
                {
                    Definition = new DeviceType
                    {
                        Id = "app",
                        Title = "App",
                        Connections = [ConnectionKind.Ssh],
                        Commands = new DeviceCommands { BeforeCapture = [command], AfterCapture = [new DeviceCommand("touch after.txt", DeviceCommand.DefaultTimeout)] },
                    },
                },
            };
            await using var connection = device.Connect();

            var error = await Assert.ThrowsAsync<EdgeBackupException>(() => connection.BeginCaptureAsync(BackupContent.All, CancellationToken.None));

            Assert.Equal(ErrorIds.CaptureFailed, error.ErrorId);
            Assert.Contains(command.Command, error.Message, StringComparison.Ordinal);
            Assert.True(File.Exists(device.At("after.txt")));
        }
    }

    [SshFact]
    public async Task Who_the_device_is_and_what_runs_on_it_is_told_by_the_types_commands()
    {
        await using var device = new SshTestDevice(server);
        File.Delete(device.At("edge-device.json"));
        await device.SetAsync("release", Bytes("NAME=thing\nVERSION='23.05.2'\n"));
        var type = new DeviceType
        {
            Id = "thing",
            Title = "Thing",
            Connections = [ConnectionKind.Ssh],
            Identity = new IdentityRules
            {
                Id = new ValueSource { Command = new DeviceCommand("echo '  serial-9 '", DeviceCommand.DefaultTimeout) },
                Version = new ValueSource { File = "release", Pattern = "^VERSION='(.*)'$" },
            },
            Gate = new GateRules
            {
                Command = new DeviceCommand("cat busy 2>/dev/null || echo no", DeviceCommand.DefaultTimeout),
                BusyPattern = "^yes$",
                IdlePattern = "^no$",
                What = "a vehicle is charging",
            },
        };
        await using var connection = new Core.Devices.Ssh.SshDeviceConnection(
            server.Options(device.Root) with { Definition = type, Type = "thing" }, TimeProvider.System, server.Settings());

        var idle = await connection.GetStatusAsync(CancellationToken.None);
        await device.SetAsync("busy", Bytes("yes\n"));
        var busy = await connection.GetStatusAsync(CancellationToken.None);
        await device.SetAsync("busy", Bytes("perhaps\n"));
        var unknown = await connection.GetStatusAsync(CancellationToken.None);

        Assert.Equal(("serial-9", "23.05.2", "thing", true), (idle.Identity.Id, idle.Identity.Version, idle.Identity.Type, idle.Identity.IsOwnId));
        Assert.Null(idle.RunningWork);
        Assert.Null(idle.GateFault);
        Assert.Equal("a vehicle is charging", busy.RunningWork);
        Assert.NotNull(unknown.GateFault);
    }

    [SshFact]
    public async Task Nothing_stays_on_the_device_and_no_process_either()
    {
        await using var device = new SshTestDevice(server, new DeviceSeed { Items = new Dictionary<string, byte[]> { ["big"] = Noise(3_000_000) } });
        await using (var connection = device.Connect())
        {
            var capture = await connection.BeginCaptureAsync(BackupContent.All, CancellationToken.None);
            var item = (await ListAsync(capture)).Single(candidate => candidate.Path == "big");
            var captured = await capture.OpenReadAsync(item, CancellationToken.None);
            await captured!.Stream.ReadExactlyAsync(new byte[1]);
            await capture.DisposeAsync();
        }

        await Wait.UntilAsync(() => server.Sessions().Count == 0);
        Assert.Equal(["big", "edge-device.json"], Directory.EnumerateFileSystemEntries(device.Root).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Empty(device.Beside());
    }
}

/// <summary>A device that greets everybody before the command runs.</summary>
public sealed class NoisyServer : SshServer
{
    protected override string MoreConfiguration => "ForceCommand printf 'Welcome!\\n\\nToday: maintenance'; eval \"$SSH_ORIGINAL_COMMAND\"";
}

public sealed class SshNoiseTests(NoisyServer server) : IClassFixture<NoisyServer>
{
    [SshFact]
    public async Task What_start_up_files_print_does_no_harm()
    {
        await using var device = new SshTestDevice(server, new DeviceSeed { Items = new Dictionary<string, byte[]> { ["a"] = Encoding.UTF8.GetBytes("alpha") } });
        await using var connection = device.Connect();

        Assert.Equal(Bytes("alpha"), (await CaptureAsync(connection, BackupContent.All))["a"]);
    }
}
