using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Gate;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations.Capture;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Repository;

namespace EdgeBackup.Core.Operations;

/// <summary>
/// Reads lost items from the devices they came from. The rules of a backup hold (R1 to R3): what was read counts only
/// when a second look has found that nothing began meanwhile. No backup is recorded.
/// </summary>
internal sealed class DeviceRepairSource(RepositoryContext context, IOperationObserver observer) : IRepairSource
{
    /// <summary>Above this, a look at the device decides about what was read so far: the memory is bounded.</summary>
    private const long LookEvery = 64 * 1024 * 1024;

    public async Task OfferAsync(IReadOnlyList<LostItem> lost, IRepairSink sink, CancellationToken cancellationToken)
    {
        foreach (var device in lost.GroupBy(item => item.Device, StringComparer.Ordinal))
        {
            try
            {
                observer.Progress(new OperationProgress($"Repairing {context.Location}", $"asking {device.Key} for {device.Count()} items"));
                await OfferAsync(device.Key, device.Select(item => item.Path).ToHashSet(StringComparer.Ordinal), sink, cancellationToken).ConfigureAwait(false);
            }
            catch (EdgeBackupException exception)
            {
                // Another device may still help (R16).
                sink.Discard();
                observer.Warning($"{device.Key}: gave nothing for the repair: {exception.Message}");
            }
        }
    }

    private async Task OfferAsync(string device, HashSet<string> paths, IRepairSink sink, CancellationToken cancellationToken)
    {
        var registration = await RegisteredDevices.RequireActiveAsync(context, device, cancellationToken).ConfigureAwait(false);
        var contact = await DeviceContact.OpenAsync(context, registration, observer, cancellationToken).ConfigureAwait(false);
        await using var contactLease = contact.ConfigureAwait(false);
        VersionGate.Check(contact.Type, device, contact.Version);
        var pass = await new GateKeeper(context.Clock, observer).EnterAsync(contact, waitForIdle: TimeSpan.Zero, cancellationToken).ConfigureAwait(false);
        await using var passLease = pass.ConfigureAwait(false);
        var capture = await contact.Connection.BeginCaptureAsync(BackupContent.All, cancellationToken).ConfigureAwait(false);
        await using var captureLease = capture.ConfigureAwait(false);
        await foreach (var item in capture.ListAsync(cancellationToken).ConfigureAwait(false))
        {
            if (item.Type != ItemType.File || item.Retain == RetainLevel.None || !paths.Contains(item.Path)
                || await capture.OpenReadAsync(item, cancellationToken).ConfigureAwait(false) is not { } captured)
            {
                continue;
            }

            await using (captured.Stream.ConfigureAwait(false))
            {
                await sink.OfferAsync(captured.Stream, cancellationToken).ConfigureAwait(false);
            }

            if (sink.StagedBytes > LookEvery)
            {
                await GateKeeper.LookAgainAsync(contact, pass, cancellationToken).ConfigureAwait(false);
                await sink.AcceptAsync().ConfigureAwait(false);
            }
        }

        await capture.CompleteAsync(cancellationToken).ConfigureAwait(false);
        await GateKeeper.LookAgainAsync(contact, pass, cancellationToken).ConfigureAwait(false);
        await sink.AcceptAsync().ConfigureAwait(false);
    }
}
