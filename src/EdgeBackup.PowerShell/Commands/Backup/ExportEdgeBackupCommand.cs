using System.Management.Automation;
using EdgeBackup.Core.Operations.Transfer;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Writes backups into portable files that any repository can read in.</summary>
[Cmdlet(VerbsData.Export, "EdgeBackup", SupportsShouldProcess = true)]
[OutputType(typeof(ExportResult))]
public sealed class ExportEdgeBackupCommand : BackupCommand
{
    /// <summary>A new file; with several backups, or where a folder exists, a folder.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = "";

    /// <summary>Why; it stands in the events.</summary>
    [Parameter]
    public string? Reason { get; set; }

    private protected override string? Why => Reason;

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        var path = ResolvePath(Path);
        if (System.IO.Path.EndsInDirectorySeparator(Path) && !System.IO.Path.EndsInDirectorySeparator(path))
        {
            path += System.IO.Path.DirectorySeparatorChar;
        }

        var several = Backups.Count > 1 || Backups.Any(WildcardPattern.ContainsWildcardCharacters);
        RunForBackups(Backups, async (context, backup, pipeline, cancellationToken) =>
        {
            var file = ExportBackup.FileFor(backup, path, several);
            if (!await ConfirmAsync(pipeline, file, $"Export the backup {backup.Id} of '{backup.Device}', unencrypted").ConfigureAwait(false))
            {
                return;
            }

            var exported = await new ExportBackup(context, pipeline.Observer).RunAsync(backup, file, cancellationToken).ConfigureAwait(false);
            await pipeline.WriteAsync(new ExportResult
            {
                Backup = exported.Backup,
                Device = exported.Device,
                Path = exported.Path,
                Length = exported.Length,
            }).ConfigureAwait(false);
        });
    }
}
