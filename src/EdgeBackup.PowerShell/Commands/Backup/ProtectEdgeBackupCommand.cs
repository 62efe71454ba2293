using System.Management.Automation;
using EdgeBackup.Core.Operations;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Exempts backups from retention.</summary>
[Cmdlet(VerbsSecurity.Protect, "EdgeBackup", SupportsShouldProcess = true)]
[OutputType(typeof(BackupInfo))]
public sealed class ProtectEdgeBackupCommand : BackupCommand
{
    /// <summary>Why, for the record.</summary>
    [Parameter]
    public string? Reason { get; set; }

    private protected override string? Why => Reason;

    /// <inheritdoc/>
    protected override void EndProcessing() => RunForBackups(Backups, async (context, backup, pipeline, cancellationToken) =>
    {
        if (await ConfirmAsync(pipeline, $"{backup.Id} of {backup.Device}", "Protect backup").ConfigureAwait(false))
        {
            await new ProtectBackup(context, pipeline.Observer).ProtectAsync(backup, Reason, cancellationToken).ConfigureAwait(false);
            await BackupOutput.WriteAsync(context, pipeline, backup.Id, cancellationToken).ConfigureAwait(false);
        }
    });
}
