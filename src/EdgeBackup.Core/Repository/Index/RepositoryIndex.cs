using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository.Backups;
using EdgeBackup.Core.Repository.Packs;

namespace EdgeBackup.Core.Repository.Index;

/// <summary>
/// Keeps the chunk table in step with the index objects of the store, those of other processes included. A damaged or
/// missing index object costs time and nothing else: its packs are read instead.
/// </summary>
internal sealed class RepositoryIndex(RepositoryCore core) : IDisposable
{
    private readonly SemaphoreSlim gate = new(1, 1);
    private HashSet<string> loaded = [];
    private HashSet<string> condemned = [];
    private ChunkTable? table;

    /// <summary>The table as of the last refresh; null before the first.</summary>
    public ChunkTable? Table => Volatile.Read(ref table);

    /// <summary>The table, loaded when it is not yet.</summary>
    public async ValueTask<ChunkTable> GetAsync(CancellationToken cancellationToken)
    {
        if (Table is { } known)
        {
            return known;
        }

        return await RefreshAsync(condemnedNow: null, force: false, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Loads what is new; starts over when something vanished or the condemned packs are others. Packs that the index
    /// names and the store does not have, or has with another length, are not relied on: their chunks are stored anew.
    /// </summary>
    /// <param name="condemnedNow">The packs that marks name; null to leave that as it is.</param>
    /// <param name="force">Start over in any case.</param>
    /// <param name="cancellationToken">Leaves the table as it was.</param>
    /// <returns>The table that keeps to <paramref name="condemnedNow"/>; a later refresh may put another in its place.</returns>
    public async Task<ChunkTable> RefreshAsync(IReadOnlySet<string>? condemnedNow, bool force, CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var listed = new HashSet<string>();
            await foreach (var entry in core.Store.ListAsync(IndexObject.Folder, cancellationToken).ConfigureAwait(false))
            {
                listed.Add(entry.Name);
            }

            var startOver = force || table is null || !loaded.IsSubsetOf(listed) || (condemnedNow is not null && !condemned.SetEquals(condemnedNow));
            if (startOver || condemnedNow is not null || !listed.IsSubsetOf(loaded))
            {
                // After the index was listed: a pack that is indexed exists already, so one that is not there is lost.
                var present = await ListPacksAsync(cancellationToken).ConfigureAwait(false);
                startOver = startOver || !table!.Fits(present);
                await LoadAsync(listed, present, condemnedNow, startOver, cancellationToken).ConfigureAwait(false);
            }

            return table!;
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>Reads the directories of the packs that no good index object tells of.</summary>
    /// <returns>Whether there were any.</returns>
    public async Task<bool> LoadUncoveredPacksAsync(CancellationToken cancellationToken)
    {
        var known = await GetAsync(cancellationToken).ConfigureAwait(false);
        var found = false;
        await foreach (var entry in core.Store.ListAsync(PackFormat.Folder, cancellationToken).ConfigureAwait(false))
        {
            if (PackFormat.ToHash(entry.Name) is not { } hash || known.HasPack(hash))
            {
                continue;
            }

            try
            {
                known.Add(await core.Chunks.ReadDirectoryAsync(hash, entry.Length, cancellationToken).ConfigureAwait(false));
                found = true;
            }
            catch (Exception exception) when (exception is ObjectDamagedException or IOException)
            {
                // Its chunks stay missing, which whoever asked for one reports; a verification names the pack.
            }
        }

        return found;
    }

    /// <summary>Writes an index object and takes its packs into the table, so that no refresh in between sees half of it.</summary>
    /// <param name="packs">Durable packs.</param>
    /// <param name="publish">Is given the table right after.</param>
    /// <returns>Bytes written.</returns>
    public async Task<long> PublishAsync(IReadOnlyList<PackListing> packs, Action<ChunkTable> publish)
    {
        await GetAsync(CancellationToken.None).ConfigureAwait(false);
        await gate.WaitAsync().ConfigureAwait(false);
        try
        {
            var (name, content) = IndexObject.Seal(core.Sealer, packs);
            await core.Store.PutAsync(name, content, CancellationToken.None).ConfigureAwait(false);
            foreach (var pack in packs)
            {
                table!.Add(pack);
            }

            loaded.Add(name);
            publish(table!);
            return content.Length;
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>Finds a chunk for reading, looking ever further.</summary>
    public async ValueTask<ChunkLocation?> FindAsync(ChunkId id, CancellationToken cancellationToken)
    {
        var known = await GetAsync(cancellationToken).ConfigureAwait(false);
        if (known.TryFind(id, reliable: false, out var location))
        {
            return location;
        }

        await RefreshAsync(condemnedNow: null, force: false, cancellationToken).ConfigureAwait(false);
        if (Table!.TryFind(id, reliable: false, out location))
        {
            return location;
        }

        return await LoadUncoveredPacksAsync(cancellationToken).ConfigureAwait(false) && Table!.TryFind(id, reliable: false, out location)
            ? location
            : null;
    }

    public void Dispose() => gate.Dispose();

    private async Task<Dictionary<string, long>> ListPacksAsync(CancellationToken cancellationToken)
    {
        var present = new Dictionary<string, long>();
        await foreach (var entry in core.Store.ListAsync(PackFormat.Folder, cancellationToken).ConfigureAwait(false))
        {
            if (PackFormat.ToHash(entry.Name) is { } hash)
            {
                present[hash] = entry.Length;
            }
        }

        return present;
    }

    private async Task LoadAsync(
        HashSet<string> listed, Dictionary<string, long> present, IReadOnlySet<string>? condemnedNow, bool startOver, CancellationToken cancellationToken)
    {
        var nextCondemned = condemnedNow is null ? condemned : [.. condemnedNow];
        var nextTable = startOver ? new ChunkTable(nextCondemned) : table!;
        var nextLoaded = startOver ? [] : loaded;
        foreach (var name in listed.Where(name => !nextLoaded.Contains(name)))
        {
            await LoadAsync(name, nextTable, present, cancellationToken).ConfigureAwait(false);
            nextLoaded.Add(name);
        }

        condemned = nextCondemned;
        loaded = nextLoaded;
        Volatile.Write(ref table, nextTable);
    }

    private async Task LoadAsync(string name, ChunkTable into, Dictionary<string, long> present, CancellationToken cancellationToken)
    {
        if (await core.Store.GetAsync(name, cancellationToken).ConfigureAwait(false) is not { } content)
        {
            return;
        }

        try
        {
            foreach (var pack in IndexObject.Open(core.Sealer, name, content))
            {
                into.Add(pack, present);
            }
        }
        catch (ObjectDamagedException)
        {
            // Its packs tell the same; they are read when a chunk is not found. A verification names the object.
        }
    }
}
