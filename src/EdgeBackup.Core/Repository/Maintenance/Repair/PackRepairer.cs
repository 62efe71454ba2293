using System.Security.Cryptography;
using EdgeBackup.Core.Repository.Packs;
using EdgeBackup.Core.Repository.Recovery;

namespace EdgeBackup.Core.Repository.Maintenance.Repair;

/// <summary>
/// Mends damaged packs under their own names where it can, and copies what is whole out of the others. Those others it
/// keeps in quarantine; they are removed when the index has let go of them.
/// </summary>
internal sealed class PackRepairer(RepositoryCore core, RepairJournal journal, Quarantine quarantine, ChunkMender chunks, RepositoryCore? copy)
{
    /// <summary>Where bytes of which hash were seen: damaged packs may stand in each other's places.</summary>
    private readonly Dictionary<string, List<string>> places = [];
    private readonly List<(string Name, string Content)> toRemove = [];

    /// <summary>Good bytes of packs that cannot be mended in their places, by hash.</summary>
    private readonly Dictionary<string, byte[]> displaced = [];

    /// <summary>Packs that cannot be used: gone, removed soon, or not readable now.</summary>
    public HashSet<string> Unusable { get; } = [];

    /// <summary>Names of damaged packs that had to be left in their places.</summary>
    public HashSet<string> LeftDamaged { get; } = [];

    /// <param name="names">Damaged objects under <c>packs/</c>.</param>
    /// <param name="indexed">What the index tells of packs, by hash.</param>
    /// <param name="doomed">Hashes of packs that an earlier maintainer may yet remove: what is good of them goes elsewhere.</param>
    /// <param name="cancellationToken">Stops between two packs.</param>
    public async Task RunAsync(
        IReadOnlyList<string> names, IReadOnlyDictionary<string, PackListing> indexed, IReadOnlySet<string> doomed, CancellationToken cancellationToken)
    {
        if (names.Count == 0)
        {
            return;
        }

        await FindPlacesAsync(names, cancellationToken).ConfigureAwait(false);

        // All that can be mended whole first: then less has to be copied out of the rest.
        var rest = new List<string>();
        foreach (var name in names)
        {
            var hash = PackFormat.ToHash(name);
            if (hash is null || !await TryMendAsync(name, hash, indexed.GetValueOrDefault(hash), doomed.Contains(hash), cancellationToken).ConfigureAwait(false))
            {
                rest.Add(name);
            }
        }

        foreach (var name in rest)
        {
            await SalvageAsync(name, PackFormat.ToHash(name), indexed, cancellationToken).ConfigureAwait(false);
        }

        await chunks.FlushAsync().ConfigureAwait(false);
    }

