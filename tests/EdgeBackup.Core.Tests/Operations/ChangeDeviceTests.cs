using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Records;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations;

/// <summary>Changes of one device by several at once: none takes back what another has written.</summary>
public sealed class ChangeDeviceTests : IAsyncLifetime
{
    private OperationsBench bench = null!;

    public async Task InitializeAsync()
    {
        bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("k");
    }

    public async Task DisposeAsync() => await bench.DisposeAsync();

    [Fact]
    public async Task A_change_that_was_worked_out_before_another_was_written_keeps_both()
    {
        var change = new ChangeDevice(bench.Context, bench.Observer);
        var named = await change.PrepareAsync("k", new ChangeDeviceOptions { Name = "Kiosk" }, default);
        var another = new ChangeDevice(await bench.OpenAsync("elsewhere"), bench.Observer);
        await another.SetAsync("k", new ChangeDeviceOptions { Credential = Credential("new"), Site = "north" }, default);

        Assert.True(await change.WriteAsync(named, default));
        var now = (await StateAsync()).Registration!;
        Assert.Equal(("Kiosk", "north", "new"), (now.Name, now.Site, now.Credential?.Password));
        Assert.Single(await bench.EventsAsync("CredentialChanged"));
    }

    [Fact]
    public async Task A_change_that_somebody_else_has_made_meanwhile_writes_nothing()
    {
        var change = new ChangeDevice(bench.Context, bench.Observer);
        var named = await change.PrepareAsync("k", new ChangeDeviceOptions { Name = "Kiosk" }, default);
        await change.SetAsync("k", new ChangeDeviceOptions { Name = "Kiosk" }, default);
        var before = bench.Objects();
        Assert.False(await change.WriteAsync(named, default));
        Assert.Equal(before, bench.Objects());
    }

    [Fact]
    public async Task A_device_that_was_unregistered_meanwhile_stays_so()
    {
        var change = new ChangeDevice(bench.Context, bench.Observer);
        var named = await change.PrepareAsync("k", new ChangeDeviceOptions { Name = "Kiosk" }, default);
        await change.UnregisterAsync("k", default);
        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => change.WriteAsync(named, default));
        Assert.Equal(ErrorIds.DeviceNotFound, error.ErrorId);
        Assert.Null((await StateAsync()).Registration);
    }

    [Fact]
    public async Task A_new_address_is_tried_again_with_what_was_changed_meanwhile()
    {
        var device = await bench.AddSimulatedAsync("edge-1");
        var change = new ChangeDevice(bench.Context, bench.Observer);
        var moved = await change.PrepareAsync("edge-1", new ChangeDeviceOptions { Address = DeviceAddress.Parse(device.Address.AbsoluteUri.Replace("127.0.0.1", "localhost", StringComparison.Ordinal), "/") }, default);
        await change.SetAsync("edge-1", new ChangeDeviceOptions { Credential = new DeviceCredential { Token = "wrong" }, SkipContact = true }, default);
        device.RequiredToken = "right";
        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => change.WriteAsync(moved, default));
        Assert.Equal(ErrorIds.DeviceAuthenticationFailed, error.ErrorId);
    }

    [Fact]
    public async Task All_who_change_something_at_once_have_changed_it()
    {
        var wanted = new ChangeDeviceOptions[]
        {
            new() { Name = "Kiosk" }, new() { Site = "north" }, new() { Owner = "ops" }, new() { Tags = ["a"] }, new() { Version = "2.0" }, new() { Credential = Credential("new") },
        };
        var changes = new List<Func<Task<bool>>>();
        foreach (var options in wanted)
        {
            var change = new ChangeDevice(await bench.OpenAsync(), bench.Observer);
            var prepared = await change.PrepareAsync("k", options, default);
            changes.Add(() => Task.Run(() => change.WriteAsync(prepared, default)));
        }

        Assert.All(await Task.WhenAll(changes.Select(change => change())), Assert.True);
        var now = (await StateAsync()).Registration!;
        Assert.Equal(("Kiosk", "north", "ops", "a", "2.0", "new"), (now.Name, now.Site, now.Owner, Assert.Single(now.Tags), now.Version, now.Credential?.Password));
    }

    [Fact]
    public async Task Only_the_fence_that_stood_is_lifted_and_none_that_was_put_up_since()
    {
        var change = new ChangeDevice(bench.Context, bench.Observer);
        await FenceAsync("first");
        var lift = await change.PrepareAsync("k", new ChangeDeviceOptions { LiftFence = true }, default);
        await change.SetAsync("k", new ChangeDeviceOptions { LiftFence = true }, default);
        await FenceAsync("second");
        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => change.WriteAsync(lift, default));
        Assert.Equal(ErrorIds.DeviceReplaced, error.ErrorId);
        Assert.Contains("'second'", error.Message, StringComparison.Ordinal);
        Assert.Equal("second", (await StateAsync()).Fence!.ReplacedBy);

        // One that somebody else has lifted is lifted.
        lift = await change.PrepareAsync("k", new ChangeDeviceOptions { LiftFence = true }, default);
        Assert.True(await change.SetAsync("k", new ChangeDeviceOptions { LiftFence = true }, default));
        Assert.False(await change.WriteAsync(lift, default));
        Assert.Equal(2, (await bench.EventsAsync("FenceLifted")).Count);
    }

    private static DeviceCredential Credential(string password) => new() { UserName = "u", Password = password };

    private Task<DeviceState> StateAsync() => bench.Context.Devices.GetAsync("k", default);

    private Task<DeviceLogEntry> FenceAsync(string by) => bench.Context.Devices.AppendAsync("k", DeviceLogEntryKind.Fenced, entry => entry with { ReplacedBy = by }, default);
}
