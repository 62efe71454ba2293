using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Repository.Index;
using EdgeBackup.Core.Repository.Keys;
using EdgeBackup.Core.Repository.Packs;
using EdgeBackup.Core.Repository.Stores;

namespace EdgeBackup.Bench;

/// <summary>
/// A repository whose index tells of very many chunks. Its packs are as long as the index says and hold nothing: opening
/// never reads them, and so a million chunks need no sixty gigabytes.
/// </summary>
internal static class IndexCorpus
{
    private const int ChunksInPack = 128;
    private const int StoredLength = 64 * 1024;

    public static async Task<int> MakeAsync(string folder, string keyFile, int chunks, int objects)
    {
        var environment = RepositoryEnvironment.Default();
        var store = new UnflushedStore(folder);
        var key = KeyFile.Create(keyFile, environment.Random, environment.Platform);
        var created = await EdgeRepository.CreateAsync(store, [key], environment, CancellationToken.None).ConfigureAwait(false);
        await using var repository = created.Repository.ConfigureAwait(false);
        var sealer = created.Repository.Core.Sealer;
        var packs = Enumerable.Range(0, (chunks + ChunksInPack - 1) / ChunksInPack).ToList();
        foreach (var group in packs.Chunk((packs.Count + objects - 1) / objects))
        {
            var listings = group.Select(number => MakePack(folder, Math.Min(ChunksInPack, chunks - (number * ChunksInPack)))).ToList();
            var (name, bytes) = IndexObject.Seal(sealer, listings);
            await store.PutAsync(name, bytes, CancellationToken.None).ConfigureAwait(false);
        }

        return 0;
    }

    /// <summary>Opens the repository and its index, as the first command of a session does that writes.</summary>
    public static async Task<int> OpenAsync(string folder, string keyFile)
    {
        var environment = RepositoryEnvironment.Default();
        var key = KeyFile.Read(keyFile, environment.Platform);
        using var store = new FileObjectStore(folder, environment.Platform);
        for (var run = 0; run < 3; run++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            var before = PeakMemory.Begin();
            var watch = Stopwatch.StartNew();
            var repository = await EdgeRepository.OpenAsync(store, key, environment, CancellationToken.None).ConfigureAwait(false);
            await using var lease = repository.ConfigureAwait(false);
            var session = await repository.BeginWriteAsync(CancellationToken.None).ConfigureAwait(false);
            var opened = watch.ElapsedMilliseconds;
            var peak = PeakMemory.Above(before);
            await session.DisposeAsync().ConfigureAwait(false);
            watch.Restart();
            session = await repository.BeginWriteAsync(CancellationToken.None).ConfigureAwait(false);
            var again = watch.ElapsedMilliseconds;
            await session.DisposeAsync().ConfigureAwait(false);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $$"""{"OpenMilliseconds":{{opened}},"AgainMilliseconds":{{again}},"PeakBytes":{{peak}}}"""));
        }

        return 0;
    }

    private static PackListing MakePack(string folder, int chunks)
    {
        var entries = new PackEntry[chunks];
        var offset = PackFormat.HeaderSize;
        for (var index = 0; index < chunks; index++)
        {
            entries[index] = new PackEntry(ChunkId.Read(RandomNumberGenerator.GetBytes(ChunkId.Size)), offset, StoredLength, StoredLength, 0);
            offset += StoredLength;
        }

        var listing = new PackListing(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32)), offset, entries);
        var path = Path.Combine(folder, listing.Name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var file = File.Create(path);
        file.SetLength(listing.Length);
        return listing;
    }
}
