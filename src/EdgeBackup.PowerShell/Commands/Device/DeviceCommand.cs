using System.Management.Automation;
using EdgeBackup.PowerShell.Abstractions;
using EdgeBackup.PowerShell.Completion;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Base of the cmdlets that take devices by -Device, from a parameter or the pipeline.</summary>
public abstract class DeviceCommand : EdgeRepositoryCommand
{
    private protected List<string> Devices { get; } = [];

    /// <summary>Ids of devices; wildcards allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(DeviceIdCompleter))]
    public string[] Device { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord() => Devices.AddRange(Device);
}
