namespace EdgeBackup.Core.Archives;

/// <summary>Which records somebody wants; texts match in any letter case and may hold wildcards, and an empty list is no wish.</summary>
public sealed record ArchiveQuery
{
    public IReadOnlyList<ArchiveContent> Contents { get; init; } = [];

    public IReadOnlyList<string> Devices { get; init; } = [];

    /// <summary>At this time or later.</summary>
    public DateTimeOffset? After { get; init; }

    /// <summary>Before this time.</summary>
    public DateTimeOffset? Before { get; init; }

    /// <summary>Of events.</summary>
    public IReadOnlyList<string> Categories { get; init; } = [];

    /// <summary>Of events; one without a user matches none.</summary>
    public IReadOnlyList<string> Users { get; init; } = [];

    /// <summary>Of events.</summary>
    public IReadOnlyList<string> Sources { get; init; } = [];

    /// <summary>Of events.</summary>
    public IReadOnlyList<string> Messages { get; init; } = [];

    /// <summary>Of events the old value or the new one, of trend records the value.</summary>
    public IReadOnlyList<string> Values { get; init; } = [];

    /// <summary>Ids or names of trend logs; their records only.</summary>
    public IReadOnlyList<string> Trends { get; init; } = [];

    private bool IsAboutEvents => Categories.Count > 0 || Users.Count > 0 || Sources.Count > 0 || Messages.Count > 0;

    /// <summary>Whether records of a kind can match at all.</summary>
    public bool Wants(ArchiveContent content) =>
        (Contents.Count == 0 || Contents.Contains(content))
        && (content == ArchiveContent.Event ? Trends.Count == 0 : !IsAboutEvents);
}
