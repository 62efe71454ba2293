using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Repository;

/// <summary>
/// Writes backups. Thread-safe: many captures share one session, and with it packs and one index object a flush.
/// Disposing gives up what was not committed.
/// </summary>
public sealed class WriteSession : IAsyncDisposable
{
    /// <summary>What the session has done so far.</summary>
    public WriteStatistics Statistics => throw new NotImplementedException();

    /// <summary>Reads a stream to its end and keeps its chunks.</summary>
    /// <returns>The item with <see cref="Item.Length"/> set to the bytes read, their SHA-256 and their chunks.</returns>
    public Task<SavedItem> StoreAsync(Item item, Stream content, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>A folder or a link, which has no content.</summary>
    public SavedItem Store(Item item) => throw new NotImplementedException();

    /// <summary>Whether all chunks of an earlier backup's item are still there, so that it need not be read again.</summary>
    public ValueTask<bool> CanReuseAsync(SavedItem previous, CancellationToken cancellationToken = default) => throw new NotImplementedException();

    /// <summary>Begins a backup; dispose without a commit gives it up.</summary>
    public BackupDraft BeginBackup() => throw new NotImplementedException();

    public ValueTask DisposeAsync() => throw new NotImplementedException();
}
