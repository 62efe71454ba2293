using System.Diagnostics;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using Xunit;
using static EdgeBackup.Core.Tests.Devices.RestoreTestTools;

namespace EdgeBackup.Core.Tests.Devices.Folder;

public sealed class FolderCaptureTests
{
    [Fact]
    public async Task Folders_files_and_links_are_listed_as_what_they_are_in_ordinal_order()
    {
        await using var device = new FolderTestDevice();
        device.Write("a/x", "1");
        device.Write("a-b", "2");
        device.Write("a/sub/y", "3");
        Directory.CreateDirectory(device.At("empty"));
        File.CreateSymbolicLink(device.At("link"), "a/x");
        Directory.CreateSymbolicLink(device.At("folderlink"), "a");
        await device.EndTransactionAsync();

        var items = await ListAsync(device);

        Assert.Equal(["a", "a-b", "a/sub", "a/sub/y", "a/x", "edge-device.json", "empty", "folderlink", "link"], items.Select(item => item.Path));
        Assert.Equal(["a", "a/sub"], items.Where(item => item.IsContainer).Select(item => item.Path));
        Assert.Equal(ItemType.Directory, items.Single(item => item.Path == "empty").Type);
        Assert.Equal((ItemType.SymbolicLink, "a/x"), (items[^1].Type, items[^1].LinkTarget));
        Assert.Equal("a", items.Single(item => item.Path == "folderlink").LinkTarget);
    }

    [Fact]
    public async Task A_link_out_of_the_folder_is_saved_and_never_followed()
    {
        await using var device = new FolderTestDevice();
        Directory.CreateDirectory(Path.Combine(device.Parent, "outside"));
        await File.WriteAllTextAsync(Path.Combine(device.Parent, "outside", "secret"), "secret");
        Directory.CreateSymbolicLink(device.At("out"), Path.Combine(device.Parent, "outside"));
        File.CreateSymbolicLink(device.At("broken"), "no/where/");

        var items = await ListAsync(device);

        Assert.Equal(["broken", "edge-device.json", "out"], items.Select(item => item.Path));
        Assert.Equal("no/where/", items[0].LinkTarget);
    }

    [Fact]
    public async Task A_folder_that_became_a_link_after_the_listing_does_not_lead_out()
    {
        await using var device = new FolderTestDevice();
        device.Write("a/x", "inside");
        Directory.CreateDirectory(Path.Combine(device.Parent, "outside"));
        await File.WriteAllTextAsync(Path.Combine(device.Parent, "outside", "x"), "secret");
        await using var connection = device.Connect();
        await using var capture = await connection.BeginCaptureAsync(BackupContent.All, CancellationToken.None);
        var item = (await RestoreTestTools.ListAsync(capture)).Single(candidate => candidate.Path == "a/x");

        Directory.Delete(device.At("a"), recursive: true);
        Directory.CreateSymbolicLink(device.At("a"), Path.Combine(device.Parent, "outside"));

        var failed = await Assert.ThrowsAsync<EdgeBackupException>(() => capture.OpenReadAsync(item, CancellationToken.None));
        Assert.Equal(ErrorIds.CaptureFailed, failed.ErrorId);
    }

    [Fact]
    public async Task A_pipe_is_told_as_not_saved_and_does_not_block()
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

        await using var connection = device.Connect();
        await using var capture = await connection.BeginCaptureAsync(BackupContent.All, CancellationToken.None);
        var items = await RestoreTestTools.ListAsync(capture);