    /// <summary>Removes what is in quarantine and in no index any more.</summary>
    public async Task RemoveAsync(CancellationToken cancellationToken)
    {
        foreach (var (name, content) in toRemove)
        {
            if ((await RawObject.ReadAsync(core, name, cancellationToken).ConfigureAwait(false)).Content is not { } now || Hash(now) != content)
            {
                // Somebody has put it right meanwhile.
                continue;
            }

            await core.Store.DeleteAsync(name, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task FindPlacesAsync(IReadOnlyList<string> names, CancellationToken cancellationToken)
    {
        foreach (var name in names)
        {
            if ((await RawObject.ReadAsync(core, name, cancellationToken).ConfigureAwait(false)).Content is { } content)
            {
                AddPlace(content, name);
            }
        }

        // A repair that was killed may have moved there what another pack needs.
        await foreach (var entry in core.Store.ListAsync(Quarantine.Folder, cancellationToken).ConfigureAwait(false))
        {
            if (entry.Name.Contains("/" + PackFormat.Folder, StringComparison.Ordinal)
                && (await RawObject.ReadAsync(core, entry.Name, cancellationToken).ConfigureAwait(false)).Content is { } content)
            {
                AddPlace(content, entry.Name);
            }
        }
    }

    private void AddPlace(byte[] content, string name)
    {
        var hash = Hash(content);
        if (!places.TryGetValue(hash, out var names))
        {
            places.Add(hash, names = []);
        }

        names.Add(name);
    }

    private async Task<bool> TryMendAsync(string name, string hash, PackListing? indexed, bool isDoomed, CancellationToken cancellationToken)
    {
        var raw = await RawObject.ReadAsync(core, name, cancellationToken).ConfigureAwait(false);
        if (raw.Content is not null && Hash(raw.Content) == hash && !isDoomed)
        {
            // The disk or the memory in between failed once; the object is as it was written.
            journal.Left.Add($"'{name}' was damaged when it was read first and is not now: the disk, the network or the memory of this computer cannot be trusted.");
            AddWhole(hash, raw.Content);
            return true;
        }

        var (good, method) = await FindAsync(name, hash, raw.Content, indexed, cancellationToken).ConfigureAwait(false);
        if (good is null)
        {
            return false;
        }

        if (isDoomed)
        {
            displaced[hash] = good;
            return false;
        }

        if (raw.Content is not null)
        {
            AddPlace(raw.Content, await quarantine.KeepAsync(name, raw.Content, cancellationToken).ConfigureAwait(false));
        }

        await quarantine.ReplaceAsync(name, good, cancellationToken).ConfigureAwait(false);
        journal.AddMended(name, method);
        AddWhole(hash, good);
        return true;
    }

    private async Task<(byte[]? Good, RepairMethod Method)> FindAsync(string name, string hash, byte[]? content, PackListing? indexed, CancellationToken cancellationToken)
    {
        foreach (var place in places.GetValueOrDefault(hash, []))
        {
            if (await core.Store.GetAsync(place, cancellationToken).ConfigureAwait(false) is { } misplaced && Hash(misplaced) == hash)
            {
                return (misplaced, RepairMethod.Misplaced);
            }
        }

        int? bodyLength = indexed is null ? null : PackFormat.GetBodyLength(indexed);
        if (content is not null && PackMender.TryMend(hash, content, bodyLength, core.Header.RedundancyPercent) is { IsProved: true } mended)
        {
            return (mended.Content, RepairMethod.RecoveryData);
        }

        return copy is not null && (await RawObject.ReadAsync(copy, name, cancellationToken).ConfigureAwait(false)).Content is { } second && Hash(second) == hash
            ? (second, RepairMethod.SecondRepository)
            : (null, default);
    }

    private async Task SalvageAsync(string name, string? hash, IReadOnlyDictionary<string, PackListing> indexed, CancellationToken cancellationToken)
    {
        var raw = await RawObject.ReadAsync(core, name, cancellationToken).ConfigureAwait(false);
        if (hash is not null)
        {
            Unusable.Add(hash);
        }

        if (raw.Content is not null)
        {
            await quarantine.KeepAsync(name, raw.Content, cancellationToken).ConfigureAwait(false);
        }

        var content = (hash is null ? null : displaced.GetValueOrDefault(hash)) ?? raw.Content;
        if (content is not null)
        {
            var copied = await CopyGoodAsync(name, hash, content, hash is null ? null : indexed.GetValueOrDefault(hash)).ConfigureAwait(false);
            if (copied > 0)
            {
                journal.AddMended(name, RepairMethod.Salvaged);
            }
            else if (await core.Store.ReadAsync(PackFormat.ToName(Hash(content)), 0, new byte[1], cancellationToken).ConfigureAwait(false) > 0)
            {
                // A second copy of a pack, under a name that is not its own.
                journal.AddMended(name, RepairMethod.Misplaced);
            }
        }
        else if (raw.IsReadable && hash is not null)
        {
            journal.AddLost(name, indexed.GetValueOrDefault(hash)?.Entries ?? [], chunks);
        }

        if (!raw.IsReadable)
        {
            LeftDamaged.Add(name);
            journal.Left.Add($"The pack '{name}' cannot be read as a whole, and stays where it is: perhaps the disk gives more of it another time.");
        }
        else if (raw.Content is not null)
        {
            toRemove.Add((name, Hash(raw.Content)));
        }
    }

    /// <returns>How many chunks stand in a new pack now and nowhere else.</returns>
    private async Task<int> CopyGoodAsync(string name, string? hash, byte[] content, PackListing? indexed)
    {
        int? bodyLength = indexed is null ? null : PackFormat.GetBodyLength(indexed);
        var best = hash is null ? null : PackMender.TryMend(hash, content, bodyLength, core.Header.RedundancyPercent)?.Content;
        var copied = 0;
        foreach (var (attempt, listing) in new[] { (best, indexed), (best, null), (content, indexed), (content, null) })
        {
            if (attempt is null)
            {
                continue;
            }

            // Examining unseals each chunk in its place.
            var opened = attempt.ToArray();
            var finding = PackVerifier.Examine(core, hash ?? Hash(content), opened, listing);
            var bad = finding.BadChunks.Select(chunk => chunk.Id).ToHashSet();
            var entries = (listing ?? finding.Listing)?.Entries ?? [];
            foreach (var entry in entries)
            {
                if (!bad.Contains(entry.Id))
                {
                    var isNew = await chunks.SalvageAsync(entry, opened.AsMemory(entry.Offset, entry.StoredLength - PackFormat.TagSize)).ConfigureAwait(false);
                    copied += isNew ? 1 : 0;
                }
            }
        }

        journal.AddLost(name, indexed?.Entries ?? [], chunks);
        return copied;
    }

    private void AddWhole(string hash, byte[] content)
    {
        if (PackVerifier.Examine(core, hash, content, indexed: null).Listing is { } listing)
        {
            chunks.AddWhole(listing);
        }
    }

    private static string Hash(ReadOnlySpan<byte> content) => Convert.ToHexStringLower(SHA256.HashData(content));
}
