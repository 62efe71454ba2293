using System.Management.Automation;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Methods;
using EdgeBackup.Core.Errors;
using EdgeBackup.PowerShell.Abstractions;
using EdgeBackup.PowerShell.Completion;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Says of each type and connection what a backup holds and what not, how it is taken, and what a restore brings back.</summary>
[Cmdlet(VerbsCommon.Get, "EdgeBackupMethod")]
[OutputType(typeof(BackupMethod))]
public sealed class GetEdgeBackupMethodCommand : EdgeRepositoryCommand
{
    private readonly List<string> types = [];

    /// <summary>Types of piped devices, and the connections over which those are reached; null where a type itself was asked for.</summary>
    private readonly Dictionary<string, HashSet<DeviceConnection>?> reached = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Ids of device types; wildcards allowed.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(DeviceTypeCompleter))]
    public string[] Type { get; set; } = ["*"];

    /// <summary>Where a device is reached: only the method of that connection.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public string? Address { get; set; }

    /// <summary>Connections; without it all of each type, or that of the address.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public DeviceConnection[] Connection { get; set; } = Enum.GetValues<DeviceConnection>();

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        types.AddRange(Type);
        var connection = MyInvocation.BoundParameters.ContainsKey(nameof(Connection)) ? null : FindConnection();
        foreach (var type in Type)
        {
            if (connection is not { } known)
            {
                reached[type] = null;
            }
            else if (!reached.TryGetValue(type, out var connections))
            {
                reached[type] = [known];
            }
            else
            {
                connections?.Add(known);
            }
        }
    }

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
                foreach (var method in entries.SelectMany(BackupMethods.Of).Select(method => method.ToOutput()).Where(IsAsked))
                {
                    await pipeline.WriteAsync(method).ConfigureAwait(false);
                }
            },
            Repository);
    }

    private bool IsAsked(BackupMethod method) =>
        Connection.Contains(method.Connection)
        && (!reached.TryGetValue(method.Type, out var connections) || connections is null || connections.Contains(method.Connection));

    private DeviceConnection? FindConnection()
    {
        if (string.IsNullOrEmpty(Address))
        {
            return null;
        }

        try
        {
            return Enum.Parse<DeviceConnection>(DeviceAddress.Parse(Address, Path.GetPathRoot(Environment.CurrentDirectory)!).Kind.ToString());
        }
        catch (Exception exception) when (exception is ArgumentException or NotSupportedException or IOException or EdgeBackupException)
        {
            throw new PSArgumentException($"'{Address}' is no address of a device. Pipe a device in, or give -Connection.", exception);
        }
    }
}
