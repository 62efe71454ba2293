using EdgeBackup.Core.Archives;
using EdgeBackup.Core.Archives.Reading;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Archives;
using EdgeBackup.Simulator.Devices;
using Xunit;

namespace EdgeBackup.Core.Tests.Archives;

/// <summary>What a device does to its logs between two runs, and what runs do to each other, is told and costs no record that is there.</summary>
public sealed class ArchiveLossTests : IAsyncLifetime
{
    private static readonly WriteArchiveOptions Events = new() { Device = "", Parent = "", Contents = [ArchiveContent.Event] };
    private static readonly WriteArchiveOptions Trends = new() { Device = "", Parent = "", Contents = [ArchiveContent.Trend] };
    private static readonly WriteArchiveOptions Extract = new() { Device = "", Parent = "", From = DateTimeOffset.UnixEpoch };

    private ArchiveBench bench = null!;

    public async Task InitializeAsync() => bench = await ArchiveBench.CreateAsync();

    public async Task DisposeAsync() => await bench.DisposeAsync();

    private static IEnumerable<DeviceEvent> Entries(int first, int count) =>
        Enumerable.Range(first, count).Select(number => new DeviceEvent($"n{number}", DateTimeOffset.UnixEpoch.AddHours(number), "system", "it", null, $"event {number}", null, null));

    private static TrendRecord Trend(long sequence) => new(sequence, DateTimeOffset.UnixEpoch.AddHours(sequence), "1", "ok");

    [Theory]
    [InlineData(30)]
    [InlineData(80)]
    public async Task A_log_that_was_begun_anew_is_a_gap_and_is_read_from_its_oldest_record(int since)
    {
        await bench.ArchiveAsync(Events);
        bench.Device.ClearLogs();
        bench.AddEvents(since);
        var archive = await bench.ArchiveAsync(Events);
        Assert.Equal(since, archive.Manifest.Records);
        Assert.Contains("anew", Assert.Single(archive.Manifest.Gaps).Reason, StringComparison.Ordinal);
        Assert.Single(bench.Operations.Observer.Warnings);
        bench.AddEvents(1);
        var next = await bench.ArchiveAsync(Events);
        Assert.Equal((1, 0), (next.Manifest.Records, next.Manifest.Gaps.Count));
    }

    [Fact]
    public async Task A_trend_log_whose_numbers_begin_anew_is_a_gap_though_the_device_does_not_say_so()
    {
        var history = new ListedHistory();
        history.Trends["a"] = [Trend(1), Trend(2), Trend(3), Trend(4)];
        var context = await bench.Operations.OpenAsync(connections: new HookedConnections(bench.Operations.Connections()) { History = history });
        await bench.ArchiveAsync(context: context);
        history.Trends["a"] = [Trend(0), Trend(1), Trend(2), Trend(3), Trend(4), Trend(5)];
        var archive = await bench.ArchiveAsync(context: context);
        Assert.Equal(6, archive.Manifest.Records);
        Assert.Contains("anew", Assert.Single(archive.Manifest.Gaps).Reason, StringComparison.Ordinal);
        history.Trends["a"].Add(Trend(6));
        Assert.Empty((await bench.ArchiveAsync(context: context)).Manifest.Gaps);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(20)]
    public async Task An_event_log_that_was_begun_anew_loses_nothing_though_the_device_answers_as_if_it_went_on(int since)
    {
        var history = new ListedHistory();
        history.Events.AddRange(Entries(1, 7));
        var context = await bench.Operations.OpenAsync(connections: new HookedConnections(bench.Operations.Connections()) { History = history });
        await bench.ArchiveAsync(Events, context);

        // Empty for a while: nothing is known yet, and nothing forgotten.
        history.Events.Clear();
        Assert.Empty((await bench.ArchiveAsync(Events, context)).Manifest.Gaps);
        history.Events.AddRange(Entries(101, since));
        var archive = await bench.ArchiveAsync(Events, context);
        Assert.Equal(since, archive.Manifest.Records);
        Assert.Contains("begun anew", Assert.Single(archive.Manifest.Gaps).Reason, StringComparison.Ordinal);

        history.Events.AddRange(Entries(201, 1));
        var next = await bench.ArchiveAsync(Events, context);
        Assert.Equal((1, 0), (next.Manifest.Records, next.Manifest.Gaps.Count));
        Assert.Equal(7 + since + 1, bench.EventIds().Distinct().Count());
    }

