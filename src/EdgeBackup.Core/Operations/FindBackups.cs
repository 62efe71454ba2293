using System.Runtime.CompilerServices;
using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations.Groups;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Records;

namespace EdgeBackup.Core.Operations;

/// <summary>Which backups to list; null or empty leaves a property out. Texts may have wildcards.</summary>
public sealed record FindBackupsOptions
{
    public IReadOnlyCollection<string> Devices { get; init; } = [];

    public IReadOnlyCollection<string> Ids { get; init; } = [];

    public IReadOnlyCollection<string> Names { get; init; } = [];

    /// <summary>Ids or names of groups.</summary>
    public IReadOnlyCollection<string> Groups { get; init; } = [];

    public IReadOnlyCollection<BackupKind> Kinds { get; init; } = [];

    public DateTimeOffset? After { get; init; }

    public DateTimeOffset? Before { get; init; }

    public bool Latest { get; init; }

    /// <summary>True: only suspect ones; false: only good ones.</summary>
    public bool? Suspect { get; init; }
}

/// <summary>Lists and finds backups.</summary>
public sealed class FindBackups
{
    private readonly RepositoryContext context;
    private readonly IOperationObserver observer;

    /// <param name="context">The repository.</param>
    /// <param name="observer">Told of what is left out of account; null where the command has told it already.</param>
    public FindBackups(RepositoryContext context, IOperationObserver? observer = null)
    {
        this.context = context;
        this.observer = observer ?? SilentObserver.Instance;
    }

