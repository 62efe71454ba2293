using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.PowerShell.Abstractions;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Writes a device as it stands now.</summary>
internal static class DeviceOutput
{
    public static async Task WriteAsync(RepositoryContext context, OperationPipeline pipeline, string id, CancellationToken cancellationToken)
    {
        var options = new FindDevicesOptions { Ids = [id] };
        await foreach (var device in new FindDevices(context).RunAsync(options, pipeline.WriteErrorAsync, cancellationToken).ConfigureAwait(false))
        {
            await pipeline.WriteAsync(device.ToOutput()).ConfigureAwait(false);
        }
    }
}