    [Fact]
    public async Task An_event_log_that_was_begun_anew_with_a_clock_that_lost_its_time_is_noticed()
    {
        var history = new ListedHistory();
        history.Events.AddRange(Entries(1000, 7));
        var context = await bench.Operations.OpenAsync(connections: new HookedConnections(bench.Operations.Connections()) { History = history });
        await bench.ArchiveAsync(Events, context);
        history.Events.Clear();
        history.Events.AddRange(Entries(1, 9));
        Assert.Equal(9, (await bench.ArchiveAsync(Events, context)).Manifest.Records);
    }

    [Fact]
    public async Task A_device_that_drops_old_events_by_their_age_is_still_the_same_log_and_nothing_comes_twice()
    {
        var history = new DroppingHistory();
        history.Events.AddRange(Entries(1, 7));
        var context = await bench.Operations.OpenAsync(connections: new HookedConnections(bench.Operations.Connections()) { History = history });
        await bench.ArchiveAsync(Events, context);
        history.Events.AddRange(Entries(8, 1));
        history.Drop(3);
        Assert.Equal(1, (await bench.ArchiveAsync(Events, context)).Manifest.Records);

        // The clock is put back, so that the oldest is younger than the last that was read.
        history.Events.AddRange(Entries(2, 1));
        Assert.Equal(1, (await bench.ArchiveAsync(Events, context)).Manifest.Records);
        history.Drop(2);
        history.Events.AddRange(Entries(3, 1));
        var archive = await bench.ArchiveAsync(Events, context);
        Assert.Equal((1, 0), (archive.Manifest.Records, archive.Manifest.Gaps.Count));

        history.Drop(4);
        Assert.Equal(0, (await bench.ArchiveAsync(Events, context)).Manifest.Records);

        // All that was archived has run out, and what came since is all there is: nothing was lost.
        history.Drop(1);
        history.Events.AddRange(Entries(60, 2));
        var late = await bench.ArchiveAsync(Events, context);
        Assert.Equal((2, 0), (late.Manifest.Records, late.Manifest.Gaps.Count));
    }

    [Fact]
    public async Task A_trend_log_that_was_emptied_loses_nothing_though_the_device_answers_an_empty_page()
    {
        var history = new ListedHistory();
        history.Trends["a"] = [Trend(1), Trend(2), Trend(3), Trend(4)];
        var context = await bench.Operations.OpenAsync(connections: new HookedConnections(bench.Operations.Connections()) { History = history });
        await bench.ArchiveAsync(context: context);
        history.Trends["a"] = [Trend(1), Trend(2)];
        var archive = await bench.ArchiveAsync(context: context);
        Assert.Equal(2, archive.Manifest.Records);
        Assert.Contains("anew", Assert.Single(archive.Manifest.Gaps).Reason, StringComparison.Ordinal);
        history.Trends["a"].Add(Trend(3));
        Assert.Equal(1, (await bench.ArchiveAsync(context: context)).Manifest.Records);
    }

    [Fact]
    public async Task An_extract_goes_on_where_a_reading_ended_early_for_there_is_no_next_run()
    {
        var history = new ListedHistory { PagesAtOnce = 5 };
        history.Events.AddRange(Entries(1, 100));
        history.Trends["a"] = [.. Enumerable.Range(1, 60).Select(number => Trend(number))];
        var context = await bench.Operations.OpenAsync(connections: new HookedConnections(bench.Operations.Connections()) { History = history });
        Assert.Equal(160, (await bench.ArchiveAsync(Extract, context)).Manifest.Records);
        Assert.Equal(2 * 5 * ListedHistory.PageSize, (await bench.ArchiveAsync(context: context)).Manifest.Records);
    }

    [Fact]
    public async Task A_log_that_says_that_it_was_begun_anew_and_is_empty_is_told_once()
    {
        var history = new ListedHistory();
        history.Trends["a"] = [Trend(1), Trend(2), Trend(3), Trend(4)];
        var context = await bench.Operations.OpenAsync(connections: new HookedConnections(bench.Operations.Connections()) { History = history });
        await bench.ArchiveAsync(context: context);
        history.Trends["a"].Clear();
        history.TrendGap = new HistoryGap(null, "the device has begun its log anew since the last run");
        Assert.Single((await bench.ArchiveAsync(context: context)).Manifest.Gaps);
        history.Trends["a"].Add(Trend(1));
        var archive = await bench.ArchiveAsync(context: context);
        Assert.Equal((1, 0), (archive.Manifest.Records, archive.Manifest.Gaps.Count));
    }

