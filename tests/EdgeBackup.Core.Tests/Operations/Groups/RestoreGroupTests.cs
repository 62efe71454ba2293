using System.Text;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Restore;
using EdgeBackup.Core.Records;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations.Groups;

public sealed class RestoreGroupTests
{
    private const string Point = "config/alarms.xml";

    [Fact]
    public async Task A_group_goes_back_with_its_server_first()
    {
        await using var group = await BrokenAsync();
        var before = group.Server.Items.List().Count;
        var (restored, errors) = await group.RestoreAsync("before update");
        Assert.Equal(["bms", "unit", "valve"], restored);
        Assert.Equal(("bms-ahu", ErrorIds.BackupNotFound), (errors.Single().Device, ((EdgeBackupException)errors.Single().Error).ErrorId));
        Assert.Equal(before, group.Server.Items.List().Count);
        Assert.DoesNotContain("broken", Encoding.UTF8.GetString(group.Server.Items.Find(Point)!.Content), StringComparison.Ordinal);
        Assert.Equal(("unit=1\n", "valve=1\n"), (GroupBench.Get(group.Unit), GroupBench.Get(group.Valve)));
    }

    [Fact]
    public async Task A_plan_shows_every_member_and_changes_nothing()
    {
        await using var group = await BrokenAsync();
        var objects = group.Bench.Objects();
        var (shown, errors) = await group.RestoreAsync("before update", whatIf: true);
        Assert.Equal(["bms", "unit", "valve"], shown);
        Assert.Single(errors);
        Assert.Equal(objects, group.Bench.Objects());
        Assert.Equal("broken", GroupBench.Get(group.Valve));
        Assert.Equal(0, group.Server.Restores.Commits);
    }

    [Fact]
    public async Task When_the_server_is_not_restored_nothing_below_it_is_touched_and_each_says_so()
    {
        await using var group = await BrokenAsync();
        group.Server.Faults.CommitFailure = "the database is locked";
        var (restored, errors) = await group.RestoreAsync("before update");
        Assert.Empty(restored);
        Assert.Equal(["bms-ahu", "bms", "unit", "valve"], errors.Select(error => error.Device));
        foreach (var (device, error) in errors.Skip(2))
        {
            Assert.Equal((ErrorIds.RestoreFailed, device), (((EdgeBackupException)error).ErrorId, ((EdgeBackupException)error).Target));
            Assert.Contains("nothing on it was changed, because 'bms'", error.Message, StringComparison.Ordinal);
        }

        Assert.Equal(("broken", "broken"), (GroupBench.Get(group.Unit), GroupBench.Get(group.Valve)));
        Assert.Empty(await group.Bench.EventsAsync("Restored"));
    }

    [Fact]
    public async Task A_member_that_has_nothing_to_restore_holds_up_none_below_it()
    {
        await using var group = await BrokenAsync();
        await new ChangeDevice(group.Bench.Context, group.Bench.Observer).UnregisterAsync("unit", default);
        var (restored, errors) = await group.RestoreAsync("before update");
        Assert.Equal(["bms", "valve"], restored);
        Assert.Equal([("unit", ErrorIds.DeviceNotFound), ("bms-ahu", ErrorIds.BackupNotFound)], errors.Select(error => (error.Device, ((EdgeBackupException)error.Error).ErrorId)));
        Assert.Equal(("broken", "valve=1\n"), (GroupBench.Get(group.Unit), GroupBench.Get(group.Valve)));
    }

    [Fact]
    public async Task A_member_without_history_is_its_own_error_and_holds_up_none_below_it()
    {
        await using var group = await GroupBench.CreateAsync();
        await group.TakeAsync();
        var (restored, errors) = await group.RestoreAsync("before update", content: RestoreContent.History);
        Assert.Empty(restored);
        Assert.All(errors, error => Assert.Equal(ErrorIds.BackupNotFound, ((EdgeBackupException)error.Error).ErrorId));
        Assert.Equal(4, errors.Count);
    }

    [Fact]
    public async Task A_dead_child_is_told_before_the_server_is_changed_and_what_stands_below_it_is_left_alone()
    {
        await using var group = await BrokenAsync();
        Directory.Move(group.Unit, group.Unit + ".away");
        var operation = new RestoreGroup(group.Bench.Context, group.Bench.Observer);
        var options = new RestoreGroupOptions { Group = "before update" };
        var plan = await operation.CheckAsync(await operation.FindAsync(options, default), options, default);
        var dead = plan.Members.Single(member => member.Device == "unit");
        Assert.Equal((ErrorIds.DeviceUnreachable, true), (dead.Fault!.ErrorId, dead.HoldsUp));
        Assert.Equal(0, group.Server.Restores.Commits);
        Assert.Empty(await group.Bench.EventsAsync("Restored"));

        var (restored, errors) = await group.RestoreAsync("before update");
        Assert.Equal(["bms"], restored);
        Assert.Contains("because 'unit'", errors.Single(error => error.Device == "valve").Error.Message, StringComparison.Ordinal);
        Assert.Equal("broken", GroupBench.Get(group.Valve));
    }

