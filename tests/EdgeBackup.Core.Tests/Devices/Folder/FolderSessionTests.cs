using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Folder;
using EdgeBackup.Core.Errors;
using Xunit;
using static EdgeBackup.Core.Tests.Devices.RestoreTestTools;

namespace EdgeBackup.Core.Tests.Devices.Folder;

/// <summary>Restores of a folder that live beside another, died, or find their lock held.</summary>
public sealed class FolderSessionTests
{
    [Fact]
    public async Task A_living_restore_makes_the_device_busy_for_another_one()
    {
        await using var device = new FolderTestDevice();
        var journal = new MemoryJournal();
        await using var connection = device.Connect();
        await using var open = await connection.BeginRestoreAsync(new RestorePlan(RestoreMode.Overlay, []), journal, CancellationToken.None);

        var busy = await Assert.ThrowsAsync<EdgeBackupException>(
            () => connection.BeginRestoreAsync(new RestorePlan(RestoreMode.Overlay, []), journal, CancellationToken.None));

        Assert.Equal(ErrorIds.DeviceBusy, busy.ErrorId);
        await open.CommitAsync(CancellationToken.None);
        Assert.Empty(device.Beside());
    }

    [Fact]
    public async Task Somebody_elses_dead_restore_is_dropped_only_after_its_time()
    {
        await using var device = new FolderTestDevice();
        await using var connection = device.Connect();
        var dead = await connection.BeginRestoreAsync(new RestorePlan(RestoreMode.Overlay, []), new MemoryJournal(), CancellationToken.None);
        await device.KillAsync(dead);

        var busy = await Assert.ThrowsAsync<EdgeBackupException>(
            () => connection.BeginRestoreAsync(new RestorePlan(RestoreMode.Overlay, []), new MemoryJournal(), CancellationToken.None));
        device.Time.Ahead += TimeSpan.FromMinutes(16);
        await using (await connection.BeginRestoreAsync(new RestorePlan(RestoreMode.Overlay, []), new MemoryJournal(), CancellationToken.None))
        {
        }

        Assert.Equal(ErrorIds.DeviceBusy, busy.ErrorId);
        Assert.Empty(device.Beside());
    }

    [Fact]
    public async Task A_dead_restore_is_forgotten_only_when_nothing_of_it_is_left()
    {
        await using var device = new FolderTestDevice();
        var journal = new MemoryJournal();
        await using var connection = device.Connect();
        await device.KillAsync(await connection.BeginRestoreAsync(new RestorePlan(RestoreMode.Overlay, []), journal, CancellationToken.None));
        var dead = Assert.Single(journal.Open);
        var left = new List<string>();
        journal.OnClosed = session => left.AddRange(device.Beside().Where(name => name.Contains(session, StringComparison.Ordinal)));

        Assert.Contains(device.Beside(), name => name.Contains(dead, StringComparison.Ordinal));
        await using (await connection.BeginRestoreAsync(new RestorePlan(RestoreMode.Overlay, []), journal, CancellationToken.None))
        {
        }

        Assert.Empty(journal.Open);
        Assert.Empty(left);
    }

    [Fact]
    public async Task Somebody_elses_dead_lock_with_nothing_beside_it_keeps_nobody_waiting_for_long()
    {
        await using var device = new FolderTestDevice();
        await using var connection = device.Connect();
        await device.KillAsync(await connection.BeginRestoreAsync(new RestorePlan(RestoreMode.Overlay, []), new MemoryJournal(), CancellationToken.None));
        Directory.Delete(Path.Combine(device.Parent, device.Beside().Single(name => !name.EndsWith(".lock", StringComparison.Ordinal))));
        device.Time.Ahead += TimeSpan.FromMinutes(2);

        await using (await connection.BeginRestoreAsync(new RestorePlan(RestoreMode.Overlay, []), new MemoryJournal(), CancellationToken.None))
        {
        }

        Assert.Empty(device.Beside());
    }

    [Fact]
    public async Task A_restore_that_cannot_begin_and_cannot_be_cleared_up_lets_the_next_one_begin()
    {
        var isAway = true;
        await using var device = new FolderTestDevice
        {
            Platform = new LimitedPlatform
            {
                OnStat = path =>
                {
                    if (isAway && path.Contains(".edgebackup-", StringComparison.Ordinal) && Directory.Exists(path))
                    {
                        throw new IOException("The share is away.");
                    }
                },
            },
        };
        var journal = new MemoryJournal();
        await using var connection = device.Connect();

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => connection.BeginRestoreAsync(new RestorePlan(RestoreMode.Overlay, []), journal, CancellationToken.None));
        isAway = false;
        Assert.Equal(ErrorIds.RestoreFailed, error.ErrorId);
        Assert.Single(journal.Open);
        await using (await connection.BeginRestoreAsync(new RestorePlan(RestoreMode.Overlay, []), journal, CancellationToken.None))
        {
        }

        Assert.Empty(journal.Open);
        Assert.Empty(device.Beside());
    }

    [Fact]
    public async Task A_lock_that_somebody_holds_at_the_end_of_a_restore_undoes_nothing()
    {
        await using var device = new FolderTestDevice();
        var journal = new MemoryJournal();
        device.OnSwapStep = step =>
        {
            if (step == FolderSwap.JournalGone)
            {
                PutInTheWay(device, journal.Noted.Single());
            }
        };
        await using var connection = device.Connect();

        Assert.Equal(RestoreCommitOutcome.Completed, await RestoreAsync(connection, RestoreMode.Overlay, new Dictionary<string, byte[]> { ["f"] = Bytes("new") }, journal));

        Assert.Equal("new", await File.ReadAllTextAsync(device.At("f")));
        Assert.Empty(journal.Open);
    }

    [Fact]
    public async Task A_dead_lock_that_somebody_holds_lets_a_restore_begin()
    {
        await using var device = new FolderTestDevice();
        var journal = new MemoryJournal();
        await using var connection = device.Connect();
        await device.KillAsync(await connection.BeginRestoreAsync(new RestorePlan(RestoreMode.Overlay, []), journal, CancellationToken.None));
        journal.OnAsked = session => PutInTheWay(device, session);

        await using (await connection.BeginRestoreAsync(new RestorePlan(RestoreMode.Overlay, []), journal, CancellationToken.None))
        {
        }

        Assert.Empty(journal.Open);
    }

    /// <summary>Where files that are open cannot be removed, another program that has the lock open keeps it; a folder in its place is as hard to remove everywhere.</summary>
    private static void PutInTheWay(FolderTestDevice device, string session)
    {
        var path = Directory.EnumerateFiles(device.Parent, $"*{session}.lock").Single();
        File.Delete(path);
        Directory.CreateDirectory(path);
        File.WriteAllText(Path.Combine(path, "held"), "");
    }
}
