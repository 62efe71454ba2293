using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Repository.Backups;

namespace EdgeBackup.Core.Repository.Chain;

/// <summary>
/// Appends to the chain. Changes that come while an entry is being written share the next one. Thread-safe.
/// </summary>
internal sealed class RecordChain : IDisposable
{
    private readonly RepositoryCore core;
    private readonly ChainSight sight;
    private readonly ChainEntries entries;
    private readonly Lock sync = new();
    private readonly List<string> gone = [];
    private List<Waiting> waiting = [];
    private bool isWriting;

    public RecordChain(RepositoryCore core)
    {
        this.core = core;
        Store = new ChainStore(core);
        sight = new ChainSight(core, Store);
        entries = new ChainEntries(core, Store);
        Snapshots = new ChainSnapshots(core, Store, sight, entries);
    }

    public ChainStore Store { get; }

    /// <summary>Writes the entries that need none before them.</summary>
    public ChainSnapshots Snapshots { get; }

    /// <inheritdoc cref="ChainSight.Head"/>
    public ChainHead? Head => sight.Head;

    /// <inheritdoc cref="ChainSight.Notice"/>
    public string? Notice => sight.Notice;

    /// <inheritdoc cref="ChainSight.Culprit"/>
    public string Culprit => sight.Culprit;

    /// <inheritdoc cref="ChainSight.LacksNewest"/>
    public bool LacksNewest => sight.LacksNewest;

    /// <summary>The ids of the valid keys; null where the chain cannot tell.</summary>
    public IReadOnlyList<string>? Keys => Head?.Keys;

    /// <summary>Finds the newest entry and compares it with what this client has seen.</summary>
    public Task OpenAsync(CancellationToken cancellationToken) => sight.OpenAsync(cancellationToken);

    /// <summary>Looks for newer entries.</summary>
    /// <returns>The newest entry; null where it cannot be read.</returns>
    public Task<ChainHead?> RefreshAsync(CancellationToken cancellationToken) => sight.RefreshAsync(cancellationToken);

    /// <exception cref="EdgeBackupException">RepositoryDamaged: something speaks against the state of the store.</exception>
    public void ThrowIfRefused()
    {
        if (Notice is { } notice)
        {
            throw Refusal(notice);
        }
    }

    private EdgeBackupException Refusal(string notice) => new(
        ErrorIds.RepositoryDamaged,
        $"Nothing is written to the repository '{core.Store.Location}'. {notice}. Bring the newest copy of the repository back; or, when the present state is meant to be, accept it with: Repair-EdgeRepository -AcceptRollback",
        core.Store.Location);

    /// <summary>Appends a change; durable on return.</summary>
    /// <exception cref="EdgeBackupException">RepositoryNotWritable, RepositoryDamaged, or what the change itself throws.</exception>
    public Task AppendAsync(ChainChange change) => Enqueue(change).Completion.Task;

    /// <summary>Names records that are durable; durable on return.</summary>
    /// <param name="names">Their names.</param>
    /// <param name="takeBack">
    /// Removes them again, where the chain is refused and nothing was appended. Not called where the entry may have been
    /// written after all: then maintenance takes the records in.
    /// </param>
    /// <exception cref="EdgeBackupException">RepositoryNotWritable, RepositoryDamaged.</exception>
    public async Task NameAsync(IReadOnlyList<string> names, Func<Task> takeBack)
    {
        Waiting? entry = null;
        try
        {
            entry = Enqueue(ChainChange.Add(names));
            await entry.Completion.Task.ConfigureAwait(false);
        }
        catch (EdgeBackupException) when (entry is null or { IsRefused: true })
        {
            try
            {
                await takeBack().ConfigureAwait(false);
            }
            catch (Exception exception) when (exception is IOException or EdgeBackupException)
            {
                // The command fails and says why; what stays is as the record of a writer that was killed.
            }

            throw;
        }
    }

    private Waiting Enqueue(ChainChange change)
    {
        ThrowIfRefused();
        var entry = new Waiting(change);
        lock (sync)
        {
            waiting.Add(entry);
            if (!isWriting)
            {
                isWriting = true;
                _ = Task.Run(WriteWaitingAsync);
            }
        }

        return entry;
    }

    /// <summary>Notes records that are gone for good; the next entry, whenever it comes, says so.</summary>
    public void NoteRemoved(IEnumerable<string> names)
    {
        lock (sync)
        {
            gone.AddRange(names);
        }
    }

    public void Dispose() => sight.Remember();

