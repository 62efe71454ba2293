using System.Text.Json.Serialization;

namespace EdgeBackup.Core.Repository.Chain;

/// <summary>One entry of the chain (docs/format.md, Chain). Lists are absent where they are empty.</summary>
internal sealed record ChainEntry
{
    [JsonPropertyName("seq")]
    public required long Sequence { get; init; }

    /// <summary>SHA-256 of the bytes of the entry before; absent in the first.</summary>
    public string? Previous { get; init; }

    /// <summary>Number of the newest entry with a <see cref="State"/>, this one included.</summary>
    public required long Snapshot { get; init; }

    /// <summary>UTC; for people.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>Tells writers apart; for people.</summary>
    public required string Writer { get; init; }

    /// <summary>Ids of the key objects that open the repository from here on.</summary>
    public required IReadOnlyList<string> Keys { get; init; }

    /// <summary>Names of records that are durable.</summary>
    public IReadOnlyList<string>? Added { get; init; }

    /// <summary>Names of records that are about to be removed.</summary>
    public IReadOnlyList<string>? Removing { get; init; }

    /// <summary>Names that an entry before was about to remove and that are gone.</summary>
    public IReadOnlyList<string>? Removed { get; init; }

    /// <summary>Names of backup records that were removed and are about to be written again.</summary>
    public IReadOnlyList<string>? Returning { get; init; }

    /// <summary>All that the entries before add up to, so that they need not be kept.</summary>
    public ChainState? State { get; init; }

    /// <summary>Somebody with a key took the state of the store for good although the chain spoke against it.</summary>
    public AcceptedState? Accepted { get; init; }
}

/// <summary>What the entries up to a snapshot add up to.</summary>
/// <param name="Live">Names of live records: for each folder, with its '/', the rest of the names.</param>
/// <param name="Removing">Names that are about to be removed, and not known to be gone.</param>
/// <param name="From">Number of the entry whose hash comes first.</param>
/// <param name="Hashes">Base64 of the SHA-256 of entries, 32 bytes each, without gaps.</param>
internal sealed record ChainState(IReadOnlyDictionary<string, List<string>> Live, IReadOnlyList<string>? Removing, long From, string Hashes)
{
    private const int HashSize = 32;

    public static ChainState Empty { get; } = new(new Dictionary<string, List<string>>(), null, 1, "");

    public IEnumerable<string> Names() => Live.SelectMany(folder => folder.Value.Select(rest => folder.Key + rest));

    /// <returns>Null where the snapshot does not tell.</returns>
    public string? HashOf(long sequence)
    {
        var bytes = Convert.FromBase64String(Hashes);
        var index = sequence - From;
        return index < 0 || index >= bytes.Length / HashSize ? null : Convert.ToHexStringLower(bytes.AsSpan((int)index * HashSize, HashSize));
    }
}

/// <summary>What somebody accepted.</summary>
/// <param name="Notice">What spoke against the state of the store.</param>
/// <param name="Missing">Names of records that the chain had and the store has not.</param>
internal sealed record AcceptedState(string Notice, IReadOnlyList<string> Missing);

/// <summary>The newest entry, as far as a writer needs it.</summary>
internal sealed record ChainHead(long Sequence, string Hash, long Snapshot, IReadOnlyList<string> Keys)
{
    public ChainPosition Position => new(Sequence, Hash);
}

/// <summary>What one command wants in the chain.</summary>
internal sealed record ChainChange
{
    public IReadOnlyList<string> Added { get; init; } = [];

    public IReadOnlyList<string> Removing { get; init; } = [];

    public IReadOnlyList<string> Returning { get; init; } = [];

    /// <summary>Given the ids of the keys that are valid now, those that shall be; may throw and refuse the change.</summary>
    public Func<IReadOnlyList<string>, IReadOnlyList<string>>? Keys { get; init; }

    public static ChainChange Add(params IReadOnlyList<string> names) => new() { Added = names };
}
