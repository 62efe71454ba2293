using System.Management.Automation;
using EdgeBackup.PowerShell.Abstractions;
using EdgeBackup.PowerShell.Completion;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Lists the device types that are known: shipped, in the user's folder of types, in the repository.</summary>
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
        var path = RepositoryPath;
        RunEach(
            async (writer, cancellationToken) =>
            {
                var pipeline = new OperationPipeline(writer);
                foreach (var entry in await KnownTypes.SelectAsync(Id, path, pipeline, cancellationToken).ConfigureAwait(false))
                {
                    await pipeline.WriteAsync(entry.ToOutput()).ConfigureAwait(false);
                }
            },
            Repository);
    }
}
