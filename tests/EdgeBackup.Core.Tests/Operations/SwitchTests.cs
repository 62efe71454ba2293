using System.Text;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Operations.Restore;
using EdgeBackup.Core.Records;
using EdgeBackup.Simulator.Devices;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations;

/// <summary>R8.</summary>
public sealed class SwitchTests
{
    [Fact]
    public async Task A_switch_that_died_between_restore_and_fence_is_continued_by_running_it_again()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var (_, replacement) = await PrepareAsync(bench);

        // The second conversation is the restore's; it is let go of when the restore is done and before the fence.
        var dying = await bench.OpenAsync(connections: new DyingConnections(bench.Connections(), diesAfter: 2));
        await Assert.ThrowsAsync<IOException>(() => RunAsync(dying, "new", "old"));
        Assert.Equal("settings of old", Read(replacement, "config/site.json"));
        Assert.Null((await bench.Context.Devices.GetAsync("old", default)).Fence);

        var outcome = await RunAsync(bench.Context, "new", "old");
        Assert.Empty(outcome.Restore!.Restored);
        Assert.NotEmpty(outcome.Restore.Unchanged);
        var fence = (await bench.Context.Devices.GetAsync("old", default)).Fence!;
        Assert.Equal(("new", "tester@bench", "mainboard"), (fence.ReplacedBy, fence.Author, fence.Reason));