    /// <summary>Lists backups by device, newest first, streamed. A device that replaced another shows the other's too (R8).</summary>
    /// <param name="options">Which.</param>
    /// <param name="onError">Takes what could not be found or read; the rest is listed.</param>
    /// <param name="cancellationToken">Stops.</param>
    public async IAsyncEnumerable<ListedBackup> RunAsync(FindBackupsOptions options, Func<EdgeBackupException, Task> onError, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var devices = options.Devices.Count == 0 ? null : await ResolveDevicesAsync(options.Devices, onError, cancellationToken).ConfigureAwait(false);
        var problems = await context.Catalog.RefreshDevicesAsync(devices, cancellationToken).ConfigureAwait(false);
        foreach (var problem in problems.Concat(await context.Catalog.RefreshBackupsAsync(devices, cancellationToken).ConfigureAwait(false)))
        {
            await onError(problem).ConfigureAwait(false);
        }

        var query = new BackupQuery
        {
            Devices = devices,
            Ids = options.Ids,
            Names = options.Names,
            Groups = options.Groups,
            Kinds = options.Kinds,
            After = options.After,
            Before = options.Before,
            Latest = options.Latest,
            Suspect = options.Suspect,
        };
        var missingIds = Literals(options.Ids);
        var missingNames = Literals(options.Names);
        var groups = options.Groups.Count == 0 ? null : new BackupGroups(context);
        var policies = new PolicyResolver(context, await PolicyBook.LoadAsync(context.Repository, observer.Warning, cancellationToken).ConfigureAwait(false));
        await foreach (var backup in context.Catalog.QueryBackupsAsync(query, cancellationToken).ConfigureAwait(false))
        {
            missingIds.Remove(backup.Id);
            if (backup.Name is not null)
            {
                missingNames.Remove(backup.Name);
            }

            groups?.Note(backup);
            yield return ListedBackup.From(backup, await policies.ForAsync(backup.Device, backup.DeviceType, cancellationToken).ConfigureAwait(false));
        }

        foreach (var id in missingIds)
        {
            if (!await ExistsAsync(new BackupQuery { Devices = devices, Ids = [WildcardPattern.Escape(id)] }, cancellationToken).ConfigureAwait(false))
            {
                await onError(await NotFoundAsync(id, devices, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
            }
        }

        foreach (var name in missingNames)
        {
            if (!await ExistsAsync(new BackupQuery { Devices = devices, Names = [WildcardPattern.Escape(name)] }, cancellationToken).ConfigureAwait(false))
            {
                await onError(await NotFoundAsync(name, devices, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
            }
        }

        if (groups is not null)
        {
            await groups.TellAsync(options.Groups, observer, onError, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The backups that texts mean, ids or wildcards, each with its record. A literal that matches nothing goes to <paramref name="onError"/>.</summary>
    public async IAsyncEnumerable<CatalogBackup> ResolveAsync(IEnumerable<string> texts, Func<EdgeBackupException, Task> onError, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var text in texts)
        {
            if (!WildcardPattern.HasWildcard(text))
            {
                CatalogBackup? found = null;
                EdgeBackupException? error = null;
                try
                {
                    found = await RequireOneAsync(text, device: null, cancellationToken).ConfigureAwait(false);
                }
                catch (EdgeBackupException exception)
                {
                    error = exception;
                }

                if (found is not null)
                {
                    yield return found;
                }
                else
                {
                    await onError(error!).ConfigureAwait(false);
                }

                continue;
            }

            // What cannot be read may be what is meant.
            var (devices, problems) = await RefreshAsync(cancellationToken).ConfigureAwait(false);
            foreach (var problem in devices.Select(device => device.Problem).Concat(problems))
            {
                await onError(problem).ConfigureAwait(false);
            }

            await foreach (var backup in context.Catalog.QueryBackupsAsync(new BackupQuery { Ids = [text] }, cancellationToken).ConfigureAwait(false))
            {
                yield return backup;
            }
        }
    }

    /// <summary>The one backup that a text means: an id, the name of a manual backup, or a wildcard that matches one.</summary>
    /// <param name="text">What the user gave.</param>
    /// <param name="device">Looks only among this device's backups and those that it carries on; null for all.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="EdgeBackupException">BackupNotFound: none, or more than one.</exception>
    public async Task<CatalogBackup> RequireOneAsync(string text, string? device, CancellationToken cancellationToken)
    {
        var devices = device is null ? null : await context.Catalog.LineageAsync(device, cancellationToken).ConfigureAwait(false);
        var isPattern = WildcardPattern.HasWildcard(text);
        if (!isPattern && await FirstAsync(new BackupQuery { Devices = devices, Ids = [text] }, cancellationToken).ConfigureAwait(false) is { } known
            && await StillExistsAsync(known, cancellationToken).ConfigureAwait(false))
        {
            return known;
        }

        await RefreshAsync(cancellationToken).ConfigureAwait(false);

        // A name may hold '[' or '*': where one backup is meant, the one of that very name is.
        foreach (var query in (BackupQuery[])[
            new BackupQuery { Devices = devices, Ids = [text] },
            new BackupQuery { Devices = devices, Names = [WildcardPattern.Escape(text)] },
            new BackupQuery { Devices = devices, Names = [text] }])
        {
            var matches = new List<CatalogBackup>();
            await foreach (var backup in context.Catalog.QueryBackupsAsync(query, cancellationToken).ConfigureAwait(false))
            {
                matches.Add(backup);
                if (matches.Count > 5)
                {
                    break;
                }
            }

            if (matches.Count == 1)
            {
                return matches[0];
            }

            if (matches.Count > 1)
            {
                throw new EdgeBackupException(
                    ErrorIds.BackupNotFound,
                    $"'{text}' matches {(matches.Count > 5 ? "more than 5" : matches.Count)} backups ({string.Join(", ", matches.Take(5).Select(match => $"{match.Id} of {match.Device}"))}), and exactly one is needed here. Give the backup's id.",
                    text);
            }
        }

        throw await NotFoundAsync(text, devices, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// The newest backup of a device, or of those that it carries on. A suspect one is passed over, with a warning, as long
    /// as there is a good one. A safety backup holds the state that a restore did away with, so it is taken only where
    /// there is nothing else.
    /// </summary>
    /// <exception cref="EdgeBackupException">BackupNotFound: there is none.</exception>
    public async Task<CatalogBackup> RequireNewestAsync(string device, CancellationToken cancellationToken)
    {
        var lineage = await context.Catalog.LineageAsync(device, cancellationToken).ConfigureAwait(false);
        await context.Catalog.RefreshBackupsAsync(lineage, cancellationToken).ConfigureAwait(false);
        CatalogBackup? passedOver = null;
        foreach (var isSuspect in (bool[])[false, true])
        {
            foreach (var kinds in (BackupKind[][])[[BackupKind.Automatic, BackupKind.Manual], [BackupKind.Safety]])
            {
                foreach (var ancestor in lineage)
                {
                    passedOver ??= await FirstAsync(new BackupQuery { Devices = [ancestor], Kinds = kinds, Suspect = true }, cancellationToken).ConfigureAwait(false);
                    if (await FirstAsync(new BackupQuery { Devices = [ancestor], Kinds = kinds, Suspect = isSuspect }, cancellationToken).ConfigureAwait(false) is { } newest)
                    {
                        TellOfSuspect(newest, passedOver);
                        return newest;
                    }
                }
            }
        }

        throw new EdgeBackupException(
            ErrorIds.BackupNotFound,
            $"There is no backup of the device '{device}'. Get-EdgeBackup lists what there is; a backup from elsewhere can be read in by Import-EdgeBackup.",
            device);
    }

    private void TellOfSuspect(CatalogBackup taken, CatalogBackup? suspect)
    {
        if (taken.Suspect.Count == 0 && suspect is not null && suspect.Created > taken.Created)
        {
            observer.Warning($"{suspect.Device}: its newest backup {suspect.Id} of {suspect.Created:u} is suspect, so the newest good one is taken: {taken.Id} of {taken.Created:u}. To take the other nevertheless: -Backup {suspect.Id}. {Suspicion.Describe(suspect.Suspect)}");
        }
    }

    private static HashSet<string> Literals(IEnumerable<string> texts) =>
        texts.Where(text => !WildcardPattern.HasWildcard(text)).Select(WildcardPattern.Unescape).ToHashSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>A literal id costs a look at its own folders only, however many devices there are.</summary>
    private async Task<IReadOnlyList<string>> ResolveDevicesAsync(IReadOnlyCollection<string> texts, Func<EdgeBackupException, Task> onError, CancellationToken cancellationToken)
    {
        var found = new List<string>();
        var matched = new List<string>();
        var open = new List<string>();
        foreach (var text in texts)
        {
            var literal = WildcardPattern.Unescape(text);
            if (RegisteredDevices.MayBeId(text) && await IsKnownAsync(text, cancellationToken).ConfigureAwait(false))
            {
                found.Add(text);
            }
            else if (!WildcardPattern.HasWildcard(text) && await IsKnownAsync(literal, cancellationToken).ConfigureAwait(false))
            {
                found.Add(literal);
            }
            else
            {
                open.Add(text);
            }
        }

        if (open.Count > 0)
        {
            // Those that can be told by their ids are told of when they are listed.
            var (unreadable, _) = await RefreshAsync(cancellationToken).ConfigureAwait(false);
            foreach (var device in unreadable.Where(device => device.Device is null))
            {
                await onError(device.Problem).ConfigureAwait(false);
            }

            var ids = new List<string>();
            await foreach (var id in context.Catalog.QueryDeviceIdsAsync(cancellationToken).ConfigureAwait(false))
            {
                ids.Add(id);
            }

            var exact = ids.ToHashSet(StringComparer.Ordinal);
            foreach (var text in open)
            {
                if (WildcardPattern.HasWildcard(text))
                {
                    var pattern = new WildcardPattern(text);
                    matched.AddRange(ids.Where(pattern.IsMatch));
                }
                else if (RegisteredDevices.FindLiteral(WildcardPattern.Unescape(text), ids, exact) is { } id)
                {
                    found.Add(id);
                }
                else
                {
                    await onError(await RegisteredDevices.NotFoundAsync(context, WildcardPattern.Unescape(text), cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
                }
            }
        }

        // The logs of all devices were just read for wildcards; a literal leads on from its own log.
        var all = new List<string>(await context.Catalog.WithLineageAsync(matched, cancellationToken).ConfigureAwait(false));
        foreach (var id in found)
        {
            all.AddRange(await context.Catalog.LineageAsync(id, cancellationToken).ConfigureAwait(false));
        }

        return all.Distinct(StringComparer.Ordinal).ToList();
    }

    private async Task<bool> IsKnownAsync(string device, CancellationToken cancellationToken)
    {
        await context.Catalog.RefreshDevicesAsync([device], cancellationToken).ConfigureAwait(false);
        await context.Catalog.RefreshBackupsAsync([device], cancellationToken).ConfigureAwait(false);
        return await context.Catalog.KnowsAsync(device, cancellationToken).ConfigureAwait(false);
    }

    private async Task<(IReadOnlyList<UnreadableDevice> Devices, IReadOnlyList<EdgeBackupException> Backups)> RefreshAsync(CancellationToken cancellationToken)
    {
        var backups = await context.Catalog.RefreshBackupsAsync(devices: null, cancellationToken).ConfigureAwait(false);
        return (await UnreadableDevices.RefreshAsync(context, cancellationToken).ConfigureAwait(false), backups);
    }

    private async Task<bool> StillExistsAsync(CatalogBackup backup, CancellationToken cancellationToken)
    {
        await context.Catalog.RefreshBackupsAsync([backup.Device], cancellationToken).ConfigureAwait(false);
        return await ExistsAsync(new BackupQuery { Devices = [backup.Device], Ids = [backup.Id] }, cancellationToken).ConfigureAwait(false);
    }

    private async Task<bool> ExistsAsync(BackupQuery query, CancellationToken cancellationToken) =>
        await FirstAsync(query, cancellationToken).ConfigureAwait(false) is not null;

    private async Task<CatalogBackup?> FirstAsync(BackupQuery query, CancellationToken cancellationToken)
    {
        await foreach (var backup in context.Catalog.QueryBackupsAsync(query, cancellationToken).ConfigureAwait(false))
        {
            return backup;
        }

        return null;
    }

    private async Task<EdgeBackupException> NotFoundAsync(string text, IReadOnlyList<string>? devices, CancellationToken cancellationToken)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var backup in context.Catalog.QueryBackupsAsync(new BackupQuery { Devices = devices }, cancellationToken).ConfigureAwait(false))
        {
            names.Add(backup.Id);
            if (backup.Name is not null)
            {
                names.Add(backup.Name);
            }

            if (names.Count > 10_000)
            {
                break;
            }
        }

        return new EdgeBackupException(
            ErrorIds.BackupNotFound,
            $"There is no backup '{text}'{(devices is null ? "" : $" of {string.Join(", ", devices.Take(3))}")}.{NearestNames.Suggest(text, names)} Get-EdgeBackup lists what there is.",
            text);
    }
}
