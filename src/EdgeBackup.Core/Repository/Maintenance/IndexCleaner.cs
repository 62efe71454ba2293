using EdgeBackup.Core.Repository.Index;
using EdgeBackup.Core.Repository.Packs;

namespace EdgeBackup.Core.Repository.Maintenance;

/// <summary>
/// Takes packs out of the index that were removed while their index object was on its way: it would look as if they had
/// been lost.
/// </summary>
internal static class IndexCleaner
{
    /// <summary>Forgets those of the packs that are not there.</summary>
    /// <param name="core">The repository.</param>
    /// <param name="packs">Hashes of packs that were removed on purpose if they are gone.</param>
    /// <param name="except">Index objects that do not name them.</param>
    /// <param name="cancellationToken">Leaves index objects that name packs which are gone.</param>
    public static async Task ForgetGoneAsync(RepositoryCore core, IEnumerable<string> packs, IReadOnlySet<string> except, CancellationToken cancellationToken)
    {
        var gone = packs.ToHashSet();
        await foreach (var entry in core.Store.ListAsync(PackFormat.Folder, cancellationToken).ConfigureAwait(false))
        {
            if (PackFormat.ToHash(entry.Name) is { } hash)
            {
                gone.Remove(hash);
            }
        }

        if (gone.Count == 0)
        {
            return;
        }

        var indexes = new List<string>();
        await foreach (var entry in core.Store.ListAsync(IndexObject.Folder, cancellationToken).ConfigureAwait(false))
        {
            if (!except.Contains(entry.Name))
            {
                indexes.Add(entry.Name);
            }
        }

        foreach (var name in indexes)
        {
            await ForgetAsync(core, name, gone, cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task ForgetAsync(RepositoryCore core, string name, HashSet<string> gone, CancellationToken cancellationToken)
    {
        IReadOnlyList<PackListing> listed;
        try
        {
            if (await core.Store.GetAsync(name, cancellationToken).ConfigureAwait(false) is not { } content)
            {
                return;
            }

            listed = [.. IndexObject.Open(core.Sealer, name, content)];
        }
        catch (Exception exception) when (ObjectDamagedException.IsMeantBy(exception))
        {
            // A verification names it.
            return;
        }

        var rest = listed.Where(pack => !gone.Contains(pack.Hash)).ToList();
        if (rest.Count == listed.Count)
        {
            return;
        }

        if (rest.Count > 0)
        {
            var (newName, newContent) = IndexObject.Seal(core.Sealer, rest);
            await core.Store.PutAsync(newName, newContent, cancellationToken).ConfigureAwait(false);
        }

        await core.Store.DeleteAsync(name, cancellationToken).ConfigureAwait(false);
    }
}
