namespace EdgeBackup;

/// <summary>A repository that this session knows.</summary>
public sealed class RepositoryInfo
{
    /// <summary>Its id.</summary>
    public required string Id { get; init; }

    /// <summary>Where it is.</summary>
    public required string Path { get; init; }

    /// <summary>The version of the format it is written in.</summary>
    public required int FormatVersion { get; init; }

    /// <summary>Percent of recovery data in each pack, from which damage is mended; 0 for none.</summary>
    public int Redundancy { get; init; }

    /// <summary>When it was made, local time.</summary>
    public required DateTime Created { get; init; }

    /// <summary>Whether commands without -Repository use it.</summary>
    public bool Default { get; init; }

    /// <summary>The recovery key, shown once, by Initialize-EdgeRepository alone.</summary>
    public string? RecoveryKey { get; init; }

    /// <summary>The key file that opens it; null with a passphrase.</summary>
    public string? KeyFile { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Path;
}
