using System.Diagnostics;
using System.Security.Cryptography;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Folder;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Platform;
using Xunit;
using static EdgeBackup.Core.Tests.Devices.RestoreTestTools;

namespace EdgeBackup.Core.Tests.Devices.Folder;

public sealed class FolderRestoreTests
{
    private static readonly DateTimeOffset Modified = new(2026, 2, 3, 4, 5, 6, TimeSpan.Zero);

    [Fact]
    public async Task What_a_capture_saw_a_restore_brings_back_with_modes_times_links_and_empty_folders()
    {
        await using var device = new FolderTestDevice();
        device.Write("a/script", "#!/bin/sh");
        device.Write("a/private/key", "key");
        Directory.CreateDirectory(device.At("empty"));
        File.CreateSymbolicLink(device.At("a/link"), "../nowhere");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(device.At("a/script"), (UnixFileMode)0x1ED);
            File.SetUnixFileMode(device.At("a/private/key"), (UnixFileMode)0x100);
            File.SetUnixFileMode(device.At("a/private"), (UnixFileMode)0x140);
        }

        File.SetLastWriteTimeUtc(device.At("a/script"), Modified.UtcDateTime);
        Directory.SetLastWriteTimeUtc(device.At("a"), Modified.UtcDateTime);
        Directory.SetLastWriteTimeUtc(device.At("empty"), Modified.UtcDateTime);
        var (items, contents) = await SaveAsync(device);

        FolderRemoval.RemoveTree(device.At("a"), device.At("none"), device.Platform);
        Directory.Delete(device.At("empty"));
        device.Write("new", "goes");
        device.Write("empty", "a file in a folder's place");
        await RestoreAsync(device, items, contents);

