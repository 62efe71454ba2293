using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Restore;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations;

/// <summary>Who stands below whom, and who is still there.</summary>
public sealed class DeviceParentTests
{
    [Fact]
    public async Task A_device_stands_neither_below_itself_nor_below_one_that_stands_below_it()
    {
        await using var bench = await OperationsBench.CreateAsync();
        foreach (var id in (string[])["server", "child", "grandchild"])
        {
            await bench.AddFolderAsync(id);
        }

        var change = new ChangeDevice(bench.Context, bench.Observer);
        await change.SetAsync("child", new ChangeDeviceOptions { Parent = "server" }, default);
        await change.SetAsync("grandchild", new ChangeDeviceOptions { Parent = "child" }, default);
        var before = bench.Objects("devices/");
        foreach (var parent in (string[])["server", "child", "grandchild"])
        {
            var error = await Assert.ThrowsAsync<EdgeBackupException>(() => change.SetAsync("server", new ChangeDeviceOptions { Parent = parent }, default));
            Assert.Equal((ErrorIds.DeviceRegistrationMismatch, "server"), (error.ErrorId, error.Target));
            Assert.Contains(parent, error.Message, StringComparison.Ordinal);
        }

        var missing = await Assert.ThrowsAsync<EdgeBackupException>(() => change.SetAsync("server", new ChangeDeviceOptions { Parent = "nobody" }, default));
        Assert.Equal(ErrorIds.DeviceNotFound, missing.ErrorId);
        Assert.Equal(before, bench.Objects("devices/"));

        // The same device may move: below the server directly, and to the top.
        await change.SetAsync("grandchild", new ChangeDeviceOptions { Parent = "server" }, default);
        await change.SetAsync("grandchild", new ChangeDeviceOptions { Parent = "" }, default);
        await change.SetAsync("server", new ChangeDeviceOptions { Parent = "grandchild" }, default);
    }

    [Fact]
    public async Task Registering_refuses_the_same()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var register = new RegisterDevice(bench.Context, bench.Observer);
        var server = new RegisterDeviceOptions { Address = new DeviceAddress(ConnectionKind.Folder, bench.MakeFolder("server")) };
        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => register.RunAsync(server with { Parent = "server" }, default));
        Assert.Equal(ErrorIds.DeviceRegistrationMismatch, error.ErrorId);
        Assert.Empty(bench.Objects("devices/"));

        await register.RunAsync(server, default);
        var child = new RegisterDeviceOptions { Address = new DeviceAddress(ConnectionKind.Folder, bench.MakeFolder("child")), Parent = "server" };
        await register.RunAsync(child, default);
        error = await Assert.ThrowsAsync<EdgeBackupException>(() => register.RunAsync(server with { Parent = "child" }, default));
        Assert.Equal(ErrorIds.DeviceRegistrationMismatch, error.ErrorId);
        Assert.Null((await bench.DeviceAsync("server")).Device.Parent);
    }

    [Fact]
    public async Task A_backup_of_a_device_that_is_not_registered_any_more_says_where_it_can_go()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("k");
        var spare = await bench.AddFolderAsync("spare", "b=2\n");
        var backup = (await bench.AutomaticAsync("k")).Backup;
        await new ChangeDevice(bench.Context, bench.Observer).UnregisterAsync("k", default);
        var restore = new RestoreBackup(bench.Context, bench.Observer);

        foreach (var attempt in (Func<Task>[])[
            () => restore.RunAsync(new RestoreOptions { Backup = backup.Id }, default),
            () => restore.PlanAsync(new RestoreOptions { Backup = backup.Id }, default),
            () => restore.FindAsync(new RestoreOptions { Backup = backup.Id }, default)])
        {
            var error = await Assert.ThrowsAsync<EdgeBackupException>(attempt);
            Assert.Equal((ErrorIds.DeviceNotFound, "k"), (error.ErrorId, error.Target));
            Assert.All((string[])["-Device", "-Destination", "Register-EdgeDevice", backup.Id], word => Assert.Contains(word, error.Message, StringComparison.Ordinal));
        }

        await restore.RunAsync(new RestoreOptions { Backup = backup.Id, Device = "spare" }, default);
        Assert.Equal("a=1\n", await File.ReadAllTextAsync(Path.Combine(spare, "setting.ini")));
    }
}
