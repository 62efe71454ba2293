using System.Management.Automation;
using EdgeBackup.Core.Operations;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Says whether devices answer, and whether a backup would begin now.</summary>
[Cmdlet(VerbsDiagnostic.Test, "EdgeDevice")]
[OutputType(typeof(DeviceTest))]
public sealed class TestEdgeDeviceCommand : DeviceCommand
{
    /// <inheritdoc/>
    protected override void EndProcessing() => RunForDevices(Devices, async (context, id, pipeline, cancellationToken) =>
    {
        var found = await new InspectDevice(context, pipeline.Observer).TestAsync(id, cancellationToken).ConfigureAwait(false);
        await pipeline.WriteAsync(new DeviceTest
        {
            Device = found.Device,
            Reachable = found.Reachable,
            Version = found.Version,
            VersionSupported = found.VersionSupported == true,
            CanBackup = found.CanBackup,
            Reason = found.Reason,
            RunningTransactions = found.Running.Count,
        }).ConfigureAwait(false);
    });
}
