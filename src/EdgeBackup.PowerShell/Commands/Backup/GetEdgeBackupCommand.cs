using System.Management.Automation;
using EdgeBackup.Core.Operations;
using EdgeBackup.PowerShell.Abstractions;
using EdgeBackup.PowerShell.Completion;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Lists backups by device, newest first.</summary>
[Cmdlet(VerbsCommon.Get, "EdgeBackup")]
[OutputType(typeof(BackupInfo))]
public sealed class GetEdgeBackupCommand : EdgeRepositoryCommand
{
    private readonly List<string> devices = [];

    /// <summary>Ids of devices; wildcards allowed. A device that replaced another shows the other's backups too.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(KnownDeviceIdCompleter))]
    public string[] Device { get; set; } = [];

    /// <summary>Ids of backups; wildcards allowed.</summary>
    [Parameter]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(BackupIdCompleter))]
    public string[] Id { get; set; } = [];

    /// <summary>Names; wildcards allowed.</summary>
    [Parameter]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(BackupNameCompleter))]
    public string[] Name { get; set; } = [];

    /// <summary>Ids or names of groups; wildcards allowed.</summary>
    [Parameter]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(BackupGroupCompleter))]
    public string[] Group { get; set; } = [];

    /// <summary>Automatic, Manual, Safety.</summary>
    [Parameter]
    public BackupKind[] Kind { get; set; } = [];

    /// <summary>Taken at this time or later.</summary>
    [Parameter]
    public DateTime? After { get; set; }

    /// <summary>Taken before this time.</summary>
    [Parameter]
    public DateTime? Before { get; set; }

    /// <summary>Only the newest of each device.</summary>
    [Parameter]
    public SwitchParameter Latest { get; set; }

    /// <summary>Only those that something speaks against; -Suspect:$false, only good ones.</summary>
    [Parameter]
    public SwitchParameter Suspect { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => devices.AddRange(Device);

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (devices.Count == 0 && MyInvocation.ExpectingInput)
        {
            return;
        }

        var options = new FindBackupsOptions
        {
            Devices = devices,
            Ids = Id,
            Names = Name,
            Groups = Group,
            Kinds = Array.ConvertAll(Kind, kind => kind.ToCore()),
            After = LocalTime.ToInstant(After),
            Before = LocalTime.ToInstant(Before),
            Latest = Latest,
            Suspect = MyInvocation.BoundParameters.ContainsKey(nameof(Suspect)) ? Suspect.IsPresent : null,
        };
        RunInRepository(async (context, pipeline, cancellationToken) =>
        {
            await foreach (var backup in new FindBackups(context, pipeline.Observer).RunAsync(options, pipeline.WriteErrorAsync, cancellationToken).ConfigureAwait(false))
            {
                await pipeline.WriteAsync(backup.ToOutput()).ConfigureAwait(false);
            }
        });
    }
}
