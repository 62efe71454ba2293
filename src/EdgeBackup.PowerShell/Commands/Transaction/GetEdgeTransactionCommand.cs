using System.Management.Automation;
using EdgeBackup.Core.Operations;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Lists the transactions that run on devices.</summary>
[Cmdlet(VerbsCommon.Get, "EdgeTransaction")]
[OutputType(typeof(TransactionInfo))]
public sealed class GetEdgeTransactionCommand : DeviceCommand
{
    /// <inheritdoc/>
    protected override void EndProcessing() => RunForDevices(Devices, async (context, id, pipeline, cancellationToken) =>
    {
        foreach (var transaction in await new InspectDevice(context, pipeline.Observer).GetTransactionsAsync(id, cancellationToken).ConfigureAwait(false))
        {
            await pipeline.WriteAsync(transaction.ToOutput(id)).ConfigureAwait(false);
        }
    });
}
