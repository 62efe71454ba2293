using EdgeBackup.Core.Records;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Repository.Stores;
using EdgeBackup.Core.Tests.Repository;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations.Scheduling;

/// <summary>Writers who cannot see whether they were first, made to happen in the order that hurts.</summary>
public sealed class AttemptRaceTests
{
    [Fact]
    public async Task A_failure_counts_once_although_another_goes_on_from_it_before_its_writer_looks()
    {
        var store = new MeddlingStore(new MemoryObjectStore());
        await using var repository = await Bench.CreateAsync(store);
        await using var second = await Bench.OpenAsync(store);
        var book = new AttemptBook(repository, "first@here");
        var other = new AttemptBook(second, "second@there");
        for (var others = 1; others <= 4; others++)
        {
            var before = (await book.ReadAsync("k", default)).State.ConsecutiveFailures;
            var calls = 0;
            store.AfterPut = async () =>
            {
                for (var turn = 0; turn < others; turn++)
                {
                    await other.ChangeAsync(null, "k", Fail, default);
                }
            };
            var known = await book.ChangeAsync(
                null,
                "k",
                state =>
                {
                    calls++;
                    return Fail(state);
                },
                default);
            Assert.Equal((1, before + others + 1), (calls, known.State.ConsecutiveFailures));
            Assert.Equal(known.State.ConsecutiveFailures, (await other.ReadAsync("k", default)).State.ConsecutiveFailures);
        }
    }

    [Fact]
    public async Task A_failure_counts_once_although_the_store_says_that_its_place_was_taken()
    {
        var store = new MeddlingStore(new MemoryObjectStore());
        await using var repository = await Bench.CreateAsync(store);
        var book = new AttemptBook(repository, "first@here");
        await book.ChangeAsync(null, "k", Fail, default);
        store.Denies = true;
        Assert.Equal(2, (await book.ChangeAsync(null, "k", Fail, default)).State.ConsecutiveFailures);
        store.Denies = false;
        Assert.Equal(3, (await book.ChangeAsync(null, "k", Fail, default)).State.ConsecutiveFailures);
        Assert.Single(await Bench.ListAsync(store.ListAsync("attempts/", default).Select(entry => entry.Name)));
    }

    [Fact]
    public async Task Who_comes_second_is_told_so_and_changes_what_the_first_has_written()
    {
        var store = new MeddlingStore(new MemoryObjectStore());
        await using var repository = await Bench.CreateAsync(store);
        var book = new AttemptBook(repository, "first@here");
        var none = await book.ReadAsync("k", default);
        await book.ChangeAsync(none, "k", Fail, default);
        Assert.Null(await book.TryWriteAsync(none, Fail(none.State), default));
        Assert.Equal(2, (await book.ChangeAsync(none, "k", Fail, default)).State.ConsecutiveFailures);
    }

    private static AttemptState Fail(AttemptState state) => state with { ConsecutiveFailures = state.ConsecutiveFailures + 1 };

    /// <summary>Lets somebody act right after a record of attempts has landed, or denies that it has.</summary>
    private sealed class MeddlingStore(IObjectStore inner) : ForwardingStore(inner)
    {
        public Func<Task>? AfterPut { get; set; }

        public bool Denies { get; set; }

        public override async Task<bool> PutAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
        {
            var done = await base.PutAsync(name, content, cancellationToken);
            if (!name.StartsWith("attempts/", StringComparison.Ordinal))
            {
                return done;
            }

            if (AfterPut is { } act)
            {
                AfterPut = null;
                await act();
            }

            return done && !Denies;
        }
    }
}