    [Fact]
    public async Task A_child_on_which_a_transaction_runs_is_told_first_also_where_an_old_restore_of_it_was_never_closed()
    {
        await using var group = await GroupBench.CreateAsync();
        var child = await group.Bench.AddSimulatedAsync("ladder");
        await new ChangeDevice(group.Bench.Context, group.Bench.Observer).SetAsync("ladder", new ChangeDeviceOptions { Parent = "bms" }, default);
        await group.TakeAsync();
        await group.Bench.Context.Devices.AppendAsync("ladder", DeviceLogEntryKind.RestoreOpened, entry => entry with { Session = "17" }, default);
        Assert.NotNull(child.ChargePoints[0].StartTransaction());

        var operation = new RestoreGroup(group.Bench.Context, group.Bench.Observer);
        var options = new RestoreGroupOptions { Group = "before update" };
        var plan = await operation.CheckAsync(await operation.FindAsync(options, default), options, default);

        var busy = plan.Members.Single(member => member.Device == "ladder");
        Assert.Equal((ErrorIds.DeviceBusy, true), (busy.Fault?.ErrorId, busy.HoldsUp));
    }

    [Fact]
    public async Task Who_stops_it_half_way_finds_the_devices_that_were_not_reached_among_the_events()
    {
        await using var group = await BrokenAsync();
        using var stop = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => group.RestoreAsync("before update", onRestored: _ => stop.Cancel(), cancellationToken: stop.Token));
        var told = Assert.Single(await group.Bench.EventsAsync("Interrupted"));
        Assert.Contains("stopped at 'bms'. Not reached, and not changed: unit, valve.", told.Message, StringComparison.Ordinal);
        Assert.Equal("broken", GroupBench.Get(group.Unit));
    }

    [Fact]
    public async Task The_backup_of_a_member_that_was_replaced_goes_onto_its_replacement()
    {
        await using var group = await BrokenAsync();
        await group.Bench.AddSimulatedAsync("bms-2", isBuilding: true);
        await new SwitchDevice(group.Bench.Context, group.Bench.Observer).RunAsync(new() { Device = "bms-2", Replaces = "bms" }, default);
        var plan = await new RestoreGroup(group.Bench.Context, group.Bench.Observer).FindAsync(new RestoreGroupOptions { Group = "before update" }, default);
        Assert.Equal("bms-2 in place of bms", plan.Members[0].Describe());
        var (restored, _) = await group.RestoreAsync("before update");
        Assert.Equal(["bms-2", "unit", "valve"], restored);
        Assert.Equal("broken", Encoding.UTF8.GetString(group.Server.Items.Find(Point)!.Content));
        Assert.Equal("unit=1\n", GroupBench.Get(group.Unit));
    }

    [Fact]
    public async Task One_device_in_place_of_two_members_gets_the_backup_of_the_first_and_no_other()
    {
        await using var group = await BrokenAsync();
        await group.Bench.AddFolderAsync("spare", "spare=1\n");
        foreach (var replaced in (string[])["unit", "valve"])
        {
            await new SwitchDevice(group.Bench.Context, group.Bench.Observer).RunAsync(new() { Device = "spare", Replaces = replaced }, default);
        }

        var (restored, errors) = await group.RestoreAsync("before update");

        Assert.Equal(["bms", "spare"], restored);
        var error = (EdgeBackupException)errors.Single(found => found.Device == "valve").Error;
        Assert.Equal(ErrorIds.DeviceReplaced, error.ErrorId);
        Assert.Contains("'unit'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_is_asked_to_confirm_is_told_of_those_that_can_be_reached_only()
    {
        await using var group = await BrokenAsync();
        var operation = new RestoreGroup(group.Bench.Context, group.Bench.Observer);
        var options = new RestoreGroupOptions { Group = "before update" };
        var plan = await operation.FindAsync(options, default);
        Assert.Equal(["bms", "unit", "valve"], plan.Restorable.Select(member => member.Device));

        Directory.Move(group.Unit, group.Unit + ".away");
        Assert.Equal(["bms"], (await operation.CheckAsync(plan, options, default)).Restorable.Select(member => member.Device));

        group.Bench.SwitchOff("bms");
        Assert.Empty((await operation.CheckAsync(plan, options, default)).Restorable);
    }

    [Fact]
    public async Task A_word_that_means_no_group_or_two_is_an_error_that_names_what_there_is()
    {
        await using var group = await GroupBench.CreateAsync();
        await group.TakeAsync(name: null);
        await group.TakeAsync(name: null);
        await group.TakeAsync("before update");
        foreach (var (word, told) in (ValueTuple<string, string>[])[("befor update", "before update"), ("*", "matches 3 groups")])
        {
            var error = await Assert.ThrowsAsync<EdgeBackupException>(() => group.RestoreAsync(word));
            Assert.Equal(ErrorIds.BackupNotFound, error.ErrorId);
            Assert.Contains(told, error.Message, StringComparison.Ordinal);
        }

        Assert.Equal(ErrorIds.BackupNotFound, (await group.ErrorsOfAsync("nothing")).Single().ErrorId);
    }

    /// <summary>A group, after which everything went wrong.</summary>
    private static async Task<GroupBench> BrokenAsync()
    {
        var group = await GroupBench.CreateAsync();
        await group.TakeAsync();
        group.Server.Items.Set(Point, "broken"u8.ToArray());
        GroupBench.Set(group.Unit, "broken");
        GroupBench.Set(group.Valve, "broken");
        return group;
    }
}
