using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Groups;
using EdgeBackup.Core.Operations.Transfer;
using EdgeBackup.Simulator.Devices;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations.Groups;

public sealed class TakeGroupTests
{
    private static string[] Words(Exception? error) => [((EdgeBackupException)error!).ErrorId, error.Message];

    [Fact]
    public async Task R15_a_server_and_everything_below_it_are_one_group_of_one_name_that_each_member_tells_whole()
    {
        await using var group = await GroupBench.CreateAsync();
        var outcomes = await group.TakeAsync();
        Assert.Equal(["bms", "unit", "valve"], outcomes.Where(outcome => outcome.Backup is not null).Select(outcome => outcome.Device));
        var listed = await group.ListAsync("before update");
        Assert.Equal(["bms", "unit", "valve"], listed.Select(backup => backup.Backup.Device));
        Assert.All(listed, backup => Assert.Equal((BackupKind.Manual, "before update"), (backup.Backup.Kind, backup.Backup.Name)));
        foreach (var backup in listed)
        {
            // From the record itself, as any other reader has it.
            var record = await group.Bench.Context.Repository.ReadBackupAsync(backup.Backup.ObjectName, default);
            Assert.Equal((listed[0].Backup.Group!.Id, "before update", "bms"), (record.Group!.Id, record.Group.Name, record.Group.Server));
            Assert.Equal(
                [new BackupGroupMember("bms", null), new("unit", "bms"), new("valve", "unit"), new("bms-ahu", "bms")],
                record.Group.Members);
        }

        Assert.Equal(3, (await group.ListAsync(listed[0].Backup.Group!.Id)).Count);
    }

