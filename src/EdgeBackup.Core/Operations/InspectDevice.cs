using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Gate;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations.Capture;
using EdgeBackup.Core.Operations.Repositories;

namespace EdgeBackup.Core.Operations;

/// <summary>What a look at a device found.</summary>
/// <param name="Device">The device's id.</param>
/// <param name="Reachable">Whether it answered as itself.</param>
/// <param name="Version">What it told.</param>
/// <param name="VersionSupported">R1; null when the device could not be asked.</param>
/// <param name="CanBackup">Whether a backup would begin now.</param>
/// <param name="Reason">Why not; null when it would.</param>
/// <param name="ErrorId">The id of the error that a backup would end with; null when it would begin.</param>
/// <param name="Running">What runs.</param>
public sealed record DeviceInspection(
    string Device,
    bool Reachable,
    string? Version,
    bool? VersionSupported,
    bool CanBackup,
    string? Reason,
    string? ErrorId,
    IReadOnlyList<RunningTransaction> Running);

/// <summary>Looks at a device and changes nothing: <c>Test-EdgeDevice</c>, <c>Get-EdgeTransaction</c>.</summary>
public sealed class InspectDevice
{
    private readonly RepositoryContext context;
    private readonly IOperationObserver observer;

    public InspectDevice(RepositoryContext context, IOperationObserver observer)
    {
        this.context = context;
        this.observer = observer;
    }

    /// <summary>Says whether a backup would begin now, and why not.</summary>
    /// <exception cref="EdgeBackupException">DeviceNotFound.</exception>
    public async Task<DeviceInspection> TestAsync(string device, CancellationToken cancellationToken)
    {
        var state = await RegisteredDevices.RequireAsync(context, device, cancellationToken).ConfigureAwait(false);
        DeviceContact contact;
        try
        {
            contact = await DeviceContact.OpenAsync(context, state.Registration!, observer, cancellationToken).ConfigureAwait(false);
        }
        catch (EdgeBackupException exception)
        {
            var answered = exception.ErrorId != ErrorIds.DeviceUnreachable;
            return new DeviceInspection(device, answered, Version: null, VersionSupported: null, CanBackup: false, exception.Message, exception.ErrorId, Running: []);
        }

        await using var lease = contact.ConfigureAwait(false);
        var decision = TransactionGate.Evaluate(contact.Status, TransactionGate.DefaultSeenWithin);
        var versionFault = VersionGate.FindFault(contact.Type, contact.Version);
        var refusal = state.Fence is not null ? RegisteredDevices.Replaced(device, state.Fence)
            : versionFault is not null ? new EdgeBackupException(ErrorIds.DeviceVersionUnsupported, versionFault, device)
            : !decision.IsIdle ? decision.ToException(device)
            : await FindObstacleAsync(contact, cancellationToken).ConfigureAwait(false);
        return new DeviceInspection(device, Reachable: true, contact.Version, versionFault is null, refusal is null, refusal?.Message, refusal?.ErrorId, decision.Running);
    }

    private static async Task<EdgeBackupException?> FindObstacleAsync(DeviceContact contact, CancellationToken cancellationToken)
    {
        try
        {
            return await contact.Connection.FindCaptureObstacleAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (EdgeBackupException exception)
        {
            // It answered just now: what is in the way is in the way of a backup too.
            return exception;
        }
    }

    /// <summary>What runs on a device.</summary>
    /// <exception cref="EdgeBackupException">DeviceNotFound, what a contact may throw; DeviceStateUnknown: the charge points cannot be read.</exception>
    public async Task<IReadOnlyList<RunningTransaction>> GetTransactionsAsync(string device, CancellationToken cancellationToken)
    {
        var state = await RegisteredDevices.RequireAsync(context, device, cancellationToken).ConfigureAwait(false);
        var contact = await DeviceContact.OpenAsync(context, state.Registration!, observer, cancellationToken).ConfigureAwait(false);
        await using var lease = contact.ConfigureAwait(false);
        var decision = TransactionGate.Evaluate(contact.Status, TransactionGate.DefaultSeenWithin);
        if (contact.Status.GateFault is not null)
        {
            throw decision.ToException(device);
        }

        foreach (var reason in decision.Reasons)
        {
            observer.Verbose($"{device}: {reason}");
        }

        return decision.Running;
    }
}
