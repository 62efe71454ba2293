using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Repository.Chain;
using EdgeBackup.Core.Repository.Maintenance;

namespace EdgeBackup.Core.Operations.Sync;

/// <summary>Which backups the copy lacks.</summary>
internal sealed class SyncPlan
{
    private readonly List<WildcardPattern>? patterns;

    private SyncPlan(IReadOnlyList<string>? devices) => patterns = devices?.Select(text => new WildcardPattern(text)).ToList();

    /// <summary>By device, oldest first: whatever cuts the run short, the copy is what the source once was.</summary>
    public List<List<CatalogBackup>> Missing { get; private set; } = [];

    /// <summary>Names of records in the copy that a run which was killed could not name in its chain.</summary>
    public List<string> Unnamed { get; } = [];

    /// <summary>Names of missing records that the copy once had and removed.</summary>
    public HashSet<string> Returning { get; } = new(StringComparer.Ordinal);

    /// <summary>Backups that the copy has already.</summary>
    public int Skipped { get; private set; }

    public DateTimeOffset? NewestInSource { get; private set; }

    public DateTimeOffset? NewestInCopy { get; private set; }

    /// <summary>Devices that the source knows.</summary>
    public HashSet<string> Devices { get; } = new(StringComparer.Ordinal);

    /// <param name="source">Is read.</param>
    /// <param name="copy">Is compared with it.</param>
    /// <param name="options">Which devices.</param>
    /// <param name="failed">Gets the records of the source that cannot be read.</param>
    /// <param name="cancellationToken">Stops.</param>
    public static async Task<SyncPlan> MakeAsync(
        RepositoryContext source, RepositoryContext copy, SyncOptions options, ICollection<SyncFailure> failed, CancellationToken cancellationToken)
    {
        var plan = new SyncPlan(options.Devices);
        var problems = await source.Catalog.RefreshBackupsAsync(devices: null, cancellationToken).ConfigureAwait(false);
        foreach (var problem in problems.Concat(await source.Catalog.RefreshDevicesAsync(cancellationToken).ConfigureAwait(false)))
        {
            failed.Add(new SyncFailure(null, null, null, problem.Message));
        }

        await copy.Catalog.RefreshBackupsAsync(devices: null, cancellationToken).ConfigureAwait(false);
        var present = new HashSet<UInt128>();
        await foreach (var backup in copy.Catalog.QueryBackupsAsync(new BackupQuery(), cancellationToken).ConfigureAwait(false))
        {
            if (plan.Wants(backup.Device))
            {
                present.Add(ToKey(backup));
                plan.NoteInCopy(backup.Created);
            }
        }

        await foreach (var device in source.Catalog.QueryDeviceIdsAsync(cancellationToken).ConfigureAwait(false))
        {
            plan.Devices.Add(device);
        }

        // Read where there is something that it may be asked about; of a large copy that takes a while.
        var fold = new Lazy<Task<ChainFold?>>(() => options.WhatIf || copy.Repository.Core.Returns is not { } returns ? Task.FromResult<ChainFold?>(null) : returns.FoldAsync(cancellationToken));
        var missing = new List<CatalogBackup>();
        await foreach (var backup in source.Catalog.QueryBackupsAsync(new BackupQuery(), cancellationToken).ConfigureAwait(false))
        {
            if (!plan.Wants(backup.Device))
            {
                continue;
            }

            plan.Devices.Add(backup.Device);
            plan.NewestInSource = plan.NewestInSource > backup.Created ? plan.NewestInSource : backup.Created;
            var isThere = present.Contains(ToKey(backup));
            if (isThere)
            {
                plan.Skipped++;
            }
            else
            {
                missing.Add(backup);
            }

            if (await fold.Value.ConfigureAwait(false) is { } known)
            {
                plan.NoteState(copy.Repository.BackupObjectName(backup.Device, backup.Id), known, isThere);
            }
        }

        plan.Missing = [.. missing.GroupBy(backup => backup.Device, StringComparer.Ordinal)
            .Select(group => group.OrderBy(backup => backup.Created).ThenBy(backup => backup.Id, StringComparer.Ordinal).ToList())
            .OrderBy(group => group[0].Created)];
        return plan;
    }

    public bool Wants(string device) => patterns is null || patterns.Exists(pattern => pattern.Text == device || pattern.IsMatch(device));

    public bool WantsAll => patterns is null;

    public void NoteInCopy(DateTimeOffset created) => NewestInCopy = NewestInCopy > created ? NewestInCopy : created;

    private void NoteState(string name, ChainFold fold, bool isThere)
    {
        var state = fold.StateOf(name);
        if (isThere && state != ChainedState.Live)
        {
            Unnamed.Add(name);
        }
        else if (!isThere && ChainReturn.IsReturn(state))
        {
            Returning.Add(name);
        }
    }

    /// <exception cref="EdgeBackupException">SyncRefused: the copy would be the source itself.</exception>
    public static void Refuse(RepositoryContext source, RepositoryContext copy)
    {
        if (source.Repository.Id == copy.Repository.Id)
        {
            var what = source.Location == copy.Location ? "is the source itself" : $"is a copy of the source '{source.Location}' byte for byte, with the same id and keys";
            throw new EdgeBackupException(
                ErrorIds.SyncRefused,
                $"'{copy.Location}' {what}, and was left as it is. A second repository has keys of its own: make one with Initialize-EdgeRepository, and copy into that.",
                copy.Location);
        }
    }

    private static UInt128 ToKey(CatalogBackup backup) => Fingerprint.Of($"{backup.Device}\n{backup.Id}");
}
