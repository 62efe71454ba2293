using System.Diagnostics.CodeAnalysis;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Scheduling;
using EdgeBackup.Core.Records;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations.Notifications;

/// <content>A command that is stopped at the first outcome, as -ErrorAction Stop and a script that throws stop it.</content>
public sealed partial class NotifierTests
{
    private static readonly TakeBackupOptions Automatic = new() { Kind = BackupKind.Automatic };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Backups_that_are_stopped_at_the_first_error_have_told_of_it_and_noted_it(bool includesChildren)
    {
        await RegisterAsync(NotificationTopic.Failure);
        await bench.AddFolderAsync("good");
        Directory.Delete(await bench.AddFolderAsync("bad"), recursive: true);
        var outcomes = await StopAsync((onOutcome, token) =>
            new TakeBackup(bench.Context, bench.Observer).RunAsync(["good", "bad"], Automatic with { IncludeChildren = includesChildren }, onOutcome, token));

        var failure = Assert.Single(receiver.Received);
        Assert.Equal(("backup.failed", "bad"), (failure.Type, failure.Data.GetProperty("device").GetProperty("id").GetString()));
        Assert.Equal("bad", Assert.Single(await bench.EventsAsync("Failed")).Device);
        await AssertIsNotedAsync(outcomes);

        // It was told, and once.
        await bench.BackUpAsync(["bad"]);
        Assert.Single(receiver.Received);
    }

    [Fact]
    public async Task A_run_of_the_schedule_that_is_stopped_at_the_first_failure_has_told_of_it_and_gives_no_digest()
    {
        await RegisterAsync(NotificationTopic.Failure, NotificationTopic.Digest);
        await bench.AddFolderAsync("good");
        Directory.Delete(await bench.AddFolderAsync("bad"), recursive: true);
        var plan = await new PlanSchedule(bench.Context, bench.Observer).RunAsync(devices: null, TimeSpan.Zero, default);
        await StopAsync((onOutcome, token) => new RunSchedule(bench.Context, bench.Observer).RunAsync(
            plan,
            new RunScheduleOptions { WatchFor = TimeSpan.Zero },
            outcome => onOutcome(new TakeBackupOutcome(outcome.Device, Backup: null, outcome.Result == ScheduledResult.Failed ? new InvalidOperationException(outcome.Reason) : null)),
            token));

        Assert.Equal(["backup.failed"], receiver.Types);
        Assert.Single(await bench.EventsAsync("Failed"));
        Assert.Single(await bench.EventsAsync("ScheduleRun"));
        Assert.Equal(AttemptResult.Failed, (await AttemptsOfAsync("bad")).Result);
    }

    [Fact]
    public async Task A_run_of_the_schedule_that_is_stopped_at_a_device_that_is_not_due_has_told_what_is_known()
    {
        Directory.Delete(await bench.AddFolderAsync("bad"), recursive: true);
        await RunAsync();
        await RegisterAsync(NotificationTopic.Failure, NotificationTopic.Digest);
        var plan = await new PlanSchedule(bench.Context, bench.Observer).RunAsync(devices: null, TimeSpan.Zero, default);
        Assert.False(Assert.Single(plan).IsDue);

        // The pump gives up the outcome first, and cancels the token after that.
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new RunSchedule(bench.Context, bench.Observer).RunAsync(
            plan,
            new RunScheduleOptions { WatchFor = TimeSpan.Zero },
            _ => throw new OperationCanceledException(),
            default));
        Assert.Equal(["backup.failed"], receiver.Types);
    }

    [Fact]
    public async Task A_backup_at_whose_result_somebody_stops_is_noted_and_ends_a_failure()
    {
        await RegisterAsync(NotificationTopic.Failure, NotificationTopic.Recovery);
        var root = await bench.AddFolderAsync("one");
        Directory.Move(root, root + "-gone");
        await bench.BackUpAsync(["one"]);
        Directory.Move(root + "-gone", root);
        var outcomes = await StopAsync(
            (onOutcome, token) => new TakeBackup(bench.Context, bench.Observer).RunAsync(["one"], Automatic, onOutcome, token),
            isAtEnd: outcome => outcome.Backup is not null);

        Assert.Equal(["backup.failed", "backup.recovered"], receiver.Types);
        await AssertIsNotedAsync(outcomes);
    }

    /// <summary>Ends the pipeline in the middle of writing an outcome.</summary>
    private static async Task<List<TakeBackupOutcome>> StopAsync(Func<Func<TakeBackupOutcome, Task>, CancellationToken, Task> run, Func<TakeBackupOutcome, bool>? isAtEnd = null)
    {
        using var stop = new CancellationTokenSource();
        var outcomes = new List<TakeBackupOutcome>();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run(
            async outcome =>
            {
                outcomes.Add(outcome);
                if (isAtEnd?.Invoke(outcome) ?? outcome.Error is not null)
                {
                    await stop.CancelAsync();
                    stop.Token.ThrowIfCancellationRequested();
                }
            },
            stop.Token));
        return outcomes;
    }

    private async Task AssertIsNotedAsync(List<TakeBackupOutcome> outcomes)
    {
        foreach (var outcome in outcomes)
        {
            Assert.Equal(outcome.Error is null ? AttemptResult.Completed : AttemptResult.Failed, (await AttemptsOfAsync(outcome.Device)).Result);
        }
    }

    private async Task<AttemptState> AttemptsOfAsync(string device) => (await bench.Context.Attempts.ReadAsync(device, default)).State;
}
