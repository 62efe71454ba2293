using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Operations.Restore;
using EdgeBackup.Core.Tests.Repository;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations;

public sealed class RestoreToFolderTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Whenever_it_may_be_killed_a_file_has_its_name_only_when_it_is_whole(bool isThere)
    {
        var files = new Dictionary<string, byte[]> { ["big"] = Bench.RandomBytes(1, 700_000), ["new/small"] = Bench.Text(3, 900) };
        var store = new MemoryObjectStore();
        var repository = await Bench.CreateAsync(store);
        var backup = await Bench.BackUpAsync(repository, "a", files);
        await using var context = new RepositoryContext(
            repository, BackupCatalog.Open(folder.Combine("catalog.db"), repository), new ConnectionFactory(repository.Environment.Platform, TimeProvider.System), "me@here");
        var destination = folder.Combine("out");
        if (isThere)
        {
            Directory.CreateDirectory(destination);
            await File.WriteAllTextAsync(Path.Combine(destination, "own"), "own");
        }

        // While the store is read, files are open.
        var looks = 0;
        store.IsUnreadable = _ =>
        {
            looks++;
            Assert.All(files, expected =>
            {
                var file = new FileInfo(Path.Combine(destination, expected.Key));
                Assert.True(!file.Exists || file.Length == expected.Value.Length, $"{expected.Key} is there and not whole");
            });
            return false;
        };
        await new RestoreToFolder(context, SilentObserver.Instance).RunAsync(new RestoreToFolderOptions { Backup = backup.Id, Destination = destination, Force = isThere }, default);

        Assert.True(looks > 2);
        Assert.All(files, expected => Assert.Equal(expected.Value, File.ReadAllBytes(Path.Combine(destination, expected.Key))));
        Assert.Equal(isThere ? 3 : 2, Directory.EnumerateFiles(destination, "*", SearchOption.AllDirectories).Count());
    }
}
