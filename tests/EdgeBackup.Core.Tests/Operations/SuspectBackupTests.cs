using System.Text;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Operations.Restore;
using EdgeBackup.Core.Operations.Transfer;
using EdgeBackup.Core.Records;
using EdgeBackup.Simulator.Devices;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations;

/// <summary>Backups that something speaks against: kept, marked, and never all that is left.</summary>
public sealed class SuspectBackupTests : IAsyncLifetime
{
    private const string Page = "<!doctype html><html><body>Please log in</body></html>";

    private OperationsBench bench = null!;

    public async Task InitializeAsync() => bench = await OperationsBench.CreateAsync();

    public async Task DisposeAsync() => await bench.DisposeAsync();

    [Fact]
    public async Task A_simulated_device_as_it_comes_is_above_suspicion()
    {
        await bench.AddSimulatedAsync("edge-1");
        await bench.AddSimulatedAsync("bms-1", isBuilding: true);
        bench.Observer.Clear();
        foreach (var content in Enum.GetValues<BackupContent>())
        {
            var outcomes = await bench.BackUpAsync(["edge-1", "bms-1"], new TakeBackupOptions { Kind = BackupKind.Automatic, Content = content });
            Assert.All(outcomes, outcome => Assert.Empty(outcome.Backup!.Backup.Suspect));
        }

        Assert.Empty(bench.Observer.Warnings);
        Assert.Empty(await bench.EventsAsync("Suspect"));
    }

    [Fact]
    public async Task An_error_page_a_cut_and_an_emptied_item_are_named_in_record_catalog_warning_and_event()
    {
        var device = await bench.AddSimulatedAsync("edge-1");
        var good = await bench.AutomaticAsync("edge-1");
        Set(device, "config/site.json", Page);
        Set(device, "config/charging/tariff day.xml", "<tariff from=\"06:00\"><day>");
        Set(device, "config/ocpp/backoffice.xml", "");
        var suspect = await bench.AutomaticAsync("edge-1");

        Assert.Equal(
            [("config/charging/tariff day.xml", SuspectCause.Cut), ("config/ocpp/backoffice.xml", SuspectCause.Empty), ("config/site.json", SuspectCause.WrongContent)],
            suspect.Backup.Suspect.Select(reason => (reason.Path, reason.Cause)));
        Assert.Contains(bench.Observer.Warnings, warning => warning.Contains(suspect.Backup.Id, StringComparison.Ordinal) && warning.Contains("config/site.json", StringComparison.Ordinal));
        Assert.Equal(suspect.Backup.Id, Assert.Single(await bench.EventsAsync("Suspect")).Backup);

        // A catalog that is made anew reads it from the record.
        var other = await bench.OpenAsync("elsewhere");
        Assert.Equal(suspect.Backup.Suspect, (await bench.ListAsync(new FindBackupsOptions { Suspect = true }, context: other)).Single().Backup.Suspect);
        Assert.Equal(good.Backup.Id, (await bench.ListAsync(new FindBackupsOptions { Suspect = false }, context: other)).Single().Backup.Id);
    }

    [Fact]
    public async Task An_unchanged_item_is_not_read_again_and_keeps_what_was_found_of_it()
    {
        var device = await bench.AddSimulatedAsync("edge-1");
        await bench.AutomaticAsync("edge-1");
        Set(device, "config/site.json", "{\"site\":\"edge-1\",");
        await bench.AutomaticAsync("edge-1");
        device.ClearCalls();
        var again = await bench.AutomaticAsync("edge-1");

        Assert.DoesNotContain(device.Calls, call => call.Path.Contains("site.json", StringComparison.Ordinal));
        Assert.Equal(("config/site.json", SuspectCause.Cut), again.Backup.Suspect.Select(reason => (reason.Path, reason.Cause)).Single());

        Set(device, "config/site.json", "{\"site\":\"edge-1\"}");
        Assert.Empty((await bench.AutomaticAsync("edge-1")).Backup.Suspect);
    }

    [Fact]
    public async Task What_shrinks_stays_suspect_and_what_grows_is_so_once()
    {
        var device = await bench.AddSimulatedAsync("edge-1");
        Set(device, "config/table.csv", new string('a', 30_000));
        await bench.AutomaticAsync("edge-1");
        Set(device, "config/table.csv", "error\n");
        for (var night = 0; night < 3; night++)
        {
            Assert.Contains((await bench.AutomaticAsync("edge-1")).Backup.Suspect, reason => reason.Path == "config/table.csv" && reason.Cause == SuspectCause.Size);
        }

        Set(device, "config/table.csv", new string('a', 400_000));
        Assert.Equal(["", "config/table.csv"], (await bench.AutomaticAsync("edge-1")).Backup.Suspect.Select(reason => reason.Path));
        Assert.Empty((await bench.AutomaticAsync("edge-1")).Backup.Suspect);
    }

