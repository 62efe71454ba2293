using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Operations.Restore;

/// <summary>Counts what was written, from several threads.</summary>
/// <param name="observer">Is told.</param>
/// <param name="activity">What is being done.</param>
/// <param name="items">Items in all.</param>
/// <param name="length">Bytes in all.</param>
internal sealed class RestoreProgress(IOperationObserver observer, string activity, long items, long length)
{
    private long itemsDone;
    private long bytesDone;

    public void Add(SavedItem item)
    {
        var done = Interlocked.Increment(ref itemsDone);
        var bytes = Interlocked.Add(ref bytesDone, item.Item.Length);
        observer.Progress(new OperationProgress(activity, item.Item.Path, done, items, bytes, length));
    }
}
