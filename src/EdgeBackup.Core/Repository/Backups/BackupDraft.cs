using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Repository;

/// <summary>A backup in the making. Used by one thread at a time.</summary>
public sealed class BackupDraft : IAsyncDisposable
{
    /// <summary>Adds an item; ascending ordinal order of paths (checked), containers included.</summary>
    /// <exception cref="ArgumentException">The path does not come after the last one.</exception>
    public ValueTask AddAsync(SavedItem item, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>Makes the backup exist: returns when its packs, index and record are durable, in that order.</summary>
    /// <param name="header">What the record says; <see cref="BackupHeader.Changed"/> is replaced.</param>
    /// <param name="isChanged">Given the state digest of this backup: whether it differs from the one before.</param>
    /// <param name="cancellationToken">Gives the commit up; the backup may exist nevertheless when it was already being written.</param>
    public Task<BackupRecord> CommitAsync(BackupHeader header, Func<string, bool> isChanged, CancellationToken cancellationToken) => throw new NotImplementedException();

    public ValueTask DisposeAsync() => throw new NotImplementedException();
}
