using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Tests.Repository;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations;

public sealed class ChainMemoryFileTests
{
    private const string Id = "0123456789abcdef0123456789abcdef";

    [Fact]
    public void What_was_written_last_is_read_and_nothing_else_stays()
    {
        using var folder = new TemporaryFolder();
        var locations = new RepositoryLocations(folder.Path);
        var memory = new ChainMemoryFile(locations, Bench.Environment.Platform);
        Assert.Null(memory.Read(Id));
        memory.Write(Id, new ChainPosition(5, new string('a', 64)));
        memory.Write(Id, new ChainPosition(17, new string('b', 64)));
        Assert.Equal(new ChainPosition(17, new string('b', 64)), memory.Read(Id));
        Assert.Single(Directory.GetFiles(Path.GetDirectoryName(locations.ChainMemory(Id))!));
    }

    [Theory]
    [InlineData("")]
    [InlineData("edgebackup-chain-1:5:short")]
    [InlineData("something else")]
    public void A_torn_file_counts_for_nothing(string text)
    {
        using var folder = new TemporaryFolder();
        var locations = new RepositoryLocations(folder.Path);
        var memory = new ChainMemoryFile(locations, Bench.Environment.Platform);
        memory.Write(Id, new ChainPosition(5, new string('a', 64)));
        File.WriteAllText(locations.ChainMemory(Id), text);
        Assert.Null(memory.Read(Id));
        memory.Write(Id, new ChainPosition(6, new string('a', 64)));
        Assert.Equal(6, memory.Read(Id)!.Sequence);
    }

    [Fact]
    public void A_folder_that_cannot_be_written_is_no_error()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.Combine("EdgeBackup"), "a file where the folder should be");
        var memory = new ChainMemoryFile(new RepositoryLocations(folder.Path), Bench.Environment.Platform);
        memory.Write(Id, new ChainPosition(5, new string('a', 64)));
        Assert.Null(memory.Read(Id));
    }
}