    [Fact]
    public async Task A_device_that_the_server_lists_and_nobody_registered_is_an_error_that_says_how_and_stays_a_member()
    {
        await using var group = await GroupBench.CreateAsync();
        var missing = Assert.Single(await group.TakeAsync(), outcome => outcome.Backup is null);
        Assert.Equal("bms-ahu", missing.Device);
        var words = Words(missing.Error);
        Assert.Equal(ErrorIds.DeviceNotFound, words[0]);
        Assert.Contains("Register-EdgeDevice 'bacnet://127.0.0.1:47808/1001' -Parent 'bms'", words[1], StringComparison.Ordinal);

        await group.ListAsync("before*");
        Assert.Contains(group.Bench.Observer.Warnings, warning => warning.Contains("no backup of 1 of its 4 devices: bms-ahu", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_listed_device_is_known_by_its_place_when_the_server_calls_it_otherwise_and_by_its_replacement()
    {
        await using var group = await GroupBench.CreateAsync();
        var edge = await group.Bench.AddSimulatedAsync("edge-1");
        var spare = await group.Bench.AddSimulatedAsync("edge-2");
        await group.Bench.AutomaticAsync("edge-1");
        group.Server.AddChild(new SimulatedChild("charger no. 1", "Charger", "edge-controller", edge.Address.AbsoluteUri.TrimEnd('/')));
        var outcomes = await group.TakeAsync(name: null);
        Assert.NotNull(outcomes.Single(outcome => outcome.Device == "edge-1").Backup);

        await new Core.Operations.Restore.SwitchDevice(group.Bench.Context, group.Bench.Observer).RunAsync(new() { Device = "edge-2", Replaces = "edge-1" }, default);
        outcomes = await group.TakeAsync(name: null);
        var replacement = outcomes.Single(outcome => outcome.Device == spare.Id);
        Assert.Equal(new BackupGroupMember("edge-2", "bms"), replacement.Backup!.Backup.Group!.Members[^1]);
        Assert.DoesNotContain(outcomes, outcome => outcome.Device == "edge-1");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_stood_below_a_device_that_was_replaced_stands_below_its_replacement(bool isUnregistered)
    {
        await using var group = await GroupBench.CreateAsync();
        await group.TakeAsync(name: null);
        await group.Bench.AddFolderAsync("unit-2", "unit=2\n");
        await group.Bench.AddSimulatedAsync("bms-2", isBuilding: true);
        var switching = new Core.Operations.Restore.SwitchDevice(group.Bench.Context, group.Bench.Observer);
        await switching.RunAsync(new() { Device = "unit-2", Replaces = "unit" }, default);
        await switching.RunAsync(new() { Device = "bms-2", Replaces = "bms" }, default);
        if (isUnregistered)
        {
            await new ChangeDevice(group.Bench.Context, group.Bench.Observer).UnregisterAsync("unit", default);
            await new ChangeDevice(group.Bench.Context, group.Bench.Observer).UnregisterAsync("bms", default);
        }

        var outcomes = await group.TakeAsync(null, "bms-2");
        Assert.Equal(["bms-2", "unit-2", "valve"], outcomes.Where(outcome => outcome.Backup is not null).Select(outcome => outcome.Device));
        var members = outcomes[0].Backup!.Backup.Group!.Members;
        Assert.Equal([new BackupGroupMember("bms-2", null), new("unit-2", "bms-2"), new("valve", "unit-2")], members.Take(3));
        Assert.Single(outcomes.Where(outcome => outcome.Backup is not null).Select(outcome => outcome.Backup!.Backup.Group!.Id).Distinct());
        Assert.Equal(["bms-2", "unit-2", "valve"], (await group.TakeAsync(null, "valve", "bms-2")).Where(outcome => outcome.Backup is not null).Select(outcome => outcome.Device));
        if (!isUnregistered)
        {
            outcomes = await group.TakeAsync(null, "bms");
            Assert.Equal(ErrorIds.DeviceReplaced, Words(outcomes[0].Error)[0]);
            Assert.Equal(["unit-2", "valve"], outcomes.Where(outcome => outcome.Backup is not null).Select(outcome => outcome.Device));
        }
    }

    [Fact]
    public async Task Everything_below_comes_after_what_it_stands_below_and_one_that_fails_stops_none()
    {
        await using var group = await GroupBench.CreateAsync();
        group.Server.Faults.Add(new SimulatedFault { Kind = FaultKind.Status, Path = "items*", Status = 500, Times = -1 });
        var outcomes = await group.TakeAsync(name: null);
        Assert.Equal("bms", outcomes[0].Device);
        Assert.NotNull(outcomes[0].Error);
        Assert.True(outcomes.FindIndex(outcome => outcome.Device == "unit") < outcomes.FindIndex(outcome => outcome.Device == "valve"));
        Assert.All(outcomes.Where(outcome => outcome.Device is "unit" or "valve"), outcome => Assert.Null(outcome.Backup!.Backup.Group!.Name));
    }

    [Fact]
    public async Task A_name_that_one_member_has_already_is_its_own_error()
    {
        await using var group = await GroupBench.CreateAsync();
        await group.Bench.ManualAsync("unit", "Before Update");
        var outcomes = await group.TakeAsync();
        Assert.Equal(ErrorIds.BackupNameInUse, Words(outcomes.Single(outcome => outcome.Device == "unit").Error)[0]);
        Assert.Equal(["bms", "valve"], (await group.ListAsync("before update")).Select(backup => backup.Backup.Device));
    }

    [Fact]
    public async Task A_server_that_does_not_tell_what_stands_below_it_is_warned_of_and_a_member_named_beside_it_is_taken_once()
    {
        await using var group = await GroupBench.CreateAsync();
        group.Server.Faults.Add(new SimulatedFault { Kind = FaultKind.Status, Path = "children", Status = 404, Times = -1 });
        var outcomes = await group.TakeAsync(null, "valve", "bms");
        Assert.Equal(["bms", "unit", "valve"], outcomes.Select(outcome => outcome.Device));
        Assert.Single(outcomes.Select(outcome => outcome.Backup!.Backup.Group!.Id).Distinct());
        Assert.Contains(group.Bench.Observer.Warnings, warning => warning.StartsWith("bms: it could not be asked which devices stand below it", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_server_that_lists_a_device_without_a_name_does_not_spoil_the_group()
    {
        await using var group = await GroupBench.CreateAsync();
        group.Server.AddChild(new SimulatedChild("  ", "Nobody", "edge-controller", "http://127.0.0.1:9"));
        await group.TakeAsync();
        Assert.Equal(["bms", "unit", "valve"], (await group.ListAsync("before update")).Select(backup => backup.Backup.Device).Order(StringComparer.Ordinal));
        Assert.Contains(group.Bench.Observer.Warnings, warning => warning.StartsWith("bms: it could not be asked which devices stand below it", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(true, "s:", "a:s", "b:a")]
    [InlineData(false, "a:s", "s:")]
    [InlineData(false, "s:", "a:b", "b:a")]
    [InlineData(false, "s:", "a:s", "a:s")]
    [InlineData(false, "s:", "b:s")]
    [InlineData(false, "s:", "t:", "a:s")]
    [InlineData(false, "s:", "a:s", "\u001b[2J:s")]
    [InlineData(false)]
    public void A_group_in_a_file_is_believed_only_when_all_of_it_stands_below_its_server(bool isGood, params string[] members)
    {
        var group = new BackupGroup
        {
            Id = "0123456789abcdef01234567",
            Server = "s",
            Members = [.. members.Select(member => member.Split(':')).Select(parts => new BackupGroupMember(parts[0], parts[1].Length == 0 ? null : parts[1]))],
        };
        Assert.Equal(isGood, BackupGroups.IsWellFormed(group, "a"));
        Assert.False(BackupGroups.IsWellFormed(group with { Id = "no id" }, "a"));
    }

    [Fact]
    public async Task Copies_exports_and_imports_keep_the_group()
    {
        await using var group = await GroupBench.CreateAsync();
        await group.TakeAsync();
        var backup = (await group.ListAsync("before update"))[1].Backup;
        var file = group.Bench.Path("unit.edgebackup");
        await new ExportBackup(group.Bench.Context, group.Bench.Observer).RunAsync(backup, file, default);
        var other = await group.Bench.CreateAnotherAsync("other");
        var imported = await new ImportBackup(other, group.Bench.Observer).RunAsync(file, default);
        Assert.Equal((backup.Group!.Id, 4), (imported.Backup.Group!.Id, imported.Backup.Group.Members.Count));

        var copy = await group.Bench.CreateAnotherAsync("copy");
        await new SyncRepository(group.Bench.Context, copy, group.Bench.Observer).RunAsync(new(), default);
        Assert.Equal(3, (await group.Bench.ListAsync(new FindBackupsOptions { Groups = [backup.Group.Id] }, context: copy)).Count);
    }
}