        Assert.DoesNotContain(items, item => item.Path == "pipe");
        Assert.Equal("pipe", Assert.Single(capture.NotSaved).Path);
    }

    [Fact]
    public async Task A_file_that_only_grows_is_taken_as_it_was_when_it_was_opened()
    {
        await using var device = new FolderTestDevice();
        device.Write("log", "line 1\n");
        await using var connection = device.Connect();
        await using var capture = await connection.BeginCaptureAsync(BackupContent.All, CancellationToken.None);
        var item = (await RestoreTestTools.ListAsync(capture)).Single(candidate => candidate.Path == "log");

        var captured = (await capture.OpenReadAsync(item, CancellationToken.None))!;
        await File.AppendAllTextAsync(device.At("log"), "line 2\n");
        var bytes = await ReadToEndAsync(captured);

        Assert.Equal(Bytes("line 1\n"), bytes);
        Assert.Equal(7, captured.Describe().Length);
        Assert.Null(captured.Describe().Stamp);
    }

    [Theory]
    [InlineData("other!\n")]
    [InlineData("x")]
    public async Task A_file_that_is_rewritten_while_it_is_read_is_refused_at_its_end(string content)
    {
        await using var device = new FolderTestDevice();
        device.Write("f", "before\n");
        File.SetLastWriteTimeUtc(device.At("f"), new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        await using var connection = device.Connect();
        await using var capture = await connection.BeginCaptureAsync(BackupContent.All, CancellationToken.None);
        var item = (await RestoreTestTools.ListAsync(capture)).Single(candidate => candidate.Path == "f");

        var captured = (await capture.OpenReadAsync(item, CancellationToken.None))!;
        device.Write("f", content);

        var failed = await Assert.ThrowsAsync<EdgeBackupException>(() => ReadToEndAsync(captured));
        Assert.Equal(ErrorIds.CaptureFailed, failed.ErrorId);
    }

    [Fact]
    public async Task A_file_that_another_takes_the_place_of_is_refused_at_its_end()
    {
        await using var device = new FolderTestDevice();
        device.Write("f", "before");
        await using var connection = device.Connect();
        await using var capture = await connection.BeginCaptureAsync(BackupContent.All, CancellationToken.None);
        var item = (await RestoreTestTools.ListAsync(capture)).Single(candidate => candidate.Path == "f");

        var captured = (await capture.OpenReadAsync(item, CancellationToken.None))!;
        device.Write("f2", "after!");
        File.SetLastWriteTimeUtc(device.At("f2"), File.GetLastWriteTimeUtc(device.At("f")));
        File.Move(device.At("f2"), device.At("f"), overwrite: true);

        Assert.Equal(ErrorIds.CaptureFailed, (await Assert.ThrowsAsync<EdgeBackupException>(() => ReadToEndAsync(captured))).ErrorId);
    }

    [Fact]
    public async Task A_file_that_changed_just_now_gets_no_stamp()
    {
        await using var device = new FolderTestDevice();
        device.Write("f", "fresh");
        Assert.NotNull((await ListAsync(device)).Single(item => item.Path == "f").Stamp);

        // Half a minute back, so that it is just now for as long as looking may take.
        device.Time.Ahead = TimeSpan.FromSeconds(-30);

        Assert.Null((await ListAsync(device)).Single(item => item.Path == "f").Stamp);
    }

    [Fact]
    public async Task A_file_that_stays_locked_is_an_error_that_names_it()
    {
        await using var device = new FolderTestDevice();
        device.Write("f", "locked");
        await using var connection = device.Connect();
        await using var capture = await connection.BeginCaptureAsync(BackupContent.All, CancellationToken.None);
        var item = (await RestoreTestTools.ListAsync(capture)).Single(candidate => candidate.Path == "f");
        if (!OperatingSystem.IsWindows())
        {
            // Locks bind nobody here, and an administrator may read everything: a loop of links cannot be opened by anyone.
            await AssertUnreadableAsync(capture, item with { Path = "loop/f" }, device);
            return;
        }

        await using var held = new FileStream(device.At("f"), FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        var failed = await Assert.ThrowsAsync<EdgeBackupException>(() => capture.OpenReadAsync(item, CancellationToken.None));
        Assert.Equal(ErrorIds.CaptureFailed, failed.ErrorId);
        Assert.Contains("f", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Names_that_other_systems_cannot_hold_are_saved_as_they_are()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        await using var device = new FolderTestDevice();
        string[] names = ["A.txt", "CON", "a.txt", "back\\slash", "colon:x", "dot.", "edge-device.json", "line\nfeed"];
        foreach (var name in names)
        {
            device.Write(name, name == "edge-device.json" ? """{"id":"d"}""" : "x");
        }

        Assert.Equal(names, (await ListAsync(device)).Select(item => item.Path));
    }

    [Fact]
    public async Task A_name_that_would_climb_on_Windows_is_refused()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        await using var device = new FolderTestDevice();
        device.Write("..\\climb", "x");

        Assert.Equal(ErrorIds.ItemPathInvalid, (await Assert.ThrowsAsync<EdgeBackupException>(() => ListAsync(device))).ErrorId);
    }

    [Fact]
    public async Task A_name_that_is_no_UTF_8_is_refused_and_named()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        await using var device = new FolderTestDevice();
        using (var process = Process.Start("sh", ["-c", "touch \"$(printf '%s/bad\\377name' \"$0\")\"", device.Root]))
        {
            await process.WaitForExitAsync();
        }

        var failed = await Assert.ThrowsAsync<EdgeBackupException>(() => ListAsync(device));
        using (var process = Process.Start("sh", ["-c", "rm \"$(printf '%s/bad\\377name' \"$0\")\"", device.Root]))
        {
            await process.WaitForExitAsync();
        }

        Assert.Equal(ErrorIds.CaptureFailed, failed.ErrorId);
        Assert.Contains("bad", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_that_was_replaced_meanwhile_does_not_complete()
    {
        await using var device = new FolderTestDevice();
        await using var connection = device.Connect();
        await using var capture = await connection.BeginCaptureAsync(BackupContent.All, CancellationToken.None);
        Directory.Move(device.Root, device.Root + "-old");
        Directory.CreateDirectory(device.Root);

        var failed = await Assert.ThrowsAsync<EdgeBackupException>(() => capture.CompleteAsync(CancellationToken.None));

        Assert.Equal(ErrorIds.CaptureFailed, failed.ErrorId);
    }

    [Fact]
    public async Task A_link_to_the_device_folder_is_the_device()
    {
        await using var device = new FolderTestDevice();
        device.Write("f", "x");
        var link = Path.Combine(device.Parent, "alias");
        Directory.CreateSymbolicLink(link, "device");
        await using var connection = new EdgeBackup.Core.Devices.Folder.FolderDeviceConnection(
            new ConnectionOptions { Address = new DeviceAddress(ConnectionKind.Folder, link) }, device.Platform, device.Time);

        await RestoreAsync(connection, RestoreMode.Replace, new Dictionary<string, byte[]> { ["f"] = Bytes("y") });

        Assert.Equal("y", device.Read("f"));
        Assert.Equal("device", new DirectoryInfo(link).LinkTarget);
    }

    private static async Task AssertUnreadableAsync(ICapture capture, Item item, FolderTestDevice device)
    {
        File.CreateSymbolicLink(device.At("loop"), "loop");
        var failed = await Assert.ThrowsAsync<EdgeBackupException>(() => capture.OpenReadAsync(item, CancellationToken.None));
        Assert.Equal(ErrorIds.CaptureFailed, failed.ErrorId);
        Assert.Contains("loop", failed.Message, StringComparison.Ordinal);
    }

    private static async Task<IReadOnlyList<Item>> ListAsync(FolderTestDevice device)
    {
        await using var connection = device.Connect();
        await using var capture = await connection.BeginCaptureAsync(BackupContent.All, CancellationToken.None);
        return await RestoreTestTools.ListAsync(capture);
    }
}
