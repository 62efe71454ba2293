using System.Management.Automation;
using EdgeBackup.Core.Operations;
using EdgeBackup.PowerShell.Abstractions;
using EdgeBackup.PowerShell.Completion;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Lists registered devices with the age of their newest backup.</summary>
[Cmdlet(VerbsCommon.Get, "EdgeDevice")]
[OutputType(typeof(DeviceInfo))]
public sealed class GetEdgeDeviceCommand : EdgeRepositoryCommand
{
    /// <summary>Ids; wildcards allowed.</summary>
    [Parameter(Position = 0)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(DeviceIdCompleter))]
    public string[] Id { get; set; } = [];

    /// <summary>Names; wildcards allowed.</summary>
    [Parameter]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(DeviceNameCompleter))]
    public string[] Name { get; set; } = [];

    /// <summary>Tags, any of them; wildcards allowed.</summary>
    [Parameter]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(TagCompleter))]
    public string[] Tag { get; set; } = [];

    /// <summary>Device types; wildcards allowed.</summary>
    [Parameter]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(DeviceTypeCompleter))]
    public string[] Type { get; set; } = [];

    /// <summary>Active or replaced ones.</summary>
    [Parameter]
    public DeviceState[] State { get; set; } = [];

    /// <summary>How the newest backup stands.</summary>
    [Parameter]
    public BackupState[] BackupState { get; set; } = [];

    /// <summary>Where they stand, any of them; wildcards allowed.</summary>
    [Parameter]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(SiteCompleter))]
    public string[] Site { get; set; } = [];

    /// <summary>Who looks after them, any of them; wildcards allowed.</summary>
    [Parameter]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(OwnerCompleter))]
    public string[] Owner { get; set; } = [];

    /// <summary>Ids of the devices directly above them; wildcards allowed.</summary>
    [Parameter]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(DeviceIdCompleter))]
    public string[] Parent { get; set; } = [];

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        var options = new FindDevicesOptions
        {
            Ids = Id,
            Names = Name,
            Tags = Tag,
            Types = Type,
            Sites = Site,
            Owners = Owner,
            Parents = Parent,
            Replaced = State.Distinct().ToList() is [var only] ? only == DeviceState.Replaced : null,
            BackupStates = Array.ConvertAll(BackupState, state => state.ToCore()),
        };
        RunInRepository(async (context, pipeline, cancellationToken) =>
        {
            await foreach (var device in new FindDevices(context, pipeline.Observer).RunAsync(options, pipeline.WriteErrorAsync, cancellationToken).ConfigureAwait(false))
            {
                await pipeline.WriteAsync(device.ToOutput()).ConfigureAwait(false);
            }
        });
    }
}
