using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Repository.Backups;

namespace EdgeBackup.Core.Repository.Chain;

/// <summary>
/// Appends to the chain. Changes that come while an entry is being written share the next one. Thread-safe.
/// </summary>
internal sealed class RecordChain : IDisposable
{
    private readonly RepositoryCore core;
    private readonly string writer;
    private readonly Lock sync = new();
    private readonly List<string> gone = [];
    private List<Waiting> waiting = [];
    private bool isWriting;
    private ChainHead? head;
    private ChainPosition? trusted;
    private ChainPosition? remembered;

    public RecordChain(RepositoryCore core)
    {
        this.core = core;
        Store = new ChainStore(core);
        var id = new byte[6];
        core.Environment.Random.Fill(id);
        writer = Convert.ToHexStringLower(id);
    }

    public ChainStore Store { get; }

    /// <summary>The newest entry that this object knows; null where it cannot be read.</summary>
    public ChainHead? Head => Volatile.Read(ref head);

    /// <summary>What speaks against the state of the store, a sentence without a full stop; null for nothing.</summary>
    public string? Notice { get; private set; }

    /// <summary>The entry that <see cref="Notice"/> is about, or the folder of all.</summary>
    public string Culprit { get; private set; } = ChainStore.Root.TrimEnd('/');

    /// <summary>Whether entries are known to have been there behind the newest one that can be read.</summary>
    public bool LacksNewest => Head is not { } known || (Volatile.Read(ref trusted) ?? remembered)?.Sequence > known.Sequence;

    /// <summary>The ids of the valid keys; null where the chain cannot tell.</summary>
    public IReadOnlyList<string>? Keys => Head?.Keys;

    /// <summary>Writes the first entry of a new repository.</summary>
    public async Task BeginAsync(IReadOnlyList<string> keys, CancellationToken cancellationToken)
    {
        var entry = NewEntry(1, null) with { Snapshot = 1, Keys = keys, Added = [.. keys.Select(Repository.Keys.KeyObject.ToName)], State = ChainState.Empty };
        var (content, hash) = Seal(entry);
        await core.Store.PutAsync(Store.ToName(1), content, cancellationToken).ConfigureAwait(false);
        MoveTo(new ChainHead(1, hash, 1, keys));
    }

    /// <summary>Finds the newest entry and compares it with what this client has seen.</summary>
    public async Task OpenAsync(CancellationToken cancellationToken)
    {
        remembered = core.Environment.Memory?.Read(core.Header.Id);
        Take(await Store.FindAsync(remembered, cancellationToken).ConfigureAwait(false));
        Remember();
    }

    /// <summary>Looks for newer entries.</summary>
    /// <returns>The newest entry; null where it cannot be read.</returns>
    public async Task<ChainHead?> RefreshAsync(CancellationToken cancellationToken)
    {
        Take(await Store.FindAsync(trusted ?? remembered, cancellationToken).ConfigureAwait(false));
        return Head;
    }

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

    /// <summary>Writes an entry that sums up all before it, unless somebody was faster.</summary>
    /// <param name="behind">The entry that it follows.</param>
    /// <param name="fill">Adds the state.</param>
    /// <returns>False when another entry came first.</returns>
    public async Task<bool> TrySnapshotAsync(ChainHead behind, Func<ChainEntry, ChainEntry> fill)
    {
        var sequence = behind.Sequence + 1;
        var entry = fill(NewEntry(sequence, behind.Hash) with { Snapshot = sequence, Keys = behind.Keys });
        var (content, hash) = Seal(entry);
        if (!await core.Store.PutAsync(Store.ToName(sequence), content, CancellationToken.None).ConfigureAwait(false))
        {
            return false;
        }

        // As for any other entry: the number may have been used and dropped while this one slept.
        if (await IsDroppedAsync(behind).ConfigureAwait(false))
        {
            await core.Store.DeleteAsync(Store.ToName(sequence), CancellationToken.None).ConfigureAwait(false);
            return false;
        }

        MoveTo(new ChainHead(sequence, hash, sequence, entry.Keys));
        Remember();
        return true;
    }

    /// <summary>Begins anew behind whatever is there: the present state is good from here on.</summary>
    /// <param name="keys">The valid keys.</param>
    /// <param name="state">All live records.</param>
    /// <param name="missing">Records that the chain had.</param>
    /// <param name="behind">The entry that the state goes back to, where others may write meanwhile; else null.</param>
    /// <returns>False when others have written after that entry; then nothing was written.</returns>
    public async Task<bool> AcceptAsync(IReadOnlyList<string> keys, ChainState state, IReadOnlyList<string> missing, ChainHead? behind)
    {
        while (true)
        {
            var listed = await Store.ListAsync(CancellationToken.None).ConfigureAwait(false);

            // Above all that any client of this memory has seen, so that none of them takes it for older.
            var sequence = Math.Max(listed.Count == 0 ? 0 : listed[^1], Math.Max(core.Environment.Memory?.Read(core.Header.Id)?.Sequence ?? 0, Math.Max(remembered?.Sequence ?? 0, Head?.Sequence ?? 0))) + 1;
            if (behind is not null && sequence != behind.Sequence + 1)
            {
                return false;
            }

            var entry = NewEntry(sequence, await Store.TryHashAsync(sequence - 1, CancellationToken.None).ConfigureAwait(false)) with
            {
                Snapshot = sequence,
                Keys = keys,
                State = state with { From = sequence, Hashes = "" },
                Accepted = new AcceptedState(Notice ?? (missing.Count > 0 ? "Records are missing that its chain has" : "Nothing"), missing),
            };
            var (content, hash) = Seal(entry);
            if (await core.Store.PutAsync(Store.ToName(sequence), content, CancellationToken.None).ConfigureAwait(false))
            {
                await DropBeforeAsync(sequence).ConfigureAwait(false);
                Take(new ChainView(new ChainHead(sequence, hash, sequence, keys), null, sequence));
                Remember();
                return true;
            }
        }
    }

