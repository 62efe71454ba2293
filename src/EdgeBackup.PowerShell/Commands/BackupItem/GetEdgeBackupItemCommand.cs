using System.Management.Automation;
using EdgeBackup.Core.Operations;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Lists the items of backups.</summary>
[Cmdlet(VerbsCommon.Get, "EdgeBackupItem")]
[OutputType(typeof(BackupItem))]
public sealed class GetEdgeBackupItemCommand : BackupCommand
{
    /// <summary>Only these paths; wildcards allowed.</summary>
    [Parameter(Position = 1)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Path { get; set; } = [];

    /// <inheritdoc/>
    protected override void EndProcessing() => RunForBackups(Backups, async (context, backup, pipeline, cancellationToken) =>
    {
        await foreach (var saved in new FindBackupItems(context).RunAsync(backup, Path, cancellationToken).ConfigureAwait(false))
        {
            await pipeline.WriteAsync(saved.ToOutput(backup.Id)).ConfigureAwait(false);
        }
    });
}