    [Fact]
    public async Task An_event_log_that_says_that_it_was_begun_anew_and_is_empty_is_told_once()
    {
        await bench.ArchiveAsync(Events);
        bench.Device.ClearLogs();
        Assert.Single((await bench.ArchiveAsync(Events)).Manifest.Gaps);
        bench.AddEvents(3);
        var archive = await bench.ArchiveAsync(Events);
        Assert.Equal((3, 0), (archive.Manifest.Records, archive.Manifest.Gaps.Count));
    }

    [Fact]
    public async Task Trend_logs_that_there_never_were_are_nothing_to_archive_though_there_are_events()
    {
        bench.Device.Features = [.. bench.Device.Features.Where(feature => feature != "trends")];
        await bench.ArchiveAsync();
        Assert.Equal(ErrorIds.ArchiveNotSupported, (await Assert.ThrowsAsync<EdgeBackupException>(() => bench.ArchiveAsync(Trends))).ErrorId);
        await Assert.ThrowsAsync<ArgumentException>(() => bench.ArchiveAsync(Trends with { Categories = ["alarm"] }));
    }

    [Fact]
    public async Task An_event_log_that_is_gone_is_told_once_and_alone_it_is_nothing_to_archive()
    {
        await bench.ArchiveAsync();
        bench.Device.Features = [.. bench.Device.Features.Where(feature => feature != "events")];
        var gap = Assert.Single((await bench.ArchiveAsync()).Manifest.Gaps);
        Assert.Equal((ArchiveContent.Event, "the device has no event log any more"), (gap.Content, gap.Reason));
        Assert.Single(bench.Operations.Observer.Warnings);
        Assert.Empty((await bench.ArchiveAsync()).Manifest.Gaps);
        Assert.Equal(ErrorIds.ArchiveNotSupported, (await Assert.ThrowsAsync<EdgeBackupException>(() => bench.ArchiveAsync(Events))).ErrorId);
        Assert.Equal(ErrorIds.ArchiveNotSupported, Assert.Single(await bench.Operations.EventsAsync("Failed")).ErrorId);
        Assert.Equal(3, ArchiveFolder.Find(bench.Parent).Count);
    }

    [Fact]
    public async Task A_log_that_answers_an_error_is_named_and_waits_while_the_others_are_archived()
    {
        bench.Device.Faults.Add(new SimulatedFault { Kind = FaultKind.Status, Status = 500, Path = "trends/*" });
        var archive = await bench.ArchiveAsync();
        Assert.Equal(50, archive.Manifest.Records);
        var gap = Assert.Single(archive.Manifest.Gaps);
        Assert.Equal(("supply", true), (gap.Trend, gap.Pending));
        Assert.Contains("could not be read", Assert.Single(bench.Operations.Observer.Warnings), StringComparison.Ordinal);
        var next = await bench.ArchiveAsync();
        Assert.Equal((96, 0), (next.Manifest.Records, next.Manifest.Gaps.Count));
        Assert.Empty(await bench.DamageAsync());
    }