        var (after, _) = await SaveAsync(device);
        Assert.Equal(items.Select(Comparable), after.Select(Comparable));
    }

    [Fact]
    public async Task An_unchanged_file_stays_the_same_file_and_a_changed_one_does_not()
    {
        await using var device = new FolderTestDevice();
        device.Write("same", "same");
        device.Write("touched", "touched");
        var (items, contents) = await SaveAsync(device);
        File.SetLastWriteTimeUtc(device.At("touched"), Modified.UtcDateTime);
        var same = device.Platform.Stat(device.At("same"))!;
        var touched = device.Platform.Stat(device.At("touched"))!;

        await RestoreAsync(device, items, contents);

        Assert.Equal(same.FileId, device.Platform.Stat(device.At("same"))!.FileId);
        Assert.NotEqual(touched.FileId, device.Platform.Stat(device.At("touched"))!.FileId);
        Assert.NotEqual(Modified, device.Platform.Stat(device.At("touched"))!.Modified);
    }

    [Fact]
    public async Task A_staged_file_that_is_written_to_before_the_commit_stops_it()
    {
        await using var device = new FolderTestDevice();
        device.Write("same", "same");
        var (items, contents) = await SaveAsync(device);
        await using var connection = device.Connect();
        await using var session = await BeginAsync(connection, items, contents);

        await File.AppendAllTextAsync(device.At("same"), "!");

        var failed = await Assert.ThrowsAsync<EdgeBackupException>(() => session.CommitAsync(CancellationToken.None));
        Assert.Equal(ErrorIds.RestoreFailed, failed.ErrorId);
        Assert.Equal("same!", device.Read("same"));
    }

    [Fact]
    public async Task Nothing_outside_is_touched_by_links_in_the_folder_or_in_the_backup()
    {
        await using var device = new FolderTestDevice();
        var outside = Path.Combine(device.Parent, "outside");
        Directory.CreateDirectory(outside);
        await File.WriteAllTextAsync(Path.Combine(outside, "f"), "outside");
        File.SetLastWriteTimeUtc(Path.Combine(outside, "f"), Modified.UtcDateTime);
        Directory.CreateSymbolicLink(device.At("conf"), outside);
        File.CreateSymbolicLink(device.At("file"), Path.Combine(outside, "f"));
        var link = new SavedItem
        {
            Item = new Item { Path = "link", Type = ItemType.SymbolicLink, LinkTarget = Path.Combine(outside, "f"), Modified = DateTimeOffset.UnixEpoch },
        };
        var sent = new Dictionary<string, byte[]>(StringComparer.Ordinal) { ["conf/f"] = Bytes("inside"), ["file"] = Bytes("a file") };
        List<SavedItem> items = [.. sent.Select(pair => Saved(pair.Key, pair.Value)), link];

        await RestoreAsync(device, items, new Dictionary<string, byte[]>(sent) { ["link"] = [] });

        Assert.Equal(["f"], Directory.EnumerateFileSystemEntries(outside).Select(path => Path.GetFileName(path)));
        Assert.Equal("outside", await File.ReadAllTextAsync(Path.Combine(outside, "f")));
        Assert.Equal(Modified.UtcDateTime, File.GetLastWriteTimeUtc(Path.Combine(outside, "f")));
        Assert.Equal("inside", device.Read("conf/f"));
        Assert.Null(new FileInfo(device.At("conf")).LinkTarget);
    }

    [Fact]
    public async Task A_file_outside_with_the_same_bytes_is_not_taken_for_the_unchanged_one()
    {
        await using var device = new FolderTestDevice();
        var outside = Directory.CreateDirectory(Path.Combine(device.Parent, "outside")).FullName;
        await File.WriteAllTextAsync(Path.Combine(outside, "f"), "same");
        Directory.CreateSymbolicLink(device.At("conf"), outside);

        await RestoreAsync(device, [Saved("conf/f", Bytes("same"))], new Dictionary<string, byte[]> { ["conf/f"] = Bytes("same") });

        await File.WriteAllTextAsync(Path.Combine(outside, "f"), "changed outside");
        Assert.Equal("same", device.Read("conf/f"));
    }

    [Fact]
    public async Task A_mount_point_is_a_clear_refusal()
    {
        await using var device = new FolderTestDevice { Platform = new LimitedPlatform { MountedName = "device" } };

        var refused = await AssertRefusedAsync(device, RestoreMode.Overlay, [Saved("f", [])], ErrorIds.RestoreFailed);

        Assert.Contains("mount point", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_item_below_a_link_of_the_same_backup_is_refused_before_anything_is_staged()
    {
        await using var device = new FolderTestDevice();
        var link = new SavedItem { Item = new Item { Path = "a", Type = ItemType.SymbolicLink, LinkTarget = "/tmp" } };

        await AssertRefusedAsync(device, RestoreMode.Replace, [link, Saved("a/x", Bytes("x"))], ErrorIds.RestoreTargetMismatch);
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("/x")]
    [InlineData("a/../../x")]
    [InlineData("C:/x")]
    public async Task A_path_that_leads_out_is_refused_before_anything_is_staged(string path)
    {
        await using var device = new FolderTestDevice();

        await AssertRefusedAsync(device, RestoreMode.Replace, [Saved(path, Bytes("x"))], ErrorIds.ItemPathInvalid);
    }

    [Fact]
    public async Task Names_that_Windows_cannot_hold_are_refused_there_with_the_list()
    {
        await using var device = new FolderTestDevice { Platform = new LimitedPlatform { HasWindowsNames = true } };

        var refused = await AssertRefusedAsync(
            device, RestoreMode.Replace, [Saved("a/nul.txt", []), Saved("b:c", []), Saved("fine", [])], ErrorIds.RestoreTargetMismatch);

        Assert.Contains("a/nul.txt", refused.Message, StringComparison.Ordinal);
        Assert.Contains("b:c", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("fine", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_transactions_file_is_never_restored()
    {
        await using var device = new FolderTestDevice();

        await AssertRefusedAsync(device, RestoreMode.Overlay, [Saved(FolderDevice.TransactionsFile, Bytes("[]"))], ErrorIds.RestoreTargetMismatch);
    }

    [Fact]
    public async Task An_overlay_does_not_remove_a_folder_that_stands_in_an_items_place()
    {
        await using var device = new FolderTestDevice();
        device.Write("a/x", "x");
        device.Write("b", "b");

        await AssertRefusedAsync(device, RestoreMode.Overlay, [Saved("a", Bytes("file"))], ErrorIds.RestoreTargetMismatch);
        await AssertRefusedAsync(device, RestoreMode.Overlay, [Saved("b/c", Bytes("file"))], ErrorIds.RestoreTargetMismatch);

        Assert.Equal("x", device.Read("a/x"));
        Assert.Equal("b", device.Read("b"));
    }

    [Fact]
    public async Task The_transactions_file_keeps_living_in_the_folder_untouched()
    {
        await using var device = new FolderTestDevice();
        await device.EndTransactionAsync();
        var before = device.Platform.Stat(device.At(FolderDevice.TransactionsFile))!;
        await using var writer = new FileStream(
            device.At(FolderDevice.TransactionsFile), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);

        await RestoreAsync(device, [Saved("f", Bytes("f"))], new Dictionary<string, byte[]> { ["f"] = Bytes("f") });

        var after = device.Platform.Stat(device.At(FolderDevice.TransactionsFile))!;
        Assert.Equal((before.FileId, before.Modified, before.Length), (after.FileId, after.Modified, after.Length));
    }

    [Fact]
    public async Task R2_a_transaction_that_appears_before_the_commit_stops_it_and_nothing_changes()
    {
        await using var device = new FolderTestDevice();
        device.Write("f", "old");
        await using (var connection = device.Connect())
        await using (var session = await BeginAsync(connection, [Saved("f", Bytes("new"))], new Dictionary<string, byte[]> { ["f"] = Bytes("new") }))
        {
            await device.StartTransactionAsync();
            var busy = await Assert.ThrowsAsync<EdgeBackupException>(() => session.CommitAsync(CancellationToken.None));
            Assert.Equal(ErrorIds.DeviceBusy, busy.ErrorId);
        }

        Assert.Equal("old", device.Read("f"));
        Assert.Empty(device.Beside());
    }

    [Theory]
    [InlineData("[]", RestoreMode.Replace, null)]
    [InlineData("""[{"id":"t","chargepoint":"c","connector":1}]""", RestoreMode.Replace, ErrorIds.DeviceBusy)]
    [InlineData("torn", RestoreMode.Overlay, ErrorIds.DeviceStateUnknown)]
    public async Task R2_no_restore_begins_while_something_runs_or_may_run(string transactions, RestoreMode mode, string? errorId)
    {
        await using var device = new FolderTestDevice();
        device.Write(FolderDevice.TransactionsFile, transactions);
        if (errorId is not null)
        {
            await AssertRefusedAsync(device, mode, [Saved("f", [])], errorId);
            return;
        }

        await RestoreAsync(device, [Saved("f", [])], new Dictionary<string, byte[]> { ["f"] = [] });
        Assert.Equal(transactions, device.Read(FolderDevice.TransactionsFile));
    }

    [Fact]
    public async Task What_the_device_wrote_into_its_list_at_the_last_moment_wins()
    {
        await using var device = new FolderTestDevice();
        await device.EndTransactionAsync();
        device.OnSwapStep = step =>
        {
            if (step == FolderSwap.Journaled)
            {
                // As a device writes that replaces its file: the second name in the stage keeps the older one.
                File.WriteAllText(device.At("next"), "[ ]");
                File.Move(device.At("next"), device.At(FolderDevice.TransactionsFile), overwrite: true);
            }
        };

        await RestoreAsync(device, [Saved("f", [])], new Dictionary<string, byte[]> { ["f"] = [] });

        Assert.Equal("[ ]", device.Read(FolderDevice.TransactionsFile));
    }

    [Fact]
    public async Task A_pipe_stays_where_its_folder_stays()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        await using var device = new FolderTestDevice();
        using (var process = Process.Start("mkfifo", device.At("pipe")))
        {
            await process.WaitForExitAsync();
        }

        await RestoreAsync(device, [Saved("f", [])], new Dictionary<string, byte[]> { ["f"] = [] });

        Assert.Equal(FileEntryType.Other, device.Platform.Stat(device.At("pipe"))!.Type);
    }

    internal static async Task<(List<SavedItem> Items, Dictionary<string, byte[]> Contents)> SaveAsync(FolderTestDevice device)
    {
        await using var connection = device.Connect();
        await using var capture = await connection.BeginCaptureAsync(BackupContent.All, CancellationToken.None);
        var items = new List<SavedItem>();
        var contents = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (var item in await ListAsync(capture))
        {
            byte[] bytes = item.Type == ItemType.File ? await ReadToEndAsync((await capture.OpenReadAsync(item, CancellationToken.None))!) : [];
            contents[item.Path] = bytes;
            items.Add(new SavedItem { Item = item, Digest = item.Type == ItemType.File ? Convert.ToHexStringLower(SHA256.HashData(bytes)) : null });
        }

        return (items, contents);
    }

    internal static async Task<IRestoreSession> BeginAsync(
        IDeviceConnection connection, IReadOnlyList<SavedItem> items, IReadOnlyDictionary<string, byte[]> contents, IRestoreJournal? journal = null)
    {
        var plan = new RestorePlan(RestoreMode.Replace, [.. items.OrderBy(item => item.Item.Path, StringComparer.Ordinal).Select(item => new RestoreItem(item))]);
        var session = await connection.BeginRestoreAsync(plan, journal ?? new MemoryJournal(), CancellationToken.None);
        foreach (var item in plan.Items)
        {
            using var content = new MemoryStream(contents[item.Saved.Item.Path]);
            await session.WriteAsync(item.Saved, content, CancellationToken.None);
        }

        return session;
    }

    private static async Task RestoreAsync(FolderTestDevice device, IReadOnlyList<SavedItem> items, IReadOnlyDictionary<string, byte[]> contents)
    {
        await using var connection = device.Connect();
        await using (var session = await BeginAsync(connection, items, contents))
        {
            await session.CommitAsync(CancellationToken.None);
        }

        Assert.DoesNotContain(device.Beside(), name => name.Contains("edgebackup", StringComparison.Ordinal));
    }

    private static async Task<EdgeBackupException> AssertRefusedAsync(FolderTestDevice device, RestoreMode mode, IReadOnlyList<SavedItem> items, string errorId)
    {
        await using var connection = device.Connect();
        var journal = new MemoryJournal();
        var refused = await Assert.ThrowsAsync<EdgeBackupException>(
            () => connection.BeginRestoreAsync(new RestorePlan(mode, [.. items.Select(item => new RestoreItem(item))]), journal, CancellationToken.None));
        Assert.Equal(errorId, refused.ErrorId);
        Assert.Empty(journal.Open);
        Assert.Empty(device.Beside());
        return refused;
    }

    private static object Comparable(SavedItem item) => item with { Item = item.Item with { Stamp = null } };
}
