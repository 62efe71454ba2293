using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Records;

namespace EdgeBackup.Core.Operations.Restore;

/// <summary>Keeps the open restore sessions of a device in the device's log.</summary>
internal sealed class RegistryRestoreJournal : IRestoreJournal
{
    private readonly DeviceRegistry registry;
    private readonly string device;

    public RegistryRestoreJournal(DeviceRegistry registry, string device)
    {
        this.registry = registry;
        this.device = device;
    }

    public async Task<bool> IsOwnAsync(string sessionId, CancellationToken cancellationToken) =>
        (await registry.GetAsync(device, cancellationToken).ConfigureAwait(false)).OpenRestores.Contains(sessionId);

    public Task OpenedAsync(string sessionId, CancellationToken cancellationToken) =>
        registry.AppendAsync(device, DeviceLogEntryKind.RestoreOpened, entry => entry with { Session = sessionId }, cancellationToken);

    public Task ClosedAsync(string sessionId, CancellationToken cancellationToken) =>
        registry.AppendAsync(device, DeviceLogEntryKind.RestoreClosed, entry => entry with { Session = sessionId }, cancellationToken);
}
