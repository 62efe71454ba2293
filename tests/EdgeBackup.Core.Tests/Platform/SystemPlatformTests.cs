using EdgeBackup.Core.Platform;
using Xunit;

namespace EdgeBackup.Core.Tests.Platform;

public sealed class SystemPlatformTests : IDisposable
{
    private readonly IPlatform platform = SystemPlatform.Create();
    private readonly string folder = Directory.CreateTempSubdirectory("edgebackup-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void A_look_tells_files_folders_and_links_apart_and_does_not_follow()
    {
        File.WriteAllText(At("f"), "four");
        Directory.CreateDirectory(At("d"));
        File.CreateSymbolicLink(At("l"), "f");
        File.CreateSymbolicLink(At("broken"), "nowhere");

        Assert.Equal((FileEntryType.File, 4L), (platform.Stat(At("f"))!.Type, platform.Stat(At("f"))!.Length));
        Assert.Equal(FileEntryType.Directory, platform.Stat(At("d"))!.Type);
        Assert.Equal(FileEntryType.SymbolicLink, platform.Stat(At("l"))!.Type);
        Assert.Equal(FileEntryType.SymbolicLink, platform.Stat(At("broken"))!.Type);
        Assert.Null(platform.Stat(At("none")));
        Assert.Null(platform.Stat(At("f/below")));
    }

    [Fact]
    public void A_rename_replaces_only_when_it_is_told_to()
    {
        File.WriteAllText(At("one"), "1");
        File.WriteAllText(At("two"), "2");
        Assert.ThrowsAny<IOException>(() => platform.Rename(At("one"), At("two"), overwrite: false));
        Assert.Equal("2", File.ReadAllText(At("two")));
        platform.Rename(At("one"), At("two"), overwrite: true);
        Assert.Equal("1", File.ReadAllText(At("two")));
        Assert.False(File.Exists(At("one")));
        platform.Rename(At("two"), At("three"), overwrite: false);
        Assert.Equal("1", File.ReadAllText(At("three")));
        Assert.Throws<FileNotFoundException>(() => platform.Rename(At("none"), At("four"), overwrite: false));
    }

    [Fact]
    public void A_look_tells_times_modes_and_ids()
    {
        var modified = new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc).AddTicks(1_234_567);
        File.WriteAllText(At("f"), "x");
        File.SetLastWriteTimeUtc(At("f"), modified);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(At("f"), (UnixFileMode)0x9A4);
        }

        var entry = platform.Stat(At("f"))!;

        Assert.Equal(modified, entry.Modified.UtcDateTime);
        if (OperatingSystem.IsLinux())
        {
            Assert.Equal(0x9A4, entry.UnixMode);
            Assert.InRange(entry.Changed!.Value, DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow.AddMinutes(1));
            File.WriteAllText(At("g"), "x");
            Assert.NotEqual(entry.FileId, platform.Stat(At("g"))!.FileId);
        }
    }

    [Fact]
    public void A_second_name_is_the_same_file_and_never_replaces_one()
    {
        File.WriteAllText(At("f"), "x");
        File.WriteAllText(At("taken"), "y");

        Assert.True(platform.TryCreateHardLink(At("f"), At("g")));
        Assert.False(platform.TryCreateHardLink(At("f"), At("taken")));
        Assert.False(platform.TryCreateHardLink(At("none"), At("h")));

        Assert.Equal(platform.Stat(At("f"))!.FileId, platform.Stat(At("g"))!.FileId);
        Assert.Equal("y", File.ReadAllText(At("taken")));
    }

    [Fact]
    public void An_exchange_swaps_two_folders_or_changes_nothing()
    {
        Directory.CreateDirectory(At("a/in-a"));
        Directory.CreateDirectory(At("b/in-b"));

        var isDone = platform.TryExchange(At("a"), At("b"));

        Assert.Equal(isDone, Directory.Exists(At("b/in-a")));
        Assert.Equal(!isDone, Directory.Exists(At("a/in-a")));
        Assert.False(platform.TryExchange(At("a"), At("none")));
        Assert.True(Directory.Exists(At("a")));
        if (OperatingSystem.IsLinux() && new DriveInfo(folder).DriveFormat is "ext4" or "ext3" or "xfs" or "btrfs" or "tmpfs")
        {
            Assert.True(isDone);
        }
    }

    [Fact]
    public void Restricting_leaves_a_file_and_a_folder_to_their_user()
    {
        File.WriteAllText(At("f"), "x");
        Directory.CreateDirectory(At("d"));

        platform.RestrictToUser(At("f"));
        platform.RestrictToUser(At("d"));

        Assert.Equal("x", File.ReadAllText(At("f")));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(0x180, (int)File.GetUnixFileMode(At("f")));
            Assert.Equal(0x1C0, (int)File.GetUnixFileMode(At("d")));
        }
    }

    [Fact]
    public void A_folder_can_be_flushed_and_a_missing_one_cannot()
    {
        platform.FlushDirectory(folder);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Throws<IOException>(() => platform.FlushDirectory(At("none")));
        }
    }

    private string At(string name) => Path.Combine(folder, name);
}
