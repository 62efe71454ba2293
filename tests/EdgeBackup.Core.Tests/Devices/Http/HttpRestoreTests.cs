using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Tests.Repository;
using EdgeBackup.Simulator.Devices;
using Xunit;
using static EdgeBackup.Core.Tests.Devices.Http.HttpTests;
using static EdgeBackup.Core.Tests.Devices.RestoreTestTools;

namespace EdgeBackup.Core.Tests.Devices.Http;

/// <summary>R7: restoring to an HTTP device that misbehaves.</summary>
public sealed class HttpRestoreTests
{
    private static readonly Dictionary<string, byte[]> Sent = new(StringComparer.Ordinal) { ["a"] = Bytes("new a"), ["b"] = Noise(50_000) };

    [Fact]
    public async Task An_item_is_sent_again_when_its_answer_is_lost()
    {
        const string path = "restores/*/items/*";
        await using var device = await StartEmptyAsync();
        await using var connection = Connect(device);
        device.Faults.Add(new SimulatedFault { Kind = FaultKind.CutAfter, Path = path });
        device.Faults.Add(new SimulatedFault { Kind = FaultKind.Status, Status = 429, RetryAfter = "0", Path = path });

        Assert.Equal(RestoreCommitOutcome.Completed, await RestoreAsync(connection, RestoreMode.Replace, Sent));

        AssertRestored(device);
    }

    [Fact]
    public async Task A_commit_whose_answer_is_lost_is_not_sent_again()
    {
        await using var device = await StartEmptyAsync();
        await using var connection = Connect(device);
        var journal = new MemoryJournal();
        device.Faults.Add(new SimulatedFault { Kind = FaultKind.CutAfter, Path = "restores/*/commit" });

        Assert.Equal(RestoreCommitOutcome.Completed, await RestoreAsync(connection, RestoreMode.Replace, Sent, journal));

        AssertRestored(device);
        Assert.Equal(1, device.Restores.Commits);
        Assert.Single(device.Calls, call => call.Path.EndsWith("/commit", StringComparison.Ordinal));
        Assert.Empty(journal.Open);
    }

    [Theory]
    [InlineData(FaultKind.CutBefore)]
    [InlineData(FaultKind.Status)]
    public async Task A_commit_that_never_arrived_is_sent_again_to_the_open_session(FaultKind kind)
    {
        await using var device = await StartEmptyAsync();
        await using var connection = Connect(device);
        device.Faults.Add(new SimulatedFault { Kind = kind, Status = 502, Path = "restores/*/commit" });

        Assert.Equal(RestoreCommitOutcome.Completed, await RestoreAsync(connection, RestoreMode.Replace, Sent));

        AssertRestored(device);
        Assert.Equal(1, device.Restores.Commits);
    }

