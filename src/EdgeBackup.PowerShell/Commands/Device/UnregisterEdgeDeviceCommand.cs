using System.Management.Automation;
using EdgeBackup.Core.Operations;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Ends the registration of devices; their backups stay.</summary>
[Cmdlet(VerbsLifecycle.Unregister, "EdgeDevice", SupportsShouldProcess = true)]
[OutputType(typeof(void))]
public sealed class UnregisterEdgeDeviceCommand : DeviceCommand
{
    /// <summary>Why; it stands in the events.</summary>
    [Parameter]
    public string? Reason { get; set; }

    private protected override string? Why => Reason;

    /// <inheritdoc/>
    protected override void EndProcessing() => RunForDevices(Devices, async (context, id, pipeline, cancellationToken) =>
    {
        if (await ConfirmAsync(pipeline, id, "Unregister device; its backups stay").ConfigureAwait(false))
        {
            await new ChangeDevice(context, pipeline.Observer).UnregisterAsync(id, cancellationToken).ConfigureAwait(false);
        }
    });
}
