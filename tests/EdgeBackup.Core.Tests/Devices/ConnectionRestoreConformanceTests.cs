using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using Xunit;
using static EdgeBackup.Core.Tests.Devices.ConnectionConformanceTests;
using static EdgeBackup.Core.Tests.Devices.RestoreTestTools;

namespace EdgeBackup.Core.Tests.Devices;

/// <summary>What every connection must do when it restores.</summary>
public abstract class ConnectionRestoreConformanceTests
{
    /// <summary>What the devices hold before and after a restore, and what the items of it are called that the tests name.</summary>
    protected virtual ConformanceStates States => ConformanceStates.OfAnyNames;

    private IReadOnlyDictionary<string, byte[]> Old => States.Old;

    private IReadOnlyDictionary<string, byte[]> New => States.New;

    protected abstract Task<ITestDevice> CreateDeviceAsync(DeviceSeed seed);

    [Fact]
    public async Task A_replacing_restore_leaves_exactly_what_was_sent_and_the_identity()
    {
        await using var device = await CreateDeviceAsync(new DeviceSeed { Items = Old });
        await using var connection = device.Connect();
        var expected = new Dictionary<string, byte[]>(New);
        if (device.IdentityPath is { } identity)
        {
            expected[identity] = (await device.ReadAllAsync())[identity];
        }

        var journal = new MemoryJournal();

        var outcome = await RestoreAsync(connection, RestoreMode.Replace, New, journal);

        Assert.Equal(RestoreCommitOutcome.Completed, outcome);
        await AssertHoldsAsync(device, expected);
        Assert.Empty(journal.Open);
    }

    [Fact]
    public async Task An_overlaying_restore_removes_nothing()
    {
        await using var device = await CreateDeviceAsync(new DeviceSeed { Items = Old });
        await using var connection = device.Connect();
        if (device.IsWhole)
        {
            await AssertRefusesPartsAsync(device, connection);
            return;
        }

        var expected = new Dictionary<string, byte[]>(await device.ReadAllAsync()) { [States.First] = Bytes("new alpha"), ["more/x"] = Bytes("x") };

        await RestoreAsync(connection, RestoreMode.Overlay, new Dictionary<string, byte[]>
        {
            [States.First] = Bytes("new alpha"),
            ["more/x"] = Bytes("x"),
        });

        await AssertHoldsAsync(device, expected);
    }

    [Fact]
    public async Task An_identity_item_that_is_sent_is_taken()
    {
        await using var device = await CreateDeviceAsync(new DeviceSeed { Id = "unit-7", Items = Old });
        await using var connection = device.Connect();
        if (device.IdentityPath is not { } path)
        {
            return;
        }

        var identity = (await device.ReadAllAsync())[path];
        byte[] changed = [.. identity, (byte)'\n'];

        var items = new Dictionary<string, byte[]>(StringComparer.Ordinal) { [path] = changed };
        var plan = new RestorePlan(RestoreMode.Overlay, [new RestoreItem(Saved(path, changed, ItemKind.Identity))]);
        await using (var session = await connection.BeginRestoreAsync(plan, new MemoryJournal(), CancellationToken.None))
        {
            await StageAsync(session, items);
            await session.CommitAsync(CancellationToken.None);
        }

        Assert.Equal(changed, (await device.ReadAllAsync())[path]);
    }

    [Fact]
    public async Task R12_history_and_values_of_level_none_stay_when_they_are_not_sent()
    {
        await using var device = await CreateDeviceAsync(new DeviceSeed { Items = Old });
        if (!device.HasKindsAndLevels)
        {
            return;
        }

        await device.SetAsync("history/log", Bytes("old"), ItemKind.History);
        await device.SetAsync("values/live", Bytes("20.5"), ItemKind.Configuration, RetainLevel.None);
        await device.SetAsync("values/warm", Bytes("20.5"), ItemKind.Configuration, RetainLevel.Warm);
        await using var connection = device.Connect();

        await RestoreAsync(connection, RestoreMode.Replace, New);

        var after = await device.ReadAllAsync();
        Assert.Equal(Bytes("old"), after["history/log"]);
        Assert.Equal(Bytes("20.5"), after["values/live"]);
        Assert.DoesNotContain("values/warm", after.Keys);
    }

    [Fact]
    public async Task Nothing_changes_before_the_commit()
    {
        await using var device = await CreateDeviceAsync(new DeviceSeed { Items = Old });
        await using var connection = device.Connect();
        var before = await device.ReadAllAsync();

        await using var session = await connection.BeginRestoreAsync(Plan(RestoreMode.Replace, New), new MemoryJournal(), CancellationToken.None);
        await StageAsync(session, New);

        await AssertHoldsAsync(device, before);
    }

    [Fact]
    public async Task An_aborted_restore_leaves_the_old_state_and_lets_another_begin()
    {
        await using var device = await CreateDeviceAsync(new DeviceSeed { Items = Old });
        await using var connection = device.Connect();
        var before = await device.ReadAllAsync();
        var journal = new MemoryJournal();

        await using (var session = await connection.BeginRestoreAsync(Plan(RestoreMode.Replace, New), journal, CancellationToken.None))
        {
            await StageAsync(session, New);
            await session.AbortAsync(CancellationToken.None);
        }

        await AssertHoldsAsync(device, before);
        Assert.Empty(journal.Open);
        Assert.Equal(RestoreCommitOutcome.Completed, await RestoreAsync(connection, RestoreMode.Replace, New));
    }

