using System.Runtime.CompilerServices;
using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Operations.Scheduling;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Schedule;

namespace EdgeBackup.Core.Operations;

/// <summary>How a device stands with its backups (R4, R5).</summary>
public enum BackupState
{
    /// <summary>The newest backup is younger than the interval.</summary>
    Current,

    /// <summary>An automatic backup is due.</summary>
    Due,

    /// <summary>An automatic backup was refused because something runs; it is taken at the first idle moment.</summary>
    Postponed,

    /// <summary>A backup is due, or has been postponed, for longer than the policy tolerates, or all of that time are suspect.</summary>
    Overdue,

    /// <summary>There is none.</summary>
    Never,
}

/// <summary>A device as users see it.</summary>
/// <param name="Device">From the catalog.</param>
/// <param name="Replaces">The devices that it replaced.</param>
/// <param name="BackupState">By the age of the newest backup in the repository.</param>
/// <param name="BackupAge">Since the newest backup; null when there is none.</param>
/// <param name="IsOverdue">See <see cref="FindDevices.IsOverdue"/>.</param>
/// <param name="NextTry">When a run of the schedule will take it at the earliest, UTC; null for the next run, and for a device that was replaced.</param>
public sealed record ListedDevice(CatalogDevice Device, IReadOnlyList<string> Replaces, BackupState BackupState, bool IsOverdue, TimeSpan? BackupAge, DateTimeOffset? NextTry)
{
    /// <summary>Since the newest archive that is no extract; null when there is none.</summary>
    public TimeSpan? ArchiveAge { get; init; }
}

/// <summary>Which devices to list; null or empty leaves a property out. Texts may have wildcards.</summary>
public sealed record FindDevicesOptions
{
    public IReadOnlyCollection<string> Ids { get; init; } = [];

    public IReadOnlyCollection<string> Names { get; init; } = [];

    public IReadOnlyCollection<string> Tags { get; init; } = [];

    public IReadOnlyCollection<string> Types { get; init; } = [];

    public IReadOnlyCollection<string> Sites { get; init; } = [];

    public IReadOnlyCollection<string> Owners { get; init; } = [];

    /// <summary>Ids of the devices that they stand directly below.</summary>
    public IReadOnlyCollection<string> Parents { get; init; } = [];

    /// <summary>True: only replaced ones; false: only active ones; null: both.</summary>
    public bool? Replaced { get; init; }

    public IReadOnlyCollection<BackupState> BackupStates { get; init; } = [];
}

/// <summary>Lists registered devices with the age of their newest backup.</summary>
public sealed class FindDevices
{
    private readonly RepositoryContext context;
    private readonly IOperationObserver observer;

    /// <param name="context">The repository.</param>
    /// <param name="observer">Told of what is left out of account; null where the command has told it already.</param>
    public FindDevices(RepositoryContext context, IOperationObserver? observer = null)
    {
        this.context = context;
        this.observer = observer ?? SilentObserver.Instance;
    }

