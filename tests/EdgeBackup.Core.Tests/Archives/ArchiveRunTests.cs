using System.Globalization;
using EdgeBackup.Core.Archives;
using EdgeBackup.Core.Archives.Reading;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Archives;
using EdgeBackup.Core.Operations.Sync;
using EdgeBackup.Core.Repository;
using EdgeBackup.Simulator.Devices;
using Xunit;

namespace EdgeBackup.Core.Tests.Archives;

/// <summary>No record twice and none lost, whatever happens between two runs and in the middle of one.</summary>
public sealed class ArchiveRunTests : IAsyncLifetime
{
    private ArchiveBench bench = null!;

    public async Task InitializeAsync() => bench = await ArchiveBench.CreateAsync();

    public async Task DisposeAsync() => await bench.DisposeAsync();

    private static List<string> Ids(int count) => [.. Enumerable.Range(1, count).Select(number => $"e{number}")];

    private static TrendRecord Trend(long sequence) => new(sequence, DateTimeOffset.UnixEpoch.AddHours(sequence), "1", "ok");

    [Fact]
    public async Task Each_run_takes_what_has_come_since_also_over_restarts_and_steps_of_the_clock()
    {
        var first = await bench.ArchiveAsync();
        Assert.Equal((1, ArchiveKind.Run, 146), (first.Manifest.Number, first.Manifest.Kind, first.Manifest.Records));
        Assert.Equal("events.csv trends/supply.csv", string.Join(' ', first.Manifest.Files.Select(file => file.Path)));

        bench.Operations.Advance(TimeSpan.FromDays(-30));
        bench.AddEvents(1500);
        await bench.Operations.ReopenAsync();
        Assert.Equal(1500, (await bench.ArchiveAsync(new WriteArchiveOptions { Device = "", Parent = "", Format = ArchiveFormat.Xml })).Manifest.Records);

        bench.Operations.Advance(TimeSpan.FromDays(60));
        var empty = await bench.ArchiveAsync();
        Assert.Equal((3, 0, null), (empty.Manifest.Number, empty.Manifest.Records, empty.Manifest.From));
        bench.AddEvents(2);
        await bench.ArchiveAsync();

        Assert.Equal(Ids(1552), bench.EventIds());
        Assert.Equal(96, bench.Records(new ArchiveQuery { Trends = ["supply"] }).Count);
        Assert.Empty(await bench.DamageAsync());
        Assert.Empty(bench.Operations.Observer.Warnings);
        Assert.True((await bench.Operations.Context.Repository.VerifyAsync(new VerifyOptions(ReadData: true), null, default)).Healthy);
        Assert.Equal(4, (await bench.Operations.EventsAsync("Archived")).Count);
    }

    [Fact]
    public async Task A_folder_is_named_by_device_and_times_and_a_name_that_is_taken_gets_a_number()
    {
        var first = await bench.ArchiveAsync();
        var expected = string.Create(CultureInfo.InvariantCulture, $"bms-1_{first.Manifest.From:yyyyMMdd'T'HHmmss'Z'}_{first.Manifest.To:yyyyMMdd'T'HHmmss'Z'}");
        Assert.Equal(expected, Path.GetFileName(first.Path));
        var again = await bench.ArchiveAsync(new WriteArchiveOptions { Device = "", Parent = "", From = DateTimeOffset.UnixEpoch });
        Assert.Equal(expected + "-2", Path.GetFileName(again.Path));
        Assert.Empty(await bench.DamageAsync());
    }

