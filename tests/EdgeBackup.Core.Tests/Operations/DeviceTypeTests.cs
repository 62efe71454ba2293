using System.Text;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Types;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Operations.Restore;
using EdgeBackup.Core.Operations.Sync;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Repository;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations;

/// <summary>Types of one's own: in the folder, as a file, in the repository.</summary>
public sealed class DeviceTypeTests : IAsyncLifetime
{
    private const string Press =
        """
        {
          "id": "press",
          "title": "Press",
          "connections": ["Folder", "Http"],
          "items": [
            { "path": "cache/**", "exclude": true },
            { "path": "**/*.log", "kind": "History" },
            { "path": "plate.txt", "kind": "Identity" },
            { "path": "run/**", "retain": "None" }
          ]
        }
        """;

    private OperationsBench bench = null!;

    public async Task InitializeAsync() => bench = await OperationsBench.CreateAsync();

    public async Task DisposeAsync() => await bench.DisposeAsync();

    [Fact]
    public async Task A_file_in_the_users_folder_is_a_type_and_goes_with_the_device_into_the_repository()
    {
        var folder = MakePress();
        Drop("press.json", Press);
        var (catalog, faults, _) = await bench.Context.Types.ReadAsync(default);
        Assert.Empty(faults);
        Assert.Equal((DeviceTypeSource.Folder, bench.Path("user", "EdgeBackup", "types", "press.json")), (catalog.Get("press")!.Source, catalog.Get("press")!.Location));

        await RegisterAsync(folder, "press");
        Assert.Equal(DeviceTypeSource.Repository, (await bench.Context.Types.ReadAsync(default)).Catalog.Get("press")!.Source);
        Assert.Single(bench.Objects("types/"));
        Assert.Single(await bench.EventsAsync("TypeKept"));

        // Another machine, which does not have the file.
        var other = await bench.OpenAsync("elsewhere");
        Assert.NotNull((await bench.BackUpAsync(["p1"], context: other)).Single().Backup);
        Assert.Equal(["data/a.ini", "edge-device.json", "plate.txt"], await ItemsAsync());
    }

    [Fact]
    public async Task The_rules_decide_what_a_folder_holds_and_a_restore_leaves_the_rest_alone()
    {
        var folder = MakePress();
        await RegisterAsync(folder, "press", Press);
        await bench.BackUpAsync(["p1"], new TakeBackupOptions { Kind = BackupKind.Manual, Name = "before", Content = BackupContent.All });
        Assert.Equal(["data/a.ini", "data/old.log", "edge-device.json", "plate.txt"], await ItemsAsync());

        Write(folder, "data/a.ini", "changed");
        Write(folder, "data/b.ini", "new");
        Write(folder, "data/old.log", "grown");
        Write(folder, "cache/big.bin", "warmer");
        var result = await new RestoreBackup(bench.Context, bench.Observer).RunAsync(new RestoreOptions { Backup = "before" }, default);
        Assert.Equal(["data/b.ini"], result.Removed);
        Assert.Equal("a=1", Read(folder, "data/a.ini"));
        Assert.Equal("grown", Read(folder, "data/old.log"));
        Assert.Equal("warmer", Read(folder, "cache/big.bin"));
        Assert.Equal("42", Read(folder, "run/pid"));
        Assert.False(File.Exists(Path.Combine(folder, "data", "b.ini")));

        await new RestoreBackup(bench.Context, bench.Observer).RunAsync(new RestoreOptions { Backup = "before", Content = RestoreContent.All }, default);
        Assert.Equal("old", Read(folder, "data/old.log"));
    }