    [Fact]
    public async Task An_event_log_that_answers_an_error_from_the_beginning_keeps_no_trend_log_from_being_archived()
    {
        bench.Device.Faults.Add(new SimulatedFault { Kind = FaultKind.Status, Status = 500, Path = "events" });
        var archive = await bench.ArchiveAsync();
        Assert.Equal(96, archive.Manifest.Records);
        var gap = Assert.Single(archive.Manifest.Gaps);
        Assert.Equal((ArchiveContent.Event, true), (gap.Content, gap.Pending));
        Assert.Equal(50, (await bench.ArchiveAsync()).Manifest.Records);

        bench.Device.Faults.Add(new SimulatedFault { Kind = FaultKind.Status, Status = 500, Path = "events", Times = -1 });
        Assert.Empty((await bench.ArchiveAsync(Trends)).Manifest.Gaps);
        Assert.Contains("GET events", (await Assert.ThrowsAsync<EdgeBackupException>(() => bench.ArchiveAsync(Events))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(FaultKind.Status, "")]
    [InlineData(FaultKind.ReplaceBody, """[{"id":""}]""")]
    public async Task Trend_logs_that_cannot_be_listed_keep_no_event_from_being_archived(FaultKind kind, string body)
    {
        var fault = new SimulatedFault { Kind = kind, Status = 500, Body = body, Path = "trends" };
        bench.Device.Faults.Add(fault);
        var archive = await bench.ArchiveAsync();
        Assert.Equal(50, archive.Manifest.Records);
        var gap = Assert.Single(archive.Manifest.Gaps);
        Assert.Equal((ArchiveContent.Trend, null, true), (gap.Content, gap.Trend, gap.Pending));
        Assert.Contains("could not be listed", Assert.Single(bench.Operations.Observer.Warnings), StringComparison.Ordinal);

        // No news is no failure either, and a list that failed makes no trend log absent.
        Assert.Equal(96, (await bench.ArchiveAsync()).Manifest.Records);
        bench.Device.Faults.Add(fault);
        Assert.Single((await bench.ArchiveAsync()).Manifest.Gaps);
        bench.Device.Faults.Add(fault with { Times = -1 });
        Assert.Empty((await bench.ArchiveAsync(Events)).Manifest.Gaps);
        Assert.Contains("GET trends", (await Assert.ThrowsAsync<EdgeBackupException>(() => bench.ArchiveAsync(Trends))).Message, StringComparison.Ordinal);
        Assert.Empty(await bench.DamageAsync());
    }

    [Fact]
    public async Task What_was_read_before_a_log_failed_counts_and_the_next_run_goes_on_behind_it()
    {
        bench.AddEvents(1500);
        bench.Device.Faults.Add(new SimulatedFault { Kind = FaultKind.Status, Status = 500, Path = "events*", Skip = 2 });
        Assert.Equal(1000, (await bench.ArchiveAsync(Events)).Manifest.Records);
        Assert.Equal(550, (await bench.ArchiveAsync(Events)).Manifest.Records);
        Assert.Equal(1550, bench.EventIds().Distinct().Count());
    }

    [Fact]
    public async Task A_run_that_was_recorded_while_another_began_is_no_leftover_to_it()
    {
        var before = await ArchiveRuns.LoadAsync(bench.Operations.Context, ArchiveBench.DeviceId, default);
        var archive = await bench.ArchiveAsync();
        bench.Unname(archive);
        await new UnfinishedArchives(bench.Operations.Context, bench.Operations.Observer, ArchiveBench.DeviceId).SettleAsync(before, bench.Parent, default);
        Assert.True(Directory.Exists(archive.Path));
        Assert.Empty(bench.Hidden());
    }

    [Fact]
    public async Task What_fails_after_the_run_was_recorded_does_not_say_that_nothing_was_kept()
    {
        await bench.ArchiveAsync(Events);
        bench.AddEvents(100);
        bench.Device.Faults.OldestRecord = 120;
        var write = new WriteArchive(bench.Operations.Context, new BrokenObserver());
        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => write.RunAsync(Events with { Device = ArchiveBench.DeviceId, Parent = bench.Parent }, default));
        Assert.Contains("It is recorded all the same", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, (await bench.ArchiveAsync(Events)).Manifest.Records);
        Assert.Equal(3, ArchiveFolder.Find(bench.Parent).Count);
    }

    [Fact]
    public async Task A_run_goes_behind_an_extract_or_a_run_of_the_other_content_that_came_in_between()
    {
        var hooks = new HookedConnections(bench.Operations.Connections());
        var other = await bench.Operations.OpenAsync(connections: hooks);
        ArchiveFolder? between = null;
        hooks.BeforePage = async () => between = await bench.ArchiveAsync(Extract);
        var run = await bench.ArchiveAsync(Events, other);
        Assert.Equal((2, between!.Digest, 50), (run.Manifest.Number, run.Manifest.Previous!.Manifest, run.Manifest.Records));

        bench.AddEvents(2);
        hooks.BeforePage = async () => between = await bench.ArchiveAsync(Trends);
        var later = await bench.ArchiveAsync(Events, other);
        Assert.Equal((4, 2), (later.Manifest.Number, later.Manifest.Records));
        Assert.Equal(96, between.Manifest.Records);

        // Neither has undone what the other reached.
        Assert.Equal(0, (await bench.ArchiveAsync()).Manifest.Records);
        Assert.Empty(await bench.DamageAsync());
        Assert.Empty(bench.Hidden());
    }

    /// <summary>The screen is gone when the gap is told.</summary>
    private sealed class BrokenObserver : IOperationObserver
    {
        public void Verbose(string message)
        {
        }

        public void Warning(string message) => throw new IOException("no screen");

        public void Progress(OperationProgress progress)
        {
        }
    }
}
