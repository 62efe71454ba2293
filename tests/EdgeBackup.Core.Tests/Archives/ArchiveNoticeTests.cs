using System.Diagnostics.CodeAnalysis;
using EdgeBackup.Core.Archives;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Archives;
using EdgeBackup.Core.Operations.Metrics;
using EdgeBackup.Core.Operations.Notifications;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Tests.Devices.Bacnet.Procedure;
using EdgeBackup.Core.Tests.Operations.Metrics;
using EdgeBackup.Core.Tests.Operations.Notifications;
using EdgeBackup.Simulator.Devices;
using Xunit;

namespace EdgeBackup.Core.Tests.Archives;

/// <summary>That archives stop is seen in the listing and in the metrics, and somebody is told.</summary>
[SuppressMessage("Design", "CA1001", Justification = "xunit calls DisposeAsync.")]
public sealed class ArchiveNoticeTests : IAsyncLifetime
{
    private static readonly WriteArchiveOptions Extract = new() { Device = "", Parent = "", From = DateTimeOffset.UnixEpoch };

    private readonly WebhookReceiver receiver = new();
    private ArchiveBench bench = null!;

    public async Task InitializeAsync()
    {
        bench = await ArchiveBench.CreateAsync();
        bench.Operations.Context.Notifications = new NotificationOptions { Pause = TimeSpan.FromMilliseconds(1), Patience = TimeSpan.FromMinutes(1), Bound = TimeSpan.FromMinutes(5), EndPatience = TimeSpan.FromMinutes(5) };
    }

    public async Task DisposeAsync()
    {
        await receiver.DisposeAsync();
        await bench.DisposeAsync();
    }

    [Fact]
    public async Task How_old_the_newest_archive_is_stands_in_the_listing_and_an_extract_is_none()
    {
        Assert.Null((await ListAsync()).ArchiveAge);
        await bench.ArchiveAsync(Extract);
        Assert.Null((await ListAsync()).ArchiveAge);
        await bench.ArchiveAsync();
        await bench.ArchiveAsync();
        var first = (await ListAsync()).Device.LastArchive;
        bench.Operations.Advance(TimeSpan.FromHours(30));
        await bench.ArchiveAsync(Extract);
        await bench.ArchiveAsync(Extract);

        var listed = await ListAsync();
        Assert.Equal(first, listed.Device.LastArchive);
        Assert.InRange(listed.ArchiveAge!.Value.TotalHours, 30, 31);
        await bench.ArchiveAsync();
        Assert.InRange((await ListAsync()).ArchiveAge!.Value.TotalHours, 0, 1);
    }

    [Fact]
    public async Task A_catalog_that_was_lost_finds_the_same_again_and_one_that_saw_a_newer_run_forgets_what_is_gone()
    {
        await bench.ArchiveAsync();
        bench.Operations.Advance(TimeSpan.FromHours(30));
        await bench.ArchiveAsync();
        await bench.ArchiveAsync(Extract);
        var last = (await ListAsync()).Device.LastArchive;
        var other = await bench.Operations.OpenAsync("another-machine");
        Assert.Equal(last, (await ListAsync(other)).Device.LastArchive);

        // The newest two records are taken away, as a copy from before would: the one before them was never read here.
        var names = await bench.Operations.Context.Archives.ListAsync(ArchiveBench.DeviceId, default);
        foreach (var name in names.Skip(1))
        {
            File.Delete(Path.Combine(bench.Operations.RepositoryFolder, name));
        }

        Assert.InRange((await ListAsync(other)).ArchiveAge!.Value.TotalHours, 30, 31);
    }

