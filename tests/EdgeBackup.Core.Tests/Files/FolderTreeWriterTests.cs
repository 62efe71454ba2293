using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Files;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Platform;
using Xunit;
using static EdgeBackup.Core.Tests.Devices.RestoreTestTools;

namespace EdgeBackup.Core.Tests.Files;

public sealed class FolderTreeWriterTests : IDisposable
{
    private readonly string parent = Directory.CreateTempSubdirectory("edgebackup-").FullName;

    private string Root => Path.Combine(parent, "root");

    public FolderTreeWriterTests() => Directory.CreateDirectory(Root);

    public void Dispose() => Directory.Delete(parent, recursive: true);

    [Theory]
    [InlineData("../out")]
    [InlineData("a/../../out")]
    [InlineData("..\\out")]
    [InlineData("/out")]
    [InlineData("C:\\out")]
    [InlineData("a//b")]
    [InlineData("nul\0")]
    [InlineData("")]
    public async Task A_path_that_leads_out_is_refused_and_nothing_is_written(string path)
    {
        var refused = await Assert.ThrowsAsync<EdgeBackupException>(() => WriteAsync(path, "x"));

        Assert.Equal(ErrorIds.ItemPathInvalid, refused.ErrorId);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Root));
        Assert.Equal(["root"], Directory.EnumerateFileSystemEntries(parent).Select(entry => Path.GetFileName(entry)));
    }

    [Fact]
    public async Task A_link_that_was_just_written_does_not_redirect_what_follows()
    {
        var outside = Directory.CreateDirectory(Path.Combine(parent, "outside")).FullName;
        var writer = Writer(overwrite: true);
        await writer.WriteAsync(Link("a", outside), Stream.Null, CancellationToken.None);

        var refused = await Assert.ThrowsAsync<EdgeBackupException>(() => WriteAsync("a/x", "x", writer));

        Assert.Equal(ErrorIds.RestoreFailed, refused.ErrorId);
        Assert.Empty(Directory.EnumerateFileSystemEntries(outside));
    }

    [Fact]
    public async Task Overwriting_replaces_a_link_and_not_what_it_leads_to()
    {
        var target = Path.Combine(parent, "target");
        await File.WriteAllTextAsync(target, "outside");
        File.CreateSymbolicLink(Path.Combine(Root, "f"), target);
        File.CreateSymbolicLink(Path.Combine(Root, "l"), target);
        Directory.CreateSymbolicLink(Path.Combine(Root, "d"), parent);
        var writer = Writer(overwrite: true);

        await WriteAsync("f", "inside", writer);
        await writer.WriteAsync(Link("l", "elsewhere"), Stream.Null, CancellationToken.None);
        await writer.WriteAsync(Link("d", "elsewhere"), Stream.Null, CancellationToken.None);

        Assert.Equal("outside", await File.ReadAllTextAsync(target));
        Assert.Equal("inside", await File.ReadAllTextAsync(Path.Combine(Root, "f")));
        Assert.Equal("elsewhere", new FileInfo(Path.Combine(Root, "l")).LinkTarget);
        Assert.Equal("elsewhere", new FileInfo(Path.Combine(Root, "d")).LinkTarget);
    }

    [Fact]
    public async Task What_stands_there_stays_without_overwrite_and_a_full_folder_stays_in_any_case()
    {
        await File.WriteAllTextAsync(Path.Combine(Root, "f"), "old");
        Directory.CreateDirectory(Path.Combine(Root, "d", "sub"));

        Assert.Equal(ErrorIds.RestoreFailed, (await Assert.ThrowsAsync<EdgeBackupException>(() => WriteAsync("f", "new"))).ErrorId);
        Assert.Equal(
            ErrorIds.RestoreFailed,
            (await Assert.ThrowsAsync<EdgeBackupException>(() => WriteAsync("d", "new", Writer(overwrite: true)))).ErrorId);

        Assert.Equal("old", await File.ReadAllTextAsync(Path.Combine(Root, "f")));
        Assert.True(Directory.Exists(Path.Combine(Root, "d", "sub")));
    }

    [Fact]
    public async Task Bytes_that_are_not_those_that_were_saved_leave_the_old_file_and_no_part()
    {
        await File.WriteAllTextAsync(Path.Combine(Root, "f"), "old");
        using var wrong = new MemoryStream(Bytes("wrong"));

        var failed = await Assert.ThrowsAsync<EdgeBackupException>(
            () => Writer(overwrite: true).WriteAsync(Saved("f", Bytes("right")), wrong, CancellationToken.None));

        Assert.Equal(ErrorIds.RestoreFailed, failed.ErrorId);
        Assert.Equal("old", await File.ReadAllTextAsync(Path.Combine(Root, "f")));
        Assert.Single(Directory.EnumerateFileSystemEntries(Root));
    }

    [Fact]
    public async Task Modes_and_times_are_set_also_of_folders_that_may_not_be_written()
    {
        var modified = new DateTimeOffset(2025, 5, 6, 7, 8, 9, TimeSpan.Zero);
        var writer = Writer(overwrite: false);
        await writer.WriteAsync(
            new SavedItem { Item = new Item { Path = "d", Type = ItemType.Directory, IsContainer = true, Modified = modified, UnixMode = 0x16D } },
            Stream.Null,
            CancellationToken.None);
        using var content = new MemoryStream(Bytes("x"));
        var file = Saved("d/f", Bytes("x"));
        await writer.WriteAsync(file with { Item = file.Item with { Modified = modified, UnixMode = 0x120 } }, content, CancellationToken.None);
        writer.Finish();

        var platform = SystemPlatform.Create();
        var folder = platform.Stat(Path.Combine(Root, "d"))!;
        var written = platform.Stat(Path.Combine(Root, "d", "f"))!;
        Assert.Equal((modified, modified), (folder.Modified, written.Modified));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal((0x16D, 0x120), (folder.UnixMode, written.UnixMode));
            File.SetUnixFileMode(Path.Combine(Root, "d"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    private FolderTreeWriter Writer(bool overwrite) =>
        new(Root, SystemPlatform.Create(), new FolderTreeWriterOptions { IsDurable = true, Overwrite = overwrite });

    private async Task WriteAsync(string path, string text, FolderTreeWriter? writer = null)
    {
        using var content = new MemoryStream(Bytes(text));
        await (writer ?? Writer(overwrite: false)).WriteAsync(Saved(path, Bytes(text)), content, CancellationToken.None);
    }

    private static SavedItem Link(string path, string target) =>
        new() { Item = new Item { Path = path, Type = ItemType.SymbolicLink, LinkTarget = target } };
}
