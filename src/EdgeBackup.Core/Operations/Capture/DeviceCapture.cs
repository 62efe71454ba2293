using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository;

namespace EdgeBackup.Core.Operations.Capture;

/// <summary>
/// Moves a device's items into a draft: in one pass, several items at once, unchanged ones without reading them. Knows
/// nothing of gates or records.
/// </summary>
internal sealed class DeviceCapture
{
    private const int Window = 8;

    private readonly EdgeRepository repository;
    private readonly WriteSession session;
    private readonly IOperationObserver observer;
    private readonly RepeatedReading reading;

    public DeviceCapture(EdgeRepository repository, WriteSession session, IOperationObserver observer)
    {
        this.repository = repository;
        this.session = session;
        this.observer = observer;
        reading = new RepeatedReading(repository.Environment.Clock, observer);
    }

    /// <summary>Captures.</summary>
    /// <param name="contact">The device.</param>
    /// <param name="content">What to capture.</param>
    /// <param name="previous">A backup whose unchanged items are used again; null for none.</param>
    /// <param name="draft">Takes the items.</param>
    /// <param name="cancellationToken">Gives the capture up.</param>
    /// <returns>What the device listed and the draft does not hold.</returns>
    /// <exception cref="EdgeBackupException">CaptureFailed, ItemPathInvalid, DeviceResponseInvalid, DeviceAuthenticationFailed.</exception>
    public async Task<IReadOnlyList<NotSavedItem>> RunAsync(DeviceContact contact, BackupContent content, BackupRecord? previous, BackupDraft draft, CancellationToken cancellationToken)
    {
        var notSaved = new List<NotSavedItem>();
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var token = giveUp.Token;
        var pending = new Queue<(Item Item, Task<SavedItem?> Saved)>();
        var capture = await contact.Connection.BeginCaptureAsync(content, token).ConfigureAwait(false);
        await using var captureLease = capture.ConfigureAwait(false);
        var earlier = new EarlierItems(repository, previous, observer);
        await using var earlierLease = earlier.ConfigureAwait(false);
        var progress = new CaptureProgress(contact.Id, observer);
        try
        {
            await foreach (var item in capture.ListAsync(token).ConfigureAwait(false))
            {
                if (item.Retain == RetainLevel.None)
                {
                    notSaved.Add(new NotSavedItem(item.Path, "Its retain level is None: the device itself loses it at every restart (R12)."));
                    continue;
                }

                pending.Enqueue((item, await StartAsync(capture, item, earlier, token).ConfigureAwait(false)));
                if (pending.Count >= Window)
                {
                    await TakeOneAsync().ConfigureAwait(false);
                }
            }

            while (pending.Count > 0)
            {
                await TakeOneAsync().ConfigureAwait(false);
            }

            await capture.CompleteAsync(token).ConfigureAwait(false);
        }
        finally
        {
            // Reads in progress use the capture; none may outlive it.
            if (pending.Count > 0)
            {
                await giveUp.CancelAsync().ConfigureAwait(false);
                Task reads = Task.WhenAll(pending.Select(entry => entry.Saved));
                await reads.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        notSaved.AddRange(capture.NotSaved);
        return notSaved;

        async Task TakeOneAsync()
        {
            var (item, saving) = pending.Peek();
            var saved = await saving.ConfigureAwait(false);
            pending.Dequeue();
            if (saved is null)
            {
                notSaved.Add(new NotSavedItem(item.Path, "It vanished from the device between being listed and being read."));
                return;
            }

            await draft.AddAsync(saved, token).ConfigureAwait(false);
            progress.Add(saved);
        }
    }

    private async ValueTask<Task<SavedItem?>> StartAsync(ICapture capture, Item item, EarlierItems earlier, CancellationToken cancellationToken)
    {
        if (item.Type != ItemType.File)
        {
            return Task.FromResult<SavedItem?>(session.Store(item));
        }

        var before = await earlier.FindAsync(item.Path, cancellationToken).ConfigureAwait(false);
        if (before is not null && IsUnchanged(before.Item, item) && await session.CanReuseAsync(before, cancellationToken).ConfigureAwait(false))
        {
            return Task.FromResult<SavedItem?>(before with { Item = item });
        }

        return Task.Run(() => StoreAsync(capture, item, before, cancellationToken), cancellationToken);
    }

    /// <summary>Whether a device promises that an item holds the bytes that it held before.</summary>
    public static bool IsUnchanged(Item before, Item now) =>
        before.Type == ItemType.File
        && now.Stamp is not null
        && string.Equals(before.Stamp, now.Stamp, StringComparison.Ordinal)
        && before.Length == now.Length;

    private Task<SavedItem?> StoreAsync(ICapture capture, Item item, SavedItem? before, CancellationToken cancellationToken) =>
        reading.RunAsync(
            item.Path,
            async () =>
            {
                var captured = await capture.OpenReadAsync(item, cancellationToken).ConfigureAwait(false);
                if (captured is null)
                {
                    return null;
                }

                await using var lease = captured.Stream.ConfigureAwait(false);
                var saved = await session.StoreAsync(item, captured.Stream, before, cancellationToken).ConfigureAwait(false);
                return saved with { Item = captured.Describe() with { Length = saved.Item.Length } };
            },
            cancellationToken);

    /// <summary>The items of an earlier backup, walked alongside the listing: both are in the same order.</summary>
    private sealed class EarlierItems : IAsyncDisposable
    {
        private readonly IOperationObserver observer;
        private IAsyncEnumerator<SavedItem>? items;
        private bool started;

        public EarlierItems(EdgeRepository repository, BackupRecord? previous, IOperationObserver observer)
        {
            this.observer = observer;
            items = previous is null ? null : repository.ReadItemsAsync(previous, CancellationToken.None).GetAsyncEnumerator();
        }

        public async ValueTask<SavedItem?> FindAsync(string path, CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                while (items is not null)
                {
                    var order = started ? string.CompareOrdinal(items.Current.Item.Path, path) : -1;
                    if (order >= 0)
                    {
                        return order == 0 ? items.Current : null;
                    }

                    started = true;
                    if (!await items.MoveNextAsync().ConfigureAwait(false))
                    {
                        await DisposeAsync().ConfigureAwait(false);
                    }
                }
            }
            catch (EdgeBackupException exception)
            {
                // A damaged earlier backup costs reading everything, not tonight's backup.
                observer.Warning($"The previous backup cannot be used to save reading: {exception.Message}");
                await DisposeAsync().ConfigureAwait(false);
            }

            return null;
        }

        public async ValueTask DisposeAsync()
        {
            if (items is { } enumerator)
            {
                items = null;
                await enumerator.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    private sealed class CaptureProgress
    {
        private readonly string device;
        private readonly IOperationObserver observer;
        private long items;
        private long bytes;

        public CaptureProgress(string device, IOperationObserver observer)
        {
            this.device = device;
            this.observer = observer;
        }

        public void Add(SavedItem saved)
        {
            items += saved.Item.IsContainer ? 0 : 1;
            bytes += saved.Item.Length;
            observer.Progress(new OperationProgress($"Backing up {device}", saved.Item.Path, ItemsDone: items, BytesDone: bytes));
        }
    }
}
