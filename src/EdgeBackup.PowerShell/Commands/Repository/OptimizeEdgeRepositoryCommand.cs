using System.Diagnostics;
using System.Management.Automation;
using EdgeBackup.Core.Operations;
using EdgeBackup.PowerShell.Abstractions;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Lets go of the backups that retention removes, and frees the space that nothing needs.</summary>
[Cmdlet(VerbsCommon.Optimize, "EdgeRepository", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(OptimizeResult))]
public sealed class OptimizeEdgeRepositoryCommand : EdgeRepositoryCommand
{
    /// <inheritdoc/>
    protected override void EndProcessing() => RunInRepository(async (context, pipeline, cancellationToken) =>
    {
        var confirmed = await ConfirmAsync(pipeline, context.Location, "Remove expired backups and free space").ConfigureAwait(false);
        if (!confirmed && !IsWhatIf)
        {
            return;
        }

        var started = Stopwatch.GetTimestamp();
        var outcome = await new OptimizeRepository(context, pipeline.Observer).RunAsync(whatIf: !confirmed, cancellationToken).ConfigureAwait(false);
        await pipeline.WriteAsync(new OptimizeResult
        {
            Repository = context.Location,
            Expired = [.. outcome.Expired.Select(entry => new ExpiredBackup
            {
                Backup = entry.Backup.Id,
                Device = entry.Backup.Device,
                Name = entry.Backup.Name,
                Kind = entry.Backup.Kind.ToOutput(),
                Created = LocalTime.From(entry.Backup.Created),
                Reason = entry.Reason,
            })],
            BytesFreed = outcome.Reclaim.BytesFreed,
            PacksDeleted = outcome.Reclaim.PacksDeleted,
            PacksRewritten = outcome.Reclaim.PacksRewritten,
            Kept = [.. outcome.Reclaim.Left],
            Duration = Stopwatch.GetElapsedTime(started),
        }).ConfigureAwait(false);
    });
}
