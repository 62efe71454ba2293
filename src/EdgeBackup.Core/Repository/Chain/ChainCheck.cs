using EdgeBackup.Core.Repository.Backups;
using EdgeBackup.Core.Repository.Keys;
using EdgeBackup.Core.Repository.Maintenance;
using EdgeBackup.Core.Repository.Stores;

namespace EdgeBackup.Core.Repository.Chain;

/// <summary>
/// Holds the records in the store against the chain. The chain is read before the store is listed: what it names by then
/// must be there, unless it names its removal meanwhile.
/// </summary>
internal sealed class ChainCheck
{
    /// <summary>The folders whose objects the chain names.</summary>
    public static readonly IReadOnlyList<string> Folders = ["backups/", "devices/", "events/", "policies/", "types/", "notifications/", "archives/", KeyObject.Folder];

    private const int NotesShown = 100;

    private readonly RepositoryCore core;
    private readonly RecordChain chain;
    private readonly ChainFold fold;
    private readonly HashSet<UInt128> present = [];
    private readonly List<string> odd = [];

    private ChainCheck(RepositoryCore core, RecordChain chain)
    {
        this.core = core;
        this.chain = chain;
        fold = new ChainFold(chain.Store);
    }

    /// <summary>Things that are no damage, one sentence each.</summary>
    public List<string> Notes { get; } = [];

    /// <summary>Entries and bytes of the chain, for the sums.</summary>
    public IReadOnlyList<ObjectInfo> Objects { get; private set; } = [];

    /// <summary>Reads the chain.</summary>
    /// <returns>Null where the repository has none, being of format 1.</returns>
    public static async Task<ChainCheck?> BeginAsync(RepositoryCore core, Damages damages, CancellationToken cancellationToken)
    {
        if (core.Chain is not { } chain)
        {
            return null;
        }

        var check = new ChainCheck(core, chain);
        var objects = new List<ObjectInfo>();
        await foreach (var entry in core.Store.ListAsync(ChainStore.Root, cancellationToken).ConfigureAwait(false))
        {
            objects.Add(entry);
        }

        check.Objects = objects;
        await chain.RefreshAsync(cancellationToken).ConfigureAwait(false);
        if (chain.Notice is { } notice)
        {
            damages.Add(chain.Culprit, $"{notice}. Bring the newest copy of the repository back, or accept the present state with Repair-EdgeRepository -AcceptRollback");
        }

        check.FindOutOfPlace(damages);
        await check.ReadAsync(damages, cancellationToken).ConfigureAwait(false);
        return check;
    }

    /// <summary>Takes in an object of <see cref="Folders"/> that was listed.</summary>
    public void Saw(string name)
    {
        present.Add(Fingerprint.Of(name));
        if (fold.StateOf(name) != ChainedState.Live)
        {
            odd.Add(name);
        }
    }

    /// <summary>Compares when all was listed.</summary>
    /// <param name="damages">Where to tell it.</param>
    /// <param name="deviceOf">The device of a folder of records, as far as it is known by now.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task CompareAsync(Damages damages, Func<string, string?> deviceOf, CancellationToken cancellationToken)
    {
        // What was written or removed while the store was listed.
        await chain.RefreshAsync(cancellationToken).ConfigureAwait(false);
        await ReadAsync(damages, cancellationToken).ConfigureAwait(false);
        foreach (var (name, entry) in await fold.FindAsync(ChainedState.Live, present, cancellationToken).ConfigureAwait(false))
        {
            if (await core.Store.GetAsync(name, cancellationToken).ConfigureAwait(false) is null && !await IsBeingRemovedAsync(name, cancellationToken).ConfigureAwait(false))
            {
                if (chain.LacksNewest || entry.Sequence < fold.LastUnreadable)
                {
                    Note($"'{name}' is missing; an entry of the chain of records that cannot be read may have named its removal.");
                    continue;
                }

                var reason = $"it is missing; the chain of records had it since {entry.Time.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z (entry {entry.Sequence})";
                var isBackup = name.StartsWith("backups/", StringComparison.Ordinal);
                damages.Add(name, deviceOf(name), isBackup ? name[(name.LastIndexOf('/') + 1)..] : null, reason);
            }
        }

        CompareOdd(damages, deviceOf);
    }

    /// <summary>
    /// What stands beside the entries where none belongs. The store was listed before the newest entry was looked for, so
    /// that no entry listed is newer.
    /// </summary>
    private void FindOutOfPlace(Damages damages)
    {
        foreach (var entry in Objects.Where(entry => entry.Name.StartsWith(chain.Store.Folder, StringComparison.Ordinal)))
        {
            if (chain.Store.ToSequence(entry.Name) is not { } sequence || sequence > chain.Head?.Sequence)
            {
                damages.Add(entry.Name, "no entry of the chain of records belongs there");
            }
        }
    }

    private async Task ReadAsync(Damages damages, CancellationToken cancellationToken)
    {
        if ((chain.Head ?? await chain.Store.FindReadableAsync(cancellationToken, AddNewer).ConfigureAwait(false)) is { } head)
        {
            await fold.ReadAsync(head, cancellationToken).ConfigureAwait(false);
        }

        fold.Damage.ForEach(damages.Add);
        fold.Damage.Clear();

        // The notice has told of the newest.
        void AddNewer(ObjectDamagedException damage)
        {
            if (damage.ObjectName != chain.Culprit)
            {
                damages.Add(damage);
            }
        }
    }

    private async Task<bool> IsBeingRemovedAsync(string name, CancellationToken cancellationToken)
    {
        if (await chain.RefreshAsync(cancellationToken).ConfigureAwait(false) is { } head && chain.Notice is null)
        {
            await fold.ReadAsync(head, cancellationToken).ConfigureAwait(false);
        }

        return fold.StateOf(name) != ChainedState.Live;
    }

    private void CompareOdd(Damages damages, Func<string, string?> deviceOf)
    {
        foreach (var name in odd)
        {
            var isBackup = name.StartsWith("backups/", StringComparison.Ordinal);
            switch (fold.StateOf(name))
            {
                case ChainedState.Removed:
                    damages.Add(name, deviceOf(name), isBackup ? name[(name.LastIndexOf('/') + 1)..] : null, "it was removed, and somebody has put it back");
                    break;
                case ChainedState.Removing:
                    Note($"'{name}' was to be removed and is still there: the removal was interrupted, or is going on. Optimize-EdgeRepository finishes it.");
                    break;
                case ChainedState.Returning:
                    Note($"'{name}' was removed once and was being written again by a command that was interrupted before it reported success: run that import or synchronization again. Optimize-EdgeRepository takes it in, too.");
                    break;
                case ChainedState.Unknown when name.StartsWith(KeyObject.Folder, StringComparison.Ordinal):
                    Note($"'{name}' opens nothing: a change of keys was interrupted, or somebody has put a removed key back.");
                    break;
                case ChainedState.Unknown:
                    Note($"'{name}' is not in the chain of records: the command that wrote it was interrupted before it reported success, or it was removed long ago and put back.");
                    break;
                default:
                    break;
            }
        }
    }

    private void Note(string text)
    {
        if (Notes.Count < NotesShown)
        {
            Notes.Add(text);
        }
    }
}
