using System.Buffers;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository.Backups;
using EdgeBackup.Core.Repository.Chunks;

namespace EdgeBackup.Core.Repository;

/// <summary>A backup in the making. Used by one thread at a time.</summary>
public sealed class BackupDraft : IAsyncDisposable
{
    /// <summary>A longer list of ids is stored as a stream of its own.</summary>
    internal const int LongestRoot = 64;

    private readonly WriteSession session;
    private readonly RepositoryCore core;
    private readonly ContentWriter list;
    private readonly StateDigest state = new();
    private readonly StateDigest configuration = new();
    private readonly ArrayBufferWriter<byte> line = new();
    private readonly bool allowHostilePaths;
    private string? lastPath;
    private bool hasHistory;
    private int itemCount;
    private long length;
    private bool ended;

    internal BackupDraft(WriteSession session, RepositoryCore core, bool allowHostilePaths)
    {
        this.allowHostilePaths = allowHostilePaths;
        this.session = session;
        this.core = core;
        list = new ContentWriter(session.Chunks, core.Chunker);
    }

    /// <summary>Adds an item; ascending ordinal order of paths (checked), containers included.</summary>
    /// <exception cref="ArgumentException">The path does not come after the last one.</exception>
    /// <exception cref="EdgeBackupException">
    /// ItemPathInvalid: nobody may send such a path (<see cref="ItemPath.FindFault"/>). CaptureFailed: the repository does
    /// not hold the item's bytes (any more).
    /// </exception>
    public async ValueTask AddAsync(SavedItem item, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(item);
        ObjectDisposedException.ThrowIf(ended, this);
        if (!allowHostilePaths && ItemPath.FindFault(item.Item.Path) is { } fault)
        {
            throw new EdgeBackupException(
                ErrorIds.ItemPathInvalid,
                $"The item path '{item.Item.Path.Replace('\0', '\uFFFD')}' is refused: {fault}. No backup holds such a path, since restoring it could write outside of its destination; have the device send another.",
                item.Item.Path);
        }

        if (lastPath is not null && string.CompareOrdinal(lastPath, item.Item.Path) >= 0)
        {
            throw new ArgumentException($"Items are added in ordinal order of their paths; '{item.Item.Path}' does not come after '{lastPath}'.", nameof(item));
        }

        if (!item.Chunks.All(session.Chunks.Has))
        {
            throw new EdgeBackupException(
                ErrorIds.CaptureFailed,
                $"The bytes of '{item.Item.Path}' are no longer in the repository, so the backup would not be whole. Take the backup again; the item will be read anew.",
                item.Item.Path);
        }

        line.ResetWrittenCount();
        ManifestCodec.Write(line, item);
        await list.WriteAsync(line.WrittenMemory, cancellationToken).ConfigureAwait(false);
        AddToDigests(item);
        lastPath = item.Item.Path;
        if (!item.Item.IsContainer)
        {
            itemCount++;
        }

        length += item.Item.Length;
    }

    /// <summary>Makes the backup exist: returns when its packs, index and record are durable, in that order.</summary>
    /// <param name="header">What the record says; <see cref="BackupHeader.Changed"/> is replaced.</param>
    /// <param name="isChanged">Given the state digest of this backup: whether it differs from the one before.</param>
    /// <param name="cancellationToken">Gives the commit up; the backup may exist nevertheless when it was already being written.</param>
    /// <exception cref="EdgeBackupException">RepositoryNotWritable, CaptureFailed: nothing was recorded.</exception>
    public Task<BackupRecord> CommitAsync(BackupHeader header, Func<string, bool> isChanged, CancellationToken cancellationToken) =>
        CommitProvedAsync(header, isChanged, prove: null, cancellationToken);

    /// <summary>As <see cref="CommitAsync"/>, with a look at what was stored.</summary>
    /// <param name="header">As there.</param>
    /// <param name="isChanged">As there.</param>
    /// <param name="prove">Runs when all that it needs is durable and the record is not yet written; what it throws passes on, and nothing is recorded.</param>
    /// <param name="cancellationToken">As there.</param>
    internal async Task<BackupRecord> CommitProvedAsync(BackupHeader header, Func<string, bool> isChanged, Func<BackupRecord, Task>? prove, CancellationToken cancellationToken)
    {
        var record = await CompleteAsync(header, isChanged, cancellationToken).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        ended = true;
        list.Dispose();
        await session.JoinAsync(record, prove is null ? null : () => prove(record)).WaitAsync(cancellationToken).ConfigureAwait(false);
        return record;
    }

    /// <summary>Stores the item list. There is no backup yet, and what it needs may not be durable.</summary>
    /// <param name="header">As for <see cref="CommitAsync"/>.</param>
    /// <param name="isChanged">As for <see cref="CommitAsync"/>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The record that would make it exist.</returns>
    internal async Task<BackupRecord> CompleteAsync(BackupHeader header, Func<string, bool> isChanged, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(header);
        ArgumentNullException.ThrowIfNull(isChanged);
        ObjectDisposedException.ThrowIf(ended, this);
        session.Chunks.ThrowIfFaulted();
        var stored = await list.CompleteAsync(cancellationToken).ConfigureAwait(false);
        var depth = 0;
        while (stored.Chunks.Count > LongestRoot)
        {
            stored = await StoreIdsAsync(stored.Chunks, cancellationToken).ConfigureAwait(false);
            depth++;
        }

        // A bad id would otherwise be found only when the whole group is written.
        BackupRecords.ToName(core, header.Device, header.Id);
        var digest = state.Complete();
        return new BackupRecord
        {
            Id = header.Id,
            Device = header.Device,
            DeviceName = header.DeviceName,
            DeviceType = header.DeviceType,
            Version = header.Version,
            Name = header.Name,
            Kind = header.Kind,
            Content = header.Content,
            Created = header.Created,
            Changed = isChanged(digest),
            NotSaved = header.NotSaved,
            Author = header.Author,
            Suspect = header.Suspect,
            Group = header.Group,
            ItemCount = itemCount,
            Length = length,
            StateDigest = digest,
            ConfigurationDigest = hasHistory ? configuration.Complete() : null,
            Manifest = new ManifestRoot(depth, stored.Chunks),
        };
    }

    public ValueTask DisposeAsync()
    {
        list.Dispose();
        state.Dispose();
        configuration.Dispose();
        if (!ended)
        {
            ended = true;
            session.GaveUp();
        }

        return ValueTask.CompletedTask;
    }

    private void AddToDigests(SavedItem item)
    {
        state.Add(item);
        if (item.Item.Kind == ItemKind.History)
        {
            hasHistory = true;
        }
        else
        {
            configuration.Add(item);
        }
    }

    private async Task<StoredContent> StoreIdsAsync(IReadOnlyList<ChunkId> ids, CancellationToken cancellationToken)
    {
        using var writer = new ContentWriter(session.Chunks, core.Chunker);
        var id = new byte[ChunkId.Size];
        foreach (var chunk in ids)
        {
            chunk.Write(id);
            await writer.WriteAsync(id, cancellationToken).ConfigureAwait(false);
        }

        return await writer.CompleteAsync(cancellationToken).ConfigureAwait(false);
    }
}
