using System.Management.Automation;
using EdgeBackup.Core.Devices;
using EdgeBackup.PowerShell.Abstractions;
using EdgeBackup.PowerShell.Completion;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Lists the device types that are built in.</summary>
[Cmdlet(VerbsCommon.Get, "EdgeDeviceType")]
[OutputType(typeof(DeviceTypeInfo))]
public sealed class GetEdgeDeviceTypeCommand : EdgeRepositoryCommand
{
    /// <summary>Ids; wildcards allowed.</summary>
    [Parameter(Position = 0)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(DeviceTypeCompleter))]
    public string[] Id { get; set; } = ["*"];

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        var patterns = Array.ConvertAll(Id, id => new WildcardPattern(id, WildcardOptions.IgnoreCase));
        foreach (var type in DeviceTypes.BuiltIn)
        {
            if (Array.Exists(patterns, pattern => pattern.IsMatch(type.Id)))
            {
                WriteObject(new DeviceTypeInfo
                {
                    Id = type.Id,
                    Title = type.Title,
                    MinimumVersion = type.MinimumVersion?.Text,
                    Connection = [.. type.Connections.Select(connection => connection.ToString())],
                });
            }
        }
    }
}
