using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using EdgeBackup.Core.Repository.Backups;

namespace EdgeBackup.Core.Repository.Chain;

/// <summary>Reads entries of the chain, and judges whether the store still holds what a client has seen.</summary>
internal sealed class ChainStore(RepositoryCore core)
{
    public const string Root = "chain/";

    private const int IdDigits = 16;
    private const int BatchSize = 32;
    private const int EntriesPerFolderBits = 12;

    /// <summary>The repository's own entries: a creation that was killed may have left some of another id.</summary>
    public string Folder { get; } = $"{Root}{core.Header.Id[..IdDigits]}/";

    public string ToName(long sequence) =>
        string.Create(CultureInfo.InvariantCulture, $"{Folder}{sequence >> EntriesPerFolderBits:x13}/{sequence:x16}");

    public static string HashOf(ReadOnlySpan<byte> content) => Convert.ToHexStringLower(SHA256.HashData(content));

    public Task<byte[]?> GetAsync(long sequence, CancellationToken cancellationToken) => core.Store.GetAsync(ToName(sequence), cancellationToken);

    /// <returns>Null where there is no such entry, or it cannot be read.</returns>
    public async Task<string?> TryHashAsync(long sequence, CancellationToken cancellationToken)
    {
        try
        {
            return await GetAsync(sequence, cancellationToken).ConfigureAwait(false) is { } content ? HashOf(content) : null;
        }
        catch (Exception exception) when (ObjectDamagedException.IsMeantBy(exception))
        {
            return null;
        }
    }

    /// <returns>Null when there is no such entry.</returns>
    /// <exception cref="ObjectDamagedException">It is not what was written.</exception>
    public async Task<(ChainEntry Entry, string Hash)?> ReadAsync(long sequence, CancellationToken cancellationToken)
    {
        if (await GetAsync(sequence, cancellationToken).ConfigureAwait(false) is not { } content)
        {
            return null;
        }

        var name = ToName(sequence);
        try
        {
            var entry = JsonSerializer.Deserialize(core.Sealer.Open(name, name, content), RepositoryJson.Default.ChainEntry);
            return entry is not null && entry.Sequence == sequence && entry.Snapshot <= sequence
                ? (entry, HashOf(content))
                : throw new ObjectDamagedException(name, "it is no entry of the chain");
        }
        catch (JsonException exception)
        {
            throw new ObjectDamagedException(name, "its text is not what belongs there", exception);
        }
    }

    /// <summary>Reads entries in their order, several at a time.</summary>
    /// <param name="first">Number of the first.</param>
    /// <param name="last">Number of the last.</param>
    /// <param name="take">
    /// Is given number, entry and hash, or why the entry cannot be read (null, null: it is missing); false ends it.
    /// </param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task ReadAllAsync(long first, long last, Func<long, (ChainEntry Entry, string Hash)?, ObjectDamagedException?, bool> take, CancellationToken cancellationToken)
    {
        for (var start = first; start <= last; start += BatchSize)
        {
            var count = (int)Math.Min(BatchSize, last - start + 1);
            var begun = start;
            var read = await Task.WhenAll(Enumerable.Range(0, count).Select(index => TryReadAsync(begun + index, cancellationToken))).ConfigureAwait(false);
            for (var index = 0; index < count; index++)
            {
                if (!take(start + index, read[index].Entry, read[index].Damage))
                {
                    return;
                }
            }
        }
    }

    /// <summary>The numbers of the entries that are there, ascending.</summary>
    public async Task<List<long>> ListAsync(CancellationToken cancellationToken)
    {
        var found = new List<long>();
        await foreach (var entry in core.Store.ListAsync(Folder, cancellationToken).ConfigureAwait(false))
        {
            if (ToSequence(entry.Name) is { } sequence)
            {
                found.Add(sequence);
            }
        }

        found.Sort();
        return found;
    }