    [Fact]
    public async Task A_commit_that_takes_its_time_is_waited_for()
    {
        await using var device = await StartEmptyAsync();
        await using var connection = Connect(device);
        device.Faults.CommitDuration = TimeSpan.FromSeconds(1.5);

        Assert.Equal(RestoreCommitOutcome.Completed, await RestoreAsync(connection, RestoreMode.Replace, Sent));

        AssertRestored(device);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_restart_that_forgets_the_session_leaves_the_answer_to_the_read_back(bool answers)
    {
        await using var device = await StartEmptyAsync();
        await using var connection = Connect(device);
        var journal = new MemoryJournal();
        device.Faults.CommitDuration = TimeSpan.FromMinutes(1);
        device.Faults.CommitRestart = new CommitRestart(AwaySeconds: 2, Applies: true, Answers: answers);

        Assert.Equal(RestoreCommitOutcome.Unknown, await RestoreAsync(connection, RestoreMode.Replace, Sent, journal));

        AssertRestored(device);
        Assert.Equal(1, device.Restores.Commits);
        Assert.Empty(journal.Open);
    }

    [Fact]
    public async Task A_restart_that_remembers_the_session_ends_as_the_device_says()
    {
        await using var device = await StartEmptyAsync();
        await using var connection = Connect(device);
        device.Faults.CommitDuration = TimeSpan.FromMinutes(1);
        device.Faults.CommitRestart = new CommitRestart(AwaySeconds: 1, Applies: true, Answers: true, Forgets: false);

        Assert.Equal(RestoreCommitOutcome.Completed, await RestoreAsync(connection, RestoreMode.Replace, Sent));
    }

    [Fact]
    public async Task A_device_that_does_not_come_back_is_given_up_and_its_session_stays_noted()
    {
        await using var device = await StartEmptyAsync();
        await using var connection = Connect(device, options => options with { RestartLimit = TimeSpan.FromSeconds(1) });
        var journal = new MemoryJournal();
        device.Faults.CommitRestart = new CommitRestart(AwaySeconds: 600);

        await FailsAsync(ErrorIds.RestoreFailed, () => RestoreAsync(connection, RestoreMode.Replace, Sent, journal));

        Assert.Single(journal.Open);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_commit_that_fails_after_it_was_accepted_is_an_error_with_the_devices_words(double seconds)
    {
        await using var device = await StartEmptyAsync();
        await using var connection = Connect(device);
        var journal = new MemoryJournal();
        device.Items.Set("a", Bytes("old a"));
        device.Faults.CommitDuration = TimeSpan.FromSeconds(seconds);
        device.Faults.CommitFailure = "flash is worn out";

        var failed = await FailsAsync(ErrorIds.RestoreFailed, () => RestoreAsync(connection, RestoreMode.Replace, Sent, journal));

        Assert.Contains("flash is worn out", failed.Message, StringComparison.Ordinal);
        Assert.Equal(Bytes("old a"), device.Items.Find("a")!.Content);
        Assert.Empty(journal.Open);
    }

    [Fact]
    public async Task R2_a_transaction_before_the_commit_is_busy_and_changes_nothing()
    {
        await using var device = await StartEmptyAsync();
        await using var connection = Connect(device);
        device.Items.Set("a", Bytes("old a"));
        await using (var session = await connection.BeginRestoreAsync(Plan(RestoreMode.Replace, Sent), new MemoryJournal(), CancellationToken.None))
        {
            await StageAsync(session, Sent);
            device.ChargePoints[0].StartTransaction();
            var failed = await FailsAsync(ErrorIds.DeviceBusy, () => session.CommitAsync(CancellationToken.None));
            Assert.Contains("cp-1", failed.Message, StringComparison.Ordinal);
        }

        Assert.Equal(Bytes("old a"), device.Items.Find("a")!.Content);
        Assert.Empty(device.Restores.Sessions);
    }

    [Fact]
    public async Task R2_a_running_transaction_lets_no_restore_begin()
    {
        await using var device = await StartEmptyAsync();
        await using var connection = Connect(device);
        device.ChargePoints[0].StartTransaction();

        await FailsAsync(ErrorIds.DeviceBusy, () => RestoreAsync(connection, RestoreMode.Replace, Sent));
    }

    [Fact]
    public async Task Somebody_elses_open_restore_is_busy_and_left_alone()
    {
        await using var device = await StartEmptyAsync();
        await using var connection = Connect(device);
        var other = device.Restores.Open();

        var failed = await FailsAsync(ErrorIds.DeviceBusy, () => RestoreAsync(connection, RestoreMode.Replace, Sent));

        Assert.Contains(other.Id, failed.Message, StringComparison.Ordinal);
        Assert.Equal(other.Id, device.Restores.Current?.Id);
    }

    [Fact]
    public async Task Our_own_restore_that_is_still_performed_is_waited_for()
    {
        await using var device = await StartEmptyAsync();
        await using var killed = Connect(device, clock: new StillClock());
        await using var connection = Connect(device);
        var journal = new MemoryJournal();
        device.Faults.CommitDuration = TimeSpan.FromSeconds(2);
        using (var kill = new CancellationTokenSource())
        {
            await using var session = await killed.BeginRestoreAsync(Plan(RestoreMode.Replace, Sent), journal, CancellationToken.None);
            await StageAsync(session, Sent);
            var committing = session.CommitAsync(kill.Token);
            await Wait.UntilAsync(() => device.Restores.Commits == 1);
            await kill.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => committing);
        }

        Assert.Single(journal.Open);
        device.Faults.CommitDuration = TimeSpan.Zero;
        Assert.Equal(RestoreCommitOutcome.Completed, await RestoreAsync(connection, RestoreMode.Overlay, new Dictionary<string, byte[]> { ["c"] = Bytes("c") }, journal));

        AssertRestored(device);
        Assert.Empty(journal.Open);
    }

    [Fact]
    public async Task The_session_is_noted_before_anything_is_sent()
    {
        await using var device = await StartEmptyAsync();
        await using var connection = Connect(device);
        var journal = new MemoryJournal();

        await using var session = await connection.BeginRestoreAsync(Plan(RestoreMode.Replace, Sent), journal, CancellationToken.None);

        Assert.Equal([device.Restores.Current!.Id], journal.Open);
    }

    [Fact]
    public async Task A_session_that_cannot_be_noted_is_dropped_again()
    {
        await using var device = await StartEmptyAsync();
        await using var connection = Connect(device);
        var journal = new MemoryJournal { OnOpened = _ => throw new EdgeBackupException(ErrorIds.RepositoryNotWritable, "The share is away.", "r") };

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => connection.BeginRestoreAsync(Plan(RestoreMode.Replace, Sent), journal, CancellationToken.None));

        Assert.Equal(ErrorIds.RepositoryNotWritable, error.ErrorId);
        Assert.Null(device.Restores.Current);
        Assert.Contains(device.Calls, call => call.Method == "DELETE");
    }

