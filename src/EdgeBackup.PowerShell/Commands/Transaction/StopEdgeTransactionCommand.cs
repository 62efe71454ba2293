using System.Management.Automation;
using EdgeBackup.Core.Operations;
using EdgeBackup.PowerShell.Abstractions;
using EdgeBackup.PowerShell.Completion;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Asks a device to stop transactions and waits until they have ended.</summary>
[Cmdlet(VerbsLifecycle.Stop, "EdgeTransaction", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(TransactionInfo))]
public sealed class StopEdgeTransactionCommand : EdgeRepositoryCommand
{
    /// <summary>The device's id.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(DeviceIdCompleter))]
    public string Device { get; set; } = "";

    /// <summary>Only on this charge point.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string? ChargePoint { get; set; }

    /// <summary>Only on this connector.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public int? Connector { get; set; }

    /// <summary>How long to wait for the end.</summary>
    [Parameter]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Why; it stands in the events.</summary>
    [Parameter]
    public string? Reason { get; set; }

    private protected override string? Why => Reason;

    /// <inheritdoc/>
    protected override void ProcessRecord() => RunInRepository(
        async (context, pipeline, cancellationToken) =>
        {
            var device = await RegisteredDevices.ResolveOneAsync(context, Device, cancellationToken).ConfigureAwait(false);
            var operation = new StopTransaction(context, pipeline.Observer);
            var confirmed = new List<Core.Devices.Gate.RunningTransaction>();
            var found = await operation.FindAsync(device, ChargePoint, Connector, cancellationToken).ConfigureAwait(false);
            if (found.Count == 0 && (ChargePoint is not null || Connector is not null))
            {
                var where = ChargePoint is null ? $"connector {Connector}" : Connector is null ? $"the charge point '{ChargePoint}'" : $"connector {Connector} of the charge point '{ChargePoint}'";
                var exception = new ItemNotFoundException($"Nothing runs on {where} of '{device}'. Get-EdgeTransaction -Device '{device}' lists what runs.");
                await pipeline.WriteErrorAsync(new ErrorRecord(exception, "TransactionNotFound", ErrorCategory.ObjectNotFound, device)).ConfigureAwait(false);
            }

            foreach (var transaction in found)
            {
                var target = $"{transaction.TransactionId ?? transaction.Status} on connector {transaction.Connector} of {transaction.ChargePoint}, {device}";
                if (await ConfirmAsync(pipeline, target, "Stop transaction").ConfigureAwait(false))
                {
                    confirmed.Add(transaction);
                }
            }

            if (confirmed.Count == 0)
            {
                return;
            }

            foreach (var ended in await operation.RunAsync(device, confirmed, Timeout, cancellationToken).ConfigureAwait(false))
            {
                await pipeline.WriteAsync(ended.ToOutput(device)).ConfigureAwait(false);
            }
        },
        Device);
}
