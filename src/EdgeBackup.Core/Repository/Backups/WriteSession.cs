using System.Text.Json;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository.Backups;
using EdgeBackup.Core.Repository.Chain;
using EdgeBackup.Core.Repository.Chunks;
using EdgeBackup.Core.Repository.Index;
using EdgeBackup.Core.Repository.Maintenance;
using EdgeBackup.Core.Repository.Packs;

namespace EdgeBackup.Core.Repository;

/// <summary>
/// Writes backups. Thread-safe: many captures share one session, and with it packs and one index object a flush.
/// Disposing gives up what was not committed.
/// </summary>
public sealed class WriteSession : IAsyncDisposable
{
    private readonly RepositoryCore core;
    private readonly Lease lease;
    private readonly PackWriter packs;
    private readonly GroupCommit group;
    private readonly List<string> indexed = [];
    private long bytesBesidePacks;
    private int disposed;

    private WriteSession(RepositoryCore core, Lease lease, ChunkTable table)
    {
        this.core = core;
        this.lease = lease;
        group = new GroupCommit(core.Environment.Clock, FlushChunksAsync, RecordAsync);
        packs = new PackWriter(core, group.PackClosed);
        Chunks = new ChunkStore(core, table, packs);
    }

    /// <summary>What the session has done so far.</summary>
    public WriteStatistics Statistics => new(
        Chunks.BytesRead,
        packs.BytesWritten + Interlocked.Read(ref bytesBesidePacks),
        Chunks.Added,
        Chunks.Reused,
        packs.PacksWritten);

    internal ChunkStore Chunks { get; }