    /// <returns>Null for a name that no entry has.</returns>
    public long? ToSequence(string name) =>
        long.TryParse(name.AsSpan(name.LastIndexOf('/') + 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var sequence)
        && sequence > 0 && ToName(sequence) == name ? sequence : null;

    /// <summary>Finds the newest entry. With a known position that still stands, its successors are probed; else all are listed.</summary>
    /// <param name="known">What this client has seen; null for nothing.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<ChainView> FindAsync(ChainPosition? known, CancellationToken cancellationToken)
    {
        var view = await FindOnceAsync(known, cancellationToken).ConfigureAwait(false);

        // A byte that was read wrongly once, or maintenance that dropped entries meanwhile, is no other history.
        return view.Notice is null ? view : await FindOnceAsync(known, cancellationToken).ConfigureAwait(false);
    }

    private async Task<ChainView> FindOnceAsync(ChainPosition? known, CancellationToken cancellationToken)
    {
        if (known is not null && await TryProbeAsync(known, cancellationToken).ConfigureAwait(false) is { } newest)
        {
            return await LookAsync(newest, listed: null, known, cancellationToken).ConfigureAwait(false);
        }

        var listed = await ListAsync(cancellationToken).ConfigureAwait(false);
        return listed.Count == 0
            ? new ChainView(null, known is null ? "Its chain of records is gone" : $"Its chain of records is gone, and this user has seen {Describe(known)}", 0)
            : await LookAsync(listed[^1], listed, known, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The newest entry that can be read, where the newest of all cannot.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="pass">Is told of each newer one, and why it cannot be read.</param>
    public async Task<ChainHead?> FindReadableAsync(CancellationToken cancellationToken, Action<ObjectDamagedException>? pass = null)
    {
        var sequences = await ListAsync(cancellationToken).ConfigureAwait(false);
        for (var index = sequences.Count - 1; index >= 0; index--)
        {
            var (read, damage) = await TryReadAsync(sequences[index], cancellationToken).ConfigureAwait(false);
            if (read is var (entry, hash))
            {
                return new ChainHead(entry.Sequence, hash, entry.Snapshot, entry.Keys);
            }

            if (damage is not null)
            {
                pass?.Invoke(damage);
            }
        }

        return null;
    }

    private async Task<((ChainEntry Entry, string Hash)? Entry, ObjectDamagedException? Damage)> TryReadAsync(long sequence, CancellationToken cancellationToken)
    {
        try
        {
            return (await ReadAsync(sequence, cancellationToken).ConfigureAwait(false), null);
        }
        catch (Exception exception) when (ObjectDamagedException.From(exception) is { } damage)
        {
            return (null, damage);
        }
    }

    /// <returns>The number of the newest entry; null where the known one is gone or another, or some cannot be read.</returns>
    private async Task<long?> TryProbeAsync(ChainPosition known, CancellationToken cancellationToken)
    {
        try
        {
            // Old entries are dropped from the oldest on, so what follows one that is there is there.
            return await TryHashAsync(known.Sequence, cancellationToken).ConfigureAwait(false) == known.Hash
                ? await ProbeAsync(known.Sequence, cancellationToken).ConfigureAwait(false)
                : null;
        }
        catch (Exception exception) when (ObjectDamagedException.IsMeantBy(exception))
        {
            // A listing needs no entry to be readable; where the whole store is away, it says so.
            return null;
        }
    }

    private async Task<long> ProbeAsync(long there, CancellationToken cancellationToken)
    {
        var step = 1L;
        while (await HasAsync(there + step, cancellationToken).ConfigureAwait(false))
        {
            there += step;
            step *= 2;
        }

        while (step > 1)
        {
            step /= 2;
            if (await HasAsync(there + step, cancellationToken).ConfigureAwait(false))
            {
                there += step;
            }
        }

        return there;
    }

    private async Task<bool> HasAsync(long sequence, CancellationToken cancellationToken) =>
        await GetAsync(sequence, cancellationToken).ConfigureAwait(false) is not null;

    private async Task<ChainView> LookAsync(long newest, List<long>? listed, ChainPosition? known, CancellationToken cancellationToken)
    {
        try
        {
            if (await ReadAsync(newest, cancellationToken).ConfigureAwait(false) is not var (entry, hash))
            {
                return new ChainView(null, $"The newest entry of its chain, {newest}, cannot be found any more", newest);
            }

            var head = new ChainHead(newest, hash, entry.Snapshot, entry.Keys);
            return (known is null ? null : await CompareAsync(head, known, cancellationToken).ConfigureAwait(false))
                ?? await FindHoleAsync(head, listed, cancellationToken).ConfigureAwait(false)
                ?? new ChainView(head, null, newest);
        }
        catch (Exception exception) when (ObjectDamagedException.From(exception) is { } damage)
        {
            return new ChainView(null, $"The entry '{damage.ObjectName}' of its chain is damaged ({damage.Reason})", newest) { Culprit = damage.ObjectName };
        }
    }

    private async Task<ChainView?> CompareAsync(ChainHead head, ChainPosition known, CancellationToken cancellationToken)
    {
        if (head.Sequence < known.Sequence)
        {
            return new ChainView(head, $"It was taken back to an older state: this user has seen {Describe(known)}, and the newest one there now is {head.Sequence}", head.Sequence)
            {
                Culprit = ToName(known.Sequence),
            };
        }

        if (known.Sequence >= head.Snapshot)
        {
            var content = await GetAsync(known.Sequence, cancellationToken).ConfigureAwait(false);
            return content is null ? Missing(head, known.Sequence)
                : HashOf(content) == known.Hash ? null
                : Forked(head, known);
        }

        // Below the snapshot a sleeper may have written what counts for nothing; only the snapshot tells what was there.
        var (snapshot, _) = await ReadAsync(head.Snapshot, cancellationToken).ConfigureAwait(false)
            ?? throw new ObjectDamagedException(ToName(head.Snapshot), "it is missing");
        return snapshot.State?.HashOf(known.Sequence) is { } hash && hash != known.Hash ? Forked(head, known) : null;
    }

    private async Task<ChainView?> FindHoleAsync(ChainHead head, List<long>? listed, CancellationToken cancellationToken)
    {
        if (listed is null)
        {
            return null;
        }

        var there = listed.ToHashSet();
        for (var sequence = head.Snapshot; sequence < head.Sequence; sequence++)
        {
            // A listing need not show what was written while it ran.
            if (!there.Contains(sequence) && !await HasAsync(sequence, cancellationToken).ConfigureAwait(false))
            {
                return Missing(head, sequence);
            }
        }

        return null;
    }

    private ChainView Missing(ChainHead head, long sequence) =>
        new(head, $"The entry {sequence} of its chain is missing", head.Sequence) { Culprit = ToName(sequence) };

    private ChainView Forked(ChainHead head, ChainPosition known) =>
        new(head, $"It tells another history than before: this user has seen {Describe(known)}, and the entry of this number there now is a different one", head.Sequence)
        {
            Culprit = ToName(known.Sequence),
        };

    private static string Describe(ChainPosition position) => $"the entry {position.Sequence} of its chain";
}

/// <summary>What was found.</summary>
/// <param name="Head">The newest entry; null where it cannot be read.</param>
/// <param name="Notice">What speaks against this state, a sentence without a full stop; null for nothing.</param>
/// <param name="Newest">The greatest number found, 0 for none.</param>
internal sealed record ChainView(ChainHead? Head, string? Notice, long Newest)
{
    /// <summary>The object that the notice is about; null where it is about all of them.</summary>
    public string? Culprit { get; init; }
}
