using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Validation;

namespace EdgeBackup.Core.Operations.Capture;

/// <summary>What an item was before.</summary>
/// <param name="Newest">In the newest backup.</param>
/// <param name="Good">In the newest good one.</param>
/// <param name="Fault">What its bytes said when they were read for the newest.</param>
/// <param name="IsReusable">Whether the newest may be used again.</param>
internal readonly record struct EarlierItem(SavedItem? Newest, SavedItem? Good, SuspectReason? Fault, bool IsReusable)
{
    /// <summary>The newest where it may be used again.</summary>
    public SavedItem? Reusable => IsReusable ? Newest : null;
}

/// <summary>Finds the items of the newest backup and of the newest good one, which mostly are the same, alongside a listing.</summary>
internal sealed class EarlierBackups : IAsyncDisposable
{
    private readonly EarlierItems newest;
    private readonly EarlierItems good;
    private readonly IReadOnlyDictionary<string, SuspectReason> faults;
    private readonly bool isReusable;
    private readonly bool isCompared;

    public EarlierBackups(EdgeRepository repository, PreviousBackups previous, CaptureReview? review, IOperationObserver observer)
    {
        // Where it is not known what was wrong with which item, all are read and judged again.
        isReusable = review is null || CaptureReview.KnowsAllOf(previous.Newest);
        isCompared = review is not null && previous.Good is not null;
        var isSame = isCompared && previous.Good!.Id == previous.Newest?.Id;
        Action<SavedItem>? learn = !isCompared ? null : isSame ? saved => LearnBoth(review!, saved) : review!.AddNewest;
        newest = new EarlierItems(repository, previous.Newest, learn, observer);
        good = !isCompared ? new EarlierItems(repository, previous: null, onPassed: null, observer)
            : isSame ? newest
            : new EarlierItems(repository, previous.Good, review!.AddGood, observer);
        faults = CaptureReview.Inherited(previous.Newest);
    }

    /// <summary>What an item was before; paths are asked for in ascending order.</summary>
    public async ValueTask<EarlierItem> FindAsync(string path, CancellationToken cancellationToken)
    {
        var last = await newest.FindAsync(path, cancellationToken).ConfigureAwait(false);
        var lastGood = ReferenceEquals(good, newest) ? last : await good.FindAsync(path, cancellationToken).ConfigureAwait(false);
        return new EarlierItem(last, lastGood, faults.GetValueOrDefault(path), isReusable);
    }

    /// <summary>Learns of the earlier items that come after the listing.</summary>
    public async Task FinishAsync(CancellationToken cancellationToken)
    {
        if (isCompared)
        {
            await newest.PassAllAsync(cancellationToken).ConfigureAwait(false);
            await good.PassAllAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await newest.DisposeAsync().ConfigureAwait(false);
        await good.DisposeAsync().ConfigureAwait(false);
    }

    private static void LearnBoth(CaptureReview review, SavedItem saved)
    {
        review.AddGood(saved);
        review.AddNewest(saved);
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
