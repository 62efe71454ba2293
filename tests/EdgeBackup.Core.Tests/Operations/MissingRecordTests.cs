using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Operations.Restore;
using EdgeBackup.Core.Operations.Sync;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Tests.Durability.Faults;
using EdgeBackup.Core.Tests.Repository;
using Microsoft.Data.Sqlite;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations;

/// <summary>
/// Somebody who can write to the store, and has no key, takes a record away upon which commands decide. They notice when
/// they decide, not only when the repository is verified.
/// </summary>
public sealed class MissingRecordTests
{
    [Theory]
    [InlineData("user")]
    [InlineData("a new catalog")]
    public async Task Without_the_fence_that_was_removed_nothing_is_done_to_the_device(string user)
    {
        await using var bench = await OperationsBench.CreateAsync();
        var root = await bench.AddFolderAsync("a");
        await bench.AddFolderAsync("b");
        var backup = (await bench.AutomaticAsync("a")).Backup;
        await FenceAsync(bench);
        var (file, content) = await TakeAwayAsync(bench, NewestOf(bench, "a"));
        var context = await bench.OpenAsync(user);

        Func<Task>[] commands =
        [
            async () => throw (await bench.BackUpAsync(["a"], context: context)).Single().Error!,
            () => new RestoreBackup(context, bench.Observer).RunAsync(new RestoreOptions { Backup = backup.Id }, default),
            () => new RestoreBackup(context, bench.Observer).PlanAsync(new RestoreOptions { Backup = backup.Id }, default),
            () => new SwitchDevice(context, bench.Observer).RunAsync(new SwitchOptions { Device = "b", Replaces = "a" }, default),
            () => new ChangeDevice(context, bench.Observer).SetAsync("a", new ChangeDeviceOptions { Name = "x" }, default),
            () => new ChangeDevice(context, bench.Observer).UnregisterAsync("a", default),
            () => new ProtectBackup(context, bench.Observer).ProtectAsync(backup, reason: null, default),
            () => new RegisterDevice(context, bench.Observer).RunAsync(new RegisterDeviceOptions { Address = new DeviceAddress(ConnectionKind.Folder, root) }, default),
        ];
        var before = bench.Objects("devices/");
        foreach (var command in commands)
        {
            var error = await Assert.ThrowsAsync<EdgeBackupException>(command);
            Assert.Equal(ErrorIds.RepositoryDamaged, error.ErrorId);
            Assert.Contains(file.Name, error.Message, StringComparison.Ordinal);
            Assert.Contains("Test-EdgeRepository", error.Message, StringComparison.Ordinal);
            Assert.Contains("Repair-EdgeRepository", error.Message, StringComparison.Ordinal);
        }

        // The others are backed up as ever, and the fence holds again when it is back.
        Assert.Equal(before, bench.Objects("devices/"));
        Assert.Null((await bench.BackUpAsync(["b"], context: context)).Single().Error);
        await File.WriteAllBytesAsync(file.FullName, content);
        Assert.Equal(ErrorIds.DeviceReplaced, Assert.IsType<EdgeBackupException>((await bench.BackUpAsync(["a"], context: context)).Single().Error).ErrorId);
    }

    [Fact]
    public async Task A_device_all_of_whose_records_were_removed_does_not_pass_for_a_new_one()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var root = await bench.AddFolderAsync("a");
        await FenceAsync(bench);
        foreach (var name in bench.Objects(FolderOf(bench, "a")))
        {
            await TakeAwayAsync(bench, name);
        }