    private async Task WriteWaitingAsync()
    {
        while (true)
        {
            List<Waiting> group;
            List<string> removed;
            lock (sync)
            {
                if (waiting.Count == 0)
                {
                    isWriting = false;
                    return;
                }

                group = waiting;
                waiting = [];
                removed = [.. gone];
                gone.Clear();
            }

            try
            {
                await WriteAsync(group, removed).ConfigureAwait(false);
                group.ForEach(entry => entry.Completion.TrySetResult());
            }
            catch (Exception exception)
            {
                // Goes to each of those who wait.
                NoteRemoved(removed);
                var error = ToError(exception);
                group.ForEach(entry => entry.Completion.TrySetException(error));
            }
        }
    }

    private async Task WriteAsync(List<Waiting> group, List<string> removed)
    {
        while (true)
        {
            if (Notice is { } notice)
            {
                // What an earlier round has written is taken back by now.
                group.ForEach(entry => entry.IsRefused = true);
                throw Refusal(notice);
            }

            var behind = Head ?? throw new InvalidOperationException("The chain was not opened.");
            var sequence = behind.Sequence + 1;
            var keys = ChangeKeys(behind.Keys, group);
            var changes = group.Where(entry => !entry.Completion.Task.IsCompleted).Select(entry => entry.Change).ToList();
            if (changes.Count == 0)
            {
                NoteRemoved(removed);
                return;
            }

            var entry = entries.New(sequence, behind.Hash) with
            {
                Snapshot = behind.Snapshot,
                Keys = keys,
                Added = OrNull(changes.SelectMany(change => change.Added)),
                Removing = OrNull(changes.SelectMany(change => change.Removing)),
                Removed = OrNull(removed),
                Returning = OrNull(changes.SelectMany(change => change.Returning)),
            };
            var (content, hash) = entries.Seal(entry);
            var isWritten = await core.Store.PutAsync(Store.ToName(sequence), content, CancellationToken.None).ConfigureAwait(false);

            // Old entries are dropped from the oldest on. While the one before is there, this number was never used
            // and dropped; else this writer slept, or the store was taken back.
            if (await entries.IsDroppedAsync(behind).ConfigureAwait(false))
            {
                if (isWritten)
                {
                    await core.Store.DeleteAsync(Store.ToName(sequence), CancellationToken.None).ConfigureAwait(false);
                }

                sight.Take(await Store.FindAsync(behind.Position, CancellationToken.None).ConfigureAwait(false));
                continue;
            }

            if (isWritten)
            {
                sight.MoveTo(new ChainHead(sequence, hash, behind.Snapshot, keys));
                sight.Remember();
                return;
            }

            if (await Store.ReadAsync(sequence, CancellationToken.None).ConfigureAwait(false) is not var (next, nextHash))
            {
                continue;
            }

            if (next.Previous != behind.Hash)
            {
                throw new ObjectDamagedException(Store.ToName(sequence), "it does not follow the entry before it");
            }

            sight.MoveTo(new ChainHead(sequence, nextHash, next.Snapshot, next.Keys));
        }
    }

    /// <summary>Asks each change of keys anew, since others may have changed them; one that refuses fails alone.</summary>
    private static IReadOnlyList<string> ChangeKeys(IReadOnlyList<string> keys, List<Waiting> group)
    {
        foreach (var entry in group.Where(entry => entry.Change.Keys is not null && !entry.Completion.Task.IsCompleted))
        {
            try
            {
                keys = entry.Change.Keys!(keys);
            }
            catch (EdgeBackupException exception)
            {
                entry.Completion.TrySetException(exception);
            }
        }

        return keys;
    }

    private static List<string>? OrNull(IEnumerable<string> names) => names.Distinct(StringComparer.Ordinal).ToList() is { Count: > 0 } list ? list : null;

    public EdgeBackupException ToError(Exception exception) => exception switch
    {
        EdgeBackupException known => new EdgeBackupException(known.ErrorId, known.Message, known.Target, known),
        ObjectDamagedException damage => damage.ToError(core.Store.Location),
        _ => new EdgeBackupException(
            ErrorIds.RepositoryNotWritable,
            $"The chain of records of the repository '{core.Store.Location}' could not be written: {exception.Message} Nothing saved before was lost; see that the repository can be written and run the command again.",
            core.Store.Location,
            exception),
    };

    private sealed record Waiting(ChainChange Change)
    {
        public TaskCompletionSource Completion { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Nothing of it was appended. Set before it completes.</summary>
        public bool IsRefused { get; set; }
    }
}
