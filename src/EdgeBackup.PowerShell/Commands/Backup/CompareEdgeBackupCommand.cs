using System.Management.Automation;
using EdgeBackup.Core.Operations.Compare;
using EdgeBackup.PowerShell.Completion;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Says how a backup differs from another one, or from a device.</summary>
[Cmdlet(VerbsData.Compare, "EdgeBackup", DefaultParameterSetName = BackupSet)]
[OutputType(typeof(BackupDifference))]
public sealed class CompareEdgeBackupCommand : Abstractions.EdgeRepositoryCommand
{
    private const string BackupSet = "Backup";
    private const string DeviceSet = "Device";

    /// <summary>The backup that is compared: its id; a wildcard or a name that means one.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Backup")]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(RestoredBackupIdCompleter))]
    public string Reference { get; set; } = "";

    /// <summary>The backup that it is compared with.</summary>
    [Parameter(Mandatory = true, Position = 1, ParameterSetName = BackupSet)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(RestoredBackupIdCompleter))]
    public string Difference { get; set; } = "";

    /// <summary>The device that it is compared with, as it is now.</summary>
    [Parameter(Mandatory = true, ParameterSetName = DeviceSet)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(DeviceIdCompleter))]
    public string Device { get; set; } = "";

    /// <summary>Only these items; wildcards allowed.</summary>
    [Parameter]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Path { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var options = new CompareOptions
        {
            Reference = Reference,
            Difference = ParameterSetName == BackupSet ? Difference : null,
            Device = ParameterSetName == DeviceSet ? Device : null,
            Paths = Path,
        };
        RunInRepository(
            async (context, pipeline, cancellationToken) =>
            {
                await foreach (var found in new CompareBackups(context, pipeline.Observer).RunAsync(options, cancellationToken).ConfigureAwait(false))
                {
                    await pipeline.WriteAsync(found.ToOutput()).ConfigureAwait(false);
                }
            },
            Reference);
    }
}
