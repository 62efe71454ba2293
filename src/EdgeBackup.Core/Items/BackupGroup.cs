namespace EdgeBackup.Core.Items;

/// <summary>
/// A server and the devices below it that were backed up in one go (R15). Every member's record carries all of it, so
/// that any one of them tells what belongs together, and what is missing.
/// </summary>
public sealed record BackupGroup
{
    /// <summary>24 hex digits, made like a backup's id.</summary>
    public required string Id { get; init; }

    /// <summary>The name of its manual backups; null for automatic ones.</summary>
    public string? Name { get; init; }

    /// <summary>The id of the device on top.</summary>
    public required string Server { get; init; }

    /// <summary>All devices that were to be in it, each after the one that it stands below; the server first.</summary>
    public required IReadOnlyList<BackupGroupMember> Members { get; init; }
}

/// <summary>A device that was to be in a group, whether or not there is a backup of it.</summary>
/// <param name="Device">Its id; for one that was not registered, as the server gave it.</param>
/// <param name="Parent">The id of the member that it stands below; null for the server.</param>
public sealed record BackupGroupMember(string Device, string? Parent);