    [Fact]
    public async Task A_buffer_that_overflowed_is_a_gap_in_the_manifest_and_a_warning()
    {
        await bench.ArchiveAsync();
        bench.AddEvents(100);
        bench.Device.Faults.OldestRecord = 120;
        var archive = await bench.ArchiveAsync(new WriteArchiveOptions { Device = "", Parent = "", Contents = [ArchiveContent.Event] });
        var gap = Assert.Single(archive.Manifest.Gaps);
        Assert.Equal((ArchiveContent.Event, null, null), (gap.Content, gap.Trend, gap.Lost));
        Assert.NotNull(gap.Before);
        Assert.Contains("overflowed", Assert.Single(bench.Operations.Observer.Warnings), StringComparison.Ordinal);
        Assert.Equal([.. Ids(50), .. Ids(150).Skip(120)], bench.EventIds());

        // Told once: the next run begins behind it.
        Assert.Empty((await bench.ArchiveAsync(new WriteArchiveOptions { Device = "", Parent = "", Contents = [ArchiveContent.Event] })).Manifest.Gaps);
    }

    [Fact]
    public async Task A_run_that_was_recorded_and_killed_gets_its_name_from_the_next()
    {
        await bench.ArchiveAsync();
        bench.AddEvents(5);
        var killed = await bench.ArchiveAsync();
        bench.Unname(killed);
        bench.AddEvents(5);
        await bench.ArchiveAsync();
        Assert.Equal(Ids(60), bench.EventIds());
        Assert.True(Directory.Exists(killed.Path));
        Assert.Empty(bench.Hidden());
        Assert.Empty(await bench.DamageAsync());
    }

    [Fact]
    public async Task What_a_run_that_was_never_recorded_has_left_is_removed_and_archived_anew()
    {
        var first = await bench.ArchiveAsync();
        bench.AddEvents(5);
        var copy = bench.Unname(first, run: "0123456789abcdef");
        foreach (var file in Directory.EnumerateFiles(copy, "*", SearchOption.AllDirectories))
        {
            var target = file.Replace(copy, first.Path, StringComparison.Ordinal);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }

        var torn = Path.Combine(bench.Parent, ArchiveNames.Stage(bench.Operations.Context.Repository.Id, ArchiveBench.DeviceId, "fedcba9876543210"));
        Directory.CreateDirectory(torn);
        File.WriteAllText(Path.Combine(torn, "manifest.json"), "{\"format\":1,");
        File.WriteAllText(torn + ".lock", "");

        await bench.ArchiveAsync();
        Assert.Empty(bench.Hidden());
        Assert.Equal(Ids(55), bench.EventIds());
        Assert.Empty(await bench.DamageAsync());
    }

    [Fact]
    public async Task Of_two_runs_at_once_one_wins_and_the_other_leaves_nothing()
    {
        ArchiveFolder? winner = null;
        var hooks = new HookedConnections(bench.Operations.Connections())
        {
            BeforePage = async () =>
            {
                // The other's folder is there and locked, and this one lets it be.
                Assert.NotEmpty(bench.Hidden());
                winner = await bench.ArchiveAsync();
                Assert.NotEmpty(bench.Hidden());
            },
        };
        var other = await bench.Operations.OpenAsync(connections: hooks);
        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => bench.ArchiveAsync(context: other));
        Assert.Equal(ErrorIds.ArchiveFailed, error.ErrorId);
        Assert.Equal(winner!.Path, Assert.Single(Directory.EnumerateDirectories(bench.Parent)));
        Assert.Empty(bench.Hidden());

