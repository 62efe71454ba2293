using System.Management.Automation;
using EdgeBackup.Core.Archives.Reading;
using EdgeBackup.Core.Operations.Transfer;
using EdgeBackup.PowerShell.Abstractions;
using EdgeBackup.PowerShell.Errors;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Reads portable files into the repository.</summary>
[Cmdlet(VerbsData.Import, "EdgeBackup", SupportsShouldProcess = true)]
[OutputType(typeof(BackupInfo))]
public sealed class ImportEdgeBackupCommand : EdgeRepositoryCommand
{
    /// <summary>Files that Export-EdgeBackup wrote; wildcards allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("FullName")]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Path { get; set; } = [];

    /// <summary>Why; it stands in the events.</summary>
    [Parameter]
    public string? Reason { get; set; }

    private protected override string? Why => Reason;

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var file in Path.SelectMany(ExpandFiles))
        {
            if (ArchiveFolder.FindRefusal(file) is { } refusal)
            {
                WriteError(EdgeErrors.ToErrorRecord(refusal));
                continue;
            }

            RunInRepository(
                async (context, pipeline, cancellationToken) =>
                {
                    if (await ConfirmAsync(pipeline, file, "Import backup").ConfigureAwait(false))
                    {
                        var imported = await new ImportBackup(context, pipeline.Observer).RunAsync(file, cancellationToken).ConfigureAwait(false);
                        await pipeline.WriteAsync(imported.ToOutput()).ConfigureAwait(false);
                    }
                },
                file);
        }
    }
}
