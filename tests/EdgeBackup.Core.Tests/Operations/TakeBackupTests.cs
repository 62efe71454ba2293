using EdgeBackup.Core.Devices.Folder;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Repository;
using EdgeBackup.Simulator.Devices;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations;

public sealed class TakeBackupTests
{
    [Fact]
    public async Task R3_a_transaction_in_mid_capture_discards_the_capture_and_nothing_is_recorded()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var device = await bench.AddSimulatedAsync("edge-1");
        device.Faults.TransactionAfterReads = 2;
        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => bench.AutomaticAsync("edge-1"));
        Assert.Equal(ErrorIds.CaptureInterrupted, error.ErrorId);
        Assert.Empty(bench.Objects("backups/"));
        Assert.Empty(await bench.IdsAsync("edge-1"));
        var refused = Assert.Single(await bench.EventsAsync("Refused"));
        Assert.Equal((ErrorIds.CaptureInterrupted, BackupKind.Automatic), (refused.ErrorId, refused.Kind));
        Assert.Equal(BackupState.Postponed, (await bench.DeviceAsync("edge-1")).BackupState);

        device.Faults.Clear();
        device.ChargePoints[0].EndTransaction();
        await bench.AutomaticAsync("edge-1");
        Assert.Single(bench.Objects("backups/"));
    }

    [Fact]
    public async Task A_hundred_folders_in_one_run_share_a_few_packs_and_each_is_acknowledged()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var ids = Enumerable.Range(1, 100).Select(number => $"k-{number:d3}").ToList();
        foreach (var id in ids)
        {
            await bench.AddFolderAsync(id, $"id={id}\n");
        }

        var outcomes = await bench.BackUpAsync(ids, new TakeBackupOptions { Kind = BackupKind.Automatic, ThrottleLimit = 16 });
        Assert.Equal(ids, outcomes.Select(outcome => outcome.Device).Order(StringComparer.Ordinal));
        Assert.All(outcomes, outcome => Assert.NotNull(outcome.Backup));
        Assert.InRange(bench.Objects("packs/").Count, 1, 30);
        Assert.Equal(100, bench.Objects("backups/").Count);
        Assert.Equal(100, (await bench.ListAsync(new FindBackupsOptions { Latest = true })).Count);
        Assert.True((await bench.Context.Repository.VerifyAsync(new VerifyOptions(ReadData: true), null, default)).Healthy);
    }

    [Fact]
    public async Task An_unchanged_device_gets_a_new_record_that_says_so_and_costs_few_bytes()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var root = await bench.AddFolderAsync("k");
        var random = new Random(3);
        var content = new byte[300_000];
        random.NextBytes(content);
        await File.WriteAllBytesAsync(Path.Combine(root, "large.bin"), content);
        Assert.True((await bench.AutomaticAsync("k")).Backup.Changed);
        var before = bench.Size();
        var packs = bench.Objects("packs/");

        var second = await bench.AutomaticAsync("k");
        Assert.False(second.Backup.Changed);
        Assert.Equal(3, second.Backup.ItemCount);
        Assert.InRange(bench.Size() - before, 1, 2_000);
        Assert.Equal(packs, bench.Objects("packs/"));

        await File.WriteAllTextAsync(Path.Combine(root, "setting.ini"), "a=2\n");
        var third = await bench.AutomaticAsync("k");
        Assert.True(third.Backup.Changed);
        Assert.InRange(bench.Size() - before, 1, 10_000);
        Assert.Equal([true, false, true], (await bench.ListAsync()).Select(listed => listed.Backup.Changed));
    }

    [Fact]
    public async Task R12_values_of_level_None_are_named_and_not_saved()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddSimulatedAsync("bms-1", isBuilding: true);
        var backup = await bench.AutomaticAsync("bms-1");
        var notSaved = Assert.Single(backup.Backup.NotSaved);
        Assert.Equal("values/live.json", notSaved.Path);
        var paths = await new FindBackupItems(bench.Context).RunAsync(backup.Backup, [], default).Select(item => item.Item.Path).ToListAsync();
        Assert.DoesNotContain("values/live.json", paths);
        Assert.Contains("values/setpoints.json", paths);
        Assert.Equal("values/live.json", Assert.Single(Assert.Single(await bench.ListAsync()).Backup.NotSaved).Path);
    }

    [Fact]
    public async Task R10_history_is_in_a_backup_of_all_and_in_no_other()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddSimulatedAsync("bms-1", isBuilding: true);
        var configuration = await bench.AutomaticAsync("bms-1");
        var all = (await bench.BackUpAsync(["bms-1"], new TakeBackupOptions { Kind = BackupKind.Automatic, Content = BackupContent.All })).Single().Backup!;
        Assert.Equal(configuration.Backup.ItemCount + 1, all.Backup.ItemCount);
        Assert.True(all.Backup.Changed);

        // Each is compared with the last one of its own content.
        Assert.False((await bench.AutomaticAsync("bms-1")).Backup.Changed);
    }

    [Fact]
    public async Task R16_every_device_has_its_own_outcome_whatever_becomes_of_the_others()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("good");
        var busy = await bench.AddFolderAsync("busy");
        await File.WriteAllTextAsync(Path.Combine(busy, FolderDevice.TransactionsFile), """[{"id":"t","chargepoint":"c","connector":1,"started":"2026-01-01T00:00:00Z"}]""");
        var gone = await bench.AddFolderAsync("gone");
        Directory.Delete(gone, recursive: true);
        var swapped = await bench.AddFolderAsync("swapped");
        await File.WriteAllTextAsync(Path.Combine(swapped, "edge-device.json"), """{"id":"other","type":"kiosk","version":"1.0"}""");
        await bench.AddSimulatedAsync("silent");
        bench.SwitchOff("silent");

        var outcomes = (await bench.BackUpAsync(["good", "busy", "gone", "swapped", "silent", "unknown", "good"])).ToDictionary(outcome => outcome.Device);
        Assert.Equal(6, outcomes.Count);
        Assert.NotNull(outcomes["good"].Backup);
        Assert.Equal(ErrorIds.DeviceBusy, Id("busy"));
        Assert.Equal(ErrorIds.DeviceUnreachable, Id("gone"));
        Assert.Equal(ErrorIds.DeviceIdChanged, Id("swapped"));
        Assert.Equal(ErrorIds.DeviceNotFound, Id("unknown"));
        Assert.NotNull(outcomes["silent"].Error);
        Assert.Single(bench.Objects("backups/"));

        string Id(string device) => Assert.IsType<EdgeBackupException>(outcomes[device].Error).ErrorId;
    }

    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("bell\u0007")]
    [InlineData("two\nlines")]
    public async Task R6_a_name_that_is_none_is_refused_before_anything_is_begun(string name)
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("k");
        var before = bench.Objects();
        foreach (var bad in new[] { name, name + new string('x', 129) })
        {
            var error = await Assert.ThrowsAsync<EdgeBackupException>(() => bench.ManualAsync("k", bad));
            Assert.Equal(ErrorIds.BackupNameInvalid, error.ErrorId);
        }

        Assert.Equal(before, bench.Objects());
        Assert.Equal(128, (await bench.ManualAsync("k", new string('x', 128))).Backup.Name!.Length);
    }

    [Fact]
    public async Task R6_half_a_surrogate_pair_is_no_name()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("k");
        foreach (var bad in (string[])["\ud83d", "before \ud83d update", "\udd0c after", "\udd0c\ud83d"])
        {
            var error = await Assert.ThrowsAsync<EdgeBackupException>(() => bench.ManualAsync("k", bad));
            Assert.Equal(ErrorIds.BackupNameInvalid, error.ErrorId);
        }

        Assert.Empty(bench.Objects("backups/"));
        Assert.Equal("\ud83d\udd0c", (await bench.ManualAsync("k", "\ud83d\udd0c")).Backup.Name);
    }

    [Fact]
    public async Task R6_a_name_is_unique_on_its_device_whatever_its_case_and_free_on_others()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("a");
        await bench.AddFolderAsync("b");
        await bench.ManualAsync("a", "Übergabe");
        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => bench.ManualAsync("a", "übergabe"));
        Assert.Equal(ErrorIds.BackupNameInUse, error.ErrorId);
        await bench.ManualAsync("b", "übergabe");

        // What another process took a moment ago counts too.
        var other = await bench.OpenAsync("somebody-else");
        await bench.BackUpAsync(["a"], new TakeBackupOptions { Kind = BackupKind.Manual, Name = "theirs" }, other);
        error = await Assert.ThrowsAsync<EdgeBackupException>(() => bench.ManualAsync("a", "theirs"));
        Assert.Equal(ErrorIds.BackupNameInUse, error.ErrorId);
    }

    [Fact]
    public async Task R15_the_devices_below_one_come_along_on_request_and_circles_end()
    {
        await using var bench = await OperationsBench.CreateAsync();
        foreach (var id in (string[])["server", "child", "grandchild", "stranger"])
        {
            await bench.AddFolderAsync(id);
        }

        var change = new ChangeDevice(bench.Context, bench.Observer);
        await change.SetAsync("child", new ChangeDeviceOptions { Parent = "server" }, default);
        await change.SetAsync("grandchild", new ChangeDeviceOptions { Parent = "child" }, default);

        // Set refuses a circle; two who change parents at once can still make one.
        var server = (await bench.Context.Devices.GetAsync("server", default)).Registration! with { Parent = "grandchild" };
        await bench.Context.Devices.AppendAsync("server", DeviceLogEntryKind.Registered, entry => entry with { Registration = server }, default);
        var outcomes = await bench.BackUpAsync(["server"], new TakeBackupOptions { Kind = BackupKind.Automatic, IncludeChildren = true });
        Assert.Equal(["child", "grandchild", "server"], outcomes.Select(outcome => outcome.Device).Order(StringComparer.Ordinal));
        Assert.Single(await bench.BackUpAsync(["server"]));
    }

    [Fact]
    public async Task Waiting_for_an_idle_device_ends_when_it_is_idle_or_with_the_same_error()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var device = await bench.AddSimulatedAsync("edge-1");
        device.ChargePoints[0].StartTransaction();
        var options = new TakeBackupOptions { Kind = BackupKind.Automatic, WaitForIdle = TimeSpan.FromSeconds(1) };
        var error = (await bench.BackUpAsync(["edge-1"], options)).Single().Error;
        Assert.Equal(ErrorIds.DeviceBusy, Assert.IsType<EdgeBackupException>(error).ErrorId);

        var waiting = bench.BackUpAsync(["edge-1"], options with { WaitForIdle = TimeSpan.FromMinutes(1) });
        await Task.Delay(300);
        Assert.False(waiting.IsCompleted);
        device.ChargePoints[0].EndTransaction();
        Assert.NotNull((await waiting).Single().Backup);
        Assert.Contains(bench.Observer.Lines, line => line.Contains("waiting up to", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_cancelled_run_leaves_no_lease_no_hold_and_no_event_behind()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var device = await bench.AddSimulatedAsync("edge-1");
        device.Faults.Add(new SimulatedFault { Kind = FaultKind.Silent, Path = "items/*" });
        var before = bench.Objects("events/");
        using var cancel = new CancellationTokenSource();
        var taking = new TakeBackup(bench.Context, bench.Observer).RunAsync(["edge-1"], new TakeBackupOptions { Kind = BackupKind.Automatic }, _ => Task.CompletedTask, cancel.Token);
        await Wait.UntilAsync(() => device.Calls.Any(call => call.Path.StartsWith("items/", StringComparison.Ordinal)));
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => taking);
        Assert.Empty(bench.Objects("backups/"));
        Assert.Equal(before, bench.Objects("events/"));
        Assert.False(Directory.Exists(Path.Combine(bench.RepositoryFolder, "leases")) && Directory.EnumerateFiles(Path.Combine(bench.RepositoryFolder, "leases")).Any());
        device.Faults.Clear();
        Assert.NotNull(device.ChargePoints[0].StartTransaction());
    }

    [Fact]
    public async Task A_version_that_was_told_anew_is_registered()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var device = await bench.AddSimulatedAsync("edge-1");
        device.Version = "1.25.0";
        Assert.Equal("1.25.0", (await bench.AutomaticAsync("edge-1")).Backup.Version);
        Assert.Equal("1.25.0", (await bench.DeviceAsync("edge-1")).Device.Version);
        device.Version = "1.24.4";
        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => bench.AutomaticAsync("edge-1"));
        Assert.Equal(ErrorIds.DeviceVersionUnsupported, error.ErrorId);
        Assert.Contains("1.24.5", error.Message, StringComparison.Ordinal);
        Assert.Contains("1.24.4", error.Message, StringComparison.Ordinal);
    }
}
