using EdgeBackup.Core.Archives;
using EdgeBackup.Core.Archives.Checking;
using EdgeBackup.Core.Archives.Reading;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Repository;

namespace EdgeBackup.Core.Operations.Archives;

/// <summary>What a test of an archive found.</summary>
/// <param name="Path">The archive's folder; of one that is missing, where it was written.</param>
/// <param name="Archive">Null where its manifest cannot be read, or it is missing.</param>
/// <param name="Damage">What is wrong; empty for nothing.</param>
/// <param name="IsOwnKey">Whether it is signed with the key of the repository at hand; null where there is none at hand.</param>
public sealed record ArchiveTestOutcome(string Path, ArchiveFolder? Archive, IReadOnlyList<ArchiveDamage> Damage, bool? IsOwnKey);

/// <summary>
/// Tests archives: <c>Test-EdgeArchive</c>. Without a repository each is held against its own key and the others beside
/// it; with the repository that made them also against its key and its memory of runs, so that a missing newest one and a
/// forged key are noticed too.
/// </summary>
public sealed class TestArchives
{
    private readonly RepositoryContext? context;
    private readonly IOperationObserver observer;
    private readonly string? fingerprint;

    /// <param name="context">The repository; null for none.</param>
    /// <param name="observer">Is told how far it is.</param>
    /// <param name="fingerprint">The fingerprint that every archive's key must have; null for any.</param>
    public TestArchives(RepositoryContext? context, IOperationObserver observer, string? fingerprint)
    {
        this.context = context;
        this.observer = observer;
        this.fingerprint = fingerprint?.Replace(":", "", StringComparison.Ordinal).Replace(" ", "", StringComparison.Ordinal);
    }

    /// <summary>Tests an archive, or all in a folder.</summary>
    /// <param name="path">Absolute.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="EdgeBackupException">ArchiveNotFound.</exception>
    public async IAsyncEnumerable<ArchiveTestOutcome> RunAsync(string path, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var folders = ArchiveFolder.Find(path);
        var isOne = folders is [var only] && only == path;
        var key = await FindKeyAsync(cancellationToken).ConfigureAwait(false);
        var devices = isOne || key is null ? [] : await FindDevicesAsync(path, cancellationToken).ConfigureAwait(false);
        if (folders.Count == 0 && devices.Count == 0)
        {
            throw new EdgeBackupException(ErrorIds.ArchiveNotFound, $"There is no archive in '{path}'. Give an archive's folder, or the folder of several.", path);
        }

        var parent = isOne ? System.IO.Path.GetDirectoryName(System.IO.Path.TrimEndingDirectorySeparator(path)) : path;
        var siblings = (isOne && parent is not null ? ArchiveFolder.Find(parent) : folders).Select(TryOpen).OfType<ArchiveFolder>().ToList();
        var runs = await LoadRunsAsync(siblings, devices, key, cancellationToken).ConfigureAwait(false);
        var chain = new ArchiveChain(siblings, (link, archive) => IsElsewhere(link, archive, runs.GetValueOrDefault(archive.Manifest.Device) ?? []));
        var held = await FindHeldAsync([.. siblings.Where(chain.IsExpired).Select(archive => archive.Manifest.Device).Distinct(StringComparer.Ordinal)], cancellationToken).ConfigureAwait(false);
        foreach (var folder in folders)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return Test(folder, key, isOne, siblings, chain, runs, held, cancellationToken);
        }

