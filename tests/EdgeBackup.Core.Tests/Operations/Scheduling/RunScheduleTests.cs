using EdgeBackup.Core.Devices.Folder;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Scheduling;
using EdgeBackup.Core.Records;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations.Scheduling;

public sealed class RunScheduleTests
{
    private const string Running = """[{"id":"t-1","chargepoint":"cp-1","connector":1,"started":"2026-03-01T10:00:00Z"}]""";

    [Fact]
    public async Task What_is_due_is_done_once_and_what_came_of_it_is_known_after_a_restart()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var root = await bench.AddFolderAsync("k");
        var done = Assert.Single(await bench.RunScheduleAsync());
        Assert.Equal((ScheduledResult.Completed, true, 0), (done.Result, done.Backup!.Backup.Changed, done.Attempt));
        Assert.Equal(bench.Clock.GetUtcNow().AddHours(24), done.NextTry!.Value, TimeSpan.FromMinutes(30));

        var idle = Assert.Single(await bench.RunScheduleAsync());
        Assert.Equal((ScheduledResult.NotDue, null), (idle.Result, idle.Backup));
        Assert.Equal(done.NextTry, idle.NextTry);

        bench.Advance(TimeSpan.FromHours(23.9));
        Assert.Equal(ScheduledResult.NotDue, Assert.Single(await bench.RunScheduleAsync()).Result);
        bench.Advance(TimeSpan.FromHours(0.2));
        var again = Assert.Single(await bench.RunScheduleAsync());
        Assert.Equal((ScheduledResult.Completed, false), (again.Result, again.Backup!.Backup.Changed));
        Assert.Equal(2, bench.Objects("backups/").Count);

