using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository;
using Xunit;

namespace EdgeBackup.Core.Tests.Repository;

/// <summary>Contents that grow at their end, as logs do every night.</summary>
public sealed class GrowthTests
{
    private const int Night = 5_000;

    [Fact]
    public async Task Of_a_log_that_grew_only_the_new_bytes_are_stored()
    {
        await using var repository = await Bench.CreateAsync(new MemoryObjectStore());
        var log = Bench.RandomBytes(1, 300_000);
        var saved = await StoreAsync(repository, log, previous: null);
        for (var night = 2; night < 6; night++)
        {
            log = [.. log, .. Bench.RandomBytes(night, Night)];
            var before = await BytesAsync(repository);
            saved = await StoreAsync(repository, log, saved);
            Assert.InRange(await BytesAsync(repository) - before, Night, Night + 3_000);
        }
    }

    [Fact]
    public async Task Small_pieces_are_joined_again_and_every_night_reads_back_as_it_was()
    {
        // Keys that cut what grows would let pieces stand on both sides of the cut.
        await using var repository = (await EdgeRepository.CreateAsync(new MemoryObjectStore(), [Bench.Key], Bench.Environment with { Random = new SeededRandom(1) }, default)).Repository;
        var log = Bench.RandomBytes(1, 40_000);
        SavedItem? saved = null;
        for (var night = 2; night < 42; night++)
        {
            saved = await StoreAsync(repository, log, saved);
            log = [.. log, .. Bench.RandomBytes(night, 500)];
        }

        Assert.InRange(saved!.Chunks.Count, 1, 12);
    }

    [Fact]
    public async Task A_content_that_only_looks_grown_is_cut_as_if_it_were_new()
    {
        await using var repository = await Bench.CreateAsync(new MemoryObjectStore());
        var previous = await StoreAsync(repository, Bench.RandomBytes(1, 100_000), previous: null);
        var other = Bench.RandomBytes(2, 120_000);
        var beside = await StoreAsync(repository, other, previous);
        var alone = await StoreAsync(repository, other, previous: null);
        Assert.Equal(alone.Chunks, beside.Chunks);
    }

    [Fact]
    public async Task A_content_that_became_shorter_reads_back()
    {
        await using var repository = await Bench.CreateAsync(new MemoryObjectStore());
        var content = Bench.RandomBytes(1, 400_000);
        var previous = await StoreAsync(repository, content, previous: null);
        await StoreAsync(repository, content[..210_000], previous);
        await StoreAsync(repository, [], previous);
    }

    /// <summary>Stores one item as a backup and reads it back.</summary>
    private static async Task<SavedItem> StoreAsync(EdgeRepository repository, byte[] content, SavedItem? previous)
    {
        SavedItem saved;
        BackupRecord record;
        await using (var session = await repository.BeginWriteAsync(default))
        {
            await using var draft = session.BeginBackup();
            saved = await session.StoreAsync(new Item { Path = "log", Kind = ItemKind.History }, new MemoryStream(content), previous, default);
            await draft.AddAsync(saved, default);
            record = await draft.CommitAsync(Bench.Header("d"), _ => true, default);
        }

        Assert.Equal(content, await Bench.ReadItemAsync(repository, record, saved));
        return saved;
    }

    private static async Task<long> BytesAsync(EdgeRepository repository)
    {
        var total = 0L;
        await foreach (var pack in repository.Store.ListAsync("packs/", default))
        {
            total += pack.Length;
        }

        return total;
    }
}
