using System.Management.Automation;
using EdgeBackup.Core.Catalog;
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
        foreach (var literal in Id.Where(id => !System.Management.Automation.WildcardPattern.ContainsWildcardCharacters(id)))
        {
            if (!DeviceTypes.BuiltIn.Any(type => string.Equals(type.Id, literal, StringComparison.OrdinalIgnoreCase)))
            {
                var known = DeviceTypes.BuiltIn.Select(type => type.Id);
                var exception = new ItemNotFoundException($"There is no device type '{literal}'.{NearestNames.Suggest(literal, known)} Known are {string.Join(", ", known)}; a folder may be of any type.");
                WriteError(new ErrorRecord(exception, "DeviceTypeNotFound", ErrorCategory.ObjectNotFound, literal));
            }
        }

        var patterns = Array.ConvertAll(Id, id => new System.Management.Automation.WildcardPattern(id, WildcardOptions.IgnoreCase));
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
