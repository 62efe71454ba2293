using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Records;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations;

/// <summary>A device whose log lacks a record is named by whatever is about it, each time, and holds no other device up (R16).</summary>
public sealed class UnreadableDeviceTests
{
    [Theory]
    [InlineData("user", 1)]
    [InlineData("user", 0)]
    [InlineData("a new catalog", 1)]
    [InlineData("a new catalog", 0)]
    public async Task A_wildcard_means_a_device_whose_log_lacks_a_record_and_it_fails_alone(string user, int removed)
    {
        await using var bench = await CreateAsync();
        await new ChangeDevice(bench.Context, bench.Observer).SetAsync("a", new ChangeDeviceOptions { Name = "x" }, default);
        var name = Log(bench, "a")[removed];
        File.Delete(Path.Combine(bench.RepositoryFolder, name));
        var context = await bench.OpenAsync(user);
        await context.Repository.FollowRecordsAsync(default);
        for (var time = 0; time < 2; time++)
        {
            var chosen = await RegisteredDevices.ResolveAsync(context, ["*"], default, passOverReplaced: true);
            Assert.All(chosen, found => Assert.Null(found.Error));
            Assert.Equal(["a", "b"], chosen.Select(found => found.Id).Order(StringComparer.Ordinal));
            var outcomes = await bench.BackUpAsync(chosen.Select(found => found.Id!), context: context);
            AssertNames(name, Assert.IsType<EdgeBackupException>(outcomes.Single(outcome => outcome.Device == "a").Error));
            Assert.Null(outcomes.Single(outcome => outcome.Device == "b").Error);

            var literal = await RegisteredDevices.ResolveAsync(context, ["a", "b"], default);
            Assert.Equal(["a", "b"], literal.Select(found => found.Id));
        }
    }

    [Fact]
    public async Task A_log_that_nothing_tells_the_device_of_is_an_error_each_time()
    {
        await using var bench = await CreateAsync();
        var name = Log(bench, "a").Single();
        await File.WriteAllTextAsync(Path.Combine(bench.RepositoryFolder, name), "torn");
        var context = await bench.OpenAsync("a new catalog");
        for (var time = 0; time < 2; time++)
        {
            var chosen = await RegisteredDevices.ResolveAsync(context, ["*", "b*"], default);
            AssertNames(name, Assert.Single(chosen, found => found.Error is not null).Error!);
            Assert.Equal(["b", "b"], chosen.Select(found => found.Id).OfType<string>());
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_device_is_listed_by_what_is_left_of_its_log_once_the_loss_is_accepted_and_no_sooner(bool isNoticed)
    {
        await using var bench = await CreateAsync();
        var state = await bench.Context.Devices.GetAsync("a", default);
        Assert.NotNull(await bench.Context.Devices.TryAppendAsync(state, DeviceLogEntryKind.Fenced, entry => entry with { ReplacedBy = "b" }, default));
        Assert.Empty(await bench.Context.Catalog.RefreshDevicesAsync(default));
        var name = Log(bench, "a")[^1];
        File.Delete(Path.Combine(bench.RepositoryFolder, name));
        for (var time = 0; isNoticed && time < 2; time++)
        {
            AssertNames(name, Assert.Single(await bench.Context.Catalog.RefreshDevicesAsync(default)));
            Assert.Equal(["b"], await InServiceAsync(bench));
        }

        var other = await bench.OpenAsync("other");
        await new RepairRepository(other, bench.Observer).RunAsync(new RepairRepositoryOptions { AcceptRollback = true }, default);
        Assert.Empty(await bench.Context.Catalog.RefreshDevicesAsync(default));
        Assert.Equal(["a", "b"], await InServiceAsync(bench));
    }

    [Fact]
    public async Task Backups_are_listed_with_an_error_that_names_what_is_missing_of_a_device()
    {
        await using var bench = await CreateAsync();
        await new ChangeDevice(bench.Context, bench.Observer).SetAsync("a", new ChangeDeviceOptions { Name = "x" }, default);
        Assert.All(await bench.BackUpAsync(["a", "b"]), outcome => Assert.Null(outcome.Error));
        var name = Log(bench, "a")[^1];
        File.Delete(Path.Combine(bench.RepositoryFolder, name));
        foreach (var devices in (string[][])[[], ["a"], ["*"]])
        {
            var errors = new List<EdgeBackupException>();
            Assert.Equal(devices is ["a"] ? 1 : 2, (await bench.ListAsync(new FindBackupsOptions { Devices = devices }, errors)).Count);
            AssertNames(name, Assert.Single(errors));
        }

        var found = new List<EdgeBackupException>();
        var resolved = new FindBackups(bench.Context, bench.Observer).ResolveAsync(["*"], error => { found.Add(error); return Task.CompletedTask; }, default);
        Assert.Equal(2, await resolved.CountAsync());
        AssertNames(name, Assert.Single(found));
    }

    private static async Task<OperationsBench> CreateAsync()
    {
        var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("a");
        await bench.AddFolderAsync("b");
        return bench;
    }

    private static List<string> Log(OperationsBench bench, string device) => bench.Objects($"devices/{bench.Context.Repository.SubjectFolder(device)}/");

    private static async Task<List<string>> InServiceAsync(OperationsBench bench) =>
        await bench.Context.Catalog.QueryDevicesAsync(new DeviceQuery { Replaced = false }, default).Select(device => device.Id).ToListAsync();

    private static void AssertNames(string name, EdgeBackupException error)
    {
        Assert.Equal(ErrorIds.RepositoryDamaged, error.ErrorId);
        Assert.Contains(name, error.Message, StringComparison.Ordinal);
    }
}
