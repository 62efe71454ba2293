using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Capture;
using EdgeBackup.Simulator.Devices;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations.Capture;

/// <summary>Changes of a server's configuration that wait for being carried out.</summary>
public sealed class QueuedChangeTests
{
    private const string Setting = "config/alarms.xml";
    private static readonly byte[] Changed = "<alarms/>"u8.ToArray();

    [Fact]
    public async Task What_is_queued_before_a_capture_is_waited_for_and_is_in_the_backup()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var server = await bench.AddSimulatedAsync("bms", isBuilding: true);
        server.Faults.ChangeDuration = TimeSpan.FromHours(1);
        server.Changes.Make(Setting, Changed);
        var backup = await TakeAsync(bench, ("waiting up to", () => server.Faults.ChangeDuration = TimeSpan.Zero));
        Assert.Equal(Changed.Length, (await FindAsync(bench, backup)).Item.Length);
        var calls = server.Calls.Select(call => $"{call.Method} {call.Path}").ToList();
        Assert.True(calls.IndexOf("GET changes") < calls.IndexOf("POST holds"));
    }

    [Fact]
    public async Task What_is_queued_during_a_capture_is_waited_for_after_it_and_is_not_in_the_backup()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var server = await bench.AddSimulatedAsync("bms", isBuilding: true);
        var before = server.Items.Find(Setting)!.Content.Length;
        server.Faults.ChangeDuration = TimeSpan.FromHours(1);
        var backup = await TakeAsync(
            bench,
            ("idle and held", () => server.Changes.Make(Setting, Changed)),
            ("waiting up to", () => server.Faults.ChangeDuration = TimeSpan.Zero));
        Assert.Equal(0, server.Changes.Queued);
        Assert.Equal(Changed, server.Items.Find(Setting)!.Content);
        Assert.Equal(before, (await FindAsync(bench, backup)).Item.Length);
        Assert.False(server.Holds.IsHeld);
    }

    [Fact]
    public async Task Who_does_not_wait_for_what_is_queued_keeps_the_backup()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var server = await bench.AddSimulatedAsync("bms", isBuilding: true);
        server.Faults.ChangeDuration = TimeSpan.FromHours(1);
        using var stop = new CancellationTokenSource();
        var hooks = new Hooks([("idle and held", () => server.Changes.Make(Setting, Changed)), ("waiting up to", stop.Cancel)]);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new TakeBackup(bench.Context, hooks).RunAsync(
            ["bms"], new TakeBackupOptions { Kind = BackupKind.Automatic }, _ => Task.CompletedTask, stop.Token));
        Assert.Single(bench.Objects("backups/"));
        Assert.Equal("bms", Assert.Single(await bench.ListAsync()).Backup.Device);
    }

    [Fact]
    public async Task What_never_ends_is_a_busy_device_before_and_a_warning_after()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var server = await bench.AddSimulatedAsync("bms", isBuilding: true);
        server.Faults.ChangeDuration = TimeSpan.FromHours(1);
        server.Changes.Make(Setting, Changed);
        var registration = (await bench.Context.Devices.GetAsync("bms", default)).Registration!;
        await using var contact = await DeviceContact.OpenAsync(bench.Context, registration, bench.Observer, default);
        var changes = new QueuedChanges(bench.Clock, bench.Observer);
        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => changes.WaitBeforeAsync(contact, TimeSpan.FromMilliseconds(100), default));
        Assert.Equal((ErrorIds.DeviceBusy, "bms"), (error.ErrorId, error.Target));
        await changes.WaitAfterAsync(contact, TimeSpan.FromMilliseconds(100), default);
        Assert.Contains(bench.Observer.Warnings, warning => warning.StartsWith("bms: 1 changes of its configuration", StringComparison.Ordinal));

        server.Features = [.. server.Features.Where(feature => feature != "changes")];
        await using var plain = await DeviceContact.OpenAsync(bench.Context, registration, bench.Observer, default);
        Assert.False(await changes.WaitBeforeAsync(plain, TimeSpan.Zero, default));
    }

    [Theory]
    [InlineData("{\"queued\":-1}")]
    [InlineData("{\"queued\":\"none\"}")]
    [InlineData("{}")]
    public async Task A_number_that_cannot_be_read_is_no_zero(string body)
    {
        await using var bench = await OperationsBench.CreateAsync();
        var server = await bench.AddSimulatedAsync("bms", isBuilding: true);
        server.Faults.Add(new SimulatedFault { Kind = FaultKind.ReplaceBody, Path = "changes", Body = body, ContentType = "application/json", Times = -1 });
        Assert.Equal(ErrorIds.DeviceResponseInvalid, (await Assert.ThrowsAsync<EdgeBackupException>(() => bench.AutomaticAsync("bms"))).ErrorId);
        Assert.Empty(bench.Objects("backups/"));
    }

    private static async Task<SavedItem> FindAsync(OperationsBench bench, Core.Catalog.CatalogBackup backup)
    {
        var record = await bench.Context.Repository.ReadBackupAsync(backup.ObjectName, default);
        return await bench.Context.Repository.ReadItemsAsync(record, default).SingleAsync(item => item.Item.Path == Setting);
    }

    private static async Task<Core.Catalog.CatalogBackup> TakeAsync(OperationsBench bench, params (string Line, Action Action)[] hooks)
    {
        TakeBackupOutcome? taken = null;
        await new TakeBackup(bench.Context, new Hooks(hooks)).RunAsync(
            ["bms"],
            new TakeBackupOptions { Kind = BackupKind.Automatic },
            outcome =>
            {
                taken = outcome;
                return Task.CompletedTask;
            },
            default);
        return taken!.Backup?.Backup ?? throw taken.Error!;
    }

    /// <summary>Does something when a line of the story is told.</summary>
    private sealed class Hooks((string Line, Action Action)[] hooks) : IOperationObserver
    {
        public void Verbose(string message)
        {
            foreach (var (_, action) in hooks.Where(hook => message.Contains(hook.Line, StringComparison.Ordinal)))
            {
                action();
            }
        }

        public void Warning(string message) => Assert.Fail(message);

        public void Progress(OperationProgress progress)
        {
        }
    }
}
