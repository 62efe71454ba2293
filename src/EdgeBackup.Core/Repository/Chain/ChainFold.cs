using EdgeBackup.Core.Repository.Maintenance;

namespace EdgeBackup.Core.Repository.Chain;

internal enum ChainedState
{
    /// <summary>The chain never named it, or not since its newest snapshot.</summary>
    Unknown,

    Live,

    /// <summary>An entry said that it is about to be removed; it may be there or not.</summary>
    Removing,

    /// <summary>An entry said that it is gone.</summary>
    Removed,

    /// <summary>An entry said after its removal that it is about to be written again; it may be there or not.</summary>
    Returning,
}

/// <summary>
/// What the entries from the newest snapshot on add up to. Names are kept as fingerprints with the entry that named them:
/// a repository may have a million.
/// </summary>
internal sealed class ChainFold(ChainStore store)
{
    private const string BackupFolder = "backups/";

    private readonly Dictionary<UInt128, (ChainedState State, long Sequence, bool IsBackup)> names = [];
    private string? lastHash;

    /// <summary>What is wrong with the chain itself.</summary>
    public List<ObjectDamagedException> Damage { get; } = [];

    /// <summary>The first entry that is folded: a snapshot.</summary>
    public long First { get; private set; }

    /// <summary>The last entry that is folded.</summary>
    public long Last { get; private set; }

    /// <summary>The last entry that could not be read; what it said of names, nobody knows.</summary>
    public long LastUnreadable { get; private set; }

    /// <summary>Names in the entries behind the snapshot.</summary>
    public long NamesBehindSnapshot { get; private set; }

    public int LiveCount => names.Values.Count(entry => entry.State == ChainedState.Live);

    /// <summary>Folds up to the given newest entry; may be called again with a newer one.</summary>
    public async Task ReadAsync(ChainHead head, CancellationToken cancellationToken)
    {
        if (Last == 0 || head.Snapshot > Last)
        {
            names.Clear();
            lastHash = null;
            First = head.Snapshot;
            Last = First - 1;
            NamesBehindSnapshot = 0;
        }

        await store.ReadAllAsync(
            Last + 1,
            head.Sequence,
            (sequence, read, damage) =>
            {
                Add(sequence, read, damage);
                Last = sequence;
                return true;
            },
            cancellationToken).ConfigureAwait(false);
    }

    public ChainedState StateOf(string name) => names.GetValueOrDefault(Fingerprint.Of(name)).State;

    /// <summary>The names in a state that are not among the given ones, with the entry that named each.</summary>
    public Task<List<(string Name, ChainEntry Entry)>> FindAsync(ChainedState state, IReadOnlySet<UInt128> except, CancellationToken cancellationToken) =>
        FindAsync(names.Where(entry => entry.Value.State == state && !except.Contains(entry.Key)), cancellationToken);

    /// <summary>The live backup records that are not among the given ones.</summary>
    public async Task<List<string>> FindBackupsAsync(IReadOnlySet<UInt128> except, CancellationToken cancellationToken)
    {
        var wanted = names.Where(entry => entry.Value is { State: ChainedState.Live, IsBackup: true } && !except.Contains(entry.Key));
        return (await FindAsync(wanted, cancellationToken).ConfigureAwait(false)).ConvertAll(entry => entry.Name);
    }

    private async Task<List<(string Name, ChainEntry Entry)>> FindAsync(
        IEnumerable<KeyValuePair<UInt128, (ChainedState State, long Sequence, bool IsBackup)>> those, CancellationToken cancellationToken)
    {
        var wanted = those.ToList();
        var keys = wanted.Select(entry => entry.Key).ToHashSet();
        var found = new List<(string, ChainEntry)>();
        foreach (var sequence in wanted.Select(entry => entry.Value.Sequence).Distinct().Order())
        {
            await store.ReadAllAsync(
                sequence,
                sequence,
                (_, read, _) =>
                {
                    if (read is var (entry, _))
                    {
                        found.AddRange(NamesIn(entry).Where(name => keys.Remove(Fingerprint.Of(name))).Select(name => (name, entry)));
                    }

                    return false;
                },
                cancellationToken).ConfigureAwait(false);
        }

        return found;
    }

    private static IEnumerable<string> NamesIn(ChainEntry entry) =>
        (entry.Added ?? []).Concat(entry.Removing ?? []).Concat(entry.Removed ?? []).Concat(entry.Returning ?? []).Concat(entry.State?.Removing ?? []).Concat(entry.State?.Names() ?? []);

    private void Add(long sequence, (ChainEntry Entry, string Hash)? read, ObjectDamagedException? damage)
    {
        if (read is not var (entry, hash))
        {
            Damage.Add(damage ?? new ObjectDamagedException(store.ToName(sequence), "it is missing from the chain of records; what it named cannot be checked"));
            lastHash = null;
            LastUnreadable = sequence;
            return;
        }

        if (sequence > First && lastHash is not null && entry.Previous != lastHash)
        {
            Damage.Add(new ObjectDamagedException(store.ToName(sequence), $"it does not follow the entry {sequence - 1} that is there: one of the two belongs to another history"));
        }

        lastHash = hash;
        if (sequence == First)
        {
            foreach (var name in entry.State?.Names() ?? [])
            {
                Set(name, ChainedState.Live, sequence);
            }

            foreach (var name in entry.State?.Removing ?? [])
            {
                Set(name, ChainedState.Removing, sequence);
            }
        }
        else
        {
            NamesBehindSnapshot += (entry.Added?.Count ?? 0) + (entry.Removing?.Count ?? 0) + (entry.Removed?.Count ?? 0) + (entry.Returning?.Count ?? 0);
        }

        foreach (var name in entry.Added ?? [])
        {
            Set(name, ChainedState.Live, sequence);
        }

        foreach (var name in entry.Removing ?? [])
        {
            Set(name, ChainedState.Removing, sequence);
        }

        foreach (var name in entry.Removed ?? [])
        {
            // It may have been written again meanwhile.
            if (StateOf(name) == ChainedState.Removing)
            {
                Set(name, ChainedState.Removed, sequence);
            }
        }

        foreach (var name in entry.Returning ?? [])
        {
            // Somebody may have been faster.
            if (StateOf(name) is ChainedState.Removing or ChainedState.Removed)
            {
                Set(name, ChainedState.Returning, sequence);
            }
        }
    }

    private void Set(string name, ChainedState state, long sequence) =>
        names[Fingerprint.Of(name)] = (state, sequence, name.StartsWith(BackupFolder, StringComparison.Ordinal));
}
