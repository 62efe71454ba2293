namespace EdgeBackup;

/// <summary>Backups of a server and of the devices below it that were taken in one go (R15).</summary>
public sealed class BackupGroup
{
    /// <summary>The group's id.</summary>
    public required string Id { get; init; }

    /// <summary>The name of its backups; null for automatic ones.</summary>
    public string? Name { get; init; }

    /// <summary>The id of the device on top.</summary>
    public required string Server { get; init; }

    /// <summary>The ids of all devices that were to be in it, the server first; each after the one that it stands below.</summary>
    public string[] Member { get; init; } = [];

    /// <inheritdoc/>
    public override string ToString() => Id;
}
