using System.Buffers;
using System.Text.Json;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository.Backups;
using EdgeBackup.Core.Repository.Chain;
using EdgeBackup.Core.Repository.Index;
using EdgeBackup.Core.Repository.Keys;
using EdgeBackup.Core.Repository.Packs;
using EdgeBackup.Core.Repository.Stores;

namespace EdgeBackup.Core.Repository.Maintenance;

/// <summary>
/// Checks a repository. Listed first are the records, then the index, then the packs: the other way round from writing,
/// so that a backup that is written meanwhile is never half seen.
/// </summary>
internal sealed class Verifier(RepositoryCore core, VerifyOptions options, IProgress<VerifyProgress>? progress)
{
    private readonly Damages damages = new();
    private ChainCheck? chain;
    private readonly PackCensus census = new();
    private readonly Dictionary<string, PackListing> indexed = [];
    private readonly Dictionary<string, string> indexedBy = [];
    private readonly Lock sync = new();
    private readonly HashSet<UInt128> intactLists = [];
    private readonly Dictionary<string, string> packReasons = [];
    private readonly Dictionary<string, string> devices = [];
    private readonly List<(string Name, string Reason)> unreadableBackups = [];
    private readonly HashSet<string> seenIndexes = [];
    private bool hasDamagedIndex;
    private HashSet<string> condemned = [];
    private long objectsDone;
    private long objectsTotal;
    private long bytesDone;
    private long bytesTotal;

    public async Task<VerificationReport> RunAsync(CancellationToken cancellationToken)
    {
        // Before anything is listed: what it names by now must be there.
        chain = await ChainCheck.BeginAsync(core, damages, cancellationToken).ConfigureAwait(false);
        foreach (var entry in chain?.Objects ?? [])
        {
            objectsTotal++;
            bytesTotal += entry.Length;
            Done(entry.Length);
        }

        var backups = await ListAsync("backups/", cancellationToken).ConfigureAwait(false);
        var records = new List<ObjectInfo>();
        foreach (var folder in new[] { "devices/", "events/", "policies/", "types/", Marks.Folder })
        {
            records.AddRange(await ListAsync(folder, cancellationToken).ConfigureAwait(false));
        }

        await ReadMarksAsync(cancellationToken).ConfigureAwait(false);
        var indexes = await ListAsync(IndexObject.Folder, cancellationToken).ConfigureAwait(false);
        var packs = await ListAsync(PackFormat.Folder, cancellationToken).ConfigureAwait(false);
        await VerifyKeysAsync(cancellationToken).ConfigureAwait(false);
        foreach (var record in records)
        {
            await VerifyRecordAsync(record, cancellationToken).ConfigureAwait(false);
        }

        foreach (var index in indexes)
        {
            await VerifyIndexAsync(index, cancellationToken).ConfigureAwait(false);
        }

        var present = await VerifyPacksAsync(packs, cancellationToken).ConfigureAwait(false);
        await core.Index.RefreshAsync(condemnedNow: null, force: true, cancellationToken).ConfigureAwait(false);
        await core.Index.LoadUncoveredPacksAsync(cancellationToken).ConfigureAwait(false);
        var count = 0;
        foreach (var backup in backups)
        {
            count += await VerifyBackupAsync(backup, cancellationToken).ConfigureAwait(false) ? 1 : 0;
        }

        BlameUnreadableBackups();
        if (chain is not null)
        {
            await chain.CompareAsync(damages, name => devices.GetValueOrDefault(ToSubject(name)), cancellationToken).ConfigureAwait(false);
        }

        await BlameMissingIndexAsync(present, cancellationToken).ConfigureAwait(false);
        await BlamePacksAsync(present, cancellationToken).ConfigureAwait(false);
        return new VerificationReport
        {
            Damage = damages.Found,
            Notes = chain?.Notes ?? [],
            Backups = count,
            Packs = packs.Count,
            Objects = objectsTotal,
            Bytes = bytesTotal,
            Quarantined = await ListQuarantinedAsync(cancellationToken).ConfigureAwait(false),
            OrphanedPacks = present.Count(hash => !census.IsUsed(hash) && !census.BadPacks.ContainsKey(hash) && !packReasons.ContainsKey(hash)),
        };
    }

    private async Task<List<string>> ListQuarantinedAsync(CancellationToken cancellationToken)
    {
        var found = new List<string>();
        await foreach (var entry in core.Store.ListAsync(Repair.Quarantine.Folder, cancellationToken).ConfigureAwait(false))
        {
            found.Add(entry.Name);
        }

        return found;
    }

