using EdgeBackup.Core.Repository.Backups;

namespace EdgeBackup.Core.Repository.Chain;

/// <summary>
/// What this client sees of the chain, held against what it has seen before, in this session or, by its memory, in earlier
/// ones. Thread-safe.
/// </summary>
internal sealed class ChainSight(RepositoryCore core, ChainStore store)
{
    private ChainHead? head;
    private ChainPosition? trusted;
    private ChainPosition? remembered;

    /// <summary>The newest entry that this object knows; null where it cannot be read.</summary>
    public ChainHead? Head => Volatile.Read(ref head);

    /// <summary>What speaks against the state of the store, a sentence without a full stop; null for nothing.</summary>
    public string? Notice { get; private set; }

    /// <summary>The entry that <see cref="Notice"/> is about, or the folder of all.</summary>
    public string Culprit { get; private set; } = ChainStore.Root.TrimEnd('/');

    /// <summary>Whether entries are known to have been there behind the newest one that can be read.</summary>
    public bool LacksNewest => Head is not { } known || (Volatile.Read(ref trusted) ?? remembered)?.Sequence > known.Sequence;

    /// <summary>The greatest number that any client of this memory has seen; 0 for none.</summary>
    public long Furthest => Math.Max(core.Environment.Memory?.Read(core.Header.Id)?.Sequence ?? 0, Math.Max(remembered?.Sequence ?? 0, Head?.Sequence ?? 0));

    /// <summary>Finds the newest entry and compares it with what was seen in earlier sessions.</summary>
    public async Task OpenAsync(CancellationToken cancellationToken)
    {
        remembered = core.Environment.Memory?.Read(core.Header.Id);
        Take(await store.FindAsync(remembered, cancellationToken).ConfigureAwait(false));
        Remember();
    }

    /// <summary>Looks for newer entries.</summary>
    /// <returns>The newest entry; null where it cannot be read.</returns>
    public async Task<ChainHead?> RefreshAsync(CancellationToken cancellationToken)
    {
        Take(await store.FindAsync(trusted ?? remembered, cancellationToken).ConfigureAwait(false));
        return Head;
    }

    /// <summary>Takes in what was found.</summary>
    public void Take(ChainView view)
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

    /// <summary>Takes in an entry of which nothing but good is known.</summary>
    public void MoveTo(ChainHead next)
    {
        Volatile.Write(ref head, next);

        // What comes later is held against it.
        Volatile.Write(ref trusted, next.Position);
    }

    /// <summary>Never what speaks against what was seen before: that would hide it from the next opening.</summary>
    public void Remember()
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
}