        if (!isOne)
        {
            foreach (var missing in FindMissingNewest(path, siblings, runs.Where(all => devices.Contains(all.Key) || siblings.Exists(archive => archive.Manifest.Device == all.Key && IsOwn(archive, key)))))
            {
                yield return missing;
            }
        }
    }

    private static ArchiveFolder? TryOpen(string folder)
    {
        try
        {
            return ArchiveFolder.Open(folder);
        }
        catch (EdgeBackupException exception) when (exception.ErrorId is ErrorIds.ArchiveDamaged or ErrorIds.ArchiveNotFound)
        {
            return null;
        }
    }

    private ArchiveTestOutcome Test(string folder, ArchiveKey? key, bool isOne, List<ArchiveFolder> siblings, ArchiveChain chain, Dictionary<string, List<ArchiveRun>> runs, HashSet<string> held, CancellationToken cancellationToken)
    {
        ArchiveFolder archive;
        try
        {
            archive = ArchiveFolder.Open(folder);
        }
        catch (EdgeBackupException exception) when (exception.ErrorId is ErrorIds.ArchiveDamaged or ErrorIds.ArchiveNotFound)
        {
            return new ArchiveTestOutcome(folder, null, [new ArchiveDamage(ManifestCodec.ManifestName, exception.Message)], null);
        }

        long done = 0;
        var activity = $"Testing {System.IO.Path.GetFileName(folder)}";
        var damage = ArchiveCheck.Run(archive, bytes => observer.Progress(new OperationProgress(activity, "", BytesDone: done += bytes, BytesTotal: archive.Length)), cancellationToken).ToList();
        if (damage.Count > 0 && chain.IsExpired(archive) && !held.Contains(archive.Manifest.Device))
        {
            observer.Verbose($"'{folder}' has expired, and its removal was broken off. The next run for this folder removes the rest.");
            damage.RemoveAll(found => found.Path is not null && !File.Exists(System.IO.Path.Combine(folder, found.Path)));
        }

        damage.AddRange(FindKeyDamage(archive, key));
        if (key is not null && key.PublicKey != archive.Manifest.PublicKey && FindOwn(archive, runs) is { } own)
        {
            damage.Add(new ArchiveDamage(ManifestCodec.SignatureName, $"the repository at hand has written this archive, number {own.Number} of '{own.Device}', with its own key: it was forged"));
        }

        // One that was carried elsewhere alone is tested alone.
        var isAlone = isOne && !siblings.Exists(other => other.Path != archive.Path && other.Manifest.Device == archive.Manifest.Device);
        if (isAlone && archive.Manifest.Previous is not null)
        {
            observer.Verbose($"'{folder}' stands alone, so that only itself was tested, and not whether the archives before it are there.");
        }
        else
        {
            damage.AddRange(chain.Check(archive));
        }

        return new ArchiveTestOutcome(folder, archive, damage, key is null ? null : key.PublicKey == archive.Manifest.PublicKey);
    }

    /// <summary>Whether an archive is of the repository at hand, of a copy of it, or says so.</summary>
    private bool IsOwn(ArchiveFolder archive, ArchiveKey? key) => archive.Manifest.Repository == context?.Repository.Id || archive.Manifest.PublicKey == key?.PublicKey;

    /// <summary>The run that wrote an archive, by the name or the run that it goes by.</summary>
    private static ArchiveRun? FindOwn(ArchiveFolder archive, Dictionary<string, List<ArchiveRun>> runs) => runs.GetValueOrDefault(archive.Manifest.Device)?.Find(run =>
        run.Manifest != archive.Digest && (run.Id == archive.Manifest.Run || (run.Number == archive.Manifest.Number && run.Folder == System.IO.Path.GetFileName(archive.Path))));

    private IEnumerable<ArchiveDamage> FindKeyDamage(ArchiveFolder archive, ArchiveKey? key)
    {
        if (fingerprint is not null && !string.Equals(fingerprint, archive.Fingerprint, StringComparison.OrdinalIgnoreCase))
        {
            yield return new ArchiveDamage(ManifestCodec.SignatureName, $"it is signed with another key than the one asked for: {archive.Fingerprint}");
        }

        if (context is null || context.Repository.Id != archive.Manifest.Repository)
        {
            yield break;
        }

        if (key?.PublicKey != archive.Manifest.PublicKey)
        {
            yield return new ArchiveDamage(ManifestCodec.SignatureName, "it says that it is of the repository at hand, and it is not signed with that repository's key: it was forged");
        }
    }

    /// <summary>The devices of which nothing may be removed now, as far as the repository at hand says: what is missing there was not removed by a run, though its archive has expired.</summary>
    private async Task<HashSet<string>> FindHeldAsync(List<string> devices, CancellationToken cancellationToken)
    {
        var held = new HashSet<string>(StringComparer.Ordinal);
        if (context is null || devices.Count == 0)
        {
            return held;
        }

        var policies = await PolicyBook.LoadAsync(context.Repository, observer.Warning, cancellationToken).ConfigureAwait(false);
        foreach (var device in devices)
        {
            var registration = (await context.Devices.GetAsync(device, cancellationToken).ConfigureAwait(false)).LastRegistration;
            if (policies.For(device, registration?.Type, registration?.Tags ?? [], registration?.Site).LegalHold)
            {
                held.Add(device);
            }
        }

        return held;
    }

    private async Task<ArchiveKey?> FindKeyAsync(CancellationToken cancellationToken)
    {
        if (context is null)
        {
            return null;
        }

        await context.Repository.FollowRecordsAsync(cancellationToken).ConfigureAwait(false);
        return await context.Archives.FindKeyAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The devices whose newest archive was written into a folder, by the repository's memory.</summary>
    private async Task<HashSet<string>> FindDevicesAsync(string parent, CancellationToken cancellationToken)
    {
        var newest = new Dictionary<string, string>(StringComparer.Ordinal);
        await foreach (var name in context!.Repository.ListAsync(RecordArea.Archives, subject: null, cancellationToken).ConfigureAwait(false))
        {
            newest[name.Split('/')[^2]] = name;
        }

        newest.Remove(context.Repository.SubjectFolder(ArchiveBook.KeySubject));
        var devices = new HashSet<string>(StringComparer.Ordinal);
        foreach (var name in newest.Values)
        {
            var run = await context.Archives.ReadAsync(name, cancellationToken).ConfigureAwait(false);
            if (ArchivePlaces.IsSame(run.Parent, parent, context.Platform))
            {
                devices.Add(run.Device);
            }
        }

        return devices;
    }

    /// <summary>The runs of each device with an archive of this repository here, and of those that should have one.</summary>
    private async Task<Dictionary<string, List<ArchiveRun>>> LoadRunsAsync(List<ArchiveFolder> archives, HashSet<string> devices, ArchiveKey? key, CancellationToken cancellationToken)
    {
        var runs = new Dictionary<string, List<ArchiveRun>>(StringComparer.Ordinal);
        if (context is null || key is null)
        {
            return runs;
        }

        // Also of those that say that they are another's: whoever forges one may say so.
        foreach (var device in archives.Select(archive => archive.Manifest.Device).Union(devices, StringComparer.Ordinal))
        {
            var all = await ArchiveRuns.LoadAsync(context, device, cancellationToken).ConfigureAwait(false);
            runs[device] = await all.OutlineAsync(cancellationToken).ToListAsync(cancellationToken).ConfigureAwait(false);
        }

        return runs;
    }

    /// <summary>Whether the archive before one was written into another folder and stands there.</summary>
    private bool IsElsewhere(ArchiveLink link, ArchiveFolder archive, List<ArchiveRun> runs) =>
        runs.Find(run => run.Manifest == link.Manifest) is { } before
        && runs.Find(run => run.Manifest == archive.Digest) is { } own
        && IsElsewhere(before, own.Parent);

    /// <summary>What belongs into the same folder is missed here, also where this is a copy of that folder.</summary>
    private bool IsElsewhere(ArchiveRun run, string home) => !ArchivePlaces.IsSame(run.Parent, home, context!.Platform) && ArchivePlaces.IsThere(run);

    /// <summary>Whether an archive stands in a folder and has not got its name yet: its run is at its end, or was killed there.</summary>
    private bool IsUnnamed(ArchiveRun run, string parent) => ArchivePlaces.IsSame(run.Parent, parent, context!.Platform) && ArchivePlaces.FindStages(run).Count > 0;

    /// <summary>No other archive names the newest: only the repository knows that there was one.</summary>
    private IEnumerable<ArchiveTestOutcome> FindMissingNewest(string parent, List<ArchiveFolder> archives, IEnumerable<KeyValuePair<string, List<ArchiveRun>>> runs)
    {
        foreach (var (device, all) in runs)
        {
            var present = archives.Where(archive => archive.Manifest.Device == device).Select(archive => archive.Digest).ToHashSet(StringComparer.Ordinal);
            var expired = all.SelectMany(run => run.Expired).ToHashSet();
            var newest = all.FindLastIndex(run => present.Contains(run.Manifest));
            var home = newest < 0 ? parent : all[newest].Parent;
            foreach (var run in all.Skip(newest + 1).Where(run => !expired.Contains(run.Number) && !IsElsewhere(run, home) && !IsUnnamed(run, parent)))
            {
                yield return new ArchiveTestOutcome(
                    System.IO.Path.Combine(parent, run.Folder),
                    Archive: null,
                    [new ArchiveDamage(null, $"the archive is missing: number {run.Number} of '{device}', written on {run.Time:u}")],
                    IsOwnKey: null);
            }
        }
    }
}
