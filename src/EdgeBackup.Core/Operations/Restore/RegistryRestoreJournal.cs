using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Records;

namespace EdgeBackup.Core.Operations.Restore;

/// <summary>Keeps the open restore sessions of a device in the device's log.</summary>
internal sealed class RegistryRestoreJournal : IRestoreJournal
{
    private readonly DeviceRegistry registry;
    private readonly string device;
    private readonly IOperationObserver observer;

    public RegistryRestoreJournal(DeviceRegistry registry, string device, IOperationObserver observer)
    {
        this.registry = registry;
        this.device = device;
        this.observer = observer;
    }

    public async Task<bool> IsOwnAsync(string sessionId, CancellationToken cancellationToken) =>
        (await registry.GetAsync(device, cancellationToken).ConfigureAwait(false)).OpenRestores.Contains(sessionId);

    public Task OpenedAsync(string sessionId, CancellationToken cancellationToken) =>
        registry.AppendAsync(device, DeviceLogEntryKind.RestoreOpened, entry => entry with { Session = sessionId }, cancellationToken);

    /// <summary>The session is over whether or not that can be noted; a note that is missing only lets the next restore drop a session that is gone.</summary>
    public async Task ClosedAsync(string sessionId, CancellationToken cancellationToken)
    {
        try
        {
            await registry.AppendAsync(device, DeviceLogEntryKind.RestoreClosed, entry => entry with { Session = sessionId }, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is EdgeBackupException or IOException)
        {
            observer.Warning($"{device}: the end of the restore session {sessionId} could not be noted: {exception.Message}");
        }
    }
}
