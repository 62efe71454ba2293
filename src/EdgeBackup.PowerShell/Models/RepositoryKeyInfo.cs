namespace EdgeBackup;

/// <summary>A key that opens a repository.</summary>
public sealed class RepositoryKeyInfo
{
    /// <summary>Its id, 16 hex digits.</summary>
    public required string Id { get; init; }

    /// <summary>What it is.</summary>
    public required RepositoryKeyKind Kind { get; init; }

    /// <summary>When it was added, local time.</summary>
    public required DateTime Created { get; init; }

    /// <summary>How the key that wraps the repository's own comes from it.</summary>
    public required string Derivation { get; init; }

    /// <summary>Rounds of the derivation; 0 where it has none.</summary>
    public required int Rounds { get; init; }

    /// <summary>Whether this session opened the repository with it.</summary>
    public bool Opened { get; init; }

    /// <summary>The recovery key, shown once, by Add-EdgeRepositoryKey -RecoveryKey alone.</summary>
    public string? RecoveryKey { get; init; }

    /// <summary>The repository's path.</summary>
    public required string Repository { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Id;
}
