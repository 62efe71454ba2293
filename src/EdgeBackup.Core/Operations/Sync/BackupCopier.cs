using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Repository.Maintenance;
using EdgeBackup.Core.Repository.Maintenance.Repair;

namespace EdgeBackup.Core.Operations.Sync;

/// <summary>
/// Copies the backups of one device. Chunk ids are keyed by the repository, so bytes are read, proved, and stored under
/// the copy's own; what the copy is known to hold is not read.
/// </summary>
internal sealed class BackupCopier(EdgeRepository source, EdgeRepository copy, WriteSession session)
{
    private Holding known = new();

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
                known.Learn(item);
            }
        }
        catch (Exception exception) when (exception is IOException or EdgeBackupException { ErrorId: ErrorIds.BackupDamaged })
        {
            known = new Holding();
        }
    }

    /// <summary>Copies a backup. Every byte that was written for it is read back before it is recorded, so that what cuts the run short leaves none that was not.</summary>
    /// <param name="backup">The backup in the source.</param>
    /// <param name="announce">Runs when all was read back, just before the record is written.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Null; else why it is not in the copy.</returns>
    /// <exception cref="EdgeBackupException">RepositoryNotWritable, CaptureFailed, RepositoryNotReadable: the copy cannot be written, or not be read.</exception>
    public async Task<SyncFailure?> CopyAsync(CatalogBackup backup, Func<Task> announce, CancellationToken cancellationToken)
    {
        try
        {
            var record = await source.ReadBackupAsync(backup.ObjectName, cancellationToken).ConfigureAwait(false);
            var written = new Dictionary<string, long>(StringComparer.Ordinal);
            var draft = session.BeginBackup();
            await using var lease = draft.ConfigureAwait(false);
            var held = await FillAsync(draft, record, written, cancellationToken).ConfigureAwait(false);
            await draft.CommitProvedAsync(record, digest => Prove(record, record, digest), ProveAsync, cancellationToken).ConfigureAwait(false);
            known = held;
            return null;

            async Task ProveAsync(BackupRecord copied)
            {
                await ReadBackAsync(copied, written, cancellationToken).ConfigureAwait(false);
                await announce().ConfigureAwait(false);
            }
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
            var held = await FillAsync(draft, record, new Dictionary<string, long>(), cancellationToken).ConfigureAwait(false);
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
    private bool IsOfOneBackup(Exception exception) =>
        exception is IOException or EdgeBackupException { ErrorId: ErrorIds.BackupDamaged or ErrorIds.ItemPathInvalid } || source.Core.Store.IsOwnNotReadable(exception);

    private static bool Prove(BackupHeader header, BackupRecord record, string digest) =>
        digest == record.StateDigest ? header.Changed : throw Altered(record, path: null, "its items are not those that its record seals");

    /// <param name="draft">Gets the items.</param>
    /// <param name="record">The backup in the source.</param>
    /// <param name="written">Gets path and length of what is to be read back.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What the backup holds.</returns>
    private async Task<Holding> FillAsync(BackupDraft draft, BackupRecord record, Dictionary<string, long> written, CancellationToken cancellationToken)
    {
        at = null;
        var held = new Holding();
        await foreach (var item in source.ReadItemsAsync(record, cancellationToken).ConfigureAwait(false))
        {
            at = item.Item.Path;
            var saved = await StoreAsync(record, item, written, cancellationToken).ConfigureAwait(false);
            await draft.AddAsync(saved, cancellationToken).ConfigureAwait(false);
            held.Learn(saved);
            at = null;
        }

        return held;
    }

    private async Task<SavedItem> StoreAsync(BackupRecord record, SavedItem item, Dictionary<string, long> written, CancellationToken cancellationToken)
    {
        if (item.Digest is not { } digest)
        {
            return session.Store(item.Item);
        }

        if (known.ByDigest.TryGetValue(digest, out var before) && before.Item.Length == item.Item.Length && await session.CanReuseAsync(before, cancellationToken).ConfigureAwait(false))
        {
            return before with { Item = item.Item };
        }

        if (session.TryFind(item.Item, digest) is { } found)
        {
            // A run that was cut short may have left it: only a backup that is recorded tells that it was read back.
            if (!known.Single.Contains(found.Chunks[0]))
            {
                written[item.Item.Path] = item.Item.Length;
            }

            return found;
        }

        var content = source.OpenItem(record, item);
        await using var lease = content.ConfigureAwait(false);
        var saved = await session.StoreAsync(item.Item, content, cancellationToken).ConfigureAwait(false);
        BytesRead += saved.Item.Length;
        written[item.Item.Path] = item.Item.Length;
        return saved.Digest == digest && saved.Item.Length == item.Item.Length
            ? saved
            : throw Altered(record, item.Item.Path, "its bytes are not those that its item list tells of");
    }

    /// <summary>Reads what was written, while there is no record that would make it count as copied.</summary>
    private async Task ReadBackAsync(BackupRecord copied, Dictionary<string, long> written, CancellationToken cancellationToken)
    {
        // The end of each item proves length and digest, and the record's digest that they are the source's.
        if (await BackupVerifier.RunAsync(copy.Core, copied, written.ContainsKey, cancellationToken).ConfigureAwait(false) is [var damage, ..])
        {
            at = damage.Path;
            throw new EdgeBackupException(
                ErrorIds.BackupDamaged,
                $"What was written to the copy does not come back ('{damage.Object}': {damage.Reason}). Run Repair-EdgeRepository on the copy, then copy again.",
                copied.Id);
        }

        Verified += written.Values.Sum();
    }

    private static EdgeBackupException Altered(BackupRecord record, string? path, string reason) => new(
        ErrorIds.BackupDamaged,
        $"The backup '{record.Id}' of '{record.Device}' was not copied{(path is null ? "" : $", because of '{path}'")}: {reason}. Run Test-EdgeBackup, and Repair-EdgeRepository on the source.",
        record.Id);

    /// <summary>What a recorded backup of the copy holds.</summary>
    private sealed class Holding
    {
        /// <summary>Items of several chunks, by the digest of the whole content.</summary>
        public Dictionary<string, SavedItem> ByDigest { get; } = new(StringComparer.Ordinal);

        /// <summary>The chunks of the others, each of which is found by its digest alone.</summary>
        public HashSet<ChunkId> Single { get; } = [];

        public void Learn(SavedItem item)
        {
            if (item is { Digest: { } digest, Chunks.Count: > 1 })
            {
                ByDigest[digest] = item;
            }
            else if (item.Chunks is [var only])
            {
                Single.Add(only);
            }
        }
    }
}
