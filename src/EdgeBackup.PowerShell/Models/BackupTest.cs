namespace EdgeBackup;

/// <summary>Whether a backup could be restored byte for byte.</summary>
public sealed class BackupTest
{
    /// <summary>The backup's id.</summary>
    public required string Backup { get; init; }

    /// <summary>The id of its device.</summary>
    public required string Device { get; init; }

    /// <summary>Whether every byte is there and right.</summary>
    public required bool Intact { get; init; }

    /// <summary>What is not.</summary>
    public Damage[] Damage { get; init; } = [];
}
