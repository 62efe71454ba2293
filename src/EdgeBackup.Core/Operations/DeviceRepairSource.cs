using System.Runtime.CompilerServices;
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
                await OfferAsync(device.Key, [.. device], sink, cancellationToken).ConfigureAwait(false);
            }
            catch (EdgeBackupException exception)
            {
                // Another device may still help (R16).
                sink.Discard();
                observer.Warning($"{device.Key}: gave nothing for the repair: {exception.Message}");
            }
        }
    }

    private async Task OfferAsync(string device, IReadOnlyList<LostItem> lost, IRepairSink sink, CancellationToken cancellationToken)
    {
        var registration = await RegisteredDevices.RequireActiveAsync(context, device, cancellationToken).ConfigureAwait(false);
        var contact = await DeviceContact.OpenAsync(context, registration, observer, cancellationToken).ConfigureAwait(false);
        await using var contactLease = contact.ConfigureAwait(false);
        VersionGate.Check(contact.Type, device, contact.Version);
        var pass = await new GateKeeper(context.Clock, observer).EnterAsync(contact, waitForIdle: TimeSpan.Zero, cancellationToken).ConfigureAwait(false);
        await using var passLease = pass.ConfigureAwait(false);

        // A lost list is the one that a backup would have now, when nothing has changed; which of its items are lost is
        // known when it is back.
        var lists = lost.Where(item => item.Path is null).Select(item => item.Content).Distinct().ToList();
        foreach (var content in lists)
        {
            await CaptureAsync(contact, pass, content, paths: null, sink, cancellationToken).ConfigureAwait(false);
        }

        var paths = lost.Select(item => item.Path).OfType<string>().ToHashSet(StringComparer.Ordinal);
        if (paths.Count > 0)
        {
            await CaptureAsync(contact, pass, BackupContent.All, paths, sink, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <param name="contact">The device.</param>
    /// <param name="pass">Its passed gate.</param>
    /// <param name="content">What to capture.</param>
    /// <param name="paths">The items to read; null for all, with their list.</param>
    /// <param name="sink">Takes what was read.</param>
    /// <param name="cancellationToken">Gives up.</param>
    private static async Task CaptureAsync(
        DeviceContact contact, GatePass pass, BackupContent content, HashSet<string>? paths, IRepairSink sink, CancellationToken cancellationToken)
    {
        var capture = await contact.Connection.BeginCaptureAsync(content, cancellationToken).ConfigureAwait(false);
        await using var captureLease = capture.ConfigureAwait(false);
        var items = ReadAsync(contact, pass, capture, paths, sink, cancellationToken);
        if (paths is null)
        {
            await sink.OfferListAsync(items, cancellationToken).ConfigureAwait(false);
        }
        else
        {
            await foreach (var item in items.ConfigureAwait(false))
            {
                // Reading it was all.
            }
        }

        await capture.CompleteAsync(cancellationToken).ConfigureAwait(false);
        await GateKeeper.LookAgainAsync(contact, pass, cancellationToken).ConfigureAwait(false);
        await sink.AcceptAsync().ConfigureAwait(false);
    }

    private static async IAsyncEnumerable<SavedItem> ReadAsync(
        DeviceContact contact, GatePass pass, ICapture capture, HashSet<string>? paths, IRepairSink sink, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var item in capture.ListAsync(cancellationToken).ConfigureAwait(false))
        {
            if (item.Retain == RetainLevel.None || paths?.Contains(item.Path) == false)
            {
                continue;
            }

            if (item.Type != ItemType.File)
            {
                yield return new SavedItem { Item = item with { Length = 0 } };
                continue;
            }

            if (await capture.OpenReadAsync(item, cancellationToken).ConfigureAwait(false) is not { } captured)
            {
                continue;
            }

            await using (captured.Stream.ConfigureAwait(false))
            {
                var offered = await sink.OfferAsync(captured.Stream, cancellationToken).ConfigureAwait(false);
                yield return new SavedItem { Item = captured.Describe() with { Length = offered.Length }, Digest = offered.Digest, Chunks = offered.Chunks };
            }

            if (sink.StagedBytes > LookEvery)
            {
                await GateKeeper.LookAgainAsync(contact, pass, cancellationToken).ConfigureAwait(false);
                await sink.AcceptAsync().ConfigureAwait(false);
            }
        }
    }
}