        await bench.ReopenAsync();
        var known = (await bench.DeviceAsync("k")).Device.Attempts!.State;
        Assert.Equal((AttemptResult.Completed, again.Backup.Backup.Id, again.Backup.Backup.Length, null), (known.Result, known.Backup, known.Bytes, known.Claim));
        Assert.Equal(bench.Clock.GetUtcNow(), known.LastAttempt!.Value, TimeSpan.FromMinutes(30));
        Assert.InRange(known.LastSuccess!.Value, known.LastAttempt.Value, bench.Clock.GetUtcNow());
        Assert.True(Directory.Exists(root));
    }

    [Fact]
    public async Task R4_a_busy_device_is_postponed_and_taken_by_a_later_run_and_the_audit_trail_is_told_once()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var root = await bench.AddFolderAsync("k");
        var transactions = Path.Combine(root, FolderDevice.TransactionsFile);
        await File.WriteAllTextAsync(transactions, Running);
        var first = bench.Clock.GetUtcNow();
        var postponed = Assert.Single(await bench.RunScheduleAsync());
        Assert.Equal((ScheduledResult.Postponed, ErrorIds.DeviceBusy, null), (postponed.Result, postponed.ErrorId, postponed.NextTry));
        Assert.Contains("t-1", postponed.Reason, StringComparison.Ordinal);
        Assert.Equal(first, postponed.PostponedSince!.Value, TimeSpan.FromMinutes(30));

        await bench.ReopenAsync();
        bench.Advance(TimeSpan.FromHours(3));
        postponed = Assert.Single(await bench.RunScheduleAsync());
        Assert.Equal(first, postponed.PostponedSince!.Value, TimeSpan.FromMinutes(30));
        Assert.Equal(BackupState.Postponed, (await bench.DeviceAsync("k")).BackupState);
        Assert.Single(await bench.EventsAsync("Refused"));

        File.Delete(transactions);
        Assert.Equal((ScheduledResult.Completed, null), (await bench.RunScheduleAsync()).ConvertAll(outcome => (outcome.Result, outcome.PostponedSince)).Single());
        Assert.Equal((BackupState.Current, null), ((await bench.DeviceAsync("k")).BackupState, (await bench.DeviceAsync("k")).Device.PostponedSince));
    }

    [Fact]
    public async Task A_busy_device_is_watched_and_taken_when_it_is_idle()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var root = await bench.AddFolderAsync("k");
        var transactions = Path.Combine(root, FolderDevice.TransactionsFile);
        await File.WriteAllTextAsync(transactions, Running);
        var busy = await bench.OpenAsync(connections: new CuedConnections(bench.Connections())
        {
            Closed = _ =>
            {
                File.Delete(transactions);
                return Task.CompletedTask;
            },
        });
        var outcome = Assert.Single(await bench.RunScheduleAsync(new RunScheduleOptions { WatchFor = TimeSpan.FromMinutes(2) }, context: busy));
        Assert.Equal((ScheduledResult.Completed, null), (outcome.Result, outcome.PostponedSince));
        Assert.Single(await bench.EventsAsync("Refused"));
        Assert.Single(bench.Objects("backups/"));
    }

    [Fact]
    public async Task A_device_that_fails_is_left_alone_for_longer_each_time_until_it_answers()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var root = await bench.AddFolderAsync("k");
        Directory.Move(root, root + "-away");
        foreach (var (attempt, minutes) in new[] { (1, 1), (2, 5), (3, 15), (4, 60), (5, 60) })
        {
            var failed = Assert.Single(await bench.RunScheduleAsync());
            Assert.Equal((ScheduledResult.Failed, ErrorIds.DeviceUnreachable, attempt), (failed.Result, failed.ErrorId, failed.Attempt));
            Assert.InRange((failed.NextTry!.Value - bench.Clock.GetUtcNow()).TotalMinutes, minutes - 0.5, minutes * 1.2);

            await bench.ReopenAsync();
            var left = Assert.Single(await bench.RunScheduleAsync());
            Assert.Equal((ScheduledResult.NotDue, attempt, failed.NextTry), (left.Result, left.Attempt, left.NextTry));
            Assert.Contains("left alone", left.Reason, StringComparison.Ordinal);
            Assert.Equal(failed.NextTry, (await bench.DeviceAsync("k")).NextTry);
            bench.Advance(TimeSpan.FromMinutes(minutes * 1.25));
        }

        Assert.Single(await bench.EventsAsync("Failed"));
        Directory.Move(root + "-away", root);
        var done = Assert.Single(await bench.RunScheduleAsync());
        Assert.Equal((ScheduledResult.Completed, 0), (done.Result, done.Attempt));
        Assert.Equal(0, (await bench.DeviceAsync("k")).Device.Attempts!.State.ConsecutiveFailures);
    }

    [Fact]
    public async Task One_device_that_hangs_takes_no_place_from_the_others()
    {
        await using var bench = await OperationsBench.CreateAsync();
        foreach (var id in new[] { "a", "b", "hangs", "c", "d" })
        {
            await bench.AddFolderAsync(id);
        }

        var others = new TaskCompletionSource();
        var context = await bench.OpenAsync(connections: new CuedConnections(bench.Connections())
        {
            Asking = id => id == "hangs" ? others.Task : Task.CompletedTask,
        });
        var order = new List<string>();
        var plan = await new PlanSchedule(context, bench.Observer).RunAsync(null, TimeSpan.Zero, default);
        await new RunSchedule(context, bench.Observer).RunAsync(
            plan,
            new RunScheduleOptions { ThrottleLimit = 1, SiteThrottleLimit = 1, WatchFor = TimeSpan.Zero },
            outcome =>
            {
                Assert.Equal(ScheduledResult.Completed, outcome.Result);
                order.Add(outcome.Device);
                if (order.Count == 4)
                {
                    others.SetResult();
                }

                return Task.CompletedTask;
            },
            default).WaitAsync(TimeSpan.FromMinutes(5));
        Assert.Equal("hangs", order[4]);
    }

    [Fact]
    public async Task A_device_that_was_replaced_is_passed_over_unless_it_is_named()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("old");
        await bench.AddFolderAsync("new");
        await bench.Context.Devices.AppendAsync("old", DeviceLogEntryKind.Fenced, entry => entry with { ReplacedBy = "new" }, default);
        Assert.Equal("new", Assert.Single(await bench.RunScheduleAsync()).Device);
        var named = Assert.Single(await bench.RunScheduleAsync(devices: ["old"]));
        Assert.Equal((ScheduledResult.Failed, ErrorIds.DeviceReplaced), (named.Result, named.ErrorId));
    }

    [Fact]
    public async Task An_overdue_postponement_is_a_warning_or_a_failure_as_the_policy_says_and_never_a_backup()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var root = await bench.AddFolderAsync("k");
        await bench.RunScheduleAsync();
        await File.WriteAllTextAsync(Path.Combine(root, FolderDevice.TransactionsFile), Running);
        await bench.SetPolicyAsync(new PolicyValues { OverdueAfter = TimeSpan.FromHours(2) });
        bench.Advance(TimeSpan.FromHours(25));
        Assert.Equal(ScheduledResult.Postponed, Assert.Single(await bench.RunScheduleAsync()).Result);
        Assert.Empty(bench.Observer.Warnings);

        bench.Advance(TimeSpan.FromHours(2));
        Assert.Equal(ScheduledResult.Postponed, Assert.Single(await bench.RunScheduleAsync()).Result);
        Assert.Contains("longer than its policy tolerates", Assert.Single(bench.Observer.Warnings), StringComparison.Ordinal);

        await bench.SetPolicyAsync(new PolicyValues { OverdueAction = OverdueAction.Fail });
        var failed = Assert.Single(await bench.RunScheduleAsync());
        Assert.Equal((ScheduledResult.Failed, ErrorIds.DeviceBusy), (failed.Result, failed.ErrorId));
        Assert.Equal(BackupState.Overdue, (await bench.DeviceAsync("k")).BackupState);
        Assert.Single(bench.Objects("backups/"));
    }

    [Fact]
    public async Task R11_a_closed_window_is_waited_for_and_a_policy_that_cannot_be_read_keeps_nobody_else()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("k");
        await bench.AddFolderAsync("odd", tags: ["odd"]);
        bench.Put(new DateTimeOffset(2031, 6, 11, 12, 0, 0, TimeSpan.Zero));
        await bench.SetPolicyAsync(new PolicyValues { Window = "Mon-Fri 19:00-06:00", TimeZone = "Europe/Berlin" });
        var odd = new PolicyEntry { Scope = PolicyScope.Tag, Key = "odd", Values = new PolicyValues { Window = "at full moon" }, Time = bench.Clock.GetUtcNow(), Author = "tester@bench" };
        await PolicyBook.SetAsync(bench.Context.Repository, odd, default);
        var outcomes = (await bench.RunScheduleAsync()).ToDictionary(outcome => outcome.Device);
        Assert.Equal((ScheduledResult.Failed, ErrorIds.PolicyInvalid), (outcomes["odd"].Result, outcomes["odd"].ErrorId));
        var opens = new DateTimeOffset(2031, 6, 11, 17, 0, 0, TimeSpan.Zero);
        Assert.Equal((ScheduledResult.NotDue, opens), (outcomes["k"].Result, outcomes["k"].NextTry));
        Assert.Equal(opens, (await bench.DeviceAsync("k")).NextTry);
        Assert.Null((await bench.DeviceAsync("odd")).NextTry);

        bench.Put(opens);
        Assert.Equal(ScheduledResult.Completed, (await bench.RunScheduleAsync(devices: ["k"])).Single().Result);
    }

    [Fact]
    public async Task A_plan_writes_nothing()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("k");
        var before = bench.Objects();
        Assert.True(Assert.Single(await new PlanSchedule(bench.Context, bench.Observer).RunAsync(null, TimeSpan.Zero, default)).IsDue);
        Assert.Equal(before, bench.Objects());
    }
}
