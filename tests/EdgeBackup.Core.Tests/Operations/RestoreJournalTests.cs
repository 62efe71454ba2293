using System.Text;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations.Restore;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Repository.Stores;
using EdgeBackup.Simulator.Devices;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations;

/// <summary>The ids of restore sessions are noted in the repository, so that our own left-overs are told from other people's work.</summary>
public sealed class RestoreJournalTests
{
    [Fact]
    public async Task A_session_that_a_killed_command_left_is_dropped_and_the_restore_goes_through()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var device = await bench.AddSimulatedAsync("edge-1");
        var backup = await bench.AutomaticAsync("edge-1");
        device.Items.Set("config/site.json", Encoding.UTF8.GetBytes("broken"));

        // A command of ours opens a session and dies: nobody disposes it.
        var state = await bench.Context.Devices.GetAsync("edge-1", default);
        var connection = bench.Connections().Connect(new ConnectionOptions { Address = DeviceAddress.Parse(state.Registration!.Address, bench.Path()) });
        await connection.BeginRestoreAsync(new RestorePlan(RestoreMode.Overlay, []), new RegistryRestoreJournal(bench.Context, "edge-1", Core.Operations.SilentObserver.Instance), default);
        Assert.Single((await bench.Context.Devices.GetAsync("edge-1", default)).OpenRestores);

        // The next command runs in another process and knows only what the repository says.
        var other = await bench.OpenAsync("somebody-else");
        var result = await new RestoreBackup(other, bench.Observer).RunAsync(new RestoreOptions { Backup = backup.Backup.Id }, default);
        Assert.Equal(["config/site.json"], result.Restored);
        Assert.Empty((await bench.Context.Devices.GetAsync("edge-1", default)).OpenRestores);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Notes_of_killed_commands_go_with_the_next_restore_and_those_that_may_live_stay(bool isFolder)
    {
        await using var bench = await OperationsBench.CreateAsync();
        var folder = isFolder ? await bench.AddFolderAsync("edge-1") : null;
        var device = isFolder ? null : await bench.AddSimulatedAsync("edge-1");
        var backup = await bench.AutomaticAsync("edge-1");
        var self = ProcessIdentity.Current();
        var here = ProcessIdentity.Shorten(self.Scope);

        // No process has this number; the simulator's sessions are other ones.
        await NoteAsync(bench, "killed", $"{here}/{int.MaxValue}/1");
        await NoteAsync(bench, "killed long ago elsewhere", "0badcafe/17/1");
        bench.Advance(TimeSpan.FromHours(25));
        await NoteAsync(bench, "elsewhere", "0badcafe/17/2");
        await NoteAsync(bench, "alive", $"{here}/{self.Pid}/{self.Start}");
        bench.Context.RunningRestores.Add("edge-1", "alive");
        bench.Advance(TimeSpan.FromMinutes(20));

        if (folder is not null)
        {
            await File.WriteAllTextAsync(Path.Combine(folder, "setting.ini"), "broken");
        }

        device?.Items.Set("config/site.json", Encoding.UTF8.GetBytes("broken"));
        Assert.True((await new RestoreBackup(bench.Context, bench.Observer).RunAsync(new RestoreOptions { Backup = backup.Backup.Id }, default)).Verified);

        Assert.Equal(["alive", "elsewhere"], (await bench.Context.Devices.GetAsync("edge-1", default)).OpenRestores.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_note_of_the_same_name_that_came_meanwhile_stays_open()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("edge-1");
        var self = ProcessIdentity.Current();
        var here = ProcessIdentity.Shorten(self.Scope);
        await NoteAsync(bench, "the only name", $"{here}/{int.MaxValue}/1");
        var seen = await bench.Context.Devices.GetAsync("edge-1", default);
        bench.Advance(TimeSpan.FromMinutes(1));
        bench.Context.RunningRestores.Add("edge-1", "the only name");
        await NoteAsync(bench, "the only name", $"{here}/{self.Pid}/{self.Start}");

        // What was decided upon the older look, and what is decided now.
        await bench.Context.Devices.TryAppendAsync(seen, DeviceLogEntryKind.RestoreClosed, entry => entry with { Session = "the only name" }, default);
        using var journal = new RegistryRestoreJournal(bench.Context, "edge-1", bench.Observer);
        await journal.ClosedAllButAsync([], default);

        Assert.Single((await bench.Context.Devices.GetAsync("edge-1", default)).OpenRestores);
    }

    [Fact]
    public async Task A_session_that_several_commands_have_under_one_name_is_none_that_was_left_until_the_last_of_them_is_over()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("ahu");
        using var third = new RegistryRestoreJournal(bench.Context, "ahu", bench.Observer);
        using (var second = new RegistryRestoreJournal(bench.Context, "ahu", bench.Observer))
        {
            using (var first = new RegistryRestoreJournal(bench.Context, "ahu", bench.Observer))
            {
                await first.OpenedInPlaceAsync("the only name", default);
                await first.ClosedAsync("the only name", default);

                // The device is free, and the first command has not ended yet.
                await second.OpenedInPlaceAsync("the only name", default);
            }

            Assert.False(await third.IsOwnAsync("the only name", TimeSpan.MaxValue, default));
        }

        Assert.True(await third.IsOwnAsync("the only name", TimeSpan.MaxValue, default));
    }

