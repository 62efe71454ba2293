using System.Collections.Concurrent;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository.Index;
using EdgeBackup.Core.Repository.Packs;

namespace EdgeBackup.Core.Repository.Chunks;

/// <summary>
/// The same chunk may stand in several packs (two writers brought it at once), and any copy is good. The table knows one
/// place of each; the others are looked for only when that one is damaged, once for each damaged pack.
/// </summary>
internal sealed class OtherCopies(RepositoryCore core)
{
    private readonly ConcurrentDictionary<string, Found> known = [];

    /// <summary>Where else a chunk of a damaged pack is.</summary>
    /// <param name="damagedPack">The hash of the pack in which it was looked for.</param>
    /// <param name="id">The chunk.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<IReadOnlyList<ChunkLocation>> FindAsync(string damagedPack, ChunkId id, CancellationToken cancellationToken)
    {
        var indexes = new HashSet<string>();
        await foreach (var entry in core.Store.ListAsync(IndexObject.Folder, cancellationToken).ConfigureAwait(false))
        {
            indexes.Add(entry.Name);
        }

        if (!known.TryGetValue(damagedPack, out var found) || !found.Indexes.SetEquals(indexes))
        {
            found = new Found(indexes, await CollectAsync(damagedPack, indexes, cancellationToken).ConfigureAwait(false));
            known[damagedPack] = found;
        }

        return found.Copies.GetValueOrDefault(id, []);
    }

    private async Task<Dictionary<ChunkId, List<ChunkLocation>>> CollectAsync(string damagedPack, HashSet<string> indexes, CancellationToken cancellationToken)
    {
        // Twice through the index, so that only the damaged pack's own chunks are kept in memory.
        var copies = new Dictionary<ChunkId, List<ChunkLocation>>();
        await foreach (var pack in ReadAsync(indexes, cancellationToken).ConfigureAwait(false))
        {
            foreach (var entry in pack.Hash == damagedPack ? pack.Entries : [])
            {
                copies.TryAdd(entry.Id, []);
            }
        }

        var indexed = new HashSet<string>();
        await foreach (var pack in ReadAsync(indexes, cancellationToken).ConfigureAwait(false))
        {
            if (indexed.Add(pack.Hash) && pack.Hash != damagedPack)
            {
                Add(copies, pack);
            }
        }

        await foreach (var entry in core.Store.ListAsync(PackFormat.Folder, cancellationToken).ConfigureAwait(false))
        {
            if (PackFormat.ToHash(entry.Name) is { } hash && hash != damagedPack && !indexed.Contains(hash))
            {
                try
                {
                    Add(copies, await core.Chunks.ReadDirectoryAsync(hash, entry.Length, cancellationToken).ConfigureAwait(false));
                }
                catch (Exception exception) when (ObjectDamagedException.IsMeantBy(exception))
                {
                    // No help from this one either; a verification names it.
                }
            }
        }

        return copies;
    }

    private async IAsyncEnumerable<PackListing> ReadAsync(
        HashSet<string> indexes, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var name in indexes)
        {
            List<PackListing> packs;
            try
            {
                if (await core.Store.GetAsync(name, cancellationToken).ConfigureAwait(false) is not { } content)
                {
                    continue;
                }

                packs = IndexObject.Open(core.Sealer, name, content);
            }
            catch (Exception exception) when (ObjectDamagedException.IsMeantBy(exception))
            {
                // Its packs count as those that no index object names.
                continue;
            }

            foreach (var pack in packs)
            {
                yield return pack;
            }
        }
    }

    private static void Add(Dictionary<ChunkId, List<ChunkLocation>> copies, PackListing pack)
    {
        foreach (var entry in pack.Entries)
        {
            if (copies.TryGetValue(entry.Id, out var places))
            {
                places.Add(new ChunkLocation(pack.Hash, entry));
            }
        }
    }

    private sealed record Found(HashSet<string> Indexes, Dictionary<ChunkId, List<ChunkLocation>> Copies);
}
