using EdgeBackup.Core.Files;
using EdgeBackup.Core.Platform;
using Xunit;

namespace EdgeBackup.Core.Tests.Files;

public sealed class FileNameRulesTests
{
    [Theory]
    [InlineData("CON")]
    [InlineData("a/nul.txt")]
    [InlineData("com1")]
    [InlineData("LPT\u00B9.log")]
    [InlineData("aux .x")]
    [InlineData("a:b")]
    [InlineData("what?")]
    [InlineData("a\\b")]
    [InlineData("pipe|")]
    [InlineData("tab\t")]
    [InlineData("dot.")]
    [InlineData("space /x")]
    public void Names_that_Windows_cannot_hold_are_found_there_alone(string path)
    {
        Assert.Equal(path, Assert.Single(FileNameRules.FindFaults([path], hasWindowsNames: true, isCaseSensitive: true)).Path);
        Assert.Empty(FileNameRules.FindFaults([path], hasWindowsNames: false, isCaseSensitive: true));
    }

    [Theory]
    [InlineData("console.txt")]
    [InlineData("COM")]
    [InlineData("com10")]
    [InlineData("..x")]
    [InlineData("a/.hidden")]
    [InlineData("Größe 100% #1.bin")]
    public void Ordinary_names_are_no_faults(string path) =>
        Assert.Empty(FileNameRules.FindFaults([path], hasWindowsNames: true, isCaseSensitive: false));

    [Fact]
    public void Names_that_are_too_long_are_found_by_each_systems_measure()
    {
        var wide = new string('ü', 200);

        Assert.Single(FileNameRules.FindFaults([wide], hasWindowsNames: false, isCaseSensitive: true));
        Assert.Empty(FileNameRules.FindFaults([wide], hasWindowsNames: true, isCaseSensitive: true));
        Assert.Single(FileNameRules.FindFaults([new string('a', 256)], hasWindowsNames: true, isCaseSensitive: true));
    }

    [Fact]
    public void Names_that_differ_only_in_case_collide_where_case_does_not_count()
    {
        string[] paths = ["A/x", "README", "Readme", "a/y", "b"];

        Assert.Equal(["Readme", "a/y"], FileNameRules.FindFaults(paths, hasWindowsNames: false, isCaseSensitive: false).Select(fault => fault.Path));
        Assert.Empty(FileNameRules.FindFaults(paths, hasWindowsNames: false, isCaseSensitive: true));
    }

    [Fact]
    public void Whether_case_counts_is_seen_without_writing()
    {
        var folder = Directory.CreateTempSubdirectory("edgebackup-");
        try
        {
            var probe = Path.Combine(folder.FullName, "Probe");
            Directory.CreateDirectory(probe);
            var expected = !Directory.Exists(Path.Combine(folder.FullName, "pROBE"));

            Assert.Equal(expected, FileNameRules.IsCaseSensitive(probe, SystemPlatform.Create()));
            Assert.False(FileNameRules.IsCaseSensitive(probe, new CaselessPlatform(folder.FullName)));
            Assert.Empty(Directory.EnumerateFileSystemEntries(probe));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private sealed class CaselessPlatform(string root) : IPlatform
    {
        private readonly IPlatform system = SystemPlatform.Create();

        public bool HasWindowsNames => false;

        public FileEntry? Stat(string path) =>
            Directory.EnumerateFileSystemEntries(root).FirstOrDefault(entry => string.Equals(entry, path, StringComparison.OrdinalIgnoreCase)) is { } entry
                ? system.Stat(entry)
                : null;

        public void FlushDirectory(string path) => system.FlushDirectory(path);

        public void Rename(string existing, string newPath, bool overwrite) => system.Rename(existing, newPath, overwrite);

        public bool TryExchange(string first, string second) => false;

        public bool TryCreateHardLink(string existing, string newPath) => false;

        public void RestrictToUser(string path) => system.RestrictToUser(path);
    }
}
