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
internal sealed class Verifier
{
    private readonly RepositoryCore core;
    private readonly Damages damages = new();
    private readonly VerifyCount count;
    private readonly PackCheck packCheck;
    private readonly VerifyOptions options;
    private readonly HashSet<UInt128> intactLists = [];
    private readonly Dictionary<string, string> devices = [];
    private readonly Dictionary<string, (DateTimeOffset Created, string Backup, bool IsIntact)> newest = new(StringComparer.Ordinal);
    private readonly List<(string Name, string Reason)> unreadableBackups = [];
    private ChainCheck? chain;
    private HashSet<string> condemned = [];

    public Verifier(RepositoryCore core, VerifyOptions options, IProgress<VerifyProgress>? progress)
    {
        this.core = core;
        count = new VerifyCount(progress);
        this.options = options;
        packCheck = new PackCheck(core, options, damages, count);
    }

    public async Task<VerificationReport> RunAsync(CancellationToken cancellationToken)
    {
        // Before anything is listed: what it names by now must be there.
        chain = await ChainCheck.BeginAsync(core, damages, cancellationToken).ConfigureAwait(false);
        foreach (var entry in chain?.Objects ?? [])
        {
            count.Found(entry.Length);
            count.Done(entry.Length);
        }

        var backups = await ListAsync("backups/", cancellationToken).ConfigureAwait(false);
        var records = new List<ObjectInfo>();
        foreach (var folder in new[] { "devices/", "events/", "policies/", "types/", "notifications/", "archives/", "attempts/", Marks.Folder })
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
            await packCheck.VerifyIndexAsync(index, cancellationToken).ConfigureAwait(false);
        }

        var present = await packCheck.VerifyPacksAsync(packs, cancellationToken).ConfigureAwait(false);
        await core.Index.RefreshAsync(condemnedNow: null, force: true, cancellationToken).ConfigureAwait(false);
        await core.Index.LoadUncoveredPacksAsync(cancellationToken).ConfigureAwait(false);
        var backupCount = 0;
        foreach (var backup in backups)
        {
            backupCount += await VerifyBackupAsync(backup, cancellationToken).ConfigureAwait(false) ? 1 : 0;
        }

        BlameUnreadableBackups();
        if (chain is not null)
        {
            await chain.CompareAsync(damages, name => devices.GetValueOrDefault(ToSubject(name)), cancellationToken).ConfigureAwait(false);
        }

        await packCheck.BlameMissingIndexAsync(present, cancellationToken).ConfigureAwait(false);
        await packCheck.BlameAsync(present, condemned, cancellationToken).ConfigureAwait(false);
        return new VerificationReport
        {
            Damage = damages.Found,
            Notes = chain?.Notes ?? [],
            Backups = backupCount,
            Packs = packs.Count,
            Objects = count.Objects,
            Bytes = count.Bytes,
            Quarantined = await ListQuarantinedAsync(cancellationToken).ConfigureAwait(false),
            VerifiedDevices = ListVerified(),
            OrphanedPacks = packCheck.CountOrphans(present),
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
            count.Found(entry.Length);
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
        catch (Exception exception) when (ObjectDamagedException.Within(exception) is not null)
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

        count.Counted(keys.Count + damaged.Count);
        byte[]? content = null;
        try
        {
            content = await core.Store.GetAsync(RepositoryFile.Name, cancellationToken).ConfigureAwait(false);
            RepositoryFile.CheckMac(content ?? throw new ObjectDamagedException(RepositoryFile.Name, "it is missing"), core.Master);
        }
        catch (Exception exception) when (ObjectDamagedException.Within(exception) is { } damage)
        {
            damages.Add(damage);
        }

        count.Found(0);
        count.Done(content?.Length ?? 0);
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
        catch (Exception exception) when (ObjectDamagedException.Within(exception) is { } damage)
        {
            damages.Add(damage);
        }

        count.Done(record.Length);
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

    private async Task<bool> VerifyBackupAsync(ObjectInfo backup, CancellationToken cancellationToken)
    {
        BackupRecord? record;
        try
        {
            record = await core.TryOpenAsync(backup.Name, RepositoryJson.Default.BackupRecord, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (ObjectDamagedException.Within(exception) is { } damage)
        {
            unreadableBackups.Add((backup.Name, damage.Reason));
            return true;
        }
        finally
        {
            count.Done(backup.Length);
        }

        if (record is null)
        {
            return false;
        }

        devices[ToSubject(backup.Name)] = record.Device;

        // Unchanged backups share their list: what was whole once is whole for all of them.
        var list = Fingerprint.Of(record.Manifest);
        var isIntact = intactLists.Contains(list);
        if (!isIntact && await VerifyItemsAsync(record, cancellationToken).ConfigureAwait(false))
        {
            intactLists.Add(list);
            isIntact = true;
        }

        if (!newest.TryGetValue(record.Device, out var known) || known.Created < record.Created)
        {
            newest[record.Device] = (record.Created, record.Id, isIntact);
        }

        return true;
    }

    /// <summary>An unreadable record may be that of a newer backup, so that nothing is said of its device.</summary>
    private List<string> ListVerified()
    {
        var doubtful = damages.Found.Select(damage => damage.Device).OfType<string>().ToHashSet(StringComparer.Ordinal);
        return options.ReadData
            ? [.. newest.Where(device => device.Value.IsIntact && (!doubtful.Contains(device.Key) || !damages.Found.Any(damage => damage.Device == device.Key && IsOfNewest(damage, device.Value)))).Select(device => device.Key).Order(StringComparer.Ordinal)]
            : [];

        static bool IsOfNewest(Damage damage, (DateTimeOffset Created, string Backup, bool IsIntact) newest) =>
            damage.Backup is null || string.CompareOrdinal(damage.Backup, newest.Backup) >= 0;
    }

    private async Task<bool> VerifyItemsAsync(BackupRecord record, CancellationToken cancellationToken)
    {
        var intact = true;
        try
        {
            await foreach (var id in ManifestReader.ReadChunkIdsAsync(core, record.Manifest, leavesOnly: false, cancellationToken).ConfigureAwait(false))
            {
                if (packCheck.Census.Examine(id) is { } blame)
                {
                    damages.Add(blame.Object, record, null, $"the item list is in it: {blame.Reason}");
                    intact = false;
                }
            }

            await foreach (var item in ManifestReader.ReadAsync(core, record.Manifest, cancellationToken).ConfigureAwait(false))
            {
                foreach (var id in item.Chunks)
                {
                    if (packCheck.Census.Examine(id) is { } blame)
                    {
                        damages.Add(blame.Object, record, item.Item.Path, blame.Reason);
                        intact = false;
                    }
                }
            }
        }
        catch (Exception exception) when (ObjectDamagedException.Within(exception) is { } damage)
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
}