        await bench.ReopenAsync();
        var options = new RegisterDeviceOptions { Address = new DeviceAddress(ConnectionKind.Folder, root) };
        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => new RegisterDevice(bench.Context, bench.Observer).RunAsync(options, default));
        Assert.Equal(ErrorIds.RepositoryDamaged, error.ErrorId);
    }

    [Theory]
    [InlineData("user")]
    [InlineData("a new catalog")]
    public async Task A_backup_whose_protection_was_removed_does_not_expire_and_those_of_others_do(string user)
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("a");
        await bench.AddFolderAsync("b");
        var old = (await bench.AutomaticAsync("a")).Backup;
        var others = (await bench.AutomaticAsync("b")).Backup;
        await new ProtectBackup(bench.Context, bench.Observer).ProtectAsync(old, "keep", default);
        bench.Advance(TimeSpan.FromDays(400));
        await bench.AutomaticAsync("a");
        await bench.SetPolicyAsync(new PolicyValues { RetentionMonths = 100 });
        await bench.AutomaticAsync("b");
        await bench.SetPolicyAsync(new PolicyValues { RetentionMonths = 1 });
        var (file, _) = await TakeAwayAsync(bench, NewestOf(bench, "a"));

        // As the one who writes last: its own entries are not what it knows the protection by.
        var context = await bench.OpenAsync(user);
        var outcome = await new OptimizeRepository(context, bench.Observer).RunAsync(whatIf: false, default);
        Assert.Equal([others.Id], outcome.Expired.Select(expired => expired.Backup.Id));
        var warning = Assert.Single(bench.Observer.Warnings);
        Assert.StartsWith("a: nothing expires", warning, StringComparison.Ordinal);
        Assert.Contains(file.Name, warning, StringComparison.Ordinal);
        Assert.Equal(ErrorIds.RepositoryDamaged, Assert.IsType<EdgeBackupException>((await bench.BackUpAsync(["a"], context: context)).Single().Error).ErrorId);
        Assert.Contains(old.ObjectName, bench.Objects("backups/"));
    }

    [Fact]
    public async Task A_backup_whose_protection_is_removed_after_it_was_planned_does_not_expire()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var olds = new List<CatalogBackup>();
        foreach (var id in new[] { "a", "b" })
        {
            await bench.AddFolderAsync(id);
            olds.Add((await bench.AutomaticAsync(id)).Backup);
        }

        await bench.SetPolicyAsync(new PolicyValues { RetentionMonths = 100 });
        bench.Advance(TimeSpan.FromDays(400));
        await bench.AutomaticAsync("a");
        await bench.AutomaticAsync("b");
        await bench.SetPolicyAsync(new PolicyValues { RetentionMonths = 1 });
        var observer = new PlanObserver("b", () => File.Delete(Path.Combine(bench.RepositoryFolder, NewestOf(bench, "a"))));
        var outcome = await new OptimizeRepository(bench.Context, observer).RunAsync(whatIf: false, default);
        Assert.Equal([olds[1].Id], outcome.Expired.Select(expired => expired.Backup.Id));
        Assert.StartsWith("a: nothing expires", Assert.Single(observer.Warnings), StringComparison.Ordinal);
        Assert.Contains(olds[0].ObjectName, bench.Objects("backups/"));
    }

    [Fact]
    public async Task Nothing_expires_while_a_policy_is_missing_and_backups_go_on()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("a");
        var old = (await bench.AutomaticAsync("a")).Backup;
        await bench.SetPolicyAsync(new PolicyValues { RetentionMonths = 100 });
        bench.Advance(TimeSpan.FromDays(400));
        var (file, content) = await TakeAwayAsync(bench, bench.Objects("policies/").Single());
        await bench.ReopenAsync();
        await bench.AutomaticAsync("a");
        Assert.Empty((await bench.OptimizeAsync()).Expired);
        Assert.Contains(old.ObjectName, bench.Objects("backups/"));
        Assert.Equal(2, bench.Observer.Warnings.Count(warning => warning.Contains(file.Name, StringComparison.Ordinal) && warning.Contains("nothing expires", StringComparison.Ordinal)));

        await File.WriteAllBytesAsync(file.FullName, content);
        Assert.Empty((await bench.OptimizeAsync()).Expired);
        Assert.Equal(2, bench.Observer.Warnings.Count);
    }

    [Fact]
    public async Task What_is_missing_and_accepted_holds_nothing_up_any_more()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("a");
        await FenceAsync(bench);
        await TakeAwayAsync(bench, NewestOf(bench, "a"));
        Assert.NotNull((await bench.BackUpAsync(["a"])).Single().Error);

        // By another user, in the middle of a session of this one.
        var other = await bench.OpenAsync("other");
        await new RepairRepository(other, bench.Observer).RunAsync(new RepairRepositoryOptions { AcceptRollback = true }, default);
        Assert.Null((await bench.BackUpAsync(["a"])).Single().Error);
    }

    [Fact]
    public async Task A_record_that_was_never_named_is_not_missed()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("a");
        var core = bench.Context.Repository.Core;
        var name = $"{FolderOf(bench, "a")}ffffffffffff-000000000000";
        var entry = new DeviceLogEntry { Kind = DeviceLogEntryKind.FenceLifted, Device = "a", Time = bench.Clock.GetUtcNow(), Author = "x" };
        await core.Store.PutAsync(name, core.Sealer.Seal(name, entry.ToJson()), default);
        await bench.AutomaticAsync("a");
        await core.Store.DeleteAsync(name, default);
        await bench.AutomaticAsync("a");
    }

    [Fact]
    public async Task A_repository_that_is_whole_refuses_nobody_while_several_write_and_sum_up()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("a");
        var contexts = new List<RepositoryContext> { bench.Context, await bench.OpenAsync(), await bench.OpenAsync("other"), await bench.OpenAsync("other") };
        await Task.WhenAll(contexts.Select((context, number) => Task.Run(async () =>
        {
            for (var round = 0; round < 12; round++)
            {
                await context.Repository.FollowRecordsAsync(default);
                await new ChangeDevice(context, bench.Observer).SetAsync("a", new ChangeDeviceOptions { Name = $"{number} {round}" }, default);
                await PolicyBook.SetAsync(context.Repository, new PolicyEntry { Scope = PolicyScope.All, Values = new PolicyValues { ManualLimit = 3 }, Time = DateTimeOffset.UtcNow, Author = "x" }, default);
                Assert.Empty((await PolicyBook.LoadAsync(context.Repository, default)).Unreadable);
                // One at a time, as the lease of a maintainer has it.
                if (number == 0 && round % 4 == 3)
                {
                    await ChainTests.SumUpAsync(context.Repository);
                }
            }
        })));
        foreach (var context in contexts)
        {
            await context.Repository.FollowRecordsAsync(default);
            Assert.NotNull((await context.Devices.GetAsync("a", default)).Registration);
        }
    }

    [Fact]
    public async Task A_copy_is_not_made_without_a_word_about_a_record_that_is_missing()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("a");
        await FenceAsync(bench);
        var (file, _) = await TakeAwayAsync(bench, NewestOf(bench, "a"));
        var copy = await bench.CreateAnotherAsync("copy");
        var outcome = await new SyncRepository(bench.Context, copy, bench.Observer).RunAsync(new SyncOptions(), default);
        var failure = Assert.Single(outcome.Failed);
        Assert.Equal("a", failure.Device);
        Assert.Contains(file.Name, failure.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("user", "a", false)]
    [InlineData("a new catalog", "a", true)]
    [InlineData("a new catalog", null, false)]
    public async Task A_device_all_of_whose_records_were_removed_is_told_of_by_whatever_is_about_all(string user, string? told, bool hasBackup)
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("a");
        await bench.AddFolderAsync("b");
        if (hasBackup)
        {
            await bench.AutomaticAsync("a");
        }

        var (file, _) = await TakeAwayAsync(bench, NewestOf(bench, "a"));
        file.Directory!.Delete();
        var context = await bench.OpenAsync(user);
        for (var time = 0; time < 2; time++)
        {
            var errors = new List<EdgeBackupException>();
            await foreach (var found in new FindDevices(context, bench.Observer).RunAsync(new FindDevicesOptions(), error => { errors.Add(error); return Task.CompletedTask; }, default))
            {
                Assert.Contains(found.Device.Id, (string[])["a", "b"]);
            }

            Assert.Contains(file.Name, Assert.Single(errors).Message, StringComparison.Ordinal);
            var chosen = await RegisteredDevices.ResolveAsync(context, ["*"], default);
            Assert.Equal(2, chosen.Count);
            Assert.Contains(chosen, found => found.Id == "b");
            Assert.Contains(chosen, found => found.Id == told && (told is not null || found.Error!.Message.Contains(file.Name, StringComparison.Ordinal)));
            await context.Catalog.RefreshBackupsAsync(devices: null, default);
        }

        var copy = await bench.CreateAnotherAsync("copy");
        var outcome = await new SyncRepository(context, copy, bench.Observer).RunAsync(new SyncOptions(), default);
        var failure = Assert.Single(outcome.Failed);
        Assert.Equal(told, failure.Device);
        Assert.Contains(file.Name, failure.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("live_records")]
    [InlineData("backups")]
    public async Task A_catalog_that_is_made_anew_in_the_middle_of_a_command_knows_what_must_be_there(string lost)
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("a");
        await FenceAsync(bench);
        await bench.Context.Repository.FollowRecordsAsync(default);
        await TakeAwayAsync(bench, NewestOf(bench, "a"));
        using (var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = bench.CatalogPath, Pooling = false }.ToString()))
        {
            connection.Open();
            using var command = new SqliteCommand($"DROP TABLE {lost};", connection);
            command.ExecuteNonQuery();
        }

        await bench.Context.Catalog.RefreshBackupsAsync(devices: null, default);
        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => bench.Context.Devices.GetAsync("a", default));
        Assert.Equal(ErrorIds.RepositoryDamaged, error.ErrorId);
    }

    [Fact]
    public async Task What_a_command_pays_does_not_grow_with_the_chain()
    {
        using var contexts = new MemoryContexts();
        var store = new FaultyStore(new MemoryObjectStore());
        await using var context = contexts.Open(await Bench.CreateAsync(store), keep: false);
        var repository = context.Repository;
        for (var index = 0; index < 200; index++)
        {
            await repository.AppendAsync(RecordArea.Devices, $"d{index}", "{}"u8.ToArray(), default);
        }

        await repository.FollowRecordsAsync(default);
        var before = store.Calls;
        await repository.FollowRecordsAsync(default);
        Assert.InRange(store.Calls - before, 1, 5);
        await repository.AppendAsync(RecordArea.Devices, "d0", "{}"u8.ToArray(), default);
        before = store.Calls;
        await repository.FollowRecordsAsync(default);
        Assert.InRange(store.Calls - before, 1, 7);
        before = store.Calls;
        Assert.Empty(await repository.FindUnlistedAsync(RecordArea.Devices, "d0", await Bench.ListAsync(repository.ListAsync(RecordArea.Devices, "d0", default)), default));
        Assert.Equal(1, store.Calls - before);
    }

    /// <summary>Does something as a device is about to be planned, once those before it are.</summary>
    private sealed class PlanObserver(string device, Action action) : IOperationObserver
    {
        public List<string> Warnings { get; } = [];

        public void Verbose(string message)
        {
        }

        public void Warning(string message) => Warnings.Add(message);

        public void Progress(OperationProgress progress)
        {
            if (progress.Status == $"retention of {device}")
            {
                action();
            }
        }
    }

    private static string FolderOf(OperationsBench bench, string device) => $"devices/{bench.Context.Repository.SubjectFolder(device)}/";

    private static string NewestOf(OperationsBench bench, string device) => bench.Objects(FolderOf(bench, device))[^1];

    private static async Task FenceAsync(OperationsBench bench)
    {
        var state = await bench.Context.Devices.GetAsync("a", default);
        Assert.NotNull(await bench.Context.Devices.TryAppendAsync(state, DeviceLogEntryKind.Fenced, entry => entry with { ReplacedBy = "b" }, default));
    }

    private static async Task<(FileInfo File, byte[] Content)> TakeAwayAsync(OperationsBench bench, string name)
    {
        var file = new FileInfo(Path.Combine(bench.RepositoryFolder, name));
        var content = await File.ReadAllBytesAsync(file.FullName);
        file.Delete();
        return (file, content);
    }
}
