using System.Management.Automation;
using EdgeBackup.PowerShell.Abstractions;
using EdgeBackup.PowerShell.Completion;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Base of the cmdlets that take backups by -Backup, from a parameter or the pipeline.</summary>
public abstract class BackupCommand : EdgeRepositoryCommand
{
    private protected List<string> Backups { get; } = [];

    /// <summary>Ids of backups; wildcards allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(BackupIdCompleter))]
    public string[] Backup { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord() => Backups.AddRange(Backup);
}
