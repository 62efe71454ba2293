using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Restore;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations;

public sealed class ListingTests
{
    [Fact]
    public async Task Backups_are_listed_by_device_and_newest_first()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var expected = new Dictionary<string, List<string>> { ["b"] = [], ["a"] = [], ["B"] = [] };
        foreach (var id in expected.Keys)
        {
            await bench.AddFolderAsync(id);
        }

        for (var round = 0; round < 3; round++)
        {
            bench.Advance(TimeSpan.FromMinutes(10));
            foreach (var outcome in await bench.BackUpAsync(expected.Keys))
            {
                expected[outcome.Device].Insert(0, outcome.Backup!.Backup.Id);
            }
        }

        var listed = await bench.ListAsync();
        Assert.Equal([.. expected["B"], .. expected["a"], .. expected["b"]], listed.Select(entry => entry.Backup.Id));
    }

    [Fact]
    public async Task R8_a_wildcard_over_many_devices_with_a_chain_of_switches_gives_each_backup_once()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var chain = (string[])["gen-1", "gen-2", "gen-3", "gen-4"];
        var fleet = chain.Concat(Enumerable.Range(1, 40).Select(number => $"site-{number:00}")).ToList();
        foreach (var id in fleet)
        {
            await bench.AddFolderAsync(id);
        }

        Assert.All(await bench.BackUpAsync(fleet), outcome => Assert.NotNull(outcome.Backup));
        for (var step = 1; step < chain.Length; step++)
        {
            await new SwitchDevice(bench.Context, bench.Observer).RunAsync(new SwitchOptions { Device = chain[step], Replaces = chain[step - 1] }, default);
        }

        // Each of the 44 has its own; each replacement a safety backup besides.
        var all = (await bench.ListAsync()).ConvertAll(listed => listed.Backup.Id);
        Assert.Equal(47, all.Distinct().Count());
        Assert.Equal(all, await bench.IdsAsync("*"));
        Assert.Equal(all, await bench.IdsAsync("*", "gen-*", "gen-4", "site-01"));
        Assert.Equal(7, (await bench.IdsAsync("gen-*")).Count);

        // The newest generation carries the whole chain on, by wildcard as by its id; one in the middle what is before it.
        Assert.Equal(await bench.IdsAsync("gen-*"), await bench.IdsAsync("gen-[4]"));
        Assert.Equal(await bench.IdsAsync("gen-4"), await bench.IdsAsync("*-4"));
        Assert.Equal(["gen-1", "gen-2"], (await bench.ListAsync(new FindBackupsOptions { Devices = ["?en-2"] })).Select(listed => listed.Backup.Device).Distinct());

        // A fence that was lifted cuts the chain.
        await new ChangeDevice(bench.Context, bench.Observer).SetAsync("gen-2", new ChangeDeviceOptions { LiftFence = true }, default);
        Assert.Equal(["gen-3", "gen-4"], (await bench.ListAsync(new FindBackupsOptions { Devices = ["*-4"] })).Select(listed => listed.Backup.Device).Distinct());
    }

    [Fact]
    public async Task Latest_means_the_newest_of_those_that_match()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("a");
        await bench.AddFolderAsync("b");
        var first = await bench.ManualAsync("a", "first");
        bench.Advance(TimeSpan.FromDays(1));
        var middle = bench.Clock.GetUtcNow();
        var second = await bench.ManualAsync("a", "second");
        bench.Advance(TimeSpan.FromDays(1));
        var automatic = await bench.AutomaticAsync("a");
        var other = await bench.AutomaticAsync("b");

        Assert.Equal([automatic.Backup.Id, other.Backup.Id], await Latest(new FindBackupsOptions()));
        Assert.Equal([second.Backup.Id], await Latest(new FindBackupsOptions { Kinds = [BackupKind.Manual] }));
        Assert.Equal([first.Backup.Id], await Latest(new FindBackupsOptions { Before = middle }));
        Assert.Equal([first.Backup.Id], await Latest(new FindBackupsOptions { Names = ["f*"] }));
        Assert.Equal([other.Backup.Id], await Latest(new FindBackupsOptions { Devices = ["b"] }));
        Assert.Empty(await Latest(new FindBackupsOptions { After = bench.Clock.GetUtcNow().AddDays(1) }));

        async Task<IEnumerable<string>> Latest(FindBackupsOptions options) =>
            (await bench.ListAsync(options with { Latest = true })).Select(listed => listed.Backup.Id);
    }

    [Fact]
    public async Task After_includes_its_moment_and_Before_does_not()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("a");
        var backup = (await bench.AutomaticAsync("a")).Backup;
        Assert.Single(await bench.ListAsync(new FindBackupsOptions { After = backup.Created }));
        Assert.Empty(await bench.ListAsync(new FindBackupsOptions { After = backup.Created.AddTicks(1) }));
        Assert.Empty(await bench.ListAsync(new FindBackupsOptions { Before = backup.Created }));
        Assert.Single(await bench.ListAsync(new FindBackupsOptions { Before = backup.Created.AddTicks(1) }));

        // The same moment, said in another time zone.
        Assert.Single(await bench.ListAsync(new FindBackupsOptions { After = backup.Created.ToOffset(TimeSpan.FromHours(9)) }));
    }

    [Fact]
    public async Task Names_with_wildcard_characters_are_found_as_literals_and_by_wildcards()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("a");
        var brackets = (await bench.ManualAsync("a", "before [1]")).Backup.Id;
        var star = (await bench.ManualAsync("a", "100 * better")).Backup.Id;
        await bench.ManualAsync("a", "before 1");
        await bench.ManualAsync("a", "Über 'alles'");

        Assert.Equal([brackets], await Find("before `[1`]"));
        Assert.Equal([star], await Find("100 `* better"));
        Assert.Equal(2, (await Find("before*")).Count);
        Assert.Single(await Find("über 'alles'"));
        Assert.Equal(2, (await Find("before `[1`]", "100*")).Count);

        // Only the filter on kinds stands in the way: that is no unknown name.
        var errors = new List<EdgeBackupException>();
        Assert.Empty(await bench.ListAsync(new FindBackupsOptions { Names = ["before `[1`]"], Kinds = [BackupKind.Safety] }, errors));
        Assert.Empty(errors);

        // Where one backup is needed, the name may be given as it is.
        var find = new FindBackups(bench.Context);
        Assert.Equal(brackets, (await find.RequireOneAsync("before [1]", device: null, default)).Id);
        Assert.Equal(star, (await find.RequireOneAsync("100 * better", device: null, default)).Id);
        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => find.RequireOneAsync("before*", device: null, default));
        Assert.Equal(ErrorIds.BackupNotFound, error.ErrorId);
        Assert.Contains("2 backups", error.Message, StringComparison.Ordinal);

        async Task<List<string>> Find(params string[] names) =>
            [.. (await bench.ListAsync(new FindBackupsOptions { Names = names })).Select(listed => listed.Backup.Id)];
    }

    [Fact]
    public async Task A_device_id_with_brackets_means_that_device_and_not_its_neighbour()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("edge[1]");
        await bench.AddFolderAsync("edge1");
        await bench.BackUpAsync(["edge[1]", "edge1"]);
        var found = await RegisteredDevices.ResolveAsync(bench.Context, ["edge[1]"], default);
        Assert.Equal("edge[1]", Assert.Single(found).Id);
        Assert.Equal("edge[1]", (await bench.DeviceAsync("edge[1]")).Device.Id);
        Assert.Equal("edge[1]", Assert.Single(await bench.ListAsync(new FindBackupsOptions { Devices = ["edge[1]"] })).Backup.Device);
        Assert.Equal("edge1", (await bench.DeviceAsync("edge[12]")).Device.Id);
    }

    [Fact]
    public async Task A_literal_that_matches_nothing_is_an_error_with_the_nearest_names_and_a_wildcard_gives_nothing()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("edge-001");
        var backup = await bench.ManualAsync("edge-001", "before update");
        var errors = new List<EdgeBackupException>();
        Assert.Empty(await bench.ListAsync(new FindBackupsOptions { Devices = ["edge-01"] }, errors));
        Assert.Empty(await bench.ListAsync(new FindBackupsOptions { Names = ["before updates"] }, errors));
        Assert.Empty(await bench.ListAsync(new FindBackupsOptions { Ids = [backup.Backup.Id[..^1] + "g"] }, errors));
        Assert.Equal([ErrorIds.DeviceNotFound, ErrorIds.BackupNotFound, ErrorIds.BackupNotFound], errors.Select(error => error.ErrorId));
        Assert.Contains("'edge-001'", errors[0].Message, StringComparison.Ordinal);
        Assert.Contains("'before update'", errors[1].Message, StringComparison.Ordinal);
        Assert.Contains(backup.Backup.Id, errors[2].Message, StringComparison.Ordinal);

        errors.Clear();
        Assert.Empty(await bench.ListAsync(new FindBackupsOptions { Devices = ["x*"] }, errors));
        Assert.Empty(await bench.ListAsync(new FindBackupsOptions { Names = ["x*"], Ids = ["0*"] }, errors));
        Assert.Empty(errors);
        Assert.Single(await bench.ListAsync(new FindBackupsOptions { Devices = ["EDGE-001"], Ids = [backup.Backup.Id.ToUpperInvariant()] }));
    }

    [Fact]
    public async Task Thousands_of_names_may_be_asked_for_at_once()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("k-1");
        await bench.ManualAsync("k-1", "n-1");
        var many = Enumerable.Range(1, 40_000).ToList();
        var errors = new List<EdgeBackupException>();
        var listed = await bench.Context.Catalog.QueryBackupsAsync(
            new() { Devices = many.ConvertAll(number => $"k-{number}"), Names = many.ConvertAll(number => $"N-{number}") }, default).ToListAsync();
        Assert.Equal("n-1", Assert.Single(listed).Name);
        var devices = await bench.Context.Catalog.QueryDevicesAsync(new() { Ids = many.ConvertAll(number => $"k-{number}") }, default).ToListAsync();
        Assert.Equal("k-1", Assert.Single(devices).Id);
    }

    [Fact]
    public async Task Devices_are_found_by_name_tag_and_type_with_wildcards()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("a", tags: ["north", "Tower"]);
        await bench.AddFolderAsync("b", tags: ["south"]);
        await bench.AddSimulatedAsync("edge-1");
        Assert.Equal(["a"], await Find(new FindDevicesOptions { Tags = ["t*"] }));
        Assert.Equal(["a", "b"], await Find(new FindDevicesOptions { Tags = ["north", "SOUTH"] }));
        Assert.Equal(["edge-1"], await Find(new FindDevicesOptions { Types = ["edge*"] }));
        Assert.Equal(["edge-1"], await Find(new FindDevicesOptions { Names = ["*edge-1"] }));
        Assert.Equal(["a", "b", "edge-1"], await Find(new FindDevicesOptions { Replaced = false }));
        Assert.Empty(await Find(new FindDevicesOptions { Tags = ["north"], Types = ["edge*"] }));

        async Task<List<string>> Find(FindDevicesOptions options) =>
            await new FindDevices(bench.Context).RunAsync(options, error => throw error, default).Select(found => found.Device.Id).ToListAsync();
    }

    [Fact]
    public async Task A_damaged_record_hides_no_other()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("a");
        await bench.AutomaticAsync("a");
        var good = await bench.AutomaticAsync("a");
        var damaged = bench.Objects("backups/").First(name => !name.EndsWith(good.Backup.Id, StringComparison.Ordinal));
        var path = Path.Combine(bench.RepositoryFolder, damaged);
        var bytes = await File.ReadAllBytesAsync(path);
        bytes[^1] ^= 0x80;
        await File.WriteAllBytesAsync(path, bytes);

        var fresh = await bench.OpenAsync("somebody-else");
        var errors = new List<EdgeBackupException>();
        Assert.Equal([good.Backup.Id], (await bench.ListAsync(errors: errors, context: fresh)).Select(listed => listed.Backup.Id));
        Assert.Equal(ErrorIds.BackupDamaged, Assert.Single(errors).ErrorId);
    }

    [Fact]
    public async Task Items_are_listed_by_path_and_a_missing_one_is_an_error()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddSimulatedAsync("bms-1", isBuilding: true);
        var backup = (await bench.AutomaticAsync("bms-1")).Backup;
        var find = new FindBackupItems(bench.Context);
        var all = await find.RunAsync(backup, [], default).Select(item => item.Item.Path).ToListAsync();
        Assert.Equal(all.Order(StringComparer.Ordinal), all);
        Assert.Equal(backup.ItemCount, all.Count);
        Assert.Equal(["config/alarms.xml"], await find.RunAsync(backup, ["*.xml"], default).Select(item => item.Item.Path).ToListAsync());
        Assert.Equal(all.Count(path => path.StartsWith("config/", StringComparison.Ordinal)), await find.RunAsync(backup, ["config"], default).CountAsync());
        var error = await Assert.ThrowsAsync<EdgeBackupException>(async () => await find.RunAsync(backup, ["config/alarm.xml"], default).ToListAsync());
        Assert.Equal(ErrorIds.ItemPathInvalid, error.ErrorId);
        Assert.Contains("config/alarms.xml", error.Message, StringComparison.Ordinal);
    }
}
