using System.Management.Automation;
using EdgeBackup.Core.Archives.Reading;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations.Restore;
using EdgeBackup.PowerShell.Abstractions;
using EdgeBackup.PowerShell.Completion;
using EdgeBackup.PowerShell.Errors;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Brings a device back to a backup, or writes a backup to a folder.</summary>
[Cmdlet(VerbsData.Restore, "EdgeBackup", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High, DefaultParameterSetName = BackupSet)]
[OutputType(typeof(RestoreResult))]
public sealed class RestoreEdgeBackupCommand : EdgeRepositoryCommand
{
    private const string BackupSet = "Backup";
    private const string GroupSet = "Group";

    /// <summary>The backup's id; a wildcard or a name that means one.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true, ParameterSetName = BackupSet)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(RestoredBackupIdCompleter))]
    public string Backup { get; set; } = "";

    /// <summary>The id or name of a group: its server is restored first, then the devices below it.</summary>
    [Parameter(Mandatory = true, ParameterSetName = GroupSet)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(BackupGroupCompleter))]
    public string Group { get; set; } = "";

    /// <summary>The target; the device that the backup is of without it.</summary>
    [Parameter(ParameterSetName = BackupSet)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(DeviceIdCompleter))]
    public string? Device { get; set; }

    /// <summary>Only these items, over what is there; wildcards allowed.</summary>
    [Parameter(ParameterSetName = BackupSet)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Path { get; set; } = [];

    /// <summary>Configuration, History alone, or All.</summary>
    [Parameter]
    public RestoreContent? Content { get; set; }

    /// <summary>A folder, new or empty, instead of a device.</summary>
    [Parameter(ParameterSetName = BackupSet)]
    [ValidateNotNullOrEmpty]
    public string? Destination { get; set; }

    /// <summary>Takes no backup of the device before.</summary>
    [Parameter]
    public SwitchParameter SkipSafetyBackup { get; set; }

    /// <summary>Answers the confirmation; lifts the refusals that say so.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Why; it stands in the events.</summary>
    [Parameter]
    public string? Reason { get; set; }

    private protected override string? Why => Reason;

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (ParameterSetName == GroupSet)
        {
            RunInRepository(RestoreGroupAsync(), Group);
            return;
        }

        if (FindArchive() is { } refusal)
        {
            WriteError(EdgeErrors.ToErrorRecord(refusal));
            return;
        }

        if (Destination is null)
        {
            RunInRepository(RestoreToDeviceAsync(), Backup);
            return;
        }

        if (Device is not null)
        {
            throw new PSArgumentException("-Destination writes to a folder and touches no device. Leave -Device out, or -Destination.");
        }

        RunInRepository(RestoreToFolderAsync(ResolvePath(Destination)), Backup);
    }

    /// <summary>Whether what was given as a backup is the path of an archive.</summary>
    private EdgeBackupException? FindArchive()
    {
        try
        {
            // A bare word is the name of a backup, whatever lies in the current folder, unless only an archive is called so.
            return Backup.AsSpan().IndexOfAny('/', '\\') < 0 && !ArchiveFolder.IsNameOfOne(Backup) ? null : ArchiveFolder.FindRefusal(ResolvePath(Backup));
        }
        catch (Exception exception) when (exception is PSInvalidOperationException or System.Management.Automation.DriveNotFoundException or ProviderNotFoundException or ArgumentException)
        {
            // No path at all: an id or a name, as it should be.
            return null;
        }
    }

    private Func<Core.Operations.Repositories.RepositoryContext, OperationPipeline, CancellationToken, Task> RestoreToDeviceAsync()
    {
        var options = new RestoreOptions
        {
            Backup = Backup,
            Device = Device,
            Paths = Path,
            Content = Content is { } content ? content.ToCore() : default,
            SkipSafetyBackup = SkipSafetyBackup,
            Force = Force,
        };
        return async (context, pipeline, cancellationToken) =>
        {
            var operation = new RestoreBackup(context, pipeline.Observer);
            if (IsWhatIf)
            {
                var preview = await operation.PlanAsync(options, cancellationToken).ConfigureAwait(false);
                await RestoreWhatIf.ShowAsync(this, pipeline, preview).ConfigureAwait(false);
                await pipeline.WriteAsync(preview.ToOutput()).ConfigureAwait(false);
                return;
            }

            var (record, target) = await operation.FindAsync(options, cancellationToken).ConfigureAwait(false);
            var action = $"Restore the backup {record.Id} of '{record.Device}' from {record.Created.LocalDateTime:g}, {record.ItemCount} items";
            if (await ConfirmAsync(pipeline, target, action, Force).ConfigureAwait(false))
            {
                await operation.RunAsync(options, cancellationToken, result => pipeline.WriteAsync(result.ToOutput())).ConfigureAwait(false);
            }
        };
    }

    private Func<Core.Operations.Repositories.RepositoryContext, OperationPipeline, CancellationToken, Task> RestoreGroupAsync()
    {
        var options = new RestoreGroupOptions
        {
            Group = Group,
            Content = Content is { } content ? content.ToCore() : default,
            SkipSafetyBackup = SkipSafetyBackup,
            Force = Force,
        };
        return async (context, pipeline, cancellationToken) =>
        {
            var operation = new RestoreGroup(context, pipeline.Observer);
            var plan = await operation.FindAsync(options, cancellationToken).ConfigureAwait(false);
            plan = IsWhatIf ? plan : await operation.CheckAsync(plan, options, cancellationToken).ConfigureAwait(false);
            foreach (var member in plan.Members.Where(member => member.Fault is not null))
            {
                await pipeline.WriteErrorAsync(member.Fault!, member.Device).ConfigureAwait(false);
            }

            if (IsWhatIf)
            {
                await operation.PreviewAsync(
                    plan,
                    options,
                    async preview =>
                    {
                        await RestoreWhatIf.ShowAsync(this, pipeline, preview).ConfigureAwait(false);
                        await pipeline.WriteAsync(preview.ToOutput()).ConfigureAwait(false);
                    },
                    OnErrorAsync,
                    cancellationToken).ConfigureAwait(false);
                return;
            }

            var members = plan.Restorable.Select(member => member.Describe()).ToList();
            var action = $"Restore the group {plan.Group.Name ?? plan.Group.Id} onto {members.Count} of {plan.Members.Count} devices, in this order: {string.Join(", ", members)}";

            // Where nothing can be restored there is nothing to confirm, and each that is left alone says so.
            if (members.Count == 0 || await ConfirmAsync(pipeline, plan.Group.Server, action, Force).ConfigureAwait(false))
            {
                await operation.RunAsync(plan, options, result => pipeline.WriteAsync(result.ToOutput()), OnErrorAsync, cancellationToken).ConfigureAwait(false);
            }

            Task OnErrorAsync(string device, Exception exception) => pipeline.WriteErrorAsync(exception, device);
        };
    }

    private Func<Core.Operations.Repositories.RepositoryContext, OperationPipeline, CancellationToken, Task> RestoreToFolderAsync(string folder)
    {
        var options = new RestoreToFolderOptions
        {
            Backup = Backup,
            Destination = folder,
            Paths = Path,
            Content = Content is { } content ? content.ToCore() : null,
            Force = Force,
        };
        return async (context, pipeline, cancellationToken) =>
        {
            var operation = new RestoreToFolder(context, pipeline.Observer);
            if (IsWhatIf)
            {
                var preview = await operation.PlanAsync(options, cancellationToken).ConfigureAwait(false);
                await RestoreWhatIf.ShowAsync(this, pipeline, preview, isDevice: false).ConfigureAwait(false);
                await pipeline.WriteAsync(preview.ToOutput(folder)).ConfigureAwait(false);
                return;
            }

            // Nothing that exists is changed: a new folder needs no confirmation.
            var result = await operation.RunAsync(options, cancellationToken).ConfigureAwait(false);
            await pipeline.WriteAsync(result.ToOutput(folder)).ConfigureAwait(false);
        };
    }
}