    [Fact]
    public async Task What_grows_is_suspect_once_also_where_history_is_saved_with_it()
    {
        var device = await bench.AddSimulatedAsync("edge-1");
        var all = new TakeBackupOptions { Kind = BackupKind.Automatic, Content = BackupContent.All };
        Set(device, "config/table.csv", new string('a', 2_000));
        await bench.BackUpAsync(["edge-1"], all);
        Set(device, "config/table.csv", new string('a', 400_000));
        Assert.Equal(["", "config/table.csv"], (await bench.BackUpAsync(["edge-1"], all)).Single().Backup!.Backup.Suspect.Select(reason => reason.Path));
        Assert.Empty((await bench.BackUpAsync(["edge-1"], all)).Single().Backup!.Backup.Suspect);
    }

    [Fact]
    public async Task What_grows_is_suspect_once_also_where_there_are_more_of_it_than_are_named()
    {
        var device = await bench.AddSimulatedAsync("edge-1");
        Fill(1_500);
        await bench.AutomaticAsync("edge-1");
        Fill(30_000);
        var suspect = await bench.AutomaticAsync("edge-1");
        Assert.Contains("items more", suspect.Backup.Suspect[^1].Reason, StringComparison.Ordinal);
        Assert.Empty((await bench.AutomaticAsync("edge-1")).Backup.Suspect);

        void Fill(int length)
        {
            for (var number = 0; number < 110; number++)
            {
                Set(device, $"config/tables/{number:000}.csv", new string('a', length));
            }
        }
    }

    [Fact]
    public async Task What_is_left_unchecked_hides_no_growth_of_the_rest()
    {
        var folder = await AddTypedFolderAsync("""[{ "path": "odd/**", "unchecked": true }]""");
        await File.WriteAllTextAsync(Path.Combine(folder, "a.cfg"), new string('a', 2_000));
        await bench.AutomaticAsync("p1");
        Directory.CreateDirectory(Path.Combine(folder, "odd"));
        await File.WriteAllTextAsync(Path.Combine(folder, "odd", "dump"), new string('x', 1_000_000));
        await File.WriteAllTextAsync(Path.Combine(folder, "page.json"), Page);
        Assert.Equal([("page.json", SuspectCause.WrongContent)], Reasons(await bench.AutomaticAsync("p1")));

        // Nothing of that name was there before: only the whole says that there is far more.
        await File.WriteAllTextAsync(Path.Combine(folder, "new.cfg"), new string('b', 100_000));
        Assert.Equal([("", SuspectCause.Size), ("page.json", SuspectCause.WrongContent)], Reasons(await bench.AutomaticAsync("p1")));
    }

    [Fact]
    public async Task The_first_rule_that_fits_says_whether_an_item_is_checked()
    {
        var folder = await AddTypedFolderAsync("""[{ "path": "odd/main.json" }, { "path": "odd/**", "unchecked": true }]""");
        Directory.CreateDirectory(Path.Combine(folder, "odd"));
        await File.WriteAllTextAsync(Path.Combine(folder, "odd", "main.json"), Page);
        await File.WriteAllTextAsync(Path.Combine(folder, "odd", "other.json"), Page);
        Assert.Equal([("odd/main.json", SuspectCause.WrongContent)], Reasons(await bench.AutomaticAsync("p1")));
    }

    [Fact]
    public async Task History_and_small_items_come_and_go_as_they_like()
    {
        var device = await bench.AddSimulatedAsync("edge-1");
        Set(device, "config/note.txt", "x");
        var all = new TakeBackupOptions { Kind = BackupKind.Automatic, Content = BackupContent.All };
        await bench.BackUpAsync(["edge-1"], all);
        device.Items.Set("history/sessions.log", [], ItemKind.History);
        Set(device, "config/note.txt", new string('x', 900));
        Assert.Empty((await bench.BackUpAsync(["edge-1"], all)).Single().Backup!.Backup.Suspect);

        // Nearly nothing is left of the whole, history included.
        device.Items.Set("history/sessions.log", new byte[5_000_000], ItemKind.History);
        await bench.BackUpAsync(["edge-1"], all);
        Assert.Empty((await bench.BackUpAsync(["edge-1"], all)).Single().Backup!.Backup.Suspect);
        device.Items.Set("history/sessions.log", [1], ItemKind.History);
        Assert.Equal(SuspectCause.Size, (await bench.BackUpAsync(["edge-1"], all)).Single().Backup!.Backup.Suspect.Single().Cause);
    }