    internal static async Task<WriteSession> BeginAsync(RepositoryCore core, CancellationToken cancellationToken)
    {
        if (core.Chain is { } chain)
        {
            // A store that was taken back since it was opened is noticed before a device is held for nothing.
            await chain.RefreshAsync(cancellationToken).ConfigureAwait(false);
            chain.ThrowIfRefused();
        }

        // The order matters: maintenance writes its mark and then looks for leases, so either it sees this lease or this
        // session sees the mark.
        var lease = await Lease.TakeAsync(core, LeaseKind.Write, cancellationToken).ConfigureAwait(false);
        try
        {
            var marks = await ReadMarksAsync(core, cancellationToken).ConfigureAwait(false);
            var condemned = marks.Values.SelectMany(mark => mark.Packs).ToHashSet();
            var table = await core.Index.RefreshAsync(condemned, force: false, cancellationToken).ConfigureAwait(false);
            if (marks.Count > 0)
            {
                await lease.NoteMarksAsync(marks.Keys, cancellationToken).ConfigureAwait(false);
            }

            return new WriteSession(core, lease, table);
        }
        catch
        {
            await lease.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private static async Task<Dictionary<string, MarkBody>> ReadMarksAsync(RepositoryCore core, CancellationToken cancellationToken)
    {
        try
        {
            return await Marks.ReadAsync(core, cancellationToken).ConfigureAwait(false);
        }
        catch (ObjectDamagedException exception)
        {
            throw new EdgeBackupException(
                ErrorIds.RepositoryDamaged,
                $"No backup can begin: the mark '{exception.ObjectName}' of the repository '{core.Store.Location}' is damaged ({exception.Reason}), so it is not known which packs are about to be removed. Nothing is lost: Optimize-EdgeRepository or Repair-EdgeRepository removes the mark, and backups go on.",
                exception.ObjectName,
                exception);
        }
    }

    /// <summary>
    /// Reads a stream to its end and keeps its chunks. Items may be stored in any order, many at once. When the stream
    /// throws, its exception passes on, nothing is recorded, and the same item may be stored again.
    /// </summary>
    /// <returns>The item with <see cref="Item.Length"/> set to the bytes read, their SHA-256 and their chunks.</returns>
    /// <exception cref="EdgeBackupException">RepositoryNotWritable: a pack could not be written; the session is over.</exception>
    public Task<SavedItem> StoreAsync(Item item, Stream content, CancellationToken cancellationToken) =>
        StoreAsync(item, content, previous: null, cancellationToken);

    /// <summary>As the shorter form; of a content that grew at its end since an earlier backup only the new bytes are stored.</summary>
    /// <param name="item">As for the shorter form.</param>
    /// <param name="content">As for the shorter form.</param>
    /// <param name="previous">What the item was in an earlier backup; null when there is none.</param>
    /// <param name="cancellationToken">As for the shorter form.</param>
    /// <exception cref="EdgeBackupException">As for the shorter form.</exception>
    public async Task<SavedItem> StoreAsync(Item item, Stream content, SavedItem? previous, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(item);
        ArgumentNullException.ThrowIfNull(content);
        Chunks.ThrowIfFaulted();
        using var writer = new ContentWriter(Chunks, core.Chunker, previous?.Chunks);
        await writer.ReadFromAsync(content, cancellationToken).ConfigureAwait(false);
        var stored = await writer.CompleteAsync(cancellationToken).ConfigureAwait(false);
        return new SavedItem
        {
            Item = item with { Length = stored.Length },
            Digest = Convert.ToHexStringLower(stored.Digest),
            Chunks = stored.Chunks,
        };
    }

    /// <summary>A folder or a link, which has no content.</summary>
    /// <exception cref="ArgumentException">A file.</exception>
    public SavedItem Store(Item item)
    {
        Chunks.ThrowIfFaulted();
        return item.Type == ItemType.File
            ? throw new ArgumentException("A file has content: use StoreAsync.", nameof(item))
            : new SavedItem { Item = item with { Length = 0 } };
    }

    /// <summary>Whether all chunks of an earlier backup's item are in packs that were there when the session began, so that it need not be read again.</summary>
    public ValueTask<bool> CanReuseAsync(SavedItem previous, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return ValueTask.FromResult(previous.Chunks.All(Chunks.Has));
    }

    /// <summary>Finds the content of an item by its digest, where it stands in one chunk that the repository has.</summary>
    /// <param name="item">With its length.</param>
    /// <param name="digest">SHA-256 of the content, hex.</param>
    /// <returns>The item; null where its bytes have to be stored.</returns>
    internal SavedItem? TryFind(Item item, string digest)
    {
        if (item.Length is 0 or > Chunker.MaximumSize)
        {
            return null;
        }

        var id = core.Master.ToChunkId(Convert.FromHexString(digest));
        return Chunks.Has(id) ? new SavedItem { Item = item, Digest = digest, Chunks = [id] } : null;
    }

    /// <summary>Begins a backup; dispose without a commit gives it up.</summary>
    public BackupDraft BeginBackup() => BeginBackup(allowHostilePaths: false);

    /// <param name="allowHostilePaths">True only to prove that readers refuse what no writer of ours would write.</param>
    internal BackupDraft BeginBackup(bool allowHostilePaths)
    {
        Chunks.ThrowIfFaulted();
        group.Began();
        return new BackupDraft(this, core, allowHostilePaths);
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, 1) != 0)
        {
            return;
        }

        await group.DisposeAsync().ConfigureAwait(false);
        await Chunks.DisposeAsync().ConfigureAwait(false);
        foreach (var pack in await packs.TakeWrittenAsync(closeCurrent: false).ConfigureAwait(false))
        {
            // Written for a backup that was given up; it fails or it stays as garbage.
            await pack.ContinueWith(done => done.Exception, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default).ConfigureAwait(false);
        }

        packs.Dispose();
        await lease.DisposeAsync().ConfigureAwait(false);
    }

    internal void GaveUp() => group.GaveUp();

    internal Task JoinAsync(BackupRecord record, Func<Task>? prove) => group.JoinAsync(record, prove);