    private async Task<List<ObjectInfo>> ListAsync(string prefix, CancellationToken cancellationToken)
    {
        var found = new List<ObjectInfo>();
        await foreach (var entry in core.Store.ListAsync(prefix, cancellationToken).ConfigureAwait(false))
        {
            found.Add(entry);
            objectsTotal++;
            bytesTotal += entry.Length;
            if (chain is not null && ChainCheck.Folders.Any(folder => entry.Name.StartsWith(folder, StringComparison.Ordinal)))
            {
                chain.Saw(entry.Name);
            }
        }

        return found;
    }

    private async Task ReadMarksAsync(CancellationToken cancellationToken)
    {
        try
        {
            condemned = (await Marks.ReadAsync(core, cancellationToken).ConfigureAwait(false)).Values.SelectMany(mark => mark.Packs).ToHashSet();
        }
        catch (Exception exception) when (AsDamage(exception, Marks.Folder) is not null)
        {
            // Named where all records are verified; without it, what is missing counts as damage.
        }
    }

    private async Task VerifyKeysAsync(CancellationToken cancellationToken)
    {
        var (keys, damaged) = await KeyRing.ReadAsync(core.Store, cancellationToken).ConfigureAwait(false);
        damaged.ForEach(damages.Add);
        keys.ForEach(key => chain?.Saw(key.Name));
        damaged.ForEach(key => chain?.Saw(key.ObjectName));
        if (keys.Count == 0 && damaged.Count == 0)
        {
            damages.Add("keys", "there is no key object left: once closed, the repository cannot be opened again");
        }

        objectsTotal += keys.Count + damaged.Count;
        objectsDone += keys.Count + damaged.Count;
        byte[]? content = null;
        try
        {
            content = await core.Store.GetAsync(RepositoryFile.Name, cancellationToken).ConfigureAwait(false);
            RepositoryFile.CheckMac(content ?? throw new ObjectDamagedException(RepositoryFile.Name, "it is missing"), core.Master);
        }
        catch (Exception exception) when (AsDamage(exception, RepositoryFile.Name) is { } damage)
        {
            damages.Add(damage);
        }

        objectsTotal++;
        Done(content?.Length ?? 0);
    }

    private async Task VerifyRecordAsync(ObjectInfo record, CancellationToken cancellationToken)
    {
        try
        {
            if (await core.TryOpenAsync(record.Name, cancellationToken).ConfigureAwait(false) is { } json && record.Name.StartsWith("devices/", StringComparison.Ordinal))
            {
                NoteDevice(record.Name, json);
            }
        }
        catch (Exception exception) when (AsDamage(exception, record.Name) is { } damage)
        {
            damages.Add(damage);
        }

        Done(record.Length);
    }

    /// <summary>Where no backup record of a folder can be read, the device's log still tells whose they are.</summary>
    private void NoteDevice(string name, byte[] json)
    {
        var subject = ToSubject(name);
        if (devices.ContainsKey(subject))
        {
            return;
        }

        try
        {
            using var document = JsonDocument.Parse(json);
            if (document.RootElement.TryGetProperty("device", out var device) && device.GetString() is { } id && core.Master.ToFolder(id) == subject)
            {
                devices[subject] = id;
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // Sealed by us and no text of ours: only what it would have told is missing.
        }
    }

    private async Task VerifyIndexAsync(ObjectInfo index, CancellationToken cancellationToken)
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
        catch (Exception exception) when (AsDamage(exception, index.Name) is { } damage)
        {
            damages.Add(damage);
            hasDamagedIndex = true;
        }

        Done(index.Length);
    }

    /// <summary>
    /// A record is written after the index object of its packs. Where no index object names a pack that a record needs,
    /// and none is damaged, one is missing; its name cannot be known.
    /// </summary>
    private async Task BlameMissingIndexAsync(List<string> present, CancellationToken cancellationToken)
    {
        var uncovered = present.Where(hash => census.IsUsed(hash) && !indexed.ContainsKey(hash) && !packReasons.ContainsKey(hash)).ToList();
        if (uncovered.Count == 0 || hasDamagedIndex)
        {
            return;
        }

        // Maintenance may have put a merged index object in the place of those that were listed.
        foreach (var index in await ListAsync(IndexObject.Folder, cancellationToken).ConfigureAwait(false))
        {
            if (!seenIndexes.Contains(index.Name))
            {
                await VerifyIndexAsync(index, cancellationToken).ConfigureAwait(false);
            }
        }

        var count = uncovered.Count(hash => !indexed.ContainsKey(hash));
        if (count > 0 && !hasDamagedIndex)
        {
            damages.Add(IndexObject.Folder.TrimEnd('/'), $"an index object is missing: none names {count} packs that backups need, '{PackFormat.ToName(uncovered.First(hash => !indexed.ContainsKey(hash)))}' among them; nothing is lost, and Optimize-EdgeRepository writes it anew");
        }
    }

