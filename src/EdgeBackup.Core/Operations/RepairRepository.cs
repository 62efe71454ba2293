using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Repository.Keys;

namespace EdgeBackup.Core.Operations;

/// <summary>Where a repair may look for what is lost.</summary>
public sealed record RepairRepositoryOptions
{
    /// <summary>Another repository with the same backups; null for none.</summary>
    public RepositoryContext? From { get; init; }

    /// <summary>Whether devices are asked for what their damaged backups lack.</summary>
    public bool FromDevice { get; init; }

    /// <summary>
    /// Whether the present state is taken for good where something speaks against it, and the loss of records that nothing
    /// brings back. Not with <see cref="WhatIf"/>.
    /// </summary>
    public bool AcceptRollback { get; init; }

    /// <summary>Tell what would happen; write nothing, and ask no device.</summary>
    public bool WhatIf { get; init; }
}

/// <summary>Mends a repository: <c>Repair-EdgeRepository</c>.</summary>
public sealed class RepairRepository
{
    private readonly RepositoryContext context;
    private readonly IOperationObserver observer;

    public RepairRepository(RepositoryContext context, IOperationObserver observer)
    {
        this.context = context;
        this.observer = observer;
    }

    /// <summary>Looks at every byte, and mends.</summary>
    /// <exception cref="Errors.EdgeBackupException">RepositoryNotWritable: it cannot be written, or somebody else maintains it.</exception>
    /// <exception cref="Errors.EdgeBackupException">CaptureFailed: it stood still so long that maintenance went on without it.</exception>
    public async Task<RepairReport> RunAsync(RepairRepositoryOptions options, CancellationToken cancellationToken)
    {
        var isAccepting = options.AcceptRollback && !options.WhatIf;
        var acceptance = new AcceptPresentState(context, observer);

        // First: before, nothing can be written. What the chain misses no more is still looked for.
        var accepted = isAccepting ? await acceptance.RunAsync(cancellationToken).ConfigureAwait(false) : null;
        var report = await MendAsync(options, accepted ?? [], cancellationToken).ConfigureAwait(false);
        if (isAccepting && !await acceptance.AcceptLostAsync(report.Gone, cancellationToken).ConfigureAwait(false) && accepted is null)
        {
            observer.Warning($"-AcceptRollback had nothing to accept in the repository '{context.Location}': it was not taken back, and no record is missing of which its chain of records can tell.{(report.Healthy ? "" : " What is damaged otherwise is not accepted, and stands in Gone.")}");
        }

        foreach (var left in report.Left)
        {
            observer.Warning(left);
        }

        if (!options.WhatIf && (report.Mended.Count > 0 || report.Quarantined.Count > 0))
        {
            await context.NoteAsync(
                observer,
                EdgeEventCategory.Repository,
                "Repaired",
                $"{report.Mended.Count} mended, {report.Quarantined.Count} put in quarantine, {report.Gone.Count} still damaged or lost.",
                device: null).ConfigureAwait(false);
        }

        return report;
    }

    /// <param name="options">How.</param>
    /// <param name="accepted">Names of missing records that no verification names any more.</param>
    /// <param name="cancellationToken">Stops.</param>
    private async Task<RepairReport> MendAsync(RepairRepositoryOptions options, IReadOnlyList<string> accepted, CancellationToken cancellationToken)
    {
        // A key that was given up does not come back by itself.
        var wanted = accepted.Where(name => !name.StartsWith(KeyObject.Folder, StringComparison.Ordinal)).ToList();
        var report = await context.Repository.RepairAsync(
            new RepairOptions
            {
                WhatIf = options.WhatIf,
                From = options.From?.Repository,
                Missing = wanted,
                Source = options.FromDevice ? new DeviceRepairSource(context, observer) : null,
            },
            new Progress(observer, context.Location),
            cancellationToken).ConfigureAwait(false);
        report = await AddMissingAsync(report, accepted, cancellationToken).ConfigureAwait(false);
        if (options.From is { } from && !report.Healthy)
        {
            report = await new ReturnBackups(context, from, observer, options.WhatIf).RunAsync(report, cancellationToken).ConfigureAwait(false);
            report = await AddMissingAsync(report, accepted, cancellationToken).ConfigureAwait(false);
        }

        var missing = report.Gone.Select(damage => damage.Object).ToHashSet(StringComparer.Ordinal);
        await context.Repository.NameAgainAsync([.. wanted.Where(name => !missing.Contains(name))]).ConfigureAwait(false);
        return report;
    }

    /// <summary>Adds rows for what is missing and accepted, which a verification does not name any more.</summary>
    private async Task<RepairReport> AddMissingAsync(RepairReport report, IReadOnlyList<string> accepted, CancellationToken cancellationToken)
    {
        var missing = (await context.Repository.FindMissingAsync(accepted, cancellationToken).ConfigureAwait(false)).ToHashSet(StringComparer.Ordinal);
        return accepted.Count == 0 ? report : report with
        {
            Gone =
            [
                .. report.Gone.Where(damage => !missing.Contains(damage.Object)),
                .. missing.Select(name => new Damage(name, null, name.StartsWith("backups/", StringComparison.Ordinal) ? name[(name.LastIndexOf('/') + 1)..] : null, null, "it is missing, which was accepted")),
            ],
        };
    }

    private sealed class Progress(IOperationObserver observer, string location) : IProgress<VerifyProgress>
    {
        public void Report(VerifyProgress value) => observer.Progress(
            new OperationProgress($"Repairing {location}", $"{value.ObjectsDone} of {value.ObjectsTotal} objects read", BytesDone: value.BytesDone, BytesTotal: value.BytesTotal));
    }
}
