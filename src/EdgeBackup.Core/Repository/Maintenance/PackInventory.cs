using EdgeBackup.Core.Repository.Index;
using EdgeBackup.Core.Repository.Packs;

namespace EdgeBackup.Core.Repository.Maintenance;

/// <summary>The packs that are there, by index objects and, where those do not tell, by their own directories.</summary>
internal sealed class PackInventory
{
    private PackInventory()
    {
    }

    /// <summary>Packs that exist and whose content is known, by hash.</summary>
    public Dictionary<string, PackListing> Packs { get; } = [];

    /// <summary>Those of them that no good index object names.</summary>
    public HashSet<string> Uncovered { get; } = [];

    /// <summary>
    /// Packs of another length than the index tells: what is whole in them stays readable by the index, but no other
    /// copy of a chunk is given up for theirs.
    /// </summary>
    public List<PackListing> Torn { get; } = [];

    /// <summary>Packs whose directory cannot be read: they stay where they are.</summary>
    public List<string> Unreadable { get; } = [];

    /// <summary>All index objects that could be read, damaged ones included.</summary>
    public List<(string Name, long Length)> Indexes { get; } = [];

    /// <summary>Whether an index object is damaged, or they name packs that are gone, or do not name one that is there.</summary>
    public bool IsIndexStale { get; private set; }

    /// <summary>Whether a pack of this name is there, whatever its state.</summary>
    public bool Has(string hash) => Packs.ContainsKey(hash) || Torn.Exists(pack => pack.Hash == hash) || Unreadable.Contains(hash);

    public static async Task<PackInventory> ReadAsync(RepositoryCore core, CancellationToken cancellationToken)
    {
        var inventory = new PackInventory();
        var indexed = new Dictionary<string, PackListing>();
        await foreach (var entry in core.Store.ListAsync(IndexObject.Folder, cancellationToken).ConfigureAwait(false))
        {
            try
            {
                if (await core.Store.GetAsync(entry.Name, cancellationToken).ConfigureAwait(false) is not { } content)
                {
                    continue;
                }

                inventory.Indexes.Add((entry.Name, entry.Length));
                foreach (var pack in IndexObject.Open(core.Sealer, entry.Name, content))
                {
                    indexed[pack.Hash] = pack;
                }
            }
            catch (Exception exception) when (ObjectDamagedException.IsMeantBy(exception))
            {
                // Its packs count as uncovered, and a good index object replaces it. One that the store gave no answer for
                // is not among those that are removed: it may be whole.
                inventory.IsIndexStale = true;
            }
        }

        // After the index: a pack that is indexed exists already.
        await foreach (var entry in core.Store.ListAsync(PackFormat.Folder, cancellationToken).ConfigureAwait(false))
        {
            if (PackFormat.ToHash(entry.Name) is { } hash)
            {
                await inventory.AddAsync(core, hash, entry.Length, indexed, cancellationToken).ConfigureAwait(false);
            }
        }

        inventory.IsIndexStale |= inventory.Uncovered.Count > 0 || indexed.Keys.Any(hash => !inventory.Packs.ContainsKey(hash) && !inventory.Torn.Exists(pack => pack.Hash == hash));
        return inventory;
    }

    private async Task AddAsync(RepositoryCore core, string hash, long length, Dictionary<string, PackListing> indexed, CancellationToken cancellationToken)
    {
        if (indexed.TryGetValue(hash, out var known))
        {
            if (known.Length == length)
            {
                Packs.Add(hash, known);
            }
            else
            {
                Torn.Add(known);
            }

            return;
        }

        try
        {
            Packs.Add(hash, await core.Chunks.ReadDirectoryAsync(hash, length, cancellationToken).ConfigureAwait(false));
            Uncovered.Add(hash);
        }
        catch (Exception exception) when (ObjectDamagedException.IsMeantBy(exception))
        {
            Unreadable.Add(hash);
        }
    }
}
