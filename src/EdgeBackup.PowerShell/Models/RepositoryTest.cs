namespace EdgeBackup;

/// <summary>What a check of a repository found.</summary>
public sealed class RepositoryTest
{
    /// <summary>The repository's path.</summary>
    public required string Repository { get; init; }

    /// <summary>Whether nothing is damaged.</summary>
    public required bool Healthy { get; init; }

    /// <summary>Whether every byte was read; otherwise the structure alone.</summary>
    public required bool ReadData { get; init; }

    /// <summary>What is damaged, a row for each thing it touches.</summary>
    public Damage[] Damage { get; init; } = [];

    /// <summary>What repairs have put in the repository's quarantine folder: no damage, and nothing reads it.</summary>
    public string[] Quarantined { get; init; } = [];

    /// <summary>What is no damage and still worth knowing: a removal that was interrupted.</summary>
    public string[] Notes { get; init; } = [];

    /// <summary>True when -RecoveryKey was given and opens the repository; null where none was given.</summary>
    public bool? RecoveryKeyProved { get; init; }

    /// <summary>Backups that were checked.</summary>
    public long Backups { get; init; }

    /// <summary>Objects that were checked.</summary>
    public long Objects { get; init; }

    /// <summary>Bytes that were read.</summary>
    public long BytesRead { get; init; }

    /// <summary>How long it took.</summary>
    public TimeSpan Duration { get; init; }
}