    [Fact]
    public async Task A_run_that_fails_again_and_again_is_told_once_and_so_is_its_recovery()
    {
        await RegisterAsync();
        await bench.ArchiveAsync();
        var hidden = bench.Parent + "-unplugged";
        for (var round = 0; round < 2; round++)
        {
            Directory.Move(bench.Parent, hidden);
            for (var run = 1; run <= 3; run++)
            {
                await FailAsync(ErrorIds.ArchiveFailed);
                Assert.Equal(run, (await AttemptsAsync())?.ConsecutiveFailures);
            }

            Directory.Move(hidden, bench.Parent);

            // An extract proves nothing for the runs.
            await bench.ArchiveAsync(Extract);
            await TellAsync();
            Assert.Equal((round * 2) + 1, receiver.Received.Count);
            await bench.ArchiveAsync();
            await TellAsync();
            await TellAsync();
        }

        Assert.Equal(["archive.failed", "archive.recovered", "archive.failed", "archive.recovered"], receiver.Types);
        var failure = receiver.Received[0].Data;
        Assert.Equal((ArchiveBench.DeviceId, "ArchiveFailed", 1), (failure.GetProperty("device").GetProperty("id").GetString(), failure.GetProperty("errorId").GetString(), failure.GetProperty("consecutiveFailures").GetInt32()));
        Assert.Contains("There is no folder", failure.GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.True(failure.TryGetProperty("lastArchive", out _));
        Assert.Equal(failure.GetProperty("failingSince").GetDateTime(), receiver.Received[1].Data.GetProperty("failedSince").GetDateTime());
        Assert.Null(await AttemptsAsync());
        Assert.Equal(6, (await bench.Operations.EventsAsync("Failed")).Count);
    }

    [Fact]
    public async Task A_script_that_is_ended_by_the_failure_is_told_of_all_the_same()
    {
        await RegisterAsync();
        Directory.Delete(bench.Parent);
        using var stopped = new CancellationTokenSource();
        await Assert.ThrowsAsync<EdgeBackupException>(() => bench.ArchiveAsync());
        await stopped.CancelAsync();
        await new Notifier(bench.Operations.Context, bench.Operations.Observer).TellAtEndAsync([ArchiveBench.DeviceId], stopped.Token);

        Assert.Equal(["archive.failed"], receiver.Types);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_command_that_is_stopped_while_it_tells_waits_a_moment_and_leaves_the_rest_to_the_next(bool isInTime)
    {
        await RegisterAsync();
        Directory.Delete(bench.Parent);
        await Assert.ThrowsAsync<EdgeBackupException>(() => bench.ArchiveAsync());
        using var stopped = new CancellationTokenSource();
        var timers = new HandClock();
        receiver.Before = async _ =>
        {
            await stopped.CancelAsync();
            if (isInTime)
            {
                return null;
            }

            timers.Advance(TimeSpan.FromSeconds(5));
            return WebhookReceiver.Hang;
        };

        bench.Operations.Context.Notifications = bench.Operations.Context.Notifications with { EndPatience = TimeSpan.FromSeconds(5) };
        bench.Operations.Clock.Timers = timers;
        await new Notifier(bench.Operations.Context, bench.Operations.Observer).TellAtEndAsync([ArchiveBench.DeviceId], stopped.Token);
        bench.Operations.Clock.Timers = null;

        var notifications = new ManageNotifications(bench.Operations.Context, bench.Operations.Observer);
        Assert.Equal(isInTime ? 0 : 1, Assert.Single(await notifications.FindAsync([], error => throw error, default)).Pending);
        receiver.Before = _ => Task.FromResult<int?>(null);
        bench.Operations.Advance(TimeSpan.FromHours(1));
        await TellAsync();
        Assert.Equal((isInTime ? 1 : 2, 0), (receiver.Received.Count, Assert.Single(await notifications.FindAsync([], error => throw error, default)).Pending));
    }

    [Fact]
    public async Task A_failure_that_was_over_before_anybody_could_be_told_is_told_to_nobody()
    {
        await RegisterAsync();
        receiver.Status = 503;
        Directory.Delete(bench.Parent);
        await FailAsync(ErrorIds.ArchiveFailed);
        var asked = receiver.Received.Count;
        receiver.Status = 200;
        Directory.CreateDirectory(bench.Parent);
        await bench.ArchiveAsync();
        bench.Operations.Advance(TimeSpan.FromHours(1));
        await TellAsync();

        Assert.Equal(asked, receiver.Received.Count);
    }

    [Fact]
    public async Task An_extract_that_fails_and_a_device_that_never_had_an_archive_are_no_news()
    {
        await RegisterAsync();
        await bench.Operations.AddFolderAsync("kiosk");
        await FailAsync(ErrorIds.ArchiveNotSupported, new WriteArchiveOptions { Device = "kiosk", Parent = bench.Parent });
        Directory.Delete(bench.Parent);
        await FailAsync(ErrorIds.ArchiveFailed, Extract with { Device = ArchiveBench.DeviceId, Parent = bench.Parent });

        Assert.Empty(receiver.Received);
        Assert.Null(await AttemptsAsync());
    }

    [Fact]
    public async Task A_device_that_cannot_be_archived_any_more_is_news()
    {
        await RegisterAsync();
        await bench.ArchiveAsync();
        bench.Operations.SwitchOff(ArchiveBench.DeviceId);
        await FailAsync(ErrorIds.DeviceResponseInvalid);

        Assert.Equal("DeviceResponseInvalid", Assert.Single(receiver.Received).Data.GetProperty("errorId").GetString());
    }

    [Fact]
    public async Task A_run_that_came_second_is_no_failure_of_the_device()
    {
        await bench.ArchiveAsync();
        bench.AddEvents(5);
        var hooked = new HookedConnections(bench.Operations.Connections()) { BeforePage = () => bench.ArchiveAsync() };
        var second = await bench.Operations.OpenAsync(connections: hooked);
        await Assert.ThrowsAsync<EdgeBackupException>(() => bench.ArchiveAsync(context: second));

        Assert.Null(await AttemptsAsync());
    }

    [Fact]
    public async Task Age_and_failures_are_metrics_and_what_never_was_has_none()
    {
        await bench.Operations.AddFolderAsync("kiosk");
        await bench.ArchiveAsync();
        bench.Operations.Advance(TimeSpan.FromHours(30));
        Directory.Move(bench.Parent, bench.Parent + "-unplugged");
        await FailAsync(ErrorIds.ArchiveFailed);

        var samples = PrometheusParser.Parse(await new ExportMetrics(bench.Operations.Context, bench.Operations.Observer).RunAsync(null, error => throw error, default)).Samples;
        Assert.InRange(Value("archive_age_seconds"), 30 * 3600, 31 * 3600);
        Assert.Equal(Value("archive_age_seconds"), Value("", "edgebackup_export_timestamp_seconds") - Value("last_archive_timestamp_seconds"), 600.0);
        Assert.Equal(1, Value("archive_consecutive_failures"));
        Assert.DoesNotContain(samples, sample => sample["device"] == "kiosk" && sample.Name.Contains("archive", StringComparison.Ordinal));

        double Value(string name, string? whole = null) => Assert.Single(samples, sample => sample.Name == (whole ?? "edgebackup_device_" + name) && (whole is not null || sample["device"] == ArchiveBench.DeviceId)).Value;
    }

    [Fact]
    public async Task A_log_that_several_runs_leave_unread_is_told_with_its_name_and_since_when_until_it_is_read()
    {
        await RegisterAsync();
        await bench.ArchiveAsync();
        bench.Device.Faults.Add(new SimulatedFault { Kind = FaultKind.Status, Status = 500, Path = "trends/*", Times = -1 });
        var since = bench.Operations.Clock.GetUtcNow();
        for (var run = 0; run < 3; run++)
        {
            await bench.ArchiveAsync();
            await bench.ArchiveAsync(Extract);
            await TellAsync();
            Assert.Equal(Math.Min(run, 1), receiver.Received.Count);
            bench.Operations.Advance(TimeSpan.FromHours(24));
        }

        // A run of the events alone says nothing of the trend log.
        await bench.ArchiveAsync(new WriteArchiveOptions { Device = "", Parent = "", Contents = [ArchiveContent.Event] });
        var waiting = (await ListAsync()).Device.Attempts!.State.Archive!;
        Assert.InRange(waiting.FailingSince!.Value, since, since.AddHours(1));
        Assert.Equal((3, null), (waiting.ConsecutiveFailures, waiting.ErrorId));
        Assert.Contains("'supply'", waiting.Reason, StringComparison.Ordinal);
        var told = Assert.Single(receiver.Received);
        Assert.Equal("archive.failed", told.Type);
        Assert.Contains("not whole", told.Data.GetProperty("summary").GetString(), StringComparison.Ordinal);
        Assert.False(told.Data.TryGetProperty("errorId", out _));
        Assert.Contains("archive_consecutive_failures", await new ExportMetrics(bench.Operations.Context, bench.Operations.Observer).RunAsync(null, error => throw error, default), StringComparison.Ordinal);

        // That nothing is archived any more is another piece of news.
        Directory.Move(bench.Parent, bench.Parent + "-unplugged");
        await FailAsync(ErrorIds.ArchiveFailed);
        Directory.Move(bench.Parent + "-unplugged", bench.Parent);
        bench.Device.Faults.Clear();
        await bench.ArchiveAsync();
        await TellAsync();
        Assert.Equal(["archive.failed", "archive.failed", "archive.recovered"], receiver.Types);
        Assert.Null(await AttemptsAsync());
    }

    [Fact]
    public async Task What_was_left_unread_ends_with_a_run_of_its_content_where_events_and_trends_have_runs_of_their_own()
    {
        await RegisterAsync();
        AddTrend();
        await OnlyAsync(ArchiveContent.Event);
        await OnlyAsync(ArchiveContent.Trend);
        for (var year = 1; year <= 2; year++)
        {
            bench.Device.Faults.Add(new SimulatedFault { Kind = FaultKind.Status, Status = 500, Path = "trends/supply/*", Times = -1 });
            await OnlyAsync(ArchiveContent.Trend);
            bench.Device.Faults.Clear();
            await OnlyAsync(ArchiveContent.Event);
            Assert.Equal((1, null), ((await AttemptsAsync())!.ConsecutiveFailures, (await AttemptsAsync())!.UnreadEvents));
            await OnlyAsync(ArchiveContent.Trend);
            await TellAsync();
            Assert.Null(await AttemptsAsync());
        }

        Assert.Empty(receiver.Received);
    }

    [Fact]
    public async Task A_run_of_events_that_succeeds_after_one_that_failed_leaves_the_trend_log_that_waits()
    {
        AddTrend();
        bench.Device.Faults.Add(new SimulatedFault { Kind = FaultKind.Status, Status = 500, Path = "trends/supply/*", Times = -1 });
        await OnlyAsync(ArchiveContent.Trend);
        bench.Device.Faults.Clear();
        await FailWithoutFolderAsync();
        Assert.Equal(ErrorIds.ArchiveFailed, (await AttemptsAsync())!.ErrorId);
        await OnlyAsync(ArchiveContent.Event);

        var waiting = (await AttemptsAsync())!;
        Assert.Equal((2, null, waiting.UnreadTrends), (waiting.ConsecutiveFailures, waiting.ErrorId, waiting.Reason));
        Assert.Contains("'supply'", waiting.Reason, StringComparison.Ordinal);
        await OnlyAsync(ArchiveContent.Trend);
        Assert.Null(await AttemptsAsync());
    }

    [Theory]
    [InlineData(ArchiveContent.Event)]
    [InlineData(ArchiveContent.Trend)]
    public async Task What_was_noted_before_contents_were_is_ended_by_the_next_run(ArchiveContent content)
    {
        var old = """{"device":"bms-1","archive":{"failingSince":"2026-11-22T03:00:00+00:00","consecutiveFailures":1,"reason":"a log"}}""";
        await bench.Operations.Context.Attempts.ChangeAsync(seen: null, ArchiveBench.DeviceId, _ => AttemptState.FromJson(System.Text.Encoding.UTF8.GetBytes(old)), default);
        Assert.NotNull((await AttemptsAsync())?.FailingSince);
        await OnlyAsync(content);

        Assert.Null(await AttemptsAsync());
    }

    [Fact]
    public async Task A_device_that_fails_one_night_and_leaves_a_log_unread_the_next_is_told_of_once_of_each_and_recovers_once()
    {
        await RegisterAsync();
        await bench.ArchiveAsync();
        bench.Device.Faults.Add(new SimulatedFault { Kind = FaultKind.Status, Status = 500, Path = "trends/*", Times = -1 });
        var first = bench.Operations.Clock.GetUtcNow();
        await bench.ArchiveAsync();
        for (var night = 0; night < 3; night++)
        {
            await bench.ArchiveAsync();
            await TellAsync();
            await FailWithoutFolderAsync();
            bench.Operations.Advance(TimeSpan.FromHours(24));
        }

        var attempts = (await AttemptsAsync())!;
        Assert.Equal(7, attempts.ConsecutiveFailures);
        Assert.InRange(attempts.FailingSince!.Value, first, first.AddHours(1));
        bench.Device.Faults.Clear();
        await bench.ArchiveAsync();
        await TellAsync();
        await TellAsync();

        Assert.Equal(["archive.failed", "archive.failed", "archive.recovered"], receiver.Types);
        Assert.Contains("not whole", receiver.Received[0].Data.GetProperty("summary").GetString(), StringComparison.Ordinal);
        Assert.Equal("ArchiveFailed", receiver.Received[1].Data.GetProperty("errorId").GetString());
        Assert.Null(await AttemptsAsync());
    }

    [Fact]
    public async Task That_archives_fail_is_not_told_any_more_when_they_are_written_again_with_a_log_unread()
    {
        await RegisterAsync();
        await bench.ArchiveAsync();
        receiver.Status = 503;
        await FailWithoutFolderAsync();
        var asked = receiver.Received.Count;
        receiver.Status = 200;
        bench.Device.Faults.Add(new SimulatedFault { Kind = FaultKind.Status, Status = 500, Path = "trends/*", Times = -1 });
        await bench.ArchiveAsync();
        bench.Operations.Advance(TimeSpan.FromHours(1));
        await TellAsync();
        bench.Device.Faults.Clear();
        await bench.ArchiveAsync();
        await TellAsync();

        Assert.Equal(["archive.failed", "archive.recovered"], receiver.Types.Skip(asked));
        Assert.Contains("not whole", receiver.Received[asked].Data.GetProperty("summary").GetString(), StringComparison.Ordinal);
        Assert.Null(await AttemptsAsync());
    }

    [Fact]
    public async Task A_run_that_came_second_ends_nothing_that_the_first_has_noted()
    {
        await bench.ArchiveAsync();
        bench.AddEvents(5);
        bench.Device.Faults.Add(new SimulatedFault { Kind = FaultKind.Status, Status = 500, Path = "trends/*", Times = -1 });
        var hooked = new HookedConnections(bench.Operations.Connections()) { BeforePage = () => bench.ArchiveAsync() };
        var second = await bench.Operations.OpenAsync(connections: hooked);
        await Assert.ThrowsAsync<EdgeBackupException>(() => bench.ArchiveAsync(context: second));

        var noted = (await AttemptsAsync())!;
        Assert.Equal((1, null), (noted.ConsecutiveFailures, noted.ErrorId));
        Assert.Contains("'supply'", noted.UnreadTrends, StringComparison.Ordinal);
    }

    /// <summary>A run of trends alone that reads none of them fails.</summary>
    private void AddTrend() => bench.Device.AddTrend(bench.Device.Trends[0] with { Id = "return" });

    private async Task OnlyAsync(ArchiveContent content) => await bench.ArchiveAsync(new WriteArchiveOptions { Device = "", Parent = "", Contents = [content] });

    private async Task FailWithoutFolderAsync()
    {
        Directory.Move(bench.Parent, bench.Parent + "-unplugged");
        await FailAsync(ErrorIds.ArchiveFailed);
        Directory.Move(bench.Parent + "-unplugged", bench.Parent);
    }

    private async Task<ArchiveAttempts?> AttemptsAsync() => (await bench.Operations.Context.Attempts.ReadAsync(ArchiveBench.DeviceId, default)).State.Archive;

    private async Task<ListedDevice> ListAsync(Core.Operations.Repositories.RepositoryContext? context = null) =>
        await new FindDevices(context ?? bench.Operations.Context, bench.Operations.Observer).RunAsync(new FindDevicesOptions(), error => throw error, default).SingleAsync(device => device.Device.Id == ArchiveBench.DeviceId);

    private async Task RegisterAsync() => await new ManageNotifications(bench.Operations.Context, bench.Operations.Observer).RegisterAsync(
        new RegisterNotificationOptions { Name = "hook", Url = receiver.Url, Topics = [NotificationTopic.Failure, NotificationTopic.Recovery] }, default);

    private Task TellAsync() => new Notifier(bench.Operations.Context, bench.Operations.Observer).TellAtEndAsync([ArchiveBench.DeviceId, "kiosk"], default);

    private async Task FailAsync(string errorId, WriteArchiveOptions? options = null)
    {
        var write = new WriteArchive(bench.Operations.Context, bench.Operations.Observer);
        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => write.RunAsync(options ?? new WriteArchiveOptions { Device = ArchiveBench.DeviceId, Parent = bench.Parent }, default));
        Assert.Equal(errorId, error.ErrorId);
        await TellAsync();
    }
}
