using EdgeBackup.Core.Repository.Backups;

namespace EdgeBackup.Core.Repository.Chain;

/// <summary>Makes the entries of one writer.</summary>
internal sealed class ChainEntries
{
    private const int WriterBytes = 6;

    private readonly RepositoryCore core;
    private readonly ChainStore store;
    private readonly string writer;

    public ChainEntries(RepositoryCore core, ChainStore store)
    {
        this.core = core;
        this.store = store;
        var id = new byte[WriterBytes];
        core.Environment.Random.Fill(id);
        writer = Convert.ToHexStringLower(id);
    }

    public ChainEntry New(long sequence, string? previous) => new()
    {
        Sequence = sequence,
        Previous = previous,
        Snapshot = 0,
        Time = core.Environment.Clock.GetUtcNow(),
        Writer = writer,
        Keys = [],
    };

    public (byte[] Content, string Hash) Seal(ChainEntry entry)
    {
        var content = core.Seal(store.ToName(entry.Sequence), entry, RepositoryJson.Default.ChainEntry);
        return (content, ChainStore.HashOf(content));
    }

    /// <summary>
    /// Whether an entry was dropped by maintenance. One that is there with other bytes was read wrongly or altered, and was
    /// not dropped: to take back what was written behind it would take it from those who have seen it.
    /// </summary>
    /// <exception cref="ObjectDamagedException">It is another one.</exception>
    public async Task<bool> IsDroppedAsync(ChainHead known)
    {
        for (var look = 0; look < 2; look++)
        {
            if (await store.GetAsync(known.Sequence, CancellationToken.None).ConfigureAwait(false) is not { } content)
            {
                return true;
            }

            if (ChainStore.HashOf(content) == known.Hash)
            {
                return false;
            }
        }

        throw new ObjectDamagedException(store.ToName(known.Sequence), "it is not the entry that this command followed");
    }
}