    /// <returns>The hashes of the packs that are there.</returns>
    private async Task<List<string>> VerifyPacksAsync(List<ObjectInfo> packs, CancellationToken cancellationToken)
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
            census.Add(listing);
            if (!lengths.TryGetValue(listing.Name, out var length))
            {
                census.Condemn(listing.Hash, "it is missing");
            }
            else if (length != listing.Length && !options.ReadData)
            {
                // Whoever reads the data sees which chunks of a torn pack are still whole.
                census.Condemn(listing.Hash, $"it has {length} bytes instead of {listing.Length}");
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
        catch (Exception exception) when (AsDamage(exception, name) is { } damage)
        {
            finding = new PackFinding(damage.Reason, null, []);
        }

        lock (sync)
        {
            if (finding.Listing is not null && known is null)
            {
                census.Add(finding.Listing);
            }

            if (finding.Reason is not null)
            {
                packReasons[hash] = finding.Reason;
            }

            foreach (var (id, reason) in finding.BadChunks)
            {
                census.Condemn(hash, id, reason);
            }

            if (finding.Listing is null && known is null && finding.Reason is not null)
            {
                census.Condemn(hash, finding.Reason);
            }

            if (finding is { Reason: null, Listing: not null } && known is not null && !finding.Listing.Entries.SequenceEqual(known.Entries))
            {
                damages.Add(indexedBy[hash], $"it does not agree with the pack '{name}'");
            }

            Done(length);
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

    private async Task<bool> VerifyBackupAsync(ObjectInfo backup, CancellationToken cancellationToken)
    {
        BackupRecord? record;
        try
        {
            record = await core.TryOpenAsync(backup.Name, RepositoryJson.Default.BackupRecord, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (AsDamage(exception, backup.Name) is { } damage)
        {
            unreadableBackups.Add((backup.Name, damage.Reason));
            return true;
        }
        finally
        {
            Done(backup.Length);
        }

        if (record is null)
        {
            return false;
        }

        devices[ToSubject(backup.Name)] = record.Device;

        // Unchanged backups share their list: what was whole once is whole for all of them.
        var list = Fingerprint.Of(record.Manifest);
        if (intactLists.Contains(list))
        {
            return true;
        }

        if (await VerifyItemsAsync(record, cancellationToken).ConfigureAwait(false))
        {
            intactLists.Add(list);
        }

        return true;
    }

    private async Task<bool> VerifyItemsAsync(BackupRecord record, CancellationToken cancellationToken)
    {
        var intact = true;
        try
        {
            await foreach (var id in ManifestReader.ReadChunkIdsAsync(core, record.Manifest, leavesOnly: false, cancellationToken).ConfigureAwait(false))
            {
                if (census.Examine(id) is { } blame)
                {
                    damages.Add(blame.Object, record, null, $"the item list is in it: {blame.Reason}");
                    intact = false;
                }
            }

            await foreach (var item in ManifestReader.ReadAsync(core, record.Manifest, cancellationToken).ConfigureAwait(false))
            {
                foreach (var id in item.Chunks)
                {
                    if (census.Examine(id) is { } blame)
                    {
                        damages.Add(blame.Object, record, item.Item.Path, blame.Reason);
                        intact = false;
                    }
                }
            }
        }
        catch (Exception exception) when (AsDamage(exception, "manifest") is { } damage)
        {
            if (intact || !damages.Names(damage.ObjectName))
            {
                damages.Add(damage.ObjectName, record, null, $"the item list cannot be read: {damage.Reason}");
            }

            intact = false;
        }

        return intact;
    }

    /// <summary>
    /// A record that cannot be read still tells the backup's id by its name; the folder is a keyed hash, and its device
    /// is known from other records in it.
    /// </summary>
    private void BlameUnreadableBackups()
    {
        foreach (var (name, reason) in unreadableBackups)
        {
            damages.Add(name, devices.GetValueOrDefault(ToSubject(name)), name[(name.LastIndexOf('/') + 1)..], reason);
        }
    }

    /// <summary>The folder of a device is the same among backups and in the device log.</summary>
    private static string ToSubject(string name) => name.Split('/') is [_, var subject, _] ? subject : name;

    /// <summary>Names the bad packs that no backup's row named.</summary>
    private async Task BlamePacksAsync(List<string> present, CancellationToken cancellationToken)
    {
        var there = present.ToHashSet();
        foreach (var (hash, reason) in census.BadPacks.Concat(packReasons))
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

    private static ObjectDamagedException? AsDamage(Exception exception, string name) => exception switch
    {
        EdgeBackupException { InnerException: ObjectDamagedException inner } => inner,
        _ => ObjectDamagedException.From(exception),
    };

    private void Done(long bytes)
    {
        var done = Interlocked.Increment(ref objectsDone);
        var total = Interlocked.Add(ref bytesDone, bytes);
        progress?.Report(new VerifyProgress(done, objectsTotal, total, bytesTotal));
    }
}
