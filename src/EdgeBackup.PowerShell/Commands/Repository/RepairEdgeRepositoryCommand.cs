using System.Diagnostics;
using System.Management.Automation;
using EdgeBackup.Core.Operations;
using EdgeBackup.PowerShell.Abstractions;
using EdgeBackup.PowerShell.Session;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Mends what is damaged in a repository, and says what is gone.</summary>
[Cmdlet(VerbsDiagnostic.Repair, "EdgeRepository", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(RepairResult))]
public sealed class RepairEdgeRepositoryCommand : EdgeRepositoryCommand
{
    /// <summary>Another repository with the same backups.</summary>
    [Parameter]
    [RepositoryPath]
    [ValidateNotNullOrEmpty]
    public string? From { get; set; }

    /// <summary>Asks devices for what their damaged backups lack.</summary>
    [Parameter]
    public SwitchParameter FromDevice { get; set; }

    /// <summary>Takes the present state for good, although the repository was taken back, its chain of records is damaged, or records are lost.</summary>
    [Parameter]
    public SwitchParameter AcceptRollback { get; set; }

    /// <summary>Why; it stands in the events.</summary>
    [Parameter]
    public string? Reason { get; set; }

    private protected override string? Why => Reason;

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        var from = From is null ? null : ResolvePath(From);
        RunInRepository(async (context, pipeline, cancellationToken) =>
        {
            // Opened before anything is accepted, which is for good.
            var second = from is null ? null : await RepositorySession.Current.BorrowAsync(from, cancellationToken).ConfigureAwait(false);
            try
            {
                var action = !AcceptRollback ? "Mend what is damaged"
                    : context.Repository.Notice is not null ? "Accept its present state although newer records may be missing, mend what is damaged"
                    : "Mend what is damaged, accept that records are lost which do not come back";
                var confirmed = await ConfirmAsync(pipeline, context.Location, $"{action}, and put what is replaced in quarantine").ConfigureAwait(false);
                if (!confirmed && !IsWhatIf)
                {
                    return;
                }

                var started = Stopwatch.GetTimestamp();
                var options = new RepairRepositoryOptions { From = second?.Context, FromDevice = FromDevice, AcceptRollback = AcceptRollback, WhatIf = !confirmed };
                var report = await new RepairRepository(context, pipeline.Observer).RunAsync(options, cancellationToken).ConfigureAwait(false);
                await pipeline.WriteAsync(new RepairResult
                {
                    Repository = context.Location,
                    Healthy = report.Healthy,
                    Mended = [.. report.Mended.Select(mended => mended.ToOutput())],
                    Quarantined = [.. report.Quarantined],
                    Gone = [.. report.Gone.Select(damage => damage.ToOutput())],
                    Left = [.. report.Left],
                    Duration = Stopwatch.GetElapsedTime(started),
                }).ConfigureAwait(false);
            }
            finally
            {
                if (second is not null)
                {
                    await second.DisposeAsync().ConfigureAwait(false);
                }
            }
        });
    }
}