    /// <summary>Makes packs and index durable, and makes sure that nothing which the session relies on was removed.</summary>
    /// <param name="closeCurrent">Whether to write the pack that is being filled, too.</param>
    /// <exception cref="EdgeBackupException">RepositoryNotWritable, CaptureFailed: the session is over.</exception>
    internal async Task FlushChunksAsync(bool closeCurrent)
    {
        try
        {
            Chunks.ThrowIfFaulted();
            var written = await Task.WhenAll(await packs.TakeWrittenAsync(closeCurrent).ConfigureAwait(false)).ConfigureAwait(false);
            if (written.Length > 0)
            {
                var bytes = await core.Index.PublishAsync(written, table => Chunks.Indexed(written, table)).ConfigureAwait(false);
                Interlocked.Add(ref bytesBesidePacks, bytes);
                indexed.AddRange(written.Select(pack => pack.Hash));
            }

            await ConfirmLeaseAsync().ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            // What others in the session rely on may be missing now; none of them may be recorded.
            Chunks.Fault(exception);
            Chunks.ThrowIfFaulted();
        }
    }

    /// <summary>After packs and index: the records durable, then one entry of the chain that names them.</summary>
    /// <returns>For each record why it was not written, or null.</returns>
    private async Task<IReadOnlyList<Exception?>> RecordAsync(IReadOnlyList<BackupRecord> records)
    {
        // Nobody relies on another's record: one that cannot be written fails alone (R16).
        var objects = new List<(string Name, ReadOnlyMemory<byte> Content)>(records.Count);
        foreach (var record in records)
        {
            var name = BackupRecords.ToName(core, record.Device, record.Id);
            objects.Add((name, core.Sealer.Seal(name, JsonSerializer.SerializeToUtf8Bytes(record, RepositoryJson.Default.BackupRecord))));
        }

        var faults = await core.Store.PutManyAsync(objects, CancellationToken.None).ConfigureAwait(false);

        await ConfirmRecordedAsync(objects).ConfigureAwait(false);
        faults = await NameAsync(objects, faults).ConfigureAwait(false);
        Interlocked.Add(ref bytesBesidePacks, objects.Zip(faults).Sum(entry => entry.Second is null ? (long)entry.First.Content.Length : 0));
        return [.. faults.Select((fault, index) => fault is null ? null : Unwritten(records[index], fault))];
    }

    /// <summary>Names the records that are durable in the chain, all in one entry.</summary>
    private async Task<IReadOnlyList<Exception?>> NameAsync(IReadOnlyList<(string Name, ReadOnlyMemory<byte> Content)> objects, IReadOnlyList<Exception?> faults)
    {
        var durable = objects.Zip(faults).Where(entry => entry.Second is null).Select(entry => entry.First.Name).ToList();
        if (core.Chain is not { } chain || durable.Count == 0)
        {
            return faults;
        }

        try
        {
            var named = objects.Zip(faults).Where(entry => entry.Second is null).Select(entry => entry.First);
            await chain.NameAsync(durable, async () => await DeleteAsync(await FindOursAsync(named).ConfigureAwait(false)).ConfigureAwait(false)).ConfigureAwait(false);
            return faults;
        }
        catch (EdgeBackupException exception)
        {
            return [.. faults.Select(fault => fault ?? exception)];
        }
    }

    private EdgeBackupException Unwritten(BackupRecord record, Exception fault) => fault is EdgeBackupException known
        ? new EdgeBackupException(known.ErrorId, $"The record of the backup of '{record.Device}' could not be written. {known.Message}", known.Target, known)
        : new EdgeBackupException(
            ErrorIds.RepositoryNotWritable,
            $"The record of the backup of '{record.Device}' could not be written to the repository '{core.Store.Location}': {fault.Message} Nothing saved before was lost; see that it can be written and take the backup again.",
            core.Store.Location,
            fault);

