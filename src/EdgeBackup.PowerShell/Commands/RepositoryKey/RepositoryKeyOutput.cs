using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Repository;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Shows a key.</summary>
internal static class RepositoryKeyOutput
{
    /// <param name="context">The repository.</param>
    /// <param name="key">The key.</param>
    /// <param name="recoveryKey">Given once, by the command that made it.</param>
    public static RepositoryKeyInfo From(RepositoryContext context, KeyInfo key, string? recoveryKey = null) => new()
    {
        Id = key.Id,
        Kind = key.Kind.ToOutput(),
        Created = LocalTime.From(key.Created),
        Derivation = key.Derivation,
        Rounds = key.Rounds,
        Opened = key.Id == context.Repository.OpenedBy,
        RecoveryKey = recoveryKey,
        Repository = context.Location,
    };
}