    [Fact]
    public async Task No_items_or_only_empty_ones_are_suspect_at_once()
    {
        var device = await bench.AddSimulatedAsync("edge-1");
        device.Items.Clear();
        Assert.Equal(("", SuspectCause.Empty), Reasons(await bench.AutomaticAsync("edge-1")).Single());
        Set(device, "config/a.json", "");
        Set(device, "config/b.json", "");
        Assert.Equal(("", SuspectCause.Empty), Reasons(await bench.AutomaticAsync("edge-1")).Single());
        Assert.Equal(BackupState.Overdue, (await bench.DeviceAsync("edge-1")).BackupState);
        Set(device, "config/b.json", "{}");
        Assert.Empty((await bench.AutomaticAsync("edge-1")).Backup.Suspect);
        Assert.Equal(BackupState.Current, (await bench.DeviceAsync("edge-1")).BackupState);
    }

    [Fact]
    public async Task Somebody_who_says_so_makes_the_new_state_the_good_one()
    {
        var device = await bench.AddSimulatedAsync("edge-1");
        Set(device, "config/table.csv", new string('a', 30_000));
        await bench.AutomaticAsync("edge-1");
        Set(device, "config/table.csv", "");
        Set(device, "config/odd.json", "{ this is no JSON at all");
        Assert.NotEmpty((await bench.AutomaticAsync("edge-1")).Backup.Suspect);
        var accepted = (await bench.BackUpAsync(["edge-1"], new TakeBackupOptions { Kind = BackupKind.Manual, Name = "emptied", SkipValidation = true })).Single();
        Assert.Empty(accepted.Backup!.Backup.Suspect);

        // Also where it is read again: these are the bytes of a good backup.
        device.Items.HasETags = false;
        Assert.Empty((await bench.AutomaticAsync("edge-1")).Backup.Suspect);
    }

    [Fact]
    public async Task A_week_of_error_pages_is_a_week_without_a_backup()
    {
        var device = await bench.AddSimulatedAsync("edge-1");
        var good = await bench.AutomaticAsync("edge-1");
        Set(device, "config/site.json", Page);
        bench.Advance(TimeSpan.FromHours(25));
        var outcome = Assert.Single(await bench.RunScheduleAsync());
        Assert.Equal(Core.Operations.Scheduling.ScheduledResult.Completed, outcome.Result);
        Assert.Contains("config/site.json", outcome.Reason, StringComparison.Ordinal);
        var listed = await bench.DeviceAsync("edge-1");
        Assert.Equal((BackupState.Current, true, good.Backup.Created), (listed.BackupState, listed.Device.IsSuspect, listed.Device.LastGoodBackup));

        // The next try is due a day later, not at once.
        Assert.Equal(Core.Operations.Scheduling.ScheduledResult.NotDue, Assert.Single(await bench.RunScheduleAsync()).Result);
        bench.Advance(TimeSpan.FromHours(25));
        await bench.RunScheduleAsync();
        Assert.Equal(BackupState.Overdue, (await bench.DeviceAsync("edge-1")).BackupState);
    }

    [Fact]
    public async Task Months_of_error_pages_do_not_push_out_the_last_good_backup()
    {
        var device = await bench.AddSimulatedAsync("edge-1");
        var start = new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);
        bench.Put(start);
        var good = await bench.AutomaticAsync("edge-1");
        Set(device, "config/site.json", Page);
        for (var month = 1; month <= 14; month++)
        {
            bench.Put(start.AddMonths(month));
            await bench.AutomaticAsync("edge-1");
        }

        // The backup of six months ago was taken a moment after the month's first instant.
        bench.Advance(TimeSpan.FromHours(1));
        await bench.OptimizeAsync();
        var left = await bench.ListAsync();
        Assert.Equal(good.Backup.Id, left[^1].Backup.Id);
        Assert.Equal(7, left.Count);