    /// <summary>
    /// Drops all entries before the given one, from the oldest on: writers rely on that order. There may be a gap behind
    /// them: who has seen the last one before it would look for the next number, find none, and write it.
    /// </summary>
    private async Task DropBeforeAsync(long sequence)
    {
        while (true)
        {
            var old = (await Store.ListAsync(CancellationToken.None).ConfigureAwait(false)).Where(entry => entry < sequence).ToList();
            if (old.Count == 0)
            {
                return;
            }

            foreach (var entry in old)
            {
                await core.Store.DeleteAsync(Store.ToName(entry), CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    public void Dispose() => Remember();

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

            var entry = NewEntry(sequence, behind.Hash) with
            {
                Snapshot = behind.Snapshot,
                Keys = keys,
                Added = OrNull(changes.SelectMany(change => change.Added)),
                Removing = OrNull(changes.SelectMany(change => change.Removing)),
                Removed = OrNull(removed),
                Returning = OrNull(changes.SelectMany(change => change.Returning)),
            };
            var (content, hash) = Seal(entry);
            var isWritten = await core.Store.PutAsync(Store.ToName(sequence), content, CancellationToken.None).ConfigureAwait(false);

            // Old entries are dropped from the oldest on. While the one before is there, this number was never used
            // and dropped; else this writer slept, or the store was taken back.
            if (await IsDroppedAsync(behind).ConfigureAwait(false))
            {
                if (isWritten)
                {
                    await core.Store.DeleteAsync(Store.ToName(sequence), CancellationToken.None).ConfigureAwait(false);
                }

                Take(await Store.FindAsync(behind.Position, CancellationToken.None).ConfigureAwait(false));
                continue;
            }

            if (isWritten)
            {
                MoveTo(new ChainHead(sequence, hash, behind.Snapshot, keys));
                Remember();
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

            MoveTo(new ChainHead(sequence, nextHash, next.Snapshot, next.Keys));
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

    /// <summary>
    /// Whether an entry was dropped by maintenance. One that is there with other bytes was read wrongly or altered, and was
    /// not dropped: to take back what was written behind it would take it from those who have seen it.
    /// </summary>
    /// <exception cref="ObjectDamagedException">It is another one.</exception>
    private async Task<bool> IsDroppedAsync(ChainHead known)
    {
        for (var look = 0; look < 2; look++)
        {
            if (await Store.GetAsync(known.Sequence, CancellationToken.None).ConfigureAwait(false) is not { } content)
            {
                return true;
            }

            if (ChainStore.HashOf(content) == known.Hash)
            {
                return false;
            }
        }

        throw new ObjectDamagedException(Store.ToName(known.Sequence), "it is not the entry that this command followed");
    }

    private ChainEntry NewEntry(long sequence, string? previous) => new()
    {
        Sequence = sequence,
        Previous = previous,
        Snapshot = 0,
        Time = core.Environment.Clock.GetUtcNow(),
        Writer = writer,
        Keys = [],
    };

    private (byte[] Content, string Hash) Seal(ChainEntry entry)
    {
        var content = core.Seal(Store.ToName(entry.Sequence), entry, RepositoryJson.Default.ChainEntry);
        return (content, ChainStore.HashOf(content));
    }

    private void Take(ChainView view)
    {
        Culprit = view.Culprit ?? ChainStore.Root.TrimEnd('/');
        Notice = view.Notice;
        if (Notice is null)
        {
            MoveTo(view.Head!);
        }
        else
        {
            Volatile.Write(ref head, view.Head);
        }
    }

    private void MoveTo(ChainHead next)
    {
        Volatile.Write(ref head, next);

        // What comes later is held against it.
        Volatile.Write(ref trusted, next.Position);
    }

    /// <summary>Never what speaks against what was seen before: that would hide it from the next opening.</summary>
    private void Remember()
    {
        if (core.Environment.Memory is not { } memory
            || Notice is not null
            || Head is not { } known
            || known.Position == remembered)
        {
            return;
        }

        // Of several processes the one that saw most is believed.
        if (memory.Read(core.Header.Id) is not { } other || other.Sequence < known.Sequence)
        {
            memory.Write(core.Header.Id, known.Position);
        }

        remembered = known.Position;
    }

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
