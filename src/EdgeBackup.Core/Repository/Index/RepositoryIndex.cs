using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository.Packs;
using EdgeBackup.Core.Repository.Stores;

namespace EdgeBackup.Core.Repository.Index;

/// <summary>
/// Keeps the chunk table in step with the index objects of the store, those of other processes included. A damaged or
/// missing index object costs time and nothing else: its packs are read instead.
/// </summary>
internal sealed class RepositoryIndex(RepositoryCore core) : IDisposable
{
    private const int SmallestBuffer = 64 * 1024;

    /// <summary>Far above any that is written: what is longer cannot be one, and would only fill the memory.</summary>
    private const int LargestObject = 1 << 30;

    /// <summary>Decryption and hashing keep a core busy each; more readers would hold more buffers and be no faster.</summary>
    private static readonly int Readers = Math.Clamp(Environment.ProcessorCount, 1, 4);

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
            var listed = new Dictionary<string, long>();
            await foreach (var entry in core.Store.ListAsync(IndexObject.Folder, cancellationToken).ConfigureAwait(false))
            {
                listed[entry.Name] = entry.Length;
            }

            var startOver = force || table is null || !loaded.All(listed.ContainsKey) || (condemnedNow is not null && !condemned.SetEquals(condemnedNow));
            if (startOver || condemnedNow is not null || !listed.Keys.All(loaded.Contains))
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

    /// <summary>Reads the directories of the packs that no good index object tells of; for reading, since nobody may rely on them.</summary>
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
                known.AddUncovered(await core.Chunks.ReadDirectoryAsync(hash, entry.Length, cancellationToken).ConfigureAwait(false));
                found = true;
            }
            catch (Exception exception) when (ObjectDamagedException.IsMeantBy(exception))
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
        Dictionary<string, long> listed, Dictionary<string, long> present, IReadOnlySet<string>? condemnedNow, bool startOver, CancellationToken cancellationToken)
    {
        var nextCondemned = condemnedNow is null ? condemned : [.. condemnedNow];
        var nextTable = startOver ? new ChunkTable(nextCondemned) : table!;
        var nextLoaded = startOver ? [] : loaded;
        var fresh = listed.Where(entry => !nextLoaded.Contains(entry.Key)).ToList();
        nextTable.Reserve(fresh.Sum(entry => IndexObject.EstimateEntries(entry.Value)));
        var next = -1;
        await Task.WhenAll(Enumerable.Range(0, Math.Min(Readers, fresh.Count)).Select(_ => Task.Run(ReadAsync, cancellationToken))).ConfigureAwait(false);
        condemned = nextCondemned;
        loaded = nextLoaded;
        Volatile.Write(ref table, nextTable);

        async Task ReadAsync()
        {
            // One buffer for all that this reader reads: the objects of an index are many, or large.
            byte[] buffer = [];
            for (int index; (index = Interlocked.Increment(ref next)) < fresh.Count;)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var (name, length) = fresh[index];
                if (length is > 0 and <= LargestObject)
                {
                    buffer = buffer.Length >= length ? buffer : new byte[Math.Max(length, SmallestBuffer)];
                    if (!await TryLoadAsync(name, nextTable, present, buffer.AsMemory(0, (int)length), cancellationToken).ConfigureAwait(false))
                    {
                        continue;
                    }
                }

                lock (nextLoaded)
                {
                    nextLoaded.Add(name);
                }
            }
        }
    }

    /// <returns>False where the store gave no answer; another refresh may get one.</returns>
    private async Task<bool> TryLoadAsync(string name, ChunkTable into, Dictionary<string, long> present, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            var read = await core.Store.ReadAsync(name, 0, buffer, cancellationToken).ConfigureAwait(false);
            if (read < 0)
            {
                return true;
            }

            foreach (var pack in IndexObject.OpenInPlace(core.Sealer, name, buffer[..read]))
            {
                into.Add(pack, present);
            }
        }
        catch (Exception exception) when (ObjectDamagedException.IsMeantBy(exception))
        {
            // Its packs tell the same; they are read when a chunk is not found. A verification names the object.
            return exception is ObjectDamagedException;
        }

        return true;
    }
}