    [Fact]
    public async Task A_restore_from_a_repository_that_this_process_has_open_twice_is_none_that_was_left()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("ahu");
        var connections = bench.Connections();
        var (one, two) = (await bench.OpenAsync("one", connections), await bench.OpenAsync("two", connections));
        using var running = new RegistryRestoreJournal(one, "ahu", bench.Observer);
        using var next = new RegistryRestoreJournal(two, "ahu", bench.Observer);

        await running.OpenedInPlaceAsync("the only name", default);

        Assert.False(await next.IsOwnAsync("the only name", TimeSpan.MaxValue, default));
    }

    private static async Task NoteAsync(OperationsBench bench, string session, string owner) =>
        await bench.Context.Devices.AppendAsync("edge-1", DeviceLogEntryKind.RestoreOpened, entry => entry with { Session = session, Owner = owner }, default);

    [Fact]
    public async Task A_session_that_lasts_is_noted_again_and_no_more_once_it_is_closed()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("kiosk");
        using var journal = new RegistryRestoreJournal(bench.Context, "kiosk", bench.Observer, renewal: TimeSpan.FromMilliseconds(10));
        await journal.OpenedInPlaceAsync("long", default);
        bench.Advance(TimeSpan.FromHours(1));
        var later = bench.Clock.GetUtcNow();

        while ((await bench.Context.Devices.GetAsync("kiosk", default)).OpenRestores["long"].Time < later)
        {
            await Task.Delay(5);
        }

        Assert.True((await bench.Context.Devices.GetAsync("kiosk", default)).UnprovenRestore?.Time < later);
        await journal.ClosedUntouchedAsync("long", default);
        var state = await bench.Context.Devices.GetAsync("kiosk", default);
        Assert.Empty(state.OpenRestores);
        Assert.Null(state.UnprovenRestore);
    }

    [Fact]
    public async Task A_session_with_the_id_of_one_that_has_ended_long_ago_is_somebody_elses()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var device = await bench.AddSimulatedAsync("edge-1");
        var backup = await bench.AutomaticAsync("edge-1");

        // A device may begin anew to count after a restart.
        var session = device.Restores.Open();
        await NoteAsync(bench, session.Id, $"{ProcessIdentity.Shorten(ProcessIdentity.Current().Scope)}/{int.MaxValue}/1");
        bench.Advance(TimeSpan.FromHours(2));

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => new RestoreBackup(bench.Context, bench.Observer).RunAsync(new RestoreOptions { Backup = backup.Backup.Id }, default));

        Assert.Equal(ErrorIds.DeviceBusy, error.ErrorId);
        Assert.Equal(session.Id, device.Restores.Current?.Id);
    }

    [Fact]
    public async Task Somebody_elses_session_is_busy_and_stays()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var device = await bench.AddSimulatedAsync("edge-1");
        var backup = await bench.AutomaticAsync("edge-1");
        device.Items.Set("config/site.json", Encoding.UTF8.GetBytes("broken"));
        using var client = new HttpClient();
        using var content = new StringContent("""{"mode":"overlay","items":0,"bytes":0}""", Encoding.UTF8, "application/json");
        using var opened = await client.PostAsync(new Uri(device.Address, "api/v1/restores"), content);
        opened.EnsureSuccessStatusCode();
        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => new RestoreBackup(bench.Context, bench.Observer).RunAsync(new RestoreOptions { Backup = backup.Backup.Id }, default));
        Assert.Equal(ErrorIds.DeviceBusy, error.ErrorId);
        Assert.Equal("broken", Encoding.UTF8.GetString(device.Items.Find("config/site.json")!.Content));
        using var still = await client.GetAsync(new Uri(device.Address, opened.Headers.Location!));
        Assert.True(still.IsSuccessStatusCode);
    }

    [Fact]
    public async Task A_restore_that_fails_closes_its_entry_names_the_safety_backup_and_is_an_event()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var device = await bench.AddSimulatedAsync("edge-1");
        var backup = await bench.AutomaticAsync("edge-1");
        device.Items.Set("config/site.json", Encoding.UTF8.GetBytes("broken"));
        device.Faults.CommitFailure = "flash worn out";
        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => new RestoreBackup(bench.Context, bench.Observer).RunAsync(new RestoreOptions { Backup = backup.Backup.Id }, default));
        Assert.Equal(ErrorIds.RestoreFailed, error.ErrorId);
        Assert.Contains("flash worn out", error.Message, StringComparison.Ordinal);
        var safety = (await bench.ListAsync()).Single(listed => listed.Backup.Kind == BackupKind.Safety);
        Assert.Contains(safety.Backup.Id, error.Message, StringComparison.Ordinal);
        Assert.Empty((await bench.Context.Devices.GetAsync("edge-1", default)).OpenRestores);
        var failed = Assert.Single(await bench.EventsAsync("Failed"));
        Assert.Equal((EdgeEventCategory.Restore, ErrorIds.RestoreFailed, backup.Backup.Id), (failed.Category, failed.ErrorId, failed.Backup));
    }

    [Fact]
    public async Task A_repository_that_was_taken_back_restores_onto_a_device_without_safety_backup_and_note()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var device = await bench.AddSimulatedAsync("edge-1");
        var backup = await bench.AutomaticAsync("edge-1");
        var before = device.Items.Find("config/site.json")!.Content;
        await bench.TakeBackAsync(() => bench.ManualAsync("edge-1", "newer"));
        Assert.NotNull(bench.Context.Repository.Notice);
        var objects = bench.Objects();
        device.Items.Set("config/site.json", Encoding.UTF8.GetBytes("broken"));

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => new RestoreBackup(bench.Context, bench.Observer).RunAsync(new RestoreOptions { Backup = backup.Backup.Id }, default));
        Assert.Equal(ErrorIds.RepositoryDamaged, error.ErrorId);
        Assert.Contains("-SkipSafetyBackup", error.Message, StringComparison.Ordinal);
        Assert.Contains("-Destination", error.Message, StringComparison.Ordinal);
        Assert.Equal("broken", Encoding.UTF8.GetString(device.Items.Find("config/site.json")!.Content));

        var result = await new RestoreBackup(bench.Context, bench.Observer).RunAsync(new RestoreOptions { Backup = backup.Backup.Id, SkipSafetyBackup = true }, default);
        Assert.Equal(["config/site.json"], result.Restored);
        Assert.True(result.Verified);
        Assert.Equal(before, device.Items.Find("config/site.json")!.Content);
        Assert.Contains(bench.Observer.Warnings, warning => warning.Contains("without being noted", StringComparison.Ordinal));
        Assert.Equal(objects, bench.Objects());
    }

    [Fact]
    public async Task A_plan_changes_nothing_on_the_device_and_in_the_repository()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var device = await bench.AddSimulatedAsync("edge-1");
        var backup = await bench.AutomaticAsync("edge-1");
        device.Items.Set("config/site.json", Encoding.UTF8.GetBytes("broken"));
        device.Items.Set("config/extra.json", Encoding.UTF8.GetBytes("{}"));
        var before = bench.Objects();
        device.ClearCalls();
        var plan = await new RestoreBackup(bench.Context, bench.Observer).PlanAsync(new RestoreOptions { Backup = backup.Backup.Id }, default);
        Assert.True(plan.IsCompared);
        Assert.Equal(["config/site.json"], plan.Steps.Where(step => step.Action == RestoreAction.Restore).Select(step => step.Path));
        Assert.Equal(["config/extra.json"], plan.Steps.Where(step => step.Action == RestoreAction.Remove).Select(step => step.Path));
        Assert.Equal(["values/live.json"], plan.Steps.Where(step => step.Action == RestoreAction.NotRestored).Select(step => step.Path));
        Assert.Equal(before, bench.Objects());
        Assert.All(device.Calls, call => Assert.Equal("GET", call.Method));
    }
}
