using System.Management.Automation;
using EdgeBackup.Core.Operations;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Ends the protection of backups.</summary>
[Cmdlet(VerbsSecurity.Unprotect, "EdgeBackup", SupportsShouldProcess = true)]
[OutputType(typeof(BackupInfo))]
public sealed class UnprotectEdgeBackupCommand : BackupCommand
{
    /// <summary>Why; it stands in the events.</summary>
    [Parameter]
    public string? Reason { get; set; }

    private protected override string? Why => Reason;

    /// <inheritdoc/>
    protected override void EndProcessing() => RunForBackups(Backups, async (context, backup, pipeline, cancellationToken) =>
    {
        if (await ConfirmAsync(pipeline, $"{backup.Id} of {backup.Device}", "End the protection of backup").ConfigureAwait(false))
        {
            await new ProtectBackup(context, pipeline.Observer).UnprotectAsync(backup, cancellationToken).ConfigureAwait(false);
            await BackupOutput.WriteAsync(context, pipeline, backup.Id, cancellationToken).ConfigureAwait(false);
        }
    });
}
