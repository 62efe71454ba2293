using System.Management.Automation;
using EdgeBackup.Core.Devices.Methods;
using EdgeBackup.PowerShell.Abstractions;
using EdgeBackup.PowerShell.Completion;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Says of each type and connection what a backup holds and what not, how it is taken, and what a restore brings back.</summary>
[Cmdlet(VerbsCommon.Get, "EdgeBackupMethod")]
[OutputType(typeof(BackupMethod))]
public sealed class GetEdgeBackupMethodCommand : EdgeRepositoryCommand
{
    private readonly List<string> types = [];

    /// <summary>Ids of device types; wildcards allowed.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(DeviceTypeCompleter))]
    public string[] Type { get; set; } = ["*"];

    /// <summary>Connections; without it all of each type.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public DeviceConnection[] Connection { get; set; } = Enum.GetValues<DeviceConnection>();

    /// <inheritdoc/>
    protected override void ProcessRecord() => types.AddRange(Type);

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        var path = RepositoryPath;
        string[] asked = [.. types.Distinct(StringComparer.OrdinalIgnoreCase)];
        RunEach(
            async (writer, cancellationToken) =>
            {
                var pipeline = new OperationPipeline(writer);
                var entries = await KnownTypes.SelectAsync(asked, path, pipeline, cancellationToken).ConfigureAwait(false);
                foreach (var method in entries.SelectMany(BackupMethods.Of).Select(method => method.ToOutput()).Where(method => Connection.Contains(method.Connection)))
                {
                    await pipeline.WriteAsync(method).ConfigureAwait(false);
                }
            },
            Repository);
    }
}