        // And once more only confirms.
        var again = await RunAsync(bench.Context, "new", "old");
        Assert.Null(again.Restore);
        Assert.Equal(fence, again.Fence);
        Assert.Single(await bench.EventsAsync("Switched"));
    }

    [Fact]
    public async Task The_replacement_takes_the_state_and_keeps_its_identity_and_both_histories_are_listed()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var (_, replacement) = await PrepareAsync(bench);
        var identity = Read(replacement, "identity/hardware.json");
        var outcome = await RunAsync(bench.Context, "new", "old");
        Assert.Equal("settings of old", Read(replacement, "config/site.json"));
        Assert.Equal(identity, Read(replacement, "identity/hardware.json"));
        Assert.Contains(outcome.Restore!.NotRestored, item => item.Path == "identity/hardware.json");
        Assert.NotNull(outcome.Restore.SafetyBackup);

        var listed = await bench.ListAsync(new FindBackupsOptions { Devices = ["new"] });
        Assert.Equal([("new", BackupKind.Safety), ("old", BackupKind.Automatic)], listed.Select(entry => (entry.Backup.Device, entry.Backup.Kind)));
        Assert.Equal(["old"], (await bench.ListAsync(new FindBackupsOptions { Devices = ["old"] })).Select(entry => entry.Backup.Device));
        Assert.Equal(["old"], (await bench.DeviceAsync("new")).Replaces);
        Assert.Equal("new", (await bench.DeviceAsync("old")).Device.ReplacedBy);
    }

    [Fact]
    public async Task A_fenced_device_is_neither_backed_up_nor_restored_until_the_fence_is_lifted()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await PrepareAsync(bench, keepOld: true);
        var id = Assert.Single(await bench.IdsAsync("old"));
        await RunAsync(bench.Context, "new", "old");
        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => bench.AutomaticAsync("old"));
        Assert.Equal(ErrorIds.DeviceReplaced, error.ErrorId);
        error = await Assert.ThrowsAsync<EdgeBackupException>(() => new RestoreBackup(bench.Context, bench.Observer).RunAsync(new RestoreOptions { Backup = id }, default));
        Assert.Equal(ErrorIds.DeviceReplaced, error.ErrorId);
        Assert.Contains("'new'", error.Message, StringComparison.Ordinal);
        await new RestoreBackup(bench.Context, bench.Observer).RunAsync(new RestoreOptions { Backup = id, Force = true }, default);

        await new ChangeDevice(bench.Context, bench.Observer).SetAsync("old", new ChangeDeviceOptions { LiftFence = true }, default);
        await bench.AutomaticAsync("old");
        Assert.Single(await bench.EventsAsync("FenceLifted"));
    }

    [Fact]
    public async Task A_chain_of_switches_carries_all_histories_and_a_circle_ends()
    {
        await using var bench = await OperationsBench.CreateAsync();
        foreach (var id in (string[])["a", "b", "c"])
        {
            await bench.AddFolderAsync(id, $"of={id}\n");
        }

        await bench.AutomaticAsync("a");
        await RunAsync(bench.Context, "b", "a");
        await RunAsync(bench.Context, "c", "b");
        Assert.Equal(["c", "b", "a"], await bench.Context.Catalog.LineageAsync("c", default));
        Assert.Equal(["a", "b", "c"], (await bench.ListAsync(new FindBackupsOptions { Devices = ["c"] })).Select(listed => listed.Backup.Device).Distinct());

        // b has only the safety backup of its own; what it carried on is a's.
        var newest = await new FindBackups(bench.Context).RequireNewestAsync("c", default);
        Assert.Equal("a", newest.Device);

        // a comes back into service in c's place: the circle is listed once.
        await new SwitchDevice(bench.Context, bench.Observer).RunAsync(new SwitchOptions { Device = "a", Replaces = "c", Force = true }, default);
        Assert.Null((await bench.Context.Devices.GetAsync("a", default)).Fence);
        Assert.Equal(["a", "c", "b"], await bench.Context.Catalog.LineageAsync("a", default));
        await bench.AutomaticAsync("a");
    }

    [Fact]
    public async Task Of_two_switches_of_one_device_at_once_exactly_one_wins()
    {
        await using var bench = await OperationsBench.CreateAsync();
        for (var round = 0; round < 4; round++)
        {
            var (old, replacements) = ($"old-{round}", (string[])[$"first-{round}", $"second-{round}"]);
            foreach (var id in (string[])[old, .. replacements])
            {
                await bench.AddFolderAsync(id, $"of={id}\n");
            }

            await bench.AutomaticAsync(old);

            // Two processes; each lets go of its restored device, and goes on to the fence, when the other has come as far.
            var arrived = 0;
            var meeting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var connections = replacements.Select(_ => new CuedConnections(bench.Connections()) { Closed = MeetAsync }).ToList();
            var errors = await Task.WhenAll(replacements.Zip(connections, async (id, own) =>
            {
                var context = await bench.OpenAsync($"user-of-{id}", own);
                return await Record.ExceptionAsync(() => Task.Run(() => RunAsync(context, id, old)));
            }));

            var loser = Array.FindIndex(errors, error => error is not null);
            Assert.Single(errors, error => error is null);
            var refusal = Assert.IsType<EdgeBackupException>(errors[loser]);
            Assert.Equal(ErrorIds.DeviceReplaced, refusal.ErrorId);
            Assert.Contains($"'{replacements[1 - loser]}'", refusal.Message, StringComparison.Ordinal);
            Assert.Contains("safety backup", refusal.Message, StringComparison.Ordinal);
            Assert.Equal(replacements[1 - loser], (await bench.Context.Devices.GetAsync(old, default)).Fence!.ReplacedBy);
            Assert.Equal([replacements[1 - loser], old], await bench.Context.Catalog.LineageAsync(replacements[1 - loser], default));
            Assert.Equal([replacements[loser]], await bench.Context.Catalog.LineageAsync(replacements[loser], default));

            // Once more, one confirms and the other is refused.
            Assert.Null((await RunAsync(bench.Context, replacements[1 - loser], old)).Restore);
            await Assert.ThrowsAsync<EdgeBackupException>(() => RunAsync(bench.Context, replacements[loser], old));

            // The first conversation asks who the replacement is, the second is the restore's.
            async Task MeetAsync(int number)
            {
                if (number == 2)
                {
                    if (Interlocked.Increment(ref arrived) == replacements.Length)
                    {
                        meeting.SetResult();
                    }

                    await meeting.Task.WaitAsync(TimeSpan.FromMinutes(5));
                }
            }
        }
    }

    [Fact]
    public async Task Force_lifts_the_fence_that_stood_when_it_was_given_and_no_newer_one()
    {
        await using var bench = await OperationsBench.CreateAsync();
        foreach (var id in (string[])["old", "first", "second", "third"])
        {
            await bench.AddFolderAsync(id, $"of={id}\n");
        }

        await bench.AutomaticAsync("old");
        await RunAsync(bench.Context, "first", "old");
        var forced = new SwitchOptions { Device = "second", Replaces = "old", Force = true };
        await new SwitchDevice(bench.Context, bench.Observer).RunAsync(forced, default);
        Assert.Equal("second", (await bench.Context.Devices.GetAsync("old", default)).Fence!.ReplacedBy);

        // While the third is being restored, the first takes the place back.
        var connections = new CuedConnections(bench.Connections())
        {
            Closed = number => number == 2
                ? new SwitchDevice(bench.Context, bench.Observer).RunAsync(forced with { Device = "first" }, default)
                : Task.CompletedTask,
        };
        var context = await bench.OpenAsync("somebody-else", connections);
        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => new SwitchDevice(context, bench.Observer).RunAsync(forced with { Device = "third" }, default));
        Assert.Equal(ErrorIds.DeviceReplaced, error.ErrorId);
        Assert.Equal("first", (await bench.Context.Devices.GetAsync("old", default)).Fence!.ReplacedBy);
    }

    [Fact]
    public async Task A_backup_of_another_device_cannot_be_named()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await PrepareAsync(bench);
        await bench.AddFolderAsync("stranger");
        var stranger = await bench.AutomaticAsync("stranger");
        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => new SwitchDevice(bench.Context, bench.Observer).RunAsync(
            new SwitchOptions { Device = "new", Replaces = "old", Backup = stranger.Backup.Id }, default));
        Assert.Equal(ErrorIds.BackupNotFound, error.ErrorId);
        Assert.Null((await bench.Context.Devices.GetAsync("old", default)).Fence);
    }

    [Fact]
    public async Task Refusals_change_nothing()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var (_, replacement) = await PrepareAsync(bench);
        await bench.AddFolderAsync("kiosk");
        await bench.AddFolderAsync("bare");
        await Refused("new", "new", ErrorIds.SwitchRefused);
        await Refused("new", "unknown", ErrorIds.DeviceNotFound);
        await Refused("unknown", "old", ErrorIds.DeviceNotFound);
        await Refused("kiosk", "old", ErrorIds.RestoreTargetMismatch);
        await Refused("kiosk", "bare", ErrorIds.BackupNotFound);
        replacement.ChargePoints[0].StartTransaction();
        await Refused("new", "old", ErrorIds.DeviceBusy);
        replacement.ChargePoints[0].EndTransaction();
        replacement.Version = "1.24.0";
        await Refused("new", "old", ErrorIds.RestoreVersionMismatch);
        Assert.DoesNotContain("old", Read(replacement, "config/site.json")!, StringComparison.Ordinal);
        replacement.Version = "1.24.5";

        await RunAsync(bench.Context, "new", "old");
        var third = await bench.AddSimulatedAsync("third");
        await Refused("third", "old", ErrorIds.DeviceReplaced);
        Assert.DoesNotContain("old", Read(third, "config/site.json")!, StringComparison.Ordinal);

        async Task Refused(string device, string replaces, string errorId)
        {
            var before = bench.Objects("devices/").Count;
            var error = await Assert.ThrowsAsync<EdgeBackupException>(() => RunAsync(bench.Context, device, replaces));
            Assert.Equal(errorId, error.ErrorId);
            Assert.Equal(before, bench.Objects("devices/").Count);
        }
    }

    private static async Task<(SimulatedDevice Old, SimulatedDevice New)> PrepareAsync(OperationsBench bench, bool keepOld = false)
    {
        var old = await bench.AddSimulatedAsync("old");
        old.Items.Set("config/site.json", Encoding.UTF8.GetBytes("settings of old"));
        await bench.AutomaticAsync("old");
        var replacement = await bench.AddSimulatedAsync("new");
        if (!keepOld)
        {
            bench.SwitchOff("old");
        }

        return (old, replacement);
    }

    private static Task<SwitchOutcome> RunAsync(RepositoryContext context, string device, string replaces) =>
        new SwitchDevice(context, SilentObserver.Instance).RunAsync(new SwitchOptions { Device = device, Replaces = replaces, Reason = "mainboard" }, default);

    private static string? Read(SimulatedDevice device, string path) => device.Items.Find(path) is { } item ? Encoding.UTF8.GetString(item.Content) : null;
}

