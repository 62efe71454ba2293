using System.Buffers;
using EdgeBackup.Core.Repository.Backups;
using EdgeBackup.Core.Repository.Index;
using EdgeBackup.Core.Repository.Packs;
using EdgeBackup.Core.Repository.Stores;

namespace EdgeBackup.Core.Repository.Maintenance;

/// <summary>Checks index objects and packs: those that no backup needs, too.</summary>
internal sealed class PackCheck(RepositoryCore core, VerifyOptions options, Damages damages, VerifyCount count)
{
    private readonly Dictionary<string, PackListing> indexed = [];
    private readonly Dictionary<string, string> indexedBy = [];
    private readonly Lock sync = new();
    private readonly Dictionary<string, string> packReasons = [];
    private readonly HashSet<string> seenIndexes = [];
    private bool hasDamagedIndex;

    /// <summary>Which chunks can be had.</summary>
    public PackCensus Census { get; } = new();

    /// <summary>How many good packs no backup needs.</summary>
    public int CountOrphans(IEnumerable<string> present) =>
        present.Count(hash => !Census.IsUsed(hash) && !Census.BadPacks.ContainsKey(hash) && !packReasons.ContainsKey(hash));

    public async Task VerifyIndexAsync(ObjectInfo index, CancellationToken cancellationToken)
    {
        try
        {
            if (await core.Store.GetAsync(index.Name, cancellationToken).ConfigureAwait(false) is { } content)
            {
                seenIndexes.Add(index.Name);
                foreach (var pack in IndexObject.Open(core.Sealer, index.Name, content))
                {
                    indexed[pack.Hash] = pack;
                    indexedBy[pack.Hash] = index.Name;
                }
            }
        }
        catch (Exception exception) when (ObjectDamagedException.Within(exception) is { } damage)
        {
            damages.Add(damage);
            hasDamagedIndex = true;
        }

        count.Done(index.Length);
    }

    /// <summary>
    /// A record is written after the index object of its packs. Where no index object names a pack that a record needs,
    /// and none is damaged, one is missing; its name cannot be known.
    /// </summary>
    public async Task BlameMissingIndexAsync(List<string> present, CancellationToken cancellationToken)
    {
        var uncovered = present.Where(hash => Census.IsUsed(hash) && !indexed.ContainsKey(hash) && !packReasons.ContainsKey(hash)).ToList();
        if (uncovered.Count == 0 || hasDamagedIndex)
        {
            return;
        }

        // Maintenance may have put a merged index object in the place of those that were listed.
        await foreach (var index in core.Store.ListAsync(IndexObject.Folder, cancellationToken).ConfigureAwait(false))
        {
            if (!seenIndexes.Contains(index.Name))
            {
                count.Found(index.Length);
                await VerifyIndexAsync(index, cancellationToken).ConfigureAwait(false);
            }
        }

        var missing = uncovered.Count(hash => !indexed.ContainsKey(hash));
        if (missing > 0 && !hasDamagedIndex)
        {
            damages.Add(IndexObject.Folder.TrimEnd('/'), $"an index object is missing: none names {missing} packs that backups need, '{PackFormat.ToName(uncovered.First(hash => !indexed.ContainsKey(hash)))}' among them; nothing is lost, and Optimize-EdgeRepository writes it anew");
        }
    }

    /// <returns>The hashes of the packs that are there.</returns>
    public async Task<List<string>> VerifyPacksAsync(List<ObjectInfo> packs, CancellationToken cancellationToken)
    {
        var present = new List<string>();
        foreach (var pack in packs)
        {
            if (PackFormat.ToHash(pack.Name) is { } hash)
            {
                present.Add(hash);
            }
            else
            {
                damages.Add(pack.Name, "it stands where only packs belong, under a name that no pack has");
            }
        }

        var lengths = packs.ToDictionary(pack => pack.Name, pack => pack.Length);
        foreach (var listing in indexed.Values)
        {
            Census.Add(listing);
            if (!lengths.TryGetValue(listing.Name, out var length))
            {
                Census.Condemn(listing.Hash, "it is missing");
            }
            else if (length != listing.Length && !options.ReadData)
            {
                // Whoever reads the data sees which chunks of a torn pack are still whole.
                Census.Condemn(listing.Hash, $"it has {length} bytes instead of {listing.Length}");
            }
        }

        var parallel = new ParallelOptions { CancellationToken = cancellationToken, MaxDegreeOfParallelism = Math.Clamp(Environment.ProcessorCount, 1, 4) };
        await Parallel.ForEachAsync(present, parallel, async (hash, token) =>
        {
            await VerifyPackAsync(hash, lengths[PackFormat.ToName(hash)], token).ConfigureAwait(false);
        }).ConfigureAwait(false);
        return present;
    }

