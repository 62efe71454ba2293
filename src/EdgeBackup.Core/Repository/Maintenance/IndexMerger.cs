using EdgeBackup.Core.Repository.Backups;
using EdgeBackup.Core.Repository.Index;
using EdgeBackup.Core.Repository.Packs;

namespace EdgeBackup.Core.Repository.Maintenance;

/// <summary>Writes an index of the packs that stay, and removes the index objects that it stands for.</summary>
internal sealed class IndexMerger(RepositoryCore core, PackInventory inventory)
{
    private readonly HashSet<string> written = [];

    /// <summary>The new objects.</summary>
    public IReadOnlySet<string> Written => written;

    public long BytesWritten { get; private set; }

    public long BytesFreed { get; private set; }

    public int Removed { get; private set; }

    /// <param name="removed">Packs that will go.</param>
    /// <param name="cancellationToken">Leaves index objects that say the same twice.</param>
    public async Task WriteAsync(IReadOnlySet<string> removed, CancellationToken cancellationToken)
    {
        var group = new List<PackListing>();
        foreach (var pack in inventory.Packs.Values.Where(pack => !removed.Contains(pack.Hash)).Concat(inventory.Torn).Append(null))
        {
            if (pack is null ? group.Count > 0 : group.Sum(member => member.Entries.Count) >= IndexObject.TargetEntries)
            {
                var (name, content) = IndexObject.Seal(core.Sealer, group);
                await core.Store.PutAsync(name, content, cancellationToken).ConfigureAwait(false);
                BytesWritten += content.Length;
                written.Add(name);
                group.Clear();
            }

            if (pack is not null)
            {
                group.Add(pack);
            }
        }
    }

    /// <summary>Removes those that were read, and no others: what a session has added since then stays.</summary>
    public async Task RemoveOldAsync(CancellationToken cancellationToken)
    {
        foreach (var (name, length) in inventory.Indexes.Where(index => !written.Contains(index.Name)))
        {
            await core.Store.DeleteAsync(name, cancellationToken).ConfigureAwait(false);
            BytesFreed += length;
            Removed++;
        }
    }

    /// <summary>Removes what was written; the old objects are still there.</summary>
    public async Task TakeBackAsync(CancellationToken cancellationToken)
    {
        foreach (var name in written)
        {
            await core.Store.DeleteAsync(name, cancellationToken).ConfigureAwait(false);
        }
    }
}
