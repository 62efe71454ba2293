namespace EdgeBackup.Core.Operations.Repositories;

/// <summary>With what a repository is made or opened; all null: the key file that belongs to it by default.</summary>
public sealed record RepositoryKeyOptions
{
    public string? Passphrase { get; init; }

    /// <summary>Absolute path.</summary>
    public string? KeyFile { get; init; }

    public string? RecoveryKey { get; init; }

    /// <summary>Never shows a secret.</summary>
    public override string ToString() => Passphrase is not null ? "passphrase" : KeyFile is not null ? "key file" : RecoveryKey is not null ? "recovery key" : "default";
}
