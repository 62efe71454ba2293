using EdgeBackup.Core.Repository.Index;

namespace EdgeBackup.Core.Repository.Maintenance;

/// <summary>Writes an index of the packs that stay, and removes the index objects that it stands for.</summary>
internal sealed class IndexMerger(RepositoryCore core, PackInventory inventory)
{
    private const int ParallelDeletions = 8;

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
        var packs = inventory.Packs.Values.Where(pack => !removed.Contains(pack.Hash)).Concat(inventory.Torn);
        foreach (var (name, length) in await IndexObject.PutAsync(core, packs, cancellationToken).ConfigureAwait(false))
        {
            written.Add(name);
            BytesWritten += length;
        }
    }

    /// <summary>Removes those that were read, and no others: what a session has added since then stays.</summary>
    public async Task RemoveOldAsync(CancellationToken cancellationToken)
    {
        var old = inventory.Indexes.Where(index => !written.Contains(index.Name)).ToList();
        await DeleteAsync(core, old.Select(index => index.Name), cancellationToken).ConfigureAwait(false);
        BytesFreed += old.Sum(index => index.Length);
        Removed += old.Count;
    }

    /// <summary>Removes objects side by side: their flushes share the file system's journal commits.</summary>
    public static async Task DeleteAsync(RepositoryCore core, IEnumerable<string> names, CancellationToken cancellationToken)
    {
        var options = new ParallelOptions { MaxDegreeOfParallelism = ParallelDeletions, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(names, options, async (name, token) => await core.Store.DeleteAsync(name, token).ConfigureAwait(false)).ConfigureAwait(false);
    }

    /// <summary>Removes what was written; the old objects are still there.</summary>
    public async Task TakeBackAsync(CancellationToken cancellationToken)
    {
        await DeleteAsync(core, written, cancellationToken).ConfigureAwait(false);
    }
}