        bench.AddEvents(1);
        await bench.ArchiveAsync(context: other);
        Assert.Equal(Ids(51), bench.EventIds());
        Assert.Empty(await bench.DamageAsync());
    }

    [Fact]
    public async Task A_device_that_fails_in_the_middle_leaves_nothing_and_loses_nothing()
    {
        bench.AddEvents(1500);
        var hooks = new HookedConnections(bench.Operations.Connections())
        {
            BeforePage = () =>
            {
                bench.Device.Faults.Add(new SimulatedFault { Kind = FaultKind.Status, Status = 500, Path = "*", Times = -1 });
                return Task.CompletedTask;
            },
        };
        var context = await bench.Operations.OpenAsync(connections: hooks);
        Assert.Equal(ErrorIds.DeviceUnreachable, (await Assert.ThrowsAsync<EdgeBackupException>(() => bench.ArchiveAsync(context: context))).ErrorId);
        bench.Device.Faults.Clear();

        // And one of which no log can be read.
        bench.Device.Faults.Add(new SimulatedFault { Kind = FaultKind.ReplaceBody, Path = "trends/*", Body = """{"records":[{"seq":1}],"next":"c1"}""" });
        Assert.Equal(ErrorIds.DeviceResponseInvalid, (await Assert.ThrowsAsync<EdgeBackupException>(() => bench.ArchiveAsync(new WriteArchiveOptions { Device = "", Parent = "", Contents = [ArchiveContent.Trend] }))).ErrorId);
        Assert.Empty(Directory.EnumerateFileSystemEntries(bench.Parent));

        await bench.ArchiveAsync();
        Assert.Equal(Ids(1550), bench.EventIds());
    }

    [Fact]
    public async Task Whoever_stops_a_run_or_takes_its_folder_away_finds_nothing_of_it()
    {
        using var stop = new CancellationTokenSource();
        var hooks = new HookedConnections(bench.Operations.Connections()) { BeforePage = () => stop.CancelAsync() };
        var context = await bench.Operations.OpenAsync(connections: hooks);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => bench.ArchiveAsync(context: context, cancellationToken: stop.Token));
        Assert.Empty(Directory.EnumerateFileSystemEntries(bench.Parent));

        hooks.BeforePage = () =>
        {
            // As when the drive is gone.
            Directory.Move(bench.Parent, bench.Parent + "-away");
            return Task.CompletedTask;
        };
        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => bench.ArchiveAsync(context: context));
        Assert.Equal(ErrorIds.ArchiveFailed, error.ErrorId);
        Directory.Move(bench.Parent + "-away", bench.Parent);

        await bench.ArchiveAsync();
        Assert.Equal(Ids(50), bench.EventIds());
        Assert.Empty(bench.Hidden());
    }

    [Fact]
    public async Task An_extract_holds_what_was_chosen_and_the_next_run_begins_where_it_would_have()
    {
        var from = bench.Device.Events[9].Time;
        var to = bench.Device.Events[19].Time;
        var extract = await bench.ArchiveAsync(new WriteArchiveOptions { Device = "", Parent = "", From = from, To = to, Categories = ["SETP*"] });
        Assert.Equal(ArchiveKind.Extract, extract.Manifest.Kind);
        var file = Assert.Single(extract.Manifest.Files);
        Assert.Equal((2, 48), (file.Records, file.LeftOut));
        Assert.Equal(["e13", "e18"], bench.EventIds());
        Directory.Delete(extract.Path, recursive: true);

        await bench.ArchiveAsync();
        Assert.Equal(Ids(50), bench.EventIds());
    }

    [Fact]
    public async Task What_is_not_chosen_by_content_keeps_its_place()
    {
        await bench.ArchiveAsync(new WriteArchiveOptions { Device = "", Parent = "", Contents = [ArchiveContent.Event] });
        await bench.ArchiveAsync(new WriteArchiveOptions { Device = "", Parent = "", Contents = [ArchiveContent.Trend] });
        await bench.ArchiveAsync();
        Assert.Equal(50 + 96, bench.Records().Count);
        Assert.Equal(3, ArchiveFolder.Find(bench.Parent).Count);
    }

    [Fact]
    public async Task A_trend_log_that_is_gone_is_told_once_and_may_come_back()
    {
        var history = new ListedHistory();
        history.Trends["a"] = [Trend(1), Trend(2)];
        history.Trends["b"] = [Trend(1)];
        var context = await bench.Operations.OpenAsync(connections: new HookedConnections(bench.Operations.Connections()) { History = history });
        await bench.ArchiveAsync(context: context);
        var away = history.Trends["a"];
        history.Trends.Remove("a");
        Assert.Equal("a", Assert.Single((await bench.ArchiveAsync(context: context)).Manifest.Gaps).Trend);
        Assert.Empty((await bench.ArchiveAsync(context: context)).Manifest.Gaps);
        away.Add(Trend(3));
        history.Trends["a"] = away;
        await bench.ArchiveAsync(context: context);
        Assert.Equal([1L, 2, 3], bench.Records(new ArchiveQuery { Trends = ["A"] }).Cast<ArchivedTrendRecord>().Select(record => record.Sequence));
    }

    [Theory]
    [InlineData("")]
    [InlineData("trends")]
    [InlineData("trends/")]
    public async Task An_archive_is_not_written_into_another_which_would_be_damaged_by_it(string below)
    {
        var archive = await bench.ArchiveAsync();
        var write = new WriteArchive(bench.Operations.Context, bench.Operations.Observer);
        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => write.RunAsync(new WriteArchiveOptions { Device = ArchiveBench.DeviceId, Parent = Path.Combine(archive.Path, below) }, default));
        Assert.Equal(ErrorIds.ArchiveFailed, error.ErrorId);
        Assert.Contains("part of an archive", error.Message, StringComparison.Ordinal);
        Assert.Empty(await bench.DamageAsync());
    }

    [Fact]
    public async Task A_device_without_a_history_and_a_folder_that_is_missing_are_refused()
    {
        await bench.Operations.AddFolderAsync("kiosk");
        var write = new WriteArchive(bench.Operations.Context, bench.Operations.Observer);
        Assert.Equal(ErrorIds.ArchiveNotSupported, (await Assert.ThrowsAsync<EdgeBackupException>(() => write.RunAsync(new WriteArchiveOptions { Device = "kiosk", Parent = bench.Parent }, default))).ErrorId);
        Assert.Equal(ErrorIds.ArchiveFailed, (await Assert.ThrowsAsync<EdgeBackupException>(() => write.RunAsync(new WriteArchiveOptions { Device = ArchiveBench.DeviceId, Parent = bench.Parent + "-none" }, default))).ErrorId);
        Assert.Equal(ErrorIds.DeviceNotFound, (await Assert.ThrowsAsync<EdgeBackupException>(() => write.RunAsync(new WriteArchiveOptions { Device = "nobody", Parent = bench.Parent }, default))).ErrorId);
        Assert.Empty(Directory.EnumerateFileSystemEntries(bench.Parent));
    }

    [Fact]
    public async Task A_run_whose_record_was_removed_stops_the_next_instead_of_archiving_twice()
    {
        await bench.ArchiveAsync();
        bench.AddEvents(1);
        await bench.ArchiveAsync();
        var record = bench.Operations.Objects("archives/").Last(name => name.EndsWith("/000000000001-000000000000", StringComparison.Ordinal));
        File.Delete(Path.Combine(bench.Operations.RepositoryFolder, record));
        await bench.Operations.ReopenAsync();
        Assert.Equal(ErrorIds.RepositoryDamaged, (await Assert.ThrowsAsync<EdgeBackupException>(() => bench.ArchiveAsync())).ErrorId);
        Assert.Empty(bench.Hidden());
    }

    [Fact]
    public async Task A_copy_of_the_repository_goes_on_with_the_same_key_where_the_last_run_ended()
    {
        await bench.ArchiveAsync();
        var copy = await bench.Operations.CreateAnotherAsync("copy");
        await new SyncRepository(bench.Operations.Context, copy, bench.Operations.Observer).RunAsync(new SyncOptions(), default);
        bench.AddEvents(3);
        var next = await bench.ArchiveAsync(context: copy);
        Assert.Equal((2, 3), (next.Manifest.Number, next.Manifest.Records));
        Assert.Equal(ArchiveFolder.Open(ArchiveFolder.Find(bench.Parent)[0]).Fingerprint, next.Fingerprint);
        Assert.Empty(await bench.DamageAsync(withRepository: false));
        Assert.All(await new TestArchives(copy, bench.Operations.Observer, null).RunAsync(bench.Parent, default).ToListAsync(), outcome => Assert.Equal((0, true), (outcome.Damage.Count, outcome.IsOwnKey)));
        Assert.Equal(Ids(53), bench.EventIds());
    }
}
