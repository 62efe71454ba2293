using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Repository.Maintenance.Repair;

namespace EdgeBackup.Core.Operations.Sync;

/// <summary>
/// Copies the backups of one device. Chunk ids are keyed by the repository, so bytes are read, proved, and stored under
/// the copy's own; what the copy is known to hold is not read.
/// </summary>
internal sealed class BackupCopier(EdgeRepository source, EdgeRepository copy, WriteSession session)
{
    private Dictionary<string, SavedItem> known = new(StringComparer.Ordinal);

    /// <summary>The path of the item that is being copied.</summary>
    private string? at;

    /// <summary>Bytes of items that were read from the source.</summary>
    public long BytesRead { get; private set; }

    /// <summary>Bytes of items that were read back from the copy.</summary>
    public long Verified { get; private set; }

    /// <summary>Learns what the copy holds of the device. A list that cannot be read is no help, and a verification names it.</summary>
    public async Task LearnAsync(CatalogBackup newestInCopy, CancellationToken cancellationToken)
    {
        try
        {
            var record = await copy.ReadBackupAsync(newestInCopy.ObjectName, cancellationToken).ConfigureAwait(false);
            await foreach (var item in copy.ReadItemsAsync(record, cancellationToken).ConfigureAwait(false))
            {
                Learn(known, item);
            }
        }
        catch (Exception exception) when (exception is IOException or EdgeBackupException { ErrorId: ErrorIds.BackupDamaged })
        {
            known.Clear();
        }
    }

