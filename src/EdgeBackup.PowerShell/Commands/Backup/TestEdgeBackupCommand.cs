using System.Management.Automation;
using EdgeBackup.Core.Operations;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Reads every byte of backups and says whether they are intact.</summary>
[Cmdlet(VerbsDiagnostic.Test, "EdgeBackup")]
[OutputType(typeof(BackupTest))]
public sealed class TestEdgeBackupCommand : BackupCommand
{
    /// <inheritdoc/>
    protected override void EndProcessing() => RunForBackups(Backups, async (context, backup, pipeline, cancellationToken) =>
    {
        var damage = await new VerifyBackup(context, pipeline.Observer).RunAsync(backup, cancellationToken).ConfigureAwait(false);
        await pipeline.WriteAsync(new BackupTest
        {
            Backup = backup.Id,
            Device = backup.Device,
            Intact = damage.Count == 0,
            Damage = [.. damage.Select(entry => entry.ToOutput())],
        }).ConfigureAwait(false);
    });
}
