using EdgeBackup.Core.Repository.Index;
using EdgeBackup.Core.Repository.Packs;

namespace EdgeBackup.Core.Repository.Maintenance.Repair;

/// <summary>
/// Replaces index objects that are damaged or name packs that are gone. What they said of other packs is said anew
/// first, from the packs' own directories where nothing else tells.
/// </summary>
internal sealed class IndexRepairer(RepositoryCore core, RepairJournal journal, Quarantine quarantine)
{
    private readonly List<(string Name, List<PackListing> Packs)> good = [];
    private readonly List<string> damaged = [];

    /// <summary>What good index objects tell of packs, by hash.</summary>
    public Dictionary<string, PackListing> Indexed { get; } = [];

    /// <param name="distrusted">Index objects that contradict their packs.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task ReadAsync(IReadOnlySet<string> distrusted, CancellationToken cancellationToken)
    {
        await foreach (var entry in core.Store.ListAsync(IndexObject.Folder, cancellationToken).ConfigureAwait(false))
        {
            var raw = await RawObject.ReadAsync(core, entry.Name, cancellationToken).ConfigureAwait(false);
            try
            {
                if (distrusted.Contains(entry.Name) || raw.Content is null || !raw.IsReadable)
                {
                    damaged.Add(entry.Name);
                    continue;
                }

                var packs = IndexObject.Open(core.Sealer, entry.Name, raw.Content);
                good.Add((entry.Name, packs));
                foreach (var pack in packs)
                {
                    Indexed[pack.Hash] = pack;
                }
            }
            catch (ObjectDamagedException)
            {
                damaged.Add(entry.Name);
            }
        }
    }

    /// <summary>The packs that are there and not known to be unusable, by index or by their own directories.</summary>
    public async Task<List<PackListing>> ListPacksAsync(IReadOnlySet<string> unusable, CancellationToken cancellationToken)
    {
        var packs = new List<PackListing>();
        await foreach (var entry in core.Store.ListAsync(PackFormat.Folder, cancellationToken).ConfigureAwait(false))
        {
            if (PackFormat.ToHash(entry.Name) is not { } hash || unusable.Contains(hash))
            {
                continue;
            }

            try
            {
                packs.Add(Indexed.TryGetValue(hash, out var known) && known.Length == entry.Length
                    ? known
                    : await core.Chunks.ReadDirectoryAsync(hash, entry.Length, cancellationToken).ConfigureAwait(false));
            }
            catch (Exception exception) when (ObjectDamagedException.IsMeantBy(exception))
            {
                // Damaged since it was verified: the verification that ends the repair names it.
            }
        }

        return packs;
    }

    /// <param name="unusable">Packs that the index must not name any more.</param>
    /// <param name="isOneMissing">Whether packs that are needed are in no index object at all.</param>
    /// <param name="maintainer">Who must not have been overtaken when something is removed; null to write nothing.</param>
    /// <param name="cancellationToken">Leaves more index objects than are needed, which is no harm.</param>
    public async Task RunAsync(IReadOnlySet<string> unusable, bool isOneMissing, Maintainer? maintainer, CancellationToken cancellationToken)
    {
        var packs = (await ListPacksAsync(unusable, cancellationToken).ConfigureAwait(false)).ToDictionary(pack => pack.Hash);
        var stale = good.Where(index => index.Packs.Exists(pack => !packs.ContainsKey(pack.Hash))).ToList();
        if (stale.Count == 0 && damaged.Count == 0 && !isOneMissing)
        {
            return;
        }

        foreach (var pack in good.Except(stale).SelectMany(index => index.Packs))
        {
            packs.Remove(pack.Hash);
        }

        var written = maintainer is null ? [] : await IndexObject.PutAsync(core, packs.Values, cancellationToken).ConfigureAwait(false);
        if (isOneMissing)
        {
            journal.AddMended(IndexObject.Folder.TrimEnd('/'), RepairMethod.Rebuilt);
        }

        await Repairer.CheckAsync(core, maintainer, cancellationToken).ConfigureAwait(false);
        foreach (var (name, _) in stale.Where(index => maintainer is not null && !written.ContainsKey(index.Name)))
        {
            await core.Store.DeleteAsync(name, cancellationToken).ConfigureAwait(false);
        }

        foreach (var name in damaged)
        {
            var raw = await RawObject.ReadAsync(core, name, cancellationToken).ConfigureAwait(false);
            if (raw.Content is null)
            {
                journal.Left.Add($"The index object '{name}' cannot be read and stays where it is; no backup needs it.");
                continue;
            }

            await quarantine.MoveAsync(name, raw.Content, cancellationToken).ConfigureAwait(false);
            journal.AddMended(name, RepairMethod.Rebuilt);
        }
    }
}
