using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Validation;

namespace EdgeBackup.Core.Operations.Capture;

/// <summary>The backups before one that is taken.</summary>
/// <param name="Newest">Its unchanged items are used again.</param>
/// <param name="SameContent">The newest of the same content: what "changed" is measured against.</param>
/// <param name="Good">The newest that is not suspect: what sizes are measured against.</param>
/// <param name="KnownCount">How many the catalog knew before it was refreshed.</param>
internal sealed record PreviousBackups(BackupRecord? Newest, BackupRecord? SameContent, BackupRecord? Good, int KnownCount);

/// <summary>What an item was before.</summary>
/// <param name="Newest">In the newest backup; null where it may not be used again.</param>
/// <param name="Good">In the newest good one.</param>
/// <param name="Fault">What its bytes said when they were read for the newest.</param>
internal readonly record struct EarlierItem(SavedItem? Newest, SavedItem? Good, SuspectReason? Fault);

/// <summary>Finds the items of the newest backup and of the newest good one, which mostly are the same, alongside a listing.</summary>
internal sealed class EarlierBackups : IAsyncDisposable
{
    private readonly EarlierItems newest;
    private readonly EarlierItems good;
    private readonly IReadOnlyDictionary<string, SuspectReason> faults;

    public EarlierBackups(EdgeRepository repository, PreviousBackups previous, CaptureReview? review, IOperationObserver observer)
    {
        // Where it is not known what was wrong with which item, all are read and judged again.
        var reused = review is null || CaptureReview.KnowsAllOf(previous.Newest) ? previous.Newest : null;
        var isSame = previous.Good is null || previous.Good.Id == reused?.Id;
        Action<SavedItem>? learn = review is null ? null : review.AddGood;
        newest = new EarlierItems(repository, reused, isSame && previous.Good is not null ? learn : null, observer);
        good = previous.Good is null || review is null ? new EarlierItems(repository, previous: null, onPassed: null, observer)
            : isSame ? newest
            : new EarlierItems(repository, previous.Good, learn, observer);
        faults = CaptureReview.Inherited(previous.Newest);
    }

    /// <summary>What an item was before; paths are asked for in ascending order.</summary>
    public async ValueTask<EarlierItem> FindAsync(string path, CancellationToken cancellationToken)
    {
        var last = await newest.FindAsync(path, cancellationToken).ConfigureAwait(false);
        var lastGood = ReferenceEquals(good, newest) ? last : await good.FindAsync(path, cancellationToken).ConfigureAwait(false);
        return new EarlierItem(last, lastGood, faults.GetValueOrDefault(path));
    }

    /// <summary>Learns of the good items that come after the listing.</summary>
    public Task FinishAsync(CancellationToken cancellationToken) => good.PassAllAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await newest.DisposeAsync().ConfigureAwait(false);
        await good.DisposeAsync().ConfigureAwait(false);
    }
}

/// <summary>The items of an earlier backup, walked alongside the listing: both are in the same order.</summary>
internal sealed class EarlierItems : IAsyncDisposable
{
    private readonly IOperationObserver observer;
    private readonly Action<SavedItem>? onPassed;
    private IAsyncEnumerator<SavedItem>? items;
    private bool started;

    /// <param name="repository">Where it is.</param>
    /// <param name="previous">The backup; null for none.</param>
    /// <param name="onPassed">Called for each of its items once.</param>
    /// <param name="observer">Told when it cannot be read.</param>
    public EarlierItems(EdgeRepository repository, BackupRecord? previous, Action<SavedItem>? onPassed, IOperationObserver observer)
    {
        this.observer = observer;
        this.onPassed = onPassed;
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

                await PassOneAsync().ConfigureAwait(false);
            }
        }
        catch (EdgeBackupException exception)
        {
            await GiveUpAsync(exception).ConfigureAwait(false);
        }

        return null;
    }

    /// <summary>Goes on to the end.</summary>
    public async Task PassAllAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (items is not null)
            {
                cancellationToken.ThrowIfCancellationRequested();
                await PassOneAsync().ConfigureAwait(false);
            }
        }
        catch (EdgeBackupException exception)
        {
            await GiveUpAsync(exception).ConfigureAwait(false);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (items is { } enumerator)
        {
            items = null;
            await enumerator.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async ValueTask PassOneAsync()
    {
        started = true;
        if (!await items!.MoveNextAsync().ConfigureAwait(false))
        {
            await DisposeAsync().ConfigureAwait(false);
        }
        else
        {
            onPassed?.Invoke(items.Current);
        }
    }

    private async ValueTask GiveUpAsync(EdgeBackupException exception)
    {
        // A damaged earlier backup costs reading everything, not tonight's backup.
        observer.Warning($"The previous backup cannot be used to save reading: {exception.Message}");
        await DisposeAsync().ConfigureAwait(false);
    }
}
