using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Folder;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using Xunit;
using static EdgeBackup.Core.Tests.Devices.RestoreTestTools;

namespace EdgeBackup.Core.Tests.Devices.Folder;

/// <summary>A crash at every step of a swap leaves the old state or the new one, and the next contact tidies up.</summary>
public sealed class FolderSwapTests
{
    private static readonly Dictionary<string, byte[]> Old = new() { ["a"] = Bytes("old a"), ["gone/b"] = Bytes("old b") };

    private static readonly Dictionary<string, byte[]> New = new() { ["a"] = Bytes("new a"), ["c/d"] = Bytes("new d") };

    public static TheoryData<string, bool, bool> CrashPoints()
    {
        var points = new TheoryData<string, bool, bool>();
        foreach (var step in FolderSwap.Steps)
        {
            if (step is not FolderSwap.OldAside and not FolderSwap.NewInPlace)
            {
                points.Add(step, true, true);
            }

            if (step != FolderSwap.Exchanged)
            {
                points.Add(step, false, true);
                points.Add(step, false, false);
            }
        }

        return points;
    }

    [Theory]
    [MemberData(nameof(CrashPoints))]
    public async Task A_crash_leaves_the_old_state_or_the_new_one(string crashAt, bool canExchange, bool hasFileIds)
    {
        if (canExchange && !OperatingSystem.IsLinux())
        {
            return;
        }

        var reached = false;
        await using var device = new FolderTestDevice(new DeviceSeed { Items = Old })
        {
            Platform = new LimitedPlatform { CanExchange = canExchange, HasFileIds = hasFileIds },
        };
        await device.EndTransactionAsync();
        device.OnSwapStep = step =>
        {
            if (step == crashAt)
            {
                reached = true;
                throw new CrashException();
            }
        };
        var journal = new MemoryJournal();
        await using var crashing = device.Connect();
        var session = await FolderRestoreTests.BeginAsync(crashing, [.. New.Select(pair => Saved(pair.Key, pair.Value))], New, journal);
        await Assert.ThrowsAsync<CrashException>(() => session.CommitAsync(CancellationToken.None));
        await device.KillAsync(session);
        Assert.True(reached);

        // The next contact finds a whole folder, whatever was interrupted.
        device.OnSwapStep = null;
        await using var connection = device.Connect();
        await connection.GetStatusAsync(CancellationToken.None);
        var held = (await device.ReadAllAsync()).Where(pair => pair.Key != FolderDevice.IdentityFile).ToDictionary();
        var expected = crashAt == FolderSwap.Journaled ? Old : New;
        Assert.Equal(expected.Keys.Order(), held.Keys.Order());
        Assert.All(expected, pair => Assert.Equal(pair.Value, held[pair.Key]));
        Assert.Equal("[]", device.Read(FolderDevice.TransactionsFile));

        // The next restore works, and nothing is left beside the folder.
        await RestoreAsync(connection, RestoreMode.Replace, New, journal);
        Assert.Empty(device.Beside());
        Assert.Equal("new a", device.Read("a"));
    }

    [Fact]
    public async Task A_failing_rename_is_rolled_back_at_once()
    {
        await using var device = new FolderTestDevice(new DeviceSeed { Items = Old }) { Platform = new LimitedPlatform { CanExchange = false } };
        device.OnSwapStep = step =>
        {
            if (step == FolderSwap.OldAside)
            {
                // Somebody takes the stage away, so that the second rename fails.
                Directory.Move(Directory.GetDirectories(device.Parent).Single(path => !path.EndsWith(".old", StringComparison.Ordinal)), Path.Combine(device.Parent, "taken"));
            }
        };
        await using var connection = device.Connect();

        var failed = await Assert.ThrowsAsync<EdgeBackupException>(() => RestoreAsync(connection, RestoreMode.Replace, New));

        Assert.Equal(ErrorIds.RestoreFailed, failed.ErrorId);
        Assert.Equal("old a", device.Read("a"));
        Assert.Equal(["taken"], device.Beside());
    }

    [Fact]
    public async Task A_folder_that_was_made_anew_in_the_middle_of_a_swap_loses_nothing()
    {
        await using var device = new FolderTestDevice(new DeviceSeed { Items = Old }) { Platform = new LimitedPlatform { CanExchange = false } };
        device.OnSwapStep = step =>
        {
            if (step == FolderSwap.OldAside)
            {
                device.Write("made-anew", "by the device");
            }
        };
        await using var connection = device.Connect();
        var session = await FolderRestoreTests.BeginAsync(connection, [.. New.Select(pair => Saved(pair.Key, pair.Value))], New);

        await Assert.ThrowsAsync<EdgeBackupException>(() => session.CommitAsync(CancellationToken.None));
        await device.KillAsync(session);

        Assert.Equal("by the device", device.Read("made-anew"));
        Assert.Equal("old a", await File.ReadAllTextAsync(Path.Combine(Directory.GetDirectories(device.Parent, "*.old").Single(), "a")));

        // As the message says: with the new folder moved away, the restore is completed.
        device.OnSwapStep = null;
        Directory.Move(device.Root, Path.Combine(device.Parent, "away"));
        await connection.GetStatusAsync(CancellationToken.None);
        Assert.Equal("new a", device.Read("a"));
    }

    [Fact]
    public async Task The_root_of_a_volume_is_a_clear_refusal()
    {
        await using var device = new FolderTestDevice(new DeviceSeed { Items = Old });
        await using var connection = new FolderDeviceConnection(
            new ConnectionOptions { Address = new DeviceAddress(ConnectionKind.Folder, Path.GetPathRoot(device.Root)!), Id = "root" }, device.Platform, device.Time);

        var refused = await Assert.ThrowsAsync<EdgeBackupException>(() => RestoreAsync(connection, RestoreMode.Replace, New));

        Assert.Equal(ErrorIds.RestoreFailed, refused.ErrorId);
        Assert.Contains("volume", refused.Message, StringComparison.Ordinal);
    }

#pragma warning disable CA1064 // Never leaves a test.
    private sealed class CrashException : Exception;
#pragma warning restore CA1064
}
