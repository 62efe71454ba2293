using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Repository;

namespace EdgeBackup.Core.Operations;

/// <summary>Where a repair may look for what is lost.</summary>
public sealed record RepairRepositoryOptions
{
    /// <summary>Another repository with the same backups; null for none.</summary>
    public RepositoryContext? From { get; init; }

    /// <summary>Whether devices are asked for what their damaged backups lack.</summary>
    public bool FromDevice { get; init; }

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
        var report = await context.Repository.RepairAsync(
            new RepairOptions
            {
                WhatIf = options.WhatIf,
                From = options.From?.Repository,
                Source = options.FromDevice ? new DeviceRepairSource(context, observer) : null,
            },
            new Progress(observer, context.Location),
            cancellationToken).ConfigureAwait(false);
        if (options.From is { } from && !report.Healthy)
        {
            report = await new ReturnBackups(context, from, observer, options.WhatIf).RunAsync(report, cancellationToken).ConfigureAwait(false);
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

    private sealed class Progress(IOperationObserver observer, string location) : IProgress<VerifyProgress>
    {
        public void Report(VerifyProgress value) => observer.Progress(
            new OperationProgress($"Repairing {location}", $"{value.ObjectsDone} of {value.ObjectsTotal} objects read", BytesDone: value.BytesDone, BytesTotal: value.BytesTotal));
    }
}
