using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Tests.Operations;
using Xunit;

namespace EdgeBackup.Core.Tests.Repository;

/// <summary>What the chain tells of the records that must be there, while part of it gives no answer.</summary>
public sealed class RecordWatchTests : IAsyncLifetime, IDisposable
{
    private readonly MemoryObjectStore objects = new();
    private readonly MemoryContexts contexts = new();
    private SilentObjectStore store = null!;
    private RepositoryContext context = null!;

    private EdgeRepository Repository => context.Repository;

    public async Task InitializeAsync()
    {
        store = new SilentObjectStore(objects);
        context = contexts.Open(await Bench.CreateAsync(store));
    }

    public Task DisposeAsync() => contexts.CloseAsync();

    public void Dispose() => contexts.Dispose();

    [Fact]
    public async Task A_summary_of_the_chain_that_cannot_be_read_stops_nobody_and_what_was_known_is_still_missed()
    {
        var (record, _) = await AppendAsync();
        await ChainTests.SumUpAsync(Repository);
        await AppendAsync();
        await Repository.FollowRecordsAsync(default);
        store.Silent = ChainName(Repository.Core.Chain!.Head!.Snapshot);

        // One who has followed the chain before, and one who begins.
        await Repository.FollowRecordsAsync(default);
        objects.Objects.Remove(record);
        Assert.Equal([record], await FindUnlistedAsync());
        contexts.Open(Repository);
        await Repository.FollowRecordsAsync(default);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_an_entry_named_that_could_not_be_read_once_is_missed_once_it_can_be_read(bool hasFollowed)
    {
        if (hasFollowed)
        {
            await Repository.FollowRecordsAsync(default);
        }

        var (first, entry) = await AppendAsync();
        var (second, _) = await AppendAsync();
        store.Silent = entry;
        await Repository.FollowRecordsAsync(default);
        objects.Objects.Remove(first);
        objects.Objects.Remove(second);
        Assert.Equal([second], await FindUnlistedAsync());

        store.Silent = null;
        await Repository.FollowRecordsAsync(default);
        Assert.Equal([first, second], (await FindUnlistedAsync()).Order(StringComparer.Ordinal));
    }

    private string ChainName(long sequence) => Repository.Core.Chain!.Store.ToName(sequence);

    /// <returns>The record, and the entry that names it.</returns>
    private async Task<(string Record, string Entry)> AppendAsync()
    {
        var name = await Repository.AppendAsync(RecordArea.Devices, "d", "{}"u8.ToArray(), default);
        return (name, ChainName(Repository.Core.Chain!.Head!.Sequence));
    }

    private async Task<IReadOnlyList<string>> FindUnlistedAsync() =>
        await Repository.FindUnlistedAsync(RecordArea.Devices, "d", await Bench.ListAsync(Repository.ListAsync(RecordArea.Devices, "d", default)), default);

    /// <summary>Gives no answer for one object, as a bad sector does.</summary>
    private sealed class SilentObjectStore(MemoryObjectStore inner) : ForwardingStore(inner)
    {
        public string? Silent { get; set; }

        public override Task<byte[]?> GetAsync(string name, CancellationToken cancellationToken) =>
            name == Silent ? throw new IOException("The device reports a bad sector.") : base.GetAsync(name, cancellationToken);
    }
}