    [Fact]
    public async Task A_disposed_restore_is_an_aborted_one()
    {
        await using var device = await CreateDeviceAsync(new DeviceSeed { Items = Old });
        await using var connection = device.Connect();
        var before = await device.ReadAllAsync();
        var journal = new MemoryJournal();

        await using (var session = await connection.BeginRestoreAsync(Plan(RestoreMode.Replace, New), journal, CancellationToken.None))
        {
            using var content = new MemoryStream(New[States.First]);
            await session.WriteAsync(Saved(States.First, New[States.First]), content, CancellationToken.None);
        }

        await AssertHoldsAsync(device, before);
        Assert.Empty(journal.Open);
        Assert.Equal(RestoreCommitOutcome.Completed, await RestoreAsync(connection, RestoreMode.Replace, New));
    }

    [Fact]
    public async Task A_commit_with_an_item_missing_fails_and_changes_nothing()
    {
        await using var device = await CreateDeviceAsync(new DeviceSeed { Items = Old });
        await using var connection = device.Connect();
        var before = await device.ReadAllAsync();

        await using (var session = await connection.BeginRestoreAsync(Plan(RestoreMode.Replace, New), new MemoryJournal(), CancellationToken.None))
        {
            using var content = new MemoryStream(New[States.First]);
            await session.WriteAsync(Saved(States.First, New[States.First]), content, CancellationToken.None);
            var failed = await Assert.ThrowsAsync<EdgeBackupException>(() => session.CommitAsync(CancellationToken.None));
            Assert.Equal(ErrorIds.RestoreFailed, failed.ErrorId);
        }

        await AssertHoldsAsync(device, before);
    }

    [Fact]
    public async Task Content_that_is_not_what_was_announced_is_never_committed()
    {
        await using var device = await CreateDeviceAsync(new DeviceSeed { Items = Old });
        await using var connection = device.Connect();
        var before = await device.ReadAllAsync();
        var announced = new Dictionary<string, byte[]> { [States.First] = Bytes("as announced") };
        var mode = device.IsWhole ? RestoreMode.Replace : RestoreMode.Overlay;

        await using (var session = await connection.BeginRestoreAsync(Plan(mode, announced), new MemoryJournal(), CancellationToken.None))
        {
            await Assert.ThrowsAsync<EdgeBackupException>(async () =>
            {
                using var content = new MemoryStream(Bytes("not announced"[..12]));
                await session.WriteAsync(Saved(States.First, announced[States.First]), content, CancellationToken.None);
                await session.CommitAsync(CancellationToken.None);
            });
        }

        await AssertHoldsAsync(device, before);
    }

    [Fact]
    public async Task A_cancelled_restore_leaves_the_old_state_and_no_open_session()
    {
        await using var device = await CreateDeviceAsync(new DeviceSeed { Items = Old });
        await using var connection = device.Connect();
        var before = await device.ReadAllAsync();
        var journal = new MemoryJournal();
        using var cancellation = new CancellationTokenSource();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await using var session = await connection.BeginRestoreAsync(Plan(RestoreMode.Replace, New), journal, cancellation.Token);
            await StageAsync(session, New);
            await cancellation.CancelAsync();
            await session.CommitAsync(cancellation.Token);
        });

        await AssertHoldsAsync(device, before);
        Assert.Empty(journal.Open);
        Assert.Equal(RestoreCommitOutcome.Completed, await RestoreAsync(connection, RestoreMode.Replace, New));
    }

    [Fact]
    public async Task A_session_left_by_our_own_killed_command_is_dropped_before_another_begins()
    {
        await using var device = await CreateDeviceAsync(new DeviceSeed { Items = Old });
        await using var killed = device.Connect();
        await using var connection = device.Connect();
        var journal = new MemoryJournal();

        // Nobody disposes this session before the next begins: its command was killed.
        var left = await killed.BeginRestoreAsync(Plan(RestoreMode.Replace, Old), journal, CancellationToken.None);
        await StageAsync(left, Old);
        await device.KillAsync(left);

        Assert.Equal(RestoreCommitOutcome.Completed, await RestoreAsync(connection, RestoreMode.Replace, New, journal));
        Assert.Equal(New[States.First], (await device.ReadAllAsync())[States.First]);
        await left.DisposeAsync();
        Assert.Equal(New[States.First], (await device.ReadAllAsync())[States.First]);
    }

    [Fact]
    public async Task What_was_restored_can_be_captured_again()
    {
        await using var device = await CreateDeviceAsync(new DeviceSeed { Items = Old });
        await using var connection = device.Connect();

        await RestoreAsync(connection, RestoreMode.Replace, New);
        var captured = await CaptureAsync(connection, BackupContent.Configuration);

        Assert.All(New, item => Assert.Equal(item.Value, captured[item.Key]));
    }

    private async Task AssertRefusesPartsAsync(ITestDevice device, IDeviceConnection connection)
    {
        Assert.True(connection.RestoresWhole);
        var before = await device.ReadAllAsync();
        var part = new Dictionary<string, byte[]> { [States.First] = New[States.First] };

        var refused = await Assert.ThrowsAsync<EdgeBackupException>(() => RestoreAsync(connection, RestoreMode.Overlay, part));

        Assert.Equal(ErrorIds.RestoreTargetMismatch, refused.ErrorId);
        await AssertHoldsAsync(device, before);
    }
}