    /// <summary>Copies a backup; on return it is whole in the copy, and every byte that was written for it was read back.</summary>
    /// <returns>Null; else why it is not in the copy.</returns>
    /// <exception cref="EdgeBackupException">RepositoryNotWritable, CaptureFailed: the copy cannot be written.</exception>
    public async Task<SyncFailure?> CopyAsync(CatalogBackup backup, CancellationToken cancellationToken)
    {
        try
        {
            var record = await source.ReadBackupAsync(backup.ObjectName, cancellationToken).ConfigureAwait(false);
            var written = new HashSet<string>(StringComparer.Ordinal);
            var draft = session.BeginBackup();
            await using var lease = draft.ConfigureAwait(false);
            var held = await FillAsync(draft, record, written, cancellationToken).ConfigureAwait(false);
            var copied = await draft.CommitAsync(record, digest => Prove(record, record, digest), cancellationToken).ConfigureAwait(false);
            known = held;
            return await ReadBackAsync(copied, written, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (IsOfOneBackup(exception))
        {
            return new SyncFailure(backup.Device, backup.Id, at, exception.Message);
        }
    }

    /// <summary>Stores a backup's bytes anew, and a record of them in the place of a damaged or missing one.</summary>
    /// <param name="record">The backup in the source.</param>
    /// <param name="header">What the new record says.</param>
    /// <param name="place">Where the new record belongs.</param>
    /// <param name="cancellationToken">Gives up; what was there stays.</param>
    /// <returns>Null; else why all is as it was.</returns>
    /// <exception cref="EdgeBackupException">RepositoryNotWritable, CaptureFailed: the repository that is mended cannot be written.</exception>
    public async Task<SyncFailure?> MendAsync(BackupRecord record, BackupHeader header, RecordMender place, CancellationToken cancellationToken)
    {
        try
        {
            var draft = session.BeginBackup();
            await using var lease = draft.ConfigureAwait(false);
            var held = await FillAsync(draft, record, [], cancellationToken).ConfigureAwait(false);
            var mended = await draft.CompleteAsync(header, digest => Prove(header, record, digest), cancellationToken).ConfigureAwait(false);
            await place.ReplaceAsync(mended, session, cancellationToken).ConfigureAwait(false);
            known = held;
            return null;
        }
        catch (Exception exception) when (IsOfOneBackup(exception) || exception is EdgeBackupException { ErrorId: ErrorIds.RepositoryNotReadable })
        {
            return new SyncFailure(record.Device, record.Id, at, exception.Message);
        }
    }

    /// <summary>Whether others may still be copied.</summary>
    private static bool IsOfOneBackup(Exception exception) =>
        exception is IOException or EdgeBackupException { ErrorId: ErrorIds.BackupDamaged or ErrorIds.ItemPathInvalid };

    private static bool Prove(BackupHeader header, BackupRecord record, string digest) =>
        digest == record.StateDigest ? header.Changed : throw Altered(record, path: null, "its items are not those that its record seals");

    /// <returns>What is found by the whole content's digest.</returns>
    private async Task<Dictionary<string, SavedItem>> FillAsync(BackupDraft draft, BackupRecord record, HashSet<string> written, CancellationToken cancellationToken)
    {
        at = null;
        var held = new Dictionary<string, SavedItem>(StringComparer.Ordinal);
        await foreach (var item in source.ReadItemsAsync(record, cancellationToken).ConfigureAwait(false))
        {
            at = item.Item.Path;
            var saved = await StoreAsync(record, item, written, cancellationToken).ConfigureAwait(false);
            await draft.AddAsync(saved, cancellationToken).ConfigureAwait(false);
            Learn(held, saved);
            at = null;
        }

        return held;
    }

    private static void Learn(Dictionary<string, SavedItem> items, SavedItem item)
    {
        // A content of one chunk is found by its digest alone.
        if (item is { Digest: { } digest, Chunks.Count: > 1 })
        {
            items[digest] = item;
        }
    }

    private async Task<SavedItem> StoreAsync(BackupRecord record, SavedItem item, HashSet<string> written, CancellationToken cancellationToken)
    {
        if (item.Digest is not { } digest)
        {
            return session.Store(item.Item);
        }

        if (known.TryGetValue(digest, out var before) && before.Item.Length == item.Item.Length && await session.CanReuseAsync(before, cancellationToken).ConfigureAwait(false))
        {
            return before with { Item = item.Item };
        }

        if (session.TryFind(item.Item, digest) is { } found)
        {
            return found;
        }

        var content = source.OpenItem(record, item);
        await using var lease = content.ConfigureAwait(false);
        var saved = await session.StoreAsync(item.Item, content, cancellationToken).ConfigureAwait(false);
        BytesRead += saved.Item.Length;
        written.Add(item.Item.Path);
        return saved.Digest == digest && saved.Item.Length == item.Item.Length
            ? saved
            : throw Altered(record, item.Item.Path, "its bytes are not those that its item list tells of");
    }

    private async Task<SyncFailure?> ReadBackAsync(BackupRecord copied, HashSet<string> written, CancellationToken cancellationToken)
    {
        string? path = null;
        try
        {
            var buffer = new byte[1 << 18];
            await foreach (var item in copy.ReadItemsAsync(copied, cancellationToken).ConfigureAwait(false))
            {
                path = item.Item.Path;
                if (written.Contains(path))
                {
                    // The end of the stream proves length and digest, and the record's digest that they are the source's.
                    var content = copy.OpenItem(copied, item);
                    await using var lease = content.ConfigureAwait(false);
                    while (await content.ReadAsync(buffer, cancellationToken).ConfigureAwait(false) > 0)
                    {
                    }

                    Verified += item.Item.Length;
                }

                path = null;
            }

            return null;
        }
        catch (Exception exception) when (exception is IOException or EdgeBackupException { ErrorId: ErrorIds.BackupDamaged })
        {
            // Nobody was told of it; what stays would count as copied.
            await copy.DeleteBackupsAsync([copy.BackupObjectName(copied.Device, copied.Id)], CancellationToken.None).ConfigureAwait(false);
            return new SyncFailure(copied.Device, copied.Id, path, $"What was written to the copy does not come back: {exception.Message}");
        }
    }

    private static EdgeBackupException Altered(BackupRecord record, string? path, string reason) => new(
        ErrorIds.BackupDamaged,
        $"The backup '{record.Id}' of '{record.Device}' was not copied{(path is null ? "" : $", because of '{path}'")}: {reason}. Run Test-EdgeBackup, and Repair-EdgeRepository on the source.",
        record.Id);
}
