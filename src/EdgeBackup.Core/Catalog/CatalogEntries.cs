using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Catalog;

/// <summary>A backup as the catalog lists it.</summary>
public sealed record CatalogBackup
{
    /// <summary>The record's object in the repository.</summary>
    public required string ObjectName { get; init; }

    public required string Id { get; init; }

    public required string Device { get; init; }

    public string? DeviceName { get; init; }

    public required string DeviceType { get; init; }

    public string? Name { get; init; }

    public required BackupKind Kind { get; init; }

    public required BackupContent Content { get; init; }

    /// <summary>UTC.</summary>
    public required DateTimeOffset Created { get; init; }

    public string? Version { get; init; }

    public required int ItemCount { get; init; }

    /// <summary>Bytes.</summary>
    public required long Length { get; init; }

    public required bool Changed { get; init; }

    public IReadOnlyList<NotSavedItem> NotSaved { get; init; } = [];

    public string? Author { get; init; }

    public bool Protected { get; init; }

    public string? ProtectedReason { get; init; }

    /// <summary>What speaks against it; empty for a good one.</summary>
    public IReadOnlyList<SuspectReason> Suspect { get; init; } = [];

    /// <summary>What it was taken together with; null for one that was taken alone.</summary>
    public BackupGroup? Group { get; init; }
}

/// <summary>A registered device as the catalog lists it.</summary>
public sealed record CatalogDevice
{
    public required string Id { get; init; }

    public string? Name { get; init; }

    public required string Type { get; init; }

    public required string Address { get; init; }

    public string? Version { get; init; }

    public IReadOnlyList<string> Tags { get; init; } = [];

    public string? Site { get; init; }

    public string? Parent { get; init; }

    /// <summary>The replacement's id; null for an active device.</summary>
    public string? ReplacedBy { get; init; }

    public DateTimeOffset? ReplacedAt { get; init; }

    public string? ReplacedReason { get; init; }

    public string? ReplacedAuthor { get; init; }

    /// <summary>When the newest backup in the repository was taken (R5); null when there is none.</summary>
    public DateTimeOffset? LastBackup { get; init; }

    /// <summary>The first automatic backup since then that was refused (R4).</summary>
    public DateTimeOffset? PostponedSince { get; init; }

    /// <summary>What is known of the attempts at it; null when nothing is.</summary>
    public Records.KnownAttempts? Attempts { get; init; }

    /// <summary>Who looks after it.</summary>
    public string? Owner { get; init; }

    /// <summary>All that is registered, but the credential.</summary>
    public Records.DeviceRegistration? Registration { get; init; }

    /// <summary>When the newest backup that is not suspect was taken, UTC; null when there is none.</summary>
    public DateTimeOffset? LastGoodBackup { get; init; }

    /// <summary>Whether the newest backup is suspect.</summary>
    public bool IsSuspect => LastBackup is { } last && LastGoodBackup != last;

    /// <summary>When the oldest of the newest backups that all hold the same configuration was taken; null when there is none.</summary>
    public DateTimeOffset? ConfigurationUnchangedSince { get; init; }

    /// <summary>When its newest archive was written that is no extract, UTC; null when there is none.</summary>
    public DateTimeOffset? LastArchive { get; init; }
}

/// <summary>The backups of one device in a few numbers.</summary>
/// <param name="Device">The device's id.</param>
/// <param name="Count">All of them.</param>
/// <param name="ManualCount">Manual ones.</param>
/// <param name="Newest">When the newest was taken, UTC.</param>
/// <param name="OldestAgeing">When the oldest automatic or safety backup was taken, UTC; null when there is none.</param>
public sealed record DeviceBackups(string Device, int Count, int ManualCount, DateTimeOffset Newest, DateTimeOffset? OldestAgeing);

/// <summary>What a device's newest backup holds.</summary>
/// <param name="Device">The device's id.</param>
/// <param name="Length">Bytes.</param>
/// <param name="ItemCount">Items.</param>
public sealed record NewestBackup(string Device, long Length, int ItemCount);

/// <summary>Which backups to list; null or empty leaves a property out.</summary>
public sealed record BackupQuery
{
    /// <summary>Exact device ids.</summary>
    public IReadOnlyCollection<string>? Devices { get; init; }

    /// <summary>Ids, literal or with wildcards.</summary>
    public IReadOnlyCollection<string>? Ids { get; init; }

    /// <summary>Names, literal or with wildcards.</summary>
    public IReadOnlyCollection<string>? Names { get; init; }

    /// <summary>Ids or names of groups, literal or with wildcards.</summary>
    public IReadOnlyCollection<string>? Groups { get; init; }

    public IReadOnlyCollection<BackupKind>? Kinds { get; init; }

    /// <summary>Taken at this moment or later.</summary>
    public DateTimeOffset? After { get; init; }

    /// <summary>Taken before this moment.</summary>
    public DateTimeOffset? Before { get; init; }

    /// <summary>Only the newest of each device among those that match.</summary>
    public bool Latest { get; init; }

    /// <summary>True: only suspect ones; false: only good ones.</summary>
    public bool? Suspect { get; init; }
}

/// <summary>Which devices to list; null leaves a property out. All but ids may have wildcards.</summary>
public sealed record DeviceQuery
{
    /// <summary>Exact ids.</summary>
    public IReadOnlyCollection<string>? Ids { get; init; }

    public IReadOnlyCollection<string>? Names { get; init; }

    /// <summary>A device matches with any of its tags.</summary>
    public IReadOnlyCollection<string>? Tags { get; init; }

    public IReadOnlyCollection<string>? Types { get; init; }

    public IReadOnlyCollection<string>? Sites { get; init; }

    public IReadOnlyCollection<string>? Owners { get; init; }

    /// <summary>Ids of the devices that they stand directly below.</summary>
    public IReadOnlyCollection<string>? Parents { get; init; }

    /// <summary>True: only replaced ones; false: only active ones.</summary>
    public bool? Replaced { get; init; }
}

/// <summary>Which events to list.</summary>
public sealed record EventQuery
{
    /// <summary>Ids, literal or with wildcards.</summary>
    public IReadOnlyCollection<string>? Devices { get; init; }

    public IReadOnlyCollection<Records.EdgeEventCategory>? Categories { get; init; }

    /// <summary>Exact.</summary>
    public IReadOnlyCollection<string>? Actions { get; init; }

    public DateTimeOffset? After { get; init; }

    public DateTimeOffset? Before { get; init; }
}