    private async Task VerifyPackAsync(string hash, long length, CancellationToken cancellationToken)
    {
        var name = PackFormat.ToName(hash);
        indexed.TryGetValue(hash, out var known);
        PackFinding finding;
        try
        {
            if (options.ReadData)
            {
                finding = await ReadPackAsync(hash, length, known, cancellationToken).ConfigureAwait(false);
            }
            else
            {
                finding = new PackFinding(null, known ?? await core.Chunks.ReadDirectoryAsync(hash, length, cancellationToken).ConfigureAwait(false), []);
            }
        }
        catch (Exception exception) when (ObjectDamagedException.Within(exception) is { } damage)
        {
            finding = new PackFinding(damage.Reason, null, []);
        }

        lock (sync)
        {
            if (finding.Listing is not null && known is null)
            {
                Census.Add(finding.Listing);
            }

            if (finding.Reason is not null)
            {
                packReasons[hash] = finding.Reason;
            }

            foreach (var (id, reason) in finding.BadChunks)
            {
                Census.Condemn(hash, id, reason);
            }

            if (finding.Listing is null && known is null && finding.Reason is not null)
            {
                Census.Condemn(hash, finding.Reason);
            }

            if (finding is { Reason: null, Listing: not null } && known is not null && !finding.Listing.Entries.SequenceEqual(known.Entries))
            {
                damages.Add(indexedBy[hash], $"it does not agree with the pack '{name}'");
            }

            count.Done(length);
        }
    }

    /// <summary>Packs are read into rented buffers: fresh ones of this size would pile up faster than they are collected.</summary>
    private async Task<PackFinding> ReadPackAsync(string hash, long length, PackListing? known, CancellationToken cancellationToken)
    {
        if (length > int.MaxValue / 2)
        {
            return new PackFinding("it is longer than any pack", null, []);
        }

        var buffer = ArrayPool<byte>.Shared.Rent((int)length + 1);
        try
        {
            var read = await core.Store.ReadAsync(PackFormat.ToName(hash), 0, buffer.AsMemory(0, (int)length + 1), cancellationToken).ConfigureAwait(false);
            return read < 0 ? new PackFinding("it is missing", null, []) : PackVerifier.Examine(core, hash, buffer.AsSpan(0, read), known);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Names the bad packs that no backup's row named.</summary>
    public async Task BlameAsync(List<string> present, IReadOnlySet<string> condemned, CancellationToken cancellationToken)
    {
        var there = present.ToHashSet();
        foreach (var (hash, reason) in Census.BadPacks.Concat(packReasons))
        {
            var name = PackFormat.ToName(hash);
            if (damages.Names(name))
            {
                continue;
            }

            // One that is condemned may be gone before the index tells: maintenance was killed, or was given up and went on.
            // Or after it was listed: this verification began while maintenance was removing what it had condemned.
            if (condemned.Contains(hash) && (!there.Contains(hash) || await IsGoneAsync(name, cancellationToken).ConfigureAwait(false)))
            {
                continue;
            }

            // Maintenance that began before this verification may have finished after it had listed the index.
            if (there.Contains(hash) || await core.Store.GetAsync(indexedBy[hash], cancellationToken).ConfigureAwait(false) is not null)
            {
                damages.Add(name, reason);
            }
        }
    }

    private async Task<bool> IsGoneAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            return await core.Store.ReadAsync(name, 0, new byte[1], cancellationToken).ConfigureAwait(false) < 0;
        }
        catch (Exception exception) when (ObjectDamagedException.IsMeantBy(exception))
        {
            return false;
        }
    }
}
