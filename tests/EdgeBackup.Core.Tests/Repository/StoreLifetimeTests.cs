using EdgeBackup.Core.Tests.Operations;
using Xunit;

namespace EdgeBackup.Core.Tests.Repository;

public sealed class StoreLifetimeTests
{
    [Fact]
    public async Task A_closed_repository_keeps_no_file_open()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var context = await bench.OpenAsync();
        var store = context.Repository.Store;
        Assert.True(await store.ReadAsync("repository.json", 0, new byte[10], default) > 0);
        await context.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await store.ReadAsync("repository.json", 0, new byte[10], default));
    }
}
