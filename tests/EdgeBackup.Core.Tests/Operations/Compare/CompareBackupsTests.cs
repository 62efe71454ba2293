using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Compare;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations.Compare;

/// <summary>Compare-EdgeBackup: two backups, or a backup and a device.</summary>
public sealed class CompareBackupsTests
{
    [Fact]
    public async Task Two_backups_differ_item_by_item_and_value_by_value()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var root = await bench.AddFolderAsync("k");
        await File.WriteAllTextAsync(Path.Combine(root, "gone.txt"), "old");
        await File.WriteAllTextAsync(Path.Combine(root, "same.txt"), "same");
        var first = await bench.ManualAsync("k", "before");
        File.Delete(Path.Combine(root, "gone.txt"));
        await File.WriteAllTextAsync(Path.Combine(root, "setting.ini"), "a=22\n");
        Directory.CreateDirectory(Path.Combine(root, "sub"));
        await File.WriteAllTextAsync(Path.Combine(root, "sub", "new.json"), "{}");
        var second = await bench.ManualAsync("k", "after");

        var found = await CompareAsync(bench, first.Backup.Id, difference: "after");

        Assert.Equal(["Removed gone.txt 3 ", "Modified setting.ini 4 5", "Added sub/new.json  2"], Lines(found));
        var value = Assert.Single(found[1].Details);
        Assert.Equal(("/a", "1", "22"), (value.Path, value.Reference, value.Difference));
        Assert.All(found, item => Assert.Equal((first.Backup.Id, second.Backup.Id), (item.Reference, item.Difference)));
        Assert.Empty(await CompareAsync(bench, "before", difference: "before"));
    }

    [Fact]
    public async Task A_device_is_compared_as_it_is_and_what_its_stamps_promise_is_not_read()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var device = await bench.AddSimulatedAsync("e");
        device.Items.Set("config/a.json", """{"limit":16}"""u8.ToArray());
        var backup = await bench.AutomaticAsync("e");
        Assert.Empty(await CompareAsync(bench, backup.Backup.Id, device: "e"));

        device.Items.Set("config/a.json", """{"limit":32}"""u8.ToArray());
        device.Items.Set("config/b.json", "{}"u8.ToArray());
        var found = await CompareAsync(bench, backup.Backup.Id, device: "e");

        Assert.Equal(["Modified config/a.json 12 12", "Added config/b.json  2"], Lines(found));
        Assert.Equal("/limit", Assert.Single(found[0].Details).Path);
        Assert.Equal(backup.Backup.Id, Assert.Single(await bench.IdsAsync("e")));
    }

    [Fact]
    public async Task Items_without_stamps_are_read_and_compared_by_their_bytes()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var device = await bench.AddSimulatedAsync("e");
        device.Items.HasETags = false;
        device.Items.Set("config/a.json", """{"limit":16}"""u8.ToArray());
        var backup = await bench.AutomaticAsync("e");

        Assert.Empty(await CompareAsync(bench, backup.Backup.Id, device: "e"));
        device.Items.Set("config/a.json", """{"limit":17}"""u8.ToArray());
        Assert.Equal(["Modified config/a.json 12 12"], Lines(await CompareAsync(bench, backup.Backup.Id, device: "e")));
    }

    [Fact]
    public async Task A_backup_is_compared_with_another_device_too()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var one = await bench.AddSimulatedAsync("one");
        var two = await bench.AddSimulatedAsync("two");
        one.Items.Set("config/a.json", """{"limit":16}"""u8.ToArray());
        two.Items.Set("config/a.json", """{"limit":17}"""u8.ToArray());
        var backup = await bench.AutomaticAsync("one");

        Assert.Contains("Modified config/a.json 12 12", Lines(await CompareAsync(bench, backup.Backup.Id, device: "two")));
    }

    [Fact]
    public async Task A_device_that_charges_is_compared_and_left_alone()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var device = await bench.AddSimulatedAsync("e");
        var backup = await bench.AutomaticAsync("e");
        device.ChargePoints[0].StartTransaction();
        device.Items.Set("config/new.json", "{}"u8.ToArray());

        Assert.Equal(["Added config/new.json  2"], Lines(await CompareAsync(bench, backup.Backup.Id, device: "e")));
    }

    [Fact]
    public async Task History_counts_only_where_both_sides_hold_it()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var device = await bench.AddSimulatedAsync("b", isBuilding: true);
        var all = (await bench.BackUpAsync(["b"], new TakeBackupOptions { Kind = BackupKind.Automatic, Content = BackupContent.All })).Single().Backup!;
        device.Items.Set("history/more.csv", "1,2\n"u8.ToArray(), ItemKind.History);
        var configuration = (await bench.BackUpAsync(["b"], new TakeBackupOptions { Kind = BackupKind.Automatic, Content = BackupContent.Configuration })).Single().Backup!;

        Assert.Empty(await CompareAsync(bench, all.Backup.Id, difference: configuration.Backup.Id));
        Assert.Contains(bench.Observer.Warnings, warning => warning.Contains("History is left out", StringComparison.Ordinal));
        Assert.Equal(["Added history/more.csv  4"], Lines(await CompareAsync(bench, all.Backup.Id, device: "b")));
    }

    [Fact]
    public async Task Values_that_the_type_calls_volatile_are_left_out()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var types = bench.Path("types");
        Directory.CreateDirectory(types);
        var file = Path.Combine(types, "kiosk.json");
        await File.WriteAllTextAsync(file, """{"id":"kiosk","title":"Kiosk","connections":["Folder"],"items":[{"path":"*.json","volatile":[{"key":"seen"}]}]}""");
        var entry = Core.Operations.Repositories.DeviceTypeLibrary.ReadFile(file);
        await bench.Context.Types.KeepAsync(entry, default);
        var root = await bench.AddFolderAsync("k");
        await File.WriteAllTextAsync(Path.Combine(root, "state.json"), """{"seen":1,"limit":1}""");
        var first = await bench.AutomaticAsync("k");
        await File.WriteAllTextAsync(Path.Combine(root, "state.json"), """{"seen":2,"limit":1}""");
        var second = await bench.AutomaticAsync("k");

        Assert.True(second.Backup.Changed);
        Assert.Empty(await CompareAsync(bench, first.Backup.Id, difference: second.Backup.Id));
        Assert.Empty(await CompareAsync(bench, first.Backup.Id, device: "k"));
        await File.WriteAllTextAsync(Path.Combine(root, "state.json"), """{"seen":3,"limit":2}""");
        Assert.Equal("/limit", Assert.Single(Assert.Single(await CompareAsync(bench, first.Backup.Id, device: "k")).Details).Path);
    }

    [Fact]
    public async Task Only_the_named_paths_are_compared_and_one_that_is_nowhere_is_an_error()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var root = await bench.AddFolderAsync("k");
        var first = await bench.AutomaticAsync("k");
        await File.WriteAllTextAsync(Path.Combine(root, "setting.ini"), "a=2\n");
        await File.WriteAllTextAsync(Path.Combine(root, "new.txt"), "x");

        Assert.Equal(["Added new.txt  1"], Lines(await CompareAsync(bench, first.Backup.Id, device: "k", paths: ["new.txt"])));
        Assert.Equal(["Modified setting.ini 4 4"], Lines(await CompareAsync(bench, first.Backup.Id, device: "k", paths: ["*.ini"])));
        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => CompareAsync(bench, first.Backup.Id, device: "k", paths: ["nowhere"]));
        Assert.Equal(ErrorIds.ItemPathInvalid, error.ErrorId);
    }

    [Fact]
    public async Task A_device_that_is_gone_is_an_error()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddSimulatedAsync("e");
        var backup = await bench.AutomaticAsync("e");
        bench.SwitchOff("e");

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => CompareAsync(bench, backup.Backup.Id, device: "e"));
        Assert.NotEqual(ErrorIds.BackupNotFound, error.ErrorId);
    }

    [Fact]
    public async Task A_comparison_leaves_no_trace_in_the_repository()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var root = await bench.AddFolderAsync("k");
        var first = await bench.AutomaticAsync("k");
        await File.WriteAllTextAsync(Path.Combine(root, "setting.ini"), "a=2\n");
        var before = bench.Objects();

        await CompareAsync(bench, first.Backup.Id, device: "k");

        Assert.Equal(before, bench.Objects());
    }

    [Fact]
    public async Task An_empty_folder_that_got_an_item_is_no_difference_of_its_own()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var root = await bench.AddFolderAsync("k");
        Directory.CreateDirectory(Path.Combine(root, "d"));
        var first = await bench.AutomaticAsync("k");
        await File.WriteAllTextAsync(Path.Combine(root, "d", "x"), "x");

        Assert.Equal(["Added d/x  1"], Lines(await CompareAsync(bench, first.Backup.Id, device: "k")));
    }

    private static async Task<List<ItemDifference>> CompareAsync(OperationsBench bench, string reference, string? difference = null, string? device = null, IReadOnlyList<string>? paths = null) =>
        await new CompareBackups(bench.Context, bench.Observer)
            .RunAsync(new CompareOptions { Reference = reference, Difference = difference, Device = device, Paths = paths ?? [] }, default).ToListAsync();

    private static IEnumerable<string> Lines(IEnumerable<ItemDifference> found) =>
        found.Select(item => $"{item.Change} {item.Path} {item.ReferenceLength} {item.DifferenceLength}");
}