/// <summary>Real connections; letting go of the nth one is the last thing that the process does.</summary>
internal sealed class DyingConnections(IConnectionFactory inner, int diesAfter) : IConnectionFactory
{
    private int left = diesAfter;

    public IDeviceConnection Connect(ConnectionOptions options) => new Connection(inner.Connect(options), this);

    private sealed class Connection(IDeviceConnection inner, DyingConnections owner) : IDeviceConnection
    {
        public Task<DeviceStatus> GetStatusAsync(CancellationToken cancellationToken) => inner.GetStatusAsync(cancellationToken);

        public Task<IDeviceHold?> TakeHoldAsync(TimeSpan duration, CancellationToken cancellationToken) => inner.TakeHoldAsync(duration, cancellationToken);

        public Task<ICapture> BeginCaptureAsync(BackupContent content, CancellationToken cancellationToken) => inner.BeginCaptureAsync(content, cancellationToken);

        public Task<IRestoreSession> BeginRestoreAsync(RestorePlan plan, IRestoreJournal journal, CancellationToken cancellationToken) => inner.BeginRestoreAsync(plan, journal, cancellationToken);

        public Task StopTransactionAsync(string chargePoint, int connector, CancellationToken cancellationToken) => inner.StopTransactionAsync(chargePoint, connector, cancellationToken);

        public async ValueTask DisposeAsync()
        {
            await inner.DisposeAsync();
            if (--owner.left == 0)
            {
                throw new IOException("The process was killed.");
            }
        }
    }
}
