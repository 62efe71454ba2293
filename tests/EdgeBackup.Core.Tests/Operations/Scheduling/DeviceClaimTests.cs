using EdgeBackup.Core.Operations.Scheduling;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Repository.Backups;
using EdgeBackup.Core.Repository.Maintenance;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations.Scheduling;

/// <summary>Several runs of the schedule at once, as on several machines.</summary>
public sealed class DeviceClaimTests
{
    [Fact]
    public async Task Two_runs_at_once_do_no_device_twice_and_leave_none_out()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var ids = Enumerable.Range(1, 12).Select(number => $"k-{number:d2}").ToList();
        foreach (var id in ids)
        {
            await bench.AddFolderAsync(id);
        }

        var contexts = new[] { await bench.OpenAsync("one"), await bench.OpenAsync("two") };
        var runs = await Task.WhenAll(contexts.Select(context => Task.Run(() => bench.RunScheduleAsync(context: context))));
        Assert.All(runs, run => Assert.Equal(ids, run.Select(outcome => outcome.Device).Order(StringComparer.Ordinal)));
        Assert.All(runs.SelectMany(run => run), outcome => Assert.True(outcome.Result is ScheduledResult.Completed or ScheduledResult.NotDue, outcome.Reason));
        Assert.Equal(ids, runs.SelectMany(run => run).Where(outcome => outcome.Result == ScheduledResult.Completed).Select(outcome => outcome.Device).Order(StringComparer.Ordinal));
        Assert.Equal(12, bench.Objects("backups/").Count);
    }

    [Fact]
    public async Task A_device_that_another_run_has_in_hand_is_left_to_it()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("k");
        var begun = new TaskCompletionSource();
        var goOn = new TaskCompletionSource();
        var slow = await bench.OpenAsync("one", new CuedConnections(bench.Connections())
        {
            Asking = _ =>
            {
                begun.TrySetResult();
                return goOn.Task;
            },
        });
        var first = Task.Run(() => bench.RunScheduleAsync(context: slow));
        await begun.Task.WaitAsync(TimeSpan.FromMinutes(5));
        var other = Assert.Single(await bench.RunScheduleAsync());
        Assert.Equal(ScheduledResult.NotDue, other.Result);
        Assert.Contains("has had it in hand", other.Reason, StringComparison.Ordinal);
        goOn.SetResult();
        Assert.Equal(ScheduledResult.Completed, Assert.Single(await first).Result);
        Assert.Null((await bench.Context.Attempts.ReadAsync("k", default)).State.Claim);
    }

    [Fact]
    public async Task A_claim_of_a_run_that_has_ended_holds_nobody_up()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("k");
        await ClaimAsync(bench, "leases/0123456789abcdef01234567");
        Assert.Equal(ScheduledResult.Completed, Assert.Single(await bench.RunScheduleAsync()).Result);
    }

    [Fact]
    public async Task A_claim_of_a_machine_that_vanished_ends_by_itself()
    {
        const string lease = "leases/0123456789abcdef01234567";
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("k");
        var core = bench.Context.Repository.Core;
        var body = new LeaseBody(LeaseKind.Write, bench.Clock.GetUtcNow(), "elsewhere 00", 1, "1", 7, []);
        await core.Store.OverwriteAsync(lease, core.Seal(lease, body, RepositoryJson.Default.LeaseBody), default);
        await ClaimAsync(bench, lease);
        foreach (var minutes in new[] { 0, 30, 29 })
        {
            bench.Advance(TimeSpan.FromMinutes(minutes));
            Assert.Equal(ScheduledResult.NotDue, Assert.Single(await bench.RunScheduleAsync()).Result);
        }

        bench.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(ScheduledResult.Completed, Assert.Single(await bench.RunScheduleAsync()).Result);
    }

    [Fact]
    public async Task A_run_that_planned_before_another_did_the_work_finds_out()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("k");
        var plan = await new PlanSchedule(bench.Context, bench.Observer).RunAsync(null, TimeSpan.Zero, default);
        Assert.Equal(ScheduledResult.Completed, Assert.Single(await bench.RunScheduleAsync(context: await bench.OpenAsync("one"))).Result);
        var outcomes = new List<ScheduledOutcome>();
        await new RunSchedule(bench.Context, bench.Observer).RunAsync(
            plan,
            new RunScheduleOptions { WatchFor = TimeSpan.Zero },
            outcome =>
            {
                outcomes.Add(outcome);
                return Task.CompletedTask;
            },
            default);
        Assert.Equal(ScheduledResult.NotDue, Assert.Single(outcomes).Result);
        Assert.Contains("has just done it", outcomes[0].Reason, StringComparison.Ordinal);
        Assert.Single(bench.Objects("backups/"));
    }

    [Fact]
    public async Task A_command_that_takes_a_backup_meanwhile_leaves_the_claim_to_its_run()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("k");
        await ClaimAsync(bench, "leases/0123456789abcdef01234567");
        await bench.AutomaticAsync("k");
        var state = (await bench.Context.Attempts.ReadAsync("k", default)).State;
        Assert.Equal((AttemptResult.Completed, "leases/0123456789abcdef01234567"), (state.Result, state.Claim?.Lease));
    }

    private static async Task ClaimAsync(OperationsBench bench, string lease)
    {
        var seen = await bench.Context.Attempts.ReadAsync("k", default);
        Assert.NotNull(await bench.Context.Attempts.TryWriteAsync(seen, seen.State with { Claim = new AttemptClaim(lease, "somebody@elsewhere", bench.Clock.GetUtcNow()) }, default));
    }
}