    [Fact]
    public async Task Folders_links_and_paths_the_device_cannot_hold_are_refused_before_it_is_asked()
    {
        await using var device = await StartEmptyAsync();
        await using var connection = Connect(device);
        var plan = new RestorePlan(RestoreMode.Replace,
        [
            new RestoreItem(new SavedItem { Item = new Item { Path = "empty", Type = ItemType.Directory } }),
            new RestoreItem(Saved("fine", [])),
            new RestoreItem(new SavedItem { Item = new Item { Path = "link", Type = ItemType.SymbolicLink, LinkTarget = "x" } }),
            new RestoreItem(Saved("with:colon", [])),
        ]);

        var failed = await FailsAsync(
            ErrorIds.RestoreTargetMismatch, () => connection.BeginRestoreAsync(plan, new MemoryJournal(), CancellationToken.None));

        Assert.All(["'empty'", "'link'", "'with:colon'"], name => Assert.Contains(name, failed.Message, StringComparison.Ordinal));
        Assert.DoesNotContain("'fine'", failed.Message, StringComparison.Ordinal);
        Assert.Empty(device.Calls);
    }

    [Fact]
    public async Task A_session_that_the_device_dropped_before_the_commit_fails_the_restore()
    {
        await using var device = await StartEmptyAsync();
        await using var connection = Connect(device);
        var journal = new MemoryJournal();
        await using (var session = await connection.BeginRestoreAsync(Plan(RestoreMode.Replace, Sent), journal, CancellationToken.None))
        {
            await StageAsync(session, Sent);
            device.Restart(TimeSpan.Zero);
            await FailsAsync(ErrorIds.RestoreFailed, () => session.CommitAsync(CancellationToken.None));
        }

        Assert.Empty(journal.Open);
        Assert.Empty(device.Items.List());
    }

    [Fact]
    public async Task A_large_item_is_streamed_from_a_source_that_cannot_seek()
    {
        await using var device = await StartEmptyAsync();
        await using var connection = Connect(device);
        var content = Noise(3_000_000);
        await using var session = await connection.BeginRestoreAsync(
            Plan(RestoreMode.Overlay, new Dictionary<string, byte[]> { ["big"] = content }), new MemoryJournal(), CancellationToken.None);

        using var memory = new MemoryStream(content);
        await using var source = new OnlyForward(memory);
        await session.WriteAsync(Saved("big", content), source, CancellationToken.None);
        await session.CommitAsync(CancellationToken.None);

        Assert.Equal(content, device.Items.Find("big")!.Content);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Bytes_that_are_not_the_backups_reach_no_session(int difference)
    {
        await using var device = await StartEmptyAsync();
        await using var connection = Connect(device);
        var announced = Noise(200_000);
        var given = Noise(200_000 + difference, seed: 2);
        await using var session = await connection.BeginRestoreAsync(
            Plan(RestoreMode.Overlay, new Dictionary<string, byte[]> { ["a"] = announced }), new MemoryJournal(), CancellationToken.None);

        using var source = new MemoryStream(given);
        await FailsAsync(ErrorIds.RestoreFailed, () => session.WriteAsync(Saved("a", announced), source, CancellationToken.None));

        await FailsAsync(ErrorIds.RestoreFailed, () => session.CommitAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Cancelling_while_a_session_is_being_opened_leaves_none_behind()
    {
        await using var device = await StartEmptyAsync();
        await using var connection = Connect(device);
        var journal = new MemoryJournal();
        var mayAnswer = new TaskCompletionSource();
        device.Faults.Add(new SimulatedFault { Kind = FaultKind.Slow, Pause = () => mayAnswer.Task, Path = "restores" });
        using var cancellation = new CancellationTokenSource();

        // The device has opened it, and is still about to say so.
        var opening = connection.BeginRestoreAsync(Plan(RestoreMode.Replace, Sent), journal, cancellation.Token);
        await Wait.UntilAsync(() => device.Restores.Current is not null);
        await cancellation.CancelAsync();
        mayAnswer.SetResult();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => opening);

        Assert.Single(journal.Noted);
        Assert.Empty(journal.Open);
        Assert.Empty(device.Restores.Sessions);
    }

    private static void AssertRestored(SimulatedDevice device) =>
        Assert.All(Sent, item => Assert.Equal(item.Value, device.Items.Find(item.Key)?.Content));

    private sealed class OnlyForward(Stream inner) : ForwardReadStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => inner.ReadAsync(buffer, cancellationToken);
    }
}