    [Fact]
    public async Task A_folder_that_is_excluded_need_not_be_readable()
    {
        if (OperatingSystem.IsWindows() || Environment.UserName == "root")
        {
            return; // Nothing is unreadable to root; on Windows rights are not modes.
        }

        var folder = MakePress();
        await RegisterAsync(folder, "press", Press);
        var cache = Path.Combine(folder, "cache");
        File.SetUnixFileMode(cache, UnixFileMode.None);
        try
        {
            Assert.NotNull((await bench.BackUpAsync(["p1"])).Single().Backup);
        }
        finally
        {
            File.SetUnixFileMode(cache, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    [Fact]
    public async Task A_changed_file_registered_again_is_a_new_version_for_all_devices_of_the_type()
    {
        var folder = MakePress();
        await RegisterAsync(folder, "press", Press);
        await RegisterAsync(folder, "press", Press);
        Assert.Single(bench.Objects("types/"));

        await RegisterAsync(folder, "press", Press.Replace("plate.txt", "no-plate.txt", StringComparison.Ordinal).Replace("**/*.log", "**/*.ini", StringComparison.Ordinal));
        Assert.Equal(2, bench.Objects("types/").Count);
        await bench.ReopenAsync();
        await bench.BackUpAsync(["p1"]);
        Assert.Equal(["data/old.log", "edge-device.json", "plate.txt"], await ItemsAsync());
        Assert.True((await bench.Context.Repository.VerifyAsync(new VerifyOptions(ReadData: true), null, default)).Healthy);
    }

    [Fact]
    public async Task A_type_in_the_repository_that_cannot_be_read_stops_its_devices_and_no_others()
    {
        var folder = MakePress();
        await RegisterAsync(folder, "press", Press);
        await bench.AddFolderAsync("k1");
        var file = Path.Combine(bench.RepositoryFolder, bench.Objects("types/").Single());
        var bytes = await File.ReadAllBytesAsync(file);
        bytes[^1] ^= 1;
        File.SetAttributes(file, FileAttributes.Normal);
        await File.WriteAllBytesAsync(file, bytes);
        await bench.ReopenAsync();

        var outcomes = await bench.BackUpAsync(["p1", "k1"]);
        Assert.Equal(ErrorIds.RepositoryDamaged, Assert.IsType<EdgeBackupException>(outcomes.Single(outcome => outcome.Device == "p1").Error).ErrorId);
        Assert.NotNull(outcomes.Single(outcome => outcome.Device == "k1").Backup);
        Assert.Single((await bench.Context.Types.ReadAsync(default)).Records);
        Assert.Single((await bench.Context.Repository.VerifyAsync(new VerifyOptions(ReadData: false), null, default)).Damage);
    }

    [Fact]
    public async Task A_type_that_somebody_removed_from_the_store_stops_its_devices()
    {
        await RegisterAsync(MakePress(), "press", Press);
        await bench.BackUpAsync(["p1"]);
        File.Delete(Path.Combine(bench.RepositoryFolder, bench.Objects("types/").Single()));
        await bench.ReopenAsync();
        var outcome = (await bench.BackUpAsync(["p1"])).Single();
        Assert.Equal(ErrorIds.RepositoryDamaged, Assert.IsType<EdgeBackupException>(outcome.Error).ErrorId);
    }

    [Fact]
    public async Task A_types_own_policy_holds_where_no_other_does()
    {
        await RegisterAsync(MakePress(), "press", Press.Replace("\"items\"", "\"policy\": { \"interval\": \"06:00:00\", \"keepLast\": 3 }, \"items\"", StringComparison.Ordinal));
        await bench.SetPolicyAsync(new PolicyValues { KeepLast = 5 });
        var policy = (await PolicyBook.LoadAsync(bench.Context.Repository, default)).For("p1", "press", [], site: null);
        Assert.Equal((TimeSpan.FromHours(6), "the device type"), (policy.Interval, policy.Sources["Interval"]));
        Assert.Equal((5, "all"), (policy.KeepLast, policy.Sources["KeepLast"]));
        Assert.Equal(TimeSpan.FromHours(24), (await PolicyBook.LoadAsync(bench.Context.Repository, default)).For("x", "kiosk", [], site: null).Interval);
    }

    [Fact]
    public async Task A_wrong_file_in_the_folder_is_named_and_keeps_no_other_from_being_used()
    {
        Drop("press.json", Press);
        Drop("broken.json", Press.Replace("\"History\"", "\"Past\"", StringComparison.Ordinal));
        Drop("second-press.json", Press);
        Drop("mine.json", """{"id":"folder","title":"Mine","connections":["Folder"]}""");
        Drop("notes.txt", "no type");
        var (catalog, faults, _) = await bench.Context.Types.ReadAsync(default);
        Assert.NotNull(catalog.Get("press"));
        Assert.Equal(["broken.json", "mine.json", "second-press.json"], faults.Select(fault => Path.GetFileName(fault.File)));
        Assert.Equal((7, "items[1].kind"), (faults[0].Problem.Line, faults[0].Problem.Property));
        Assert.Equal("Folder", catalog.Get("folder")!.Type.Title);

        var refused = await Assert.ThrowsAsync<EdgeBackupException>(() => RegisterAsync(MakePress(), "broken"));
        Assert.Equal(ErrorIds.DeviceTypeInvalid, refused.ErrorId);
        Assert.Contains("broken.json:7:", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_type_that_cannot_be_reached_in_this_way_or_has_a_shipped_id_is_refused_and_not_kept()
    {
        var overSsh = Press.Replace("[\"Folder\", \"Http\"]", "[\"Ssh\"]", StringComparison.Ordinal);
        var mismatch = await Assert.ThrowsAsync<EdgeBackupException>(() => RegisterAsync(MakePress(), "press", overSsh));
        Assert.Equal(ErrorIds.DeviceResponseInvalid, mismatch.ErrorId);
        var taken = Assert.Throws<EdgeBackupException>(() => TypeFile(Press.Replace("\"press\"", "\"folder\"", StringComparison.Ordinal)));
        Assert.Equal(ErrorIds.DeviceTypeInvalid, taken.ErrorId);
        Assert.Equal(ErrorIds.DeviceTypeInvalid, Assert.Throws<EdgeBackupException>(() => DeviceTypeLibrary.ReadFile(bench.Path("none.json"))).ErrorId);
        Assert.Empty(bench.Objects("types/"));
    }

    [Fact]
    public async Task Set_takes_a_type_from_a_file_too()
    {
        var folder = MakePress(type: null);
        await new RegisterDevice(bench.Context, bench.Observer).RunAsync(new RegisterDeviceOptions { Address = new DeviceAddress(ConnectionKind.Folder, folder), Id = "p1", Type = "folder" }, default);
        await new ChangeDevice(bench.Context, bench.Observer).SetAsync("p1", new ChangeDeviceOptions { Type = "press", TypeFile = TypeFile(Press) }, default);
        await bench.BackUpAsync(["p1"]);
        Assert.Equal(["data/a.ini", "plate.txt"], await ItemsAsync());
    }

    [Fact]
    public async Task An_HTTP_device_of_a_users_type_follows_the_rules_and_loses_nothing_that_they_keep()
    {
        var device = await bench.AddSimulatedAsync("p1", register: false);
        device.Items.Set("cache/x.bin", [1]);
        device.Items.Set("data/y.log", [2]);
        var type = Press.Replace("\"press\"", "\"edge-press\"", StringComparison.Ordinal);
        var told = await Assert.ThrowsAsync<EdgeBackupException>(() => RegisterHttpAsync("edge-press", type));
        Assert.Equal(ErrorIds.DeviceRegistrationMismatch, told.ErrorId);

        await using var connection = bench.Connections().Connect(new ConnectionOptions { Address = DeviceAddress.Parse(device.Address.AbsoluteUri, bench.Path()), Definition = TypeFile(type).Type });
        await using var capture = await connection.BeginCaptureAsync(BackupContent.Configuration, default);
        var items = await capture.ListAsync(default).ToListAsync();
        Assert.DoesNotContain(items, item => item.Path is "cache/x.bin" or "data/y.log" || item.Kind == ItemKind.History);
        await using var everything = await connection.BeginCaptureAsync(BackupContent.All, default);
        Assert.Equal(ItemKind.History, (await everything.ListAsync(default).ToListAsync()).Single(item => item.Path == "data/y.log").Kind);

        var refused = await Assert.ThrowsAsync<EdgeBackupException>(() => connection.BeginRestoreAsync(new RestorePlan(RestoreMode.Replace, []), new NoJournal(), default));
        Assert.Equal(ErrorIds.RestoreTargetMismatch, refused.ErrorId);
        Assert.Contains("cache/x.bin", refused.Message, StringComparison.Ordinal);
        await (await connection.BeginRestoreAsync(new RestorePlan(RestoreMode.Overlay, []), new NoJournal(), default)).DisposeAsync();

        async Task RegisterHttpAsync(string id, string json) => await new RegisterDevice(bench.Context, bench.Observer).RunAsync(
            new RegisterDeviceOptions { Address = DeviceAddress.Parse(device.Address.AbsoluteUri, bench.Path()), Type = id, TypeFile = TypeFile(json) }, default);
    }

    [Fact]
    public async Task A_copy_of_the_repository_knows_the_types_too()
    {
        await RegisterAsync(MakePress(), "press", Press);
        await bench.BackUpAsync(["p1"]);
        var copy = await bench.CreateAnotherAsync("copy");
        var first = await new SyncRepository(bench.Context, copy, bench.Observer).RunAsync(new SyncOptions(), default);
        Assert.Empty(first.Failed);
        Assert.Equal(Encoding.UTF8.GetBytes(Press), (await copy.Types.ReadAsync(default)).Catalog.Get("press")!.Json.ToArray());
        Assert.Equal(0, (await new SyncRepository(bench.Context, copy, bench.Observer).RunAsync(new SyncOptions(), default)).Records);
    }

    private async Task RegisterAsync(string folder, string type, string? json = null) => await new RegisterDevice(bench.Context, bench.Observer).RunAsync(
        new RegisterDeviceOptions { Address = new DeviceAddress(ConnectionKind.Folder, folder), Type = type, TypeFile = json is null ? null : TypeFile(json) }, default);

    private DeviceTypeEntry TypeFile(string json)
    {
        var file = bench.Path("given.json");
        File.WriteAllText(file, json);
        return DeviceTypeLibrary.ReadFile(file);
    }

    private void Drop(string name, string text)
    {
        Directory.CreateDirectory(bench.Path("user", "EdgeBackup", "types"));
        File.WriteAllText(bench.Path("user", "EdgeBackup", "types", name), text);
    }

    private string MakePress(string? type = "press")
    {
        var folder = bench.Path("press");
        if (type is not null)
        {
            Write(folder, "edge-device.json", $$"""{"id":"p1","type":"{{type}}"}""");
        }

        Write(folder, "data/a.ini", "a=1");
        Write(folder, "data/old.log", "old");
        Write(folder, "cache/big.bin", "warm");
        Write(folder, "run/pid", "42");
        Write(folder, "plate.txt", "serial 7");
        return folder;
    }

    private static void Write(string folder, string path, string text)
    {
        var file = Path.Combine(folder, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
    }

    private static string Read(string folder, string path) => File.ReadAllText(Path.Combine(folder, path));

    [Fact]
    public async Task A_type_says_when_and_how_strictly_where_no_policy_does()
    {
        var folder = MakePress();
        Drop("press.json", Press.Replace("\"items\"", """ "policy": { "window": "sat 8:00-10:00", "timeZone": "W. Europe Standard Time", "sizeFactor": 3.5 }, "items" """, StringComparison.Ordinal));
        await RegisterAsync(folder, "press");
        var policy = (await PolicyBook.LoadAsync(bench.Context.Repository, default)).For("p1", "press", [], site: null);
        Assert.Equal(("Sat 08:00-10:00", "Europe/Berlin", 3.5), (policy.Window, policy.TimeZone, policy.SizeFactor));
        Assert.Equal(["the device type"], new[] { "Window", "TimeZone", "SizeFactor" }.Select(name => policy.Sources[name]).Distinct());

        // A Monday: the window is closed until Saturday.
        bench.Put(new DateTimeOffset(2030, 6, 3, 12, 0, 0, TimeSpan.Zero));
        var planned = Assert.Single(await new Core.Operations.Scheduling.PlanSchedule(bench.Context, bench.Observer).RunAsync(["p1"], TimeSpan.Zero, default));
        Assert.Equal((Core.Schedule.DueState.WaitingForWindow, new DateTimeOffset(2030, 6, 8, 6, 0, 0, TimeSpan.Zero)), (planned.Decision.State, planned.Decision.At));
        await bench.SetPolicyAsync(new PolicyValues { Window = "Always" });
        planned = Assert.Single(await new Core.Operations.Scheduling.PlanSchedule(bench.Context, bench.Observer).RunAsync(["p1"], TimeSpan.Zero, default));
        Assert.Equal(Core.Schedule.DueState.Due, planned.Decision.State);
    }

    [Fact]
    public async Task A_type_is_tried_on_a_folder_and_says_which_rule_takes_what()
    {
        var folder = MakePress();
        var type = Core.Devices.Types.Reading.DeviceTypeReader.ReadGood(Encoding.UTF8.GetBytes(Press.Replace("{ \"path\": \"plate.txt\"", """{ "path": "data/old.log" }, { "path": "etc/**", "required": true }, { "path": "plate.txt" """, StringComparison.Ordinal)), "press.json");
        var before = Directory.EnumerateFileSystemEntries(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).ToList();
        var trial = await new TryDeviceType(bench.Connections()).RunAsync(
            new ConnectionOptions { Address = new DeviceAddress(ConnectionKind.Folder, folder) }, type, (_, _) => Task.FromResult<DeviceType?>(null), default);
        Assert.Equal("p1", trial.Identity.Id);
        Assert.Equal(
            [
                ("cache/big.bin", "cache/**", ItemKind.Configuration, false), ("data/a.ini", null, ItemKind.Configuration, true), ("data/old.log", "**/*.log", ItemKind.History, true),
                ("edge-device.json", null, ItemKind.Identity, true), ("plate.txt", "plate.txt", ItemKind.Identity, true), ("run/pid", "run/**", ItemKind.Configuration, false),
            ],
            trial.Items.Select(item => (item.Item.Path, item.Rule, item.Item.Kind, item.LeftOut is null)));
        Assert.Equal(["data/old.log", "etc/**"], trial.UnusedRules);
        Assert.Contains(trial.Warnings, warning => warning.Contains("'**/*.log' stands before it", StringComparison.Ordinal));
        Assert.Contains(trial.Warnings, warning => warning.StartsWith("'etc/**' is required", StringComparison.Ordinal));
        Assert.Equal(before, Directory.EnumerateFileSystemEntries(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal));

        var wrong = type with { Id = "other" };
        var refused = await Assert.ThrowsAsync<EdgeBackupException>(() => new TryDeviceType(bench.Connections()).RunAsync(
            new ConnectionOptions { Address = new DeviceAddress(ConnectionKind.Folder, folder) }, wrong, (_, _) => Task.FromResult<DeviceType?>(null), default));
        Assert.Equal(ErrorIds.DeviceRegistrationMismatch, refused.ErrorId);
    }

    private async Task<List<string>> ItemsAsync()
    {
        var newest = (await bench.ListAsync(new FindBackupsOptions { Devices = ["p1"] })).MaxBy(listed => listed.Backup.Created)!;
        var record = await bench.Context.Repository.ReadBackupAsync(newest.Backup.ObjectName, default);
        return [.. (await bench.Context.Repository.ReadItemsAsync(record, default).ToListAsync()).Where(saved => !saved.Item.IsContainer).Select(saved => saved.Item.Path)];
    }

    private sealed class NoJournal : IRestoreJournal
    {
        public Task<bool> IsOwnAsync(string sessionId, CancellationToken cancellationToken) => Task.FromResult(false);

        public Task OpenedAsync(string sessionId, CancellationToken cancellationToken) => Task.CompletedTask;

        public Task ClosedAllButAsync(IReadOnlyCollection<string> left, CancellationToken cancellationToken) => Task.CompletedTask;

        public Task ClosedAsync(string sessionId, CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