        Set(device, "config/site.json", "{}");
        var next = await bench.AutomaticAsync("edge-1");
        Assert.Equal(next.Backup.Id, Assert.Single(await bench.ListAsync(new FindBackupsOptions { Suspect = false })).Backup.Id);
    }

    [Fact]
    public async Task What_a_type_requires_must_be_there_and_what_it_leaves_unchecked_may_be_anything()
    {
        var folder = bench.MakeFolder("p1");
        var type = bench.Path("press.json");
        await File.WriteAllTextAsync(type, """
            { "id": "kiosk", "title": "Kiosk", "connections": ["Folder"],
              "items": [{ "path": "etc/**", "required": true }, { "path": "main.cfg", "required": true }, { "path": "odd/**", "unchecked": true }, { "path": "log/*", "kind": "History", "required": true }] }
            """);
        Directory.CreateDirectory(Path.Combine(folder, "odd"));
        await File.WriteAllTextAsync(Path.Combine(folder, "odd", "a.json"), "{");
        await new RegisterDevice(bench.Context, bench.Observer).RunAsync(
            new RegisterDeviceOptions { Address = new(EdgeBackup.Core.Devices.ConnectionKind.Folder, folder), Type = "kiosk", TypeFile = DeviceTypeLibrary.ReadFile(type) }, default);
        Assert.Equal([("etc/**", SuspectCause.Missing), ("main.cfg", SuspectCause.Missing)], Reasons(await bench.AutomaticAsync("p1")));

        Directory.CreateDirectory(Path.Combine(folder, "etc"));
        await File.WriteAllTextAsync(Path.Combine(folder, "etc", "a"), "a");
        await File.WriteAllTextAsync(Path.Combine(folder, "main.cfg"), "");
        Assert.Equal([("main.cfg", SuspectCause.Empty)], Reasons(await bench.AutomaticAsync("p1")));
        await File.WriteAllTextAsync(Path.Combine(folder, "main.cfg"), "a=1");
        Assert.Empty((await bench.AutomaticAsync("p1")).Backup.Suspect);
    }

    [Fact]
    public async Task The_factor_of_a_policy_holds()
    {
        var device = await bench.AddSimulatedAsync("edge-1");
        Set(device, "config/table.csv", new string('a', 30_000));
        await bench.AutomaticAsync("edge-1");
        Set(device, "config/table.csv", new string('a', 9_000));
        Assert.Empty((await bench.AutomaticAsync("edge-1")).Backup.Suspect);
        Set(device, "config/table.csv", new string('a', 30_000));
        await bench.AutomaticAsync("edge-1");
        await bench.SetPolicyAsync(new PolicyValues { SizeFactor = 3 });
        Set(device, "config/table.csv", new string('a', 9_001));
        Assert.Contains(Reasons(await bench.AutomaticAsync("edge-1")), reason => reason == ("config/table.csv", SuspectCause.Size));
    }

    [Fact]
    public async Task A_suspect_backup_is_restored_with_a_warning_and_a_switch_takes_the_newest_good_one()
    {
        var device = await bench.AddSimulatedAsync("edge-1");
        var good = await bench.AutomaticAsync("edge-1");
        Set(device, "config/site.json", Page);
        var suspect = await bench.ManualAsync("edge-1", "bad");
        await bench.AddSimulatedAsync("edge-2");

        await new RestoreBackup(bench.Context, bench.Observer).RunAsync(new RestoreOptions { Backup = suspect.Backup.Id }, default);
        Assert.Contains(bench.Observer.Warnings, warning => warning.StartsWith($"The backup {suspect.Backup.Id} of 'edge-1' is suspect.", StringComparison.Ordinal));

        var chosen = await new FindBackups(bench.Context, bench.Observer).RequireNewestAsync("edge-1", default);
        Assert.Equal(good.Backup.Id, chosen.Id);
        Assert.Contains(bench.Observer.Warnings, warning => warning.Contains($"-Backup {suspect.Backup.Id}", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Copies_and_portable_files_carry_the_reasons_along()
    {
        var device = await bench.AddSimulatedAsync("edge-1");
        await bench.AutomaticAsync("edge-1");
        Set(device, "config/site.json", Page);
        var suspect = (await bench.AutomaticAsync("edge-1")).Backup;
        var file = bench.Path("one.edgebackup");
        await new ExportBackup(bench.Context, bench.Observer).RunAsync(suspect, file, default);
        var other = await bench.CreateAnotherAsync("other");
        var imported = await new ImportBackup(other, bench.Observer).RunAsync(file, default);
        Assert.Equal(suspect.Suspect, imported.Backup.Suspect);
    }

    /// <summary>Registers a folder as 'p1', of a type with these rules.</summary>
    private async Task<string> AddTypedFolderAsync(string rules)
    {
        var folder = bench.MakeFolder("p1");
        var type = bench.Path("rules.json");
        await File.WriteAllTextAsync(type, $$"""{ "id": "kiosk", "title": "Kiosk", "connections": ["Folder"], "items": {{rules}} }""");
        await new RegisterDevice(bench.Context, bench.Observer).RunAsync(
            new RegisterDeviceOptions { Address = new(EdgeBackup.Core.Devices.ConnectionKind.Folder, folder), Type = "kiosk", TypeFile = DeviceTypeLibrary.ReadFile(type) }, default);
        return folder;
    }

    private static IEnumerable<(string Path, SuspectCause Cause)> Reasons(ListedBackup listed) => listed.Backup.Suspect.Select(reason => (reason.Path, reason.Cause));

    private static void Set(SimulatedDevice device, string path, string content) => device.Items.Set(path, Encoding.UTF8.GetBytes(content));
}
