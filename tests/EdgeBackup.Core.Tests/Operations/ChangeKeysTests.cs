using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations.Repositories;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations;

public sealed class ChangeKeysTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_secret_that_opens_the_repository_already_is_no_new_key(bool replaces)
    {
        await using var bench = await OperationsBench.CreateAsync();
        var (keys, own) = Open(bench);
        var before = bench.Objects("keys/");
        var replaced = replaces ? bench.Context.Repository.OpenedBy : null;
        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => keys.AddAsync(new RepositoryKeyOptions { KeyFile = own }, replaced, default));
        Assert.Equal(ErrorIds.RepositoryKeyWrong, error.ErrorId);
        Assert.Contains(bench.Context.Repository.OpenedBy, error.Message, StringComparison.Ordinal);
        Assert.True(File.Exists(own));

        await keys.AddAsync(new RepositoryKeyOptions { Passphrase = "one" }, null, default);
        error = await Assert.ThrowsAsync<EdgeBackupException>(() => keys.AddAsync(new RepositoryKeyOptions { Passphrase = "one" }, null, default));
        Assert.Equal(ErrorIds.RepositoryKeyWrong, error.ErrorId);
        Assert.Equal(before.Count + 1, bench.Objects("keys/").Count);
    }

    [Fact]
    public async Task A_new_key_file_in_the_place_of_the_first_one_stays_there()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var (keys, own) = Open(bench);
        var second = await keys.AddAsync(new RepositoryKeyOptions { KeyFile = bench.Path("second.key") }, bench.Context.Repository.OpenedBy, default);
        Assert.False(File.Exists(own));
        await keys.AddAsync(new RepositoryKeyOptions { KeyFile = own }, second.Key.Id, default);
        Assert.True(File.Exists(own));
        Assert.Equal(own, OpenRepository.FindKeyFile(new RepositoryLocations(bench.Path("user")), bench.Context.Repository.Id));
    }

    private static (ChangeKeys Keys, string KeyFile) Open(OperationsBench bench)
    {
        var locations = new RepositoryLocations(bench.Path("user"));
        return (new ChangeKeys(bench.Context, locations, bench.Observer), locations.DefaultKeyFile(bench.Context.Repository.Id));
    }
}