    /// <summary>Lists devices by id, streamed.</summary>
    /// <param name="options">Which.</param>
    /// <param name="onError">Takes literals that match nothing, and records that cannot be read; the rest is listed.</param>
    /// <param name="cancellationToken">Stops.</param>
    public async IAsyncEnumerable<ListedDevice> RunAsync(FindDevicesOptions options, Func<EdgeBackupException, Task> onError, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        List<string>? ids = null;
        if (options.Ids.Count > 0)
        {
            ids = [];
            foreach (var (_, id, error) in await RegisteredDevices.ResolveAsync(context, options.Ids, cancellationToken).ConfigureAwait(false))
            {
                if (error is not null)
                {
                    await onError(error).ConfigureAwait(false);
                }
                else
                {
                    ids.Add(id!);
                }
            }
        }

        var problems = new List<EdgeBackupException>();
        problems.AddRange(await context.Catalog.RefreshDevicesAsync(ids, cancellationToken).ConfigureAwait(false));
        problems.AddRange(await context.Catalog.RefreshBackupsAsync(ids, cancellationToken).ConfigureAwait(false));
        problems.AddRange(await context.Catalog.RefreshEventsAsync(cancellationToken).ConfigureAwait(false));
        problems.AddRange(await context.Catalog.RefreshAttemptsAsync(ids, cancellationToken).ConfigureAwait(false));
        problems.AddRange(await context.Catalog.RefreshArchivesAsync(ids, cancellationToken).ConfigureAwait(false));
        foreach (var problem in problems)
        {
            await onError(problem).ConfigureAwait(false);
        }

        var policies = await PolicyBook.LoadAsync(context.Repository, observer.Warning, cancellationToken).ConfigureAwait(false);
        var replaces = await LoadReplacementsAsync(cancellationToken).ConfigureAwait(false);
        var query = new DeviceQuery { Ids = ids, Names = options.Names, Tags = options.Tags, Types = options.Types, Sites = options.Sites, Owners = options.Owners, Parents = options.Parents, Replaced = options.Replaced };
        var now = context.Clock.GetUtcNow();
        var planner = new DuePlanner(now, spread: TimeSpan.Zero);
        var subjects = new DueSubjects(context.Clock);
        var missing = options.Names.Where(name => !WildcardPattern.HasWildcard(name)).Select(WildcardPattern.Unescape).ToHashSet(StringComparer.OrdinalIgnoreCase);
        await foreach (var device in context.Catalog.QueryDevicesAsync(query, cancellationToken).ConfigureAwait(false))
        {
            missing.Remove(device.Name ?? "");
            var policy = policies.For(device.Id, device.Type, device.Tags, device.Site);
            var listed = new ListedDevice(device, replaces.GetValueOrDefault(device.Id, []), Judge(device, policy, now), IsOverdue(device, policy, now), Age(device.LastBackup, now), NextTry(device, policy)) { ArchiveAge = Age(device.LastArchive, now) };
            if (options.BackupStates.Count == 0 || options.BackupStates.Contains(listed.BackupState))
            {
                yield return listed;
            }
        }

        DateTimeOffset? NextTry(CatalogDevice device, EffectivePolicy policy)
        {
            if (device.ReplacedBy is not null)
            {
                return null;
            }

            try
            {
                var decision = planner.Decide(subjects.From(device, policy));
                return decision.At > now ? decision.At : null;
            }
            catch (EdgeBackupException exception) when (exception.ErrorId == ErrorIds.PolicyInvalid)
            {
                observer.Verbose(exception.Message);
                return null;
            }
        }

        foreach (var name in missing)
        {
            if (await FindNoNameAsync(name, cancellationToken).ConfigureAwait(false) is { } error)
            {
                await onError(error).ConfigureAwait(false);
            }
        }
    }

    /// <summary>A name that no device has, whatever the other filters say.</summary>
    private async Task<EdgeBackupException?> FindNoNameAsync(string name, CancellationToken cancellationToken)
    {
        var names = new List<string>();
        await foreach (var device in context.Catalog.QueryDevicesAsync(new DeviceQuery(), cancellationToken).ConfigureAwait(false))
        {
            if (device.Name is not null)
            {
                names.Add(device.Name);
            }
        }

        return names.Contains(name, StringComparer.OrdinalIgnoreCase)
            ? null
            : new EdgeBackupException(ErrorIds.DeviceNotFound, $"No registered device is named '{name}'.{NearestNames.Suggest(name, names)} Get-EdgeDevice lists the registered ones.", name);
    }

    /// <summary>How a device stands at a moment.</summary>
    public static BackupState Judge(CatalogDevice device, EffectivePolicy policy, DateTimeOffset now)
    {
        var tolerated = policy.Interval + policy.OverdueAfter;
        if (device.PostponedSince is { } since)
        {
            return now - (device.LastGoodBackup ?? since) > tolerated ? BackupState.Overdue : BackupState.Postponed;
        }

        if (device.IsSuspect && !(now - device.LastGoodBackup <= tolerated))
        {
            // Suspect backups keep no device from being looked after: a week of error pages is a week without a backup.
            return BackupState.Overdue;
        }

        if (Age(device.LastBackup, now) is not { } age)
        {
            return BackupState.Never;
        }

        return age < policy.Interval ? BackupState.Current : age > tolerated ? BackupState.Overdue : BackupState.Due;
    }

    /// <summary>
    /// Whether somebody should look at a device: its backups are overdue, or it was registered for as long and has no good
    /// one at all, whatever word its state has.
    /// </summary>
    public static bool IsOverdue(CatalogDevice device, EffectivePolicy policy, DateTimeOffset now) =>
        Judge(device, policy, now) == BackupState.Overdue
        || (device.LastGoodBackup is null && now - device.Registration?.Registered > policy.Interval + policy.OverdueAfter);

    /// <summary>A backup from the future (a clock that was set back) is no younger than new.</summary>
    private static TimeSpan? Age(DateTimeOffset? last, DateTimeOffset now) =>
        last is not { } time ? null : now > time ? now - time : TimeSpan.Zero;

    private async Task<Dictionary<string, List<string>>> LoadReplacementsAsync(CancellationToken cancellationToken)
    {
        var replaces = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        await foreach (var device in context.Catalog.QueryDevicesAsync(new DeviceQuery { Replaced = true }, cancellationToken).ConfigureAwait(false))
        {
            if (!replaces.TryGetValue(device.ReplacedBy!, out var olds))
            {
                replaces[device.ReplacedBy!] = olds = [];
            }

            olds.Add(device.Id);
        }

        return replaces;
    }
}
