namespace EdgeBackup.Core.Records;

/// <summary>What somebody can be told of.</summary>
public enum NotificationTopic
{
    /// <summary>A device's automatic backups have begun to fail, or a run of the schedule could not do its work.</summary>
    Failure,

    /// <summary>What was told as a failure, or as overdue, is over.</summary>
    Recovery,

    /// <summary>A device has gone without a backup for longer than its policy tolerates.</summary>
    Overdue,

    /// <summary>What a run of the schedule has done.</summary>
    Digest,

    /// <summary>A restore was made, or failed.</summary>
    Restore,

    /// <summary>A device was handed over to its replacement.</summary>
    Switch,
}

/// <summary>How somebody is told.</summary>
public enum NotificationKind
{
    Webhook,

    /// <summary>Windows' event log, on whichever machine the news arises.</summary>
    EventLog,
}

/// <summary>Who is to be told of what. Sealed in the repository, its secret with it; docs/format.md, "Notifications".</summary>
public sealed record NotificationEntry
{
    /// <summary>Unique in any letter case; a later entry of the same name takes the place of this one.</summary>
    public required string Name { get; init; }

    public required NotificationKind Kind { get; init; }

    /// <summary>Of a webhook.</summary>
    public string? Url { get; init; }

    /// <summary>Of a webhook: the key of its signatures, as <c>whsec_</c> and base64. Secret.</summary>
    public string? Secret { get; init; }

    public IReadOnlyList<NotificationTopic> Topics { get; init; } = [];

    /// <summary>Ids, literal or with wildcards; empty for all.</summary>
    public IReadOnlyList<string> Devices { get; init; } = [];

    /// <summary>A device matches with any of its tags; empty for all.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>Empty for all.</summary>
    public IReadOnlyList<string> Sites { get; init; } = [];

    /// <summary>Nobody is told any more.</summary>
    public bool Removed { get; init; }

    /// <summary>UTC.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>Who: user@machine.</summary>
    public required string Author { get; init; }
}
