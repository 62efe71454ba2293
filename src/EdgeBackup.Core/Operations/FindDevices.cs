using System.Runtime.CompilerServices;
using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Records;

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

    /// <summary>A backup is due, or has been postponed, for longer than the policy tolerates.</summary>
    Overdue,

    /// <summary>There is none.</summary>
    Never,
}

/// <summary>A device as users see it.</summary>
/// <param name="Device">From the catalog.</param>
/// <param name="Replaces">The devices that it replaced.</param>
/// <param name="BackupState">By the age of the newest backup in the repository.</param>
/// <param name="BackupAge">Since the newest backup; null when there is none.</param>
public sealed record ListedDevice(CatalogDevice Device, IReadOnlyList<string> Replaces, BackupState BackupState, TimeSpan? BackupAge);

/// <summary>Which devices to list; null or empty leaves a property out. Texts may have wildcards.</summary>
public sealed record FindDevicesOptions
{
    public IReadOnlyCollection<string> Ids { get; init; } = [];

    public IReadOnlyCollection<string> Names { get; init; } = [];

    public IReadOnlyCollection<string> Tags { get; init; } = [];

    public IReadOnlyCollection<string> Types { get; init; } = [];

    /// <summary>True: only replaced ones; false: only active ones; null: both.</summary>
    public bool? Replaced { get; init; }

    public IReadOnlyCollection<BackupState> BackupStates { get; init; } = [];
}

/// <summary>Lists registered devices with the age of their newest backup.</summary>
public sealed class FindDevices
{
    private readonly RepositoryContext context;

    public FindDevices(RepositoryContext context) => this.context = context;

    /// <summary>Lists devices by id, streamed.</summary>
    /// <param name="options">Which.</param>
    /// <param name="onError">Takes literals that match nothing, and records that cannot be read; the rest is listed.</param>
    /// <param name="cancellationToken">Stops.</param>
    public async IAsyncEnumerable<ListedDevice> RunAsync(FindDevicesOptions options, Func<EdgeBackupException, Task> onError, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var problems = new List<EdgeBackupException>();
        problems.AddRange(await context.Catalog.RefreshDevicesAsync(cancellationToken).ConfigureAwait(false));
        var literals = options.Ids.Count > 0 && !options.Ids.Any(WildcardPattern.HasWildcard);
        var ids = options.Ids;
        if (options.Ids.Count > 0)
        {
            var found = new List<string>();
            foreach (var (_, id, error) in await RegisteredDevices.ResolveAsync(context, options.Ids, cancellationToken).ConfigureAwait(false))
            {
                if (error is not null)
                {
                    await onError(error).ConfigureAwait(false);
                }
                else
                {
                    found.Add(id!);
                }
            }

            if (found.Count == 0)
            {
                yield break;
            }

            var exact = found.ToHashSet(StringComparer.Ordinal);
            ids = literals
                ? found.ConvertAll(WildcardPattern.Escape)
                : options.Ids.Select(text => RegisteredDevices.IsPattern(text, exact) ? text : WildcardPattern.Escape(WildcardPattern.Unescape(text))).ToList();
            problems.AddRange(await context.Catalog.RefreshBackupsAsync(literals ? found : null, cancellationToken).ConfigureAwait(false));
        }
        else
        {
            problems.AddRange(await context.Catalog.RefreshBackupsAsync(devices: null, cancellationToken).ConfigureAwait(false));
        }

        problems.AddRange(await context.Catalog.RefreshEventsAsync(cancellationToken).ConfigureAwait(false));
        foreach (var problem in problems)
        {
            await onError(problem).ConfigureAwait(false);
        }

        var policies = await PolicyBook.LoadAsync(context.Repository, cancellationToken).ConfigureAwait(false);
        var replaces = await LoadReplacementsAsync(cancellationToken).ConfigureAwait(false);
        var query = new DeviceQuery { Ids = ids, Names = options.Names, Tags = options.Tags, Types = options.Types, Replaced = options.Replaced };
        var now = context.Clock.GetUtcNow();
        await foreach (var device in context.Catalog.QueryDevicesAsync(query, cancellationToken).ConfigureAwait(false))
        {
            var policy = policies.For(device.Id, device.Type, device.Tags);
            var listed = new ListedDevice(device, replaces.GetValueOrDefault(device.Id, []), Judge(device, policy, now), Age(device, now));
            if (options.BackupStates.Count == 0 || options.BackupStates.Contains(listed.BackupState))
            {
                yield return listed;
            }
        }
    }

    /// <summary>How a device stands at a moment.</summary>
    public static BackupState Judge(CatalogDevice device, EffectivePolicy policy, DateTimeOffset now)
    {
        var tolerated = policy.Interval + policy.OverdueAfter;
        if (device.PostponedSince is { } since)
        {
            return now - (device.LastBackup ?? since) > tolerated ? BackupState.Overdue : BackupState.Postponed;
        }

        if (Age(device, now) is not { } age)
        {
            return BackupState.Never;
        }

        return age < policy.Interval ? BackupState.Current : age > tolerated ? BackupState.Overdue : BackupState.Due;
    }

    /// <summary>A backup from the future (a clock that was set back) is no younger than new.</summary>
    private static TimeSpan? Age(CatalogDevice device, DateTimeOffset now) =>
        device.LastBackup is not { } last ? null : now > last ? now - last : TimeSpan.Zero;

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