    /// <summary>
    /// This session may have slept between the look at its lease and the writing of the records. Maintenance gives up a
    /// lease before it reads the records for the last time, so it knows these records, or this finds the lease given up.
    /// </summary>
    private async Task ConfirmRecordedAsync(List<(string Name, ReadOnlyMemory<byte> Content)> records)
    {
        try
        {
            await ConfirmLeaseAsync().ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            // Nobody was told of these backups, and they may not be whole.
            Chunks.Fault(exception);
            await TakeBackAsync(records).ConfigureAwait(false);
            Chunks.ThrowIfFaulted();
        }
    }

    /// <summary>
    /// Maintenance may have found the records and named them in the chain, so their removal is named as any other is. It
    /// is named again afterwards: maintenance that saw a record before may have named it in between.
    /// </summary>
    private async Task TakeBackAsync(List<(string Name, ReadOnlyMemory<byte> Content)> records)
    {
        try
        {
            var ours = await FindOursAsync(records).ConfigureAwait(false);
            if (ours.Count == 0)
            {
                return;
            }

            var removal = new ChainChange { Removing = ours };
            await (core.Chain?.AppendAsync(removal) ?? Task.CompletedTask).ConfigureAwait(false);
            await DeleteAsync(ours).ConfigureAwait(false);
            await (core.Chain?.AppendAsync(removal) ?? Task.CompletedTask).ConfigureAwait(false);
            core.Chain?.NoteRemoved(ours);
        }
        catch (Exception exception) when (exception is IOException or EdgeBackupException)
        {
            // The session has failed and says why; a verification names the backup if it is not whole.
        }
    }

    /// <summary>Another's record of the same name is not ours to remove.</summary>
    private async Task<List<string>> FindOursAsync(IEnumerable<(string Name, ReadOnlyMemory<byte> Content)> records)
    {
        var ours = new List<string>();
        foreach (var (name, content) in records)
        {
            if (await core.Store.GetAsync(name, CancellationToken.None).ConfigureAwait(false) is { } found && content.Span.SequenceEqual(found))
            {
                ours.Add(name);
            }
        }

        return ours;
    }

    private async Task DeleteAsync(List<string> names)
    {
        foreach (var name in names)
        {
            await core.Store.DeleteAsync(name, CancellationToken.None).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// After a gap (the process was stopped, the store was away) maintenance may have held this session for dead. Then
    /// all that it relies on is looked at again before anything is recorded.
    /// </summary>
    internal async Task ConfirmLeaseAsync()
    {
        if (await lease.HasHeldAsync(CancellationToken.None).ConfigureAwait(false))
        {
            return;
        }

        await lease.RetakeAsync(CancellationToken.None).ConfigureAwait(false);
        if (await IsOvertakenAsync(Chunks.CopyReliedOn()).ConfigureAwait(false))
        {
            // Packs of this session that went before it could tell the index of them.
            await IndexCleaner.ForgetGoneAsync(core, indexed, new HashSet<string>(), CancellationToken.None).ConfigureAwait(false);
            throw Overtaken();
        }
    }

    private async Task<bool> IsOvertakenAsync(HashSet<string> needed)
    {
        foreach (var mark in (await Marks.ReadAsync(core, CancellationToken.None).ConfigureAwait(false)).Values)
        {
            if (needed.Overlaps(mark.Packs))
            {
                return true;
            }
        }

        await foreach (var entry in core.Store.ListAsync(PackFormat.Folder, CancellationToken.None).ConfigureAwait(false))
        {
            if (PackFormat.ToHash(entry.Name) is { } hash)
            {
                needed.Remove(hash);
            }
        }

        return needed.Count > 0;
    }

    private EdgeBackupException Overtaken() => new(
        ErrorIds.CaptureFailed,
        $"This backup run was stopped for so long that maintenance of the repository '{core.Store.Location}' took it for dead and removed data it relied on. Nothing was recorded; run the backup again.",
        core.Store.Location);
}
