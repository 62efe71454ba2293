using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Validation;

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
    /// <param name="previous">The backups before.</param>
    /// <param name="review">Judges what is captured; null to take the device's word for it.</param>
    /// <param name="draft">Takes the items.</param>
    /// <param name="cancellationToken">Gives the capture up.</param>
    /// <returns>What the device listed and the draft does not hold.</returns>
    /// <exception cref="EdgeBackupException">CaptureFailed, ItemPathInvalid, DeviceResponseInvalid, DeviceAuthenticationFailed.</exception>
    public async Task<IReadOnlyList<NotSavedItem>> RunAsync(
        DeviceContact contact, BackupContent content, PreviousBackups previous, CaptureReview? review, BackupDraft draft, CancellationToken cancellationToken)
    {
        var notSaved = new List<NotSavedItem>();
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var token = giveUp.Token;
        var pending = new Queue<(Item Item, Task<TakenItem> Taken)>();
        var capture = await contact.Connection.BeginCaptureAsync(content, token).ConfigureAwait(false);
        await using var captureLease = capture.ConfigureAwait(false);
        var earlier = new EarlierBackups(repository, previous, review, observer);
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

                pending.Enqueue((item, await StartAsync(capture, item, earlier, review, token).ConfigureAwait(false)));
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
            ApplicationValues.WarnOfMissing(contact, capture, observer);
            await earlier.FinishAsync(token).ConfigureAwait(false);
        }
        finally
        {
            // Reads in progress use the capture; none may outlive it.
            if (pending.Count > 0)
            {
                await giveUp.CancelAsync().ConfigureAwait(false);
                Task reads = Task.WhenAll(pending.Select(entry => entry.Taken));
                await reads.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        notSaved.AddRange(capture.NotSaved);
        return notSaved;

        async Task TakeOneAsync()
        {
            var (item, taking) = pending.Peek();
            var taken = await taking.ConfigureAwait(false);
            pending.Dequeue();
            if (taken.Saved is not { } saved)
            {
                notSaved.Add(new NotSavedItem(item.Path, "It vanished from the device between being listed and being read."));
                return;
            }

            await draft.AddAsync(saved, token).ConfigureAwait(false);
            review?.Add(saved, taken.Fault, taken.Before.Good, taken.Before.Newest);
            progress.Add(saved);
        }
    }

    private async ValueTask<Task<TakenItem>> StartAsync(ICapture capture, Item item, EarlierBackups earlier, CaptureReview? review, CancellationToken cancellationToken)
    {
        if (item.Type != ItemType.File)
        {
            return Task.FromResult(new TakenItem(session.Store(item), Fault: null, default));
        }

        var before = await earlier.FindAsync(item.Path, cancellationToken).ConfigureAwait(false);
        if (before.Reusable is { } newest && IsUnchanged(newest.Item, item) && await session.CanReuseAsync(newest, cancellationToken).ConfigureAwait(false))
        {
            return Task.FromResult(new TakenItem(newest with { Item = item }, before.Fault, before));
        }

        var isChecked = review?.IsChecked(item.Path) == true;
        return Task.Run(() => StoreAsync(capture, item, before, isChecked, cancellationToken), cancellationToken);
    }

    /// <summary>Whether a device promises that an item holds the bytes that it held before.</summary>
    public static bool IsUnchanged(Item before, Item now) =>
        before.Type == ItemType.File
        && now.Stamp is not null
        && string.Equals(before.Stamp, now.Stamp, StringComparison.Ordinal)
        && before.Length == now.Length;

    private Task<TakenItem> StoreAsync(ICapture capture, Item item, EarlierItem before, bool isChecked, CancellationToken cancellationToken) =>
        reading.RunAsync(
            item.Path,
            async () =>
            {
                var captured = await capture.OpenReadAsync(item, cancellationToken).ConfigureAwait(false);
                if (captured is null)
                {
                    return new TakenItem(Saved: null, Fault: null, before);
                }

                await using var lease = captured.Stream.ConfigureAwait(false);
                using var inspector = isChecked ? new ContentInspector(item.Path) : null;
                var content = inspector is null ? captured.Stream : new InspectedStream(captured.Stream, inspector);
                await using var contentLease = content.ConfigureAwait(false);
                var saved = await session.StoreAsync(item, content, before.Reusable, cancellationToken).ConfigureAwait(false);
                var fault = inspector is null ? null : await inspector.FinishAsync(item.Path, cancellationToken).ConfigureAwait(false);
                return new TakenItem(saved with { Item = captured.Describe() with { Length = saved.Item.Length } }, fault, before);
            },
            cancellationToken);

    /// <summary>An item that was read, or need not be.</summary>
    /// <param name="Saved">Null for one that vanished.</param>
    /// <param name="Fault">What its bytes said.</param>
    /// <param name="Before">What it was.</param>
    private readonly record struct TakenItem(SavedItem? Saved, SuspectReason? Fault, EarlierItem Before);

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
