using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.PowerShell.Session;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Shows an open repository.</summary>
internal static class RepositoryOutput
{
    /// <param name="path">Where the user finds it.</param>
    /// <param name="context">Open.</param>
    /// <param name="recoveryKey">Given once, by the command that made the repository.</param>
    public static RepositoryInfo From(string path, RepositoryContext context, string? recoveryKey = null) => new()
    {
        Id = context.Repository.Id,
        Path = path,
        FormatVersion = context.Repository.FormatVersion,
        Redundancy = context.Repository.RedundancyPercent,
        Created = LocalTime.From(context.Repository.Created),
        Default = path == RepositorySession.Current.DefaultPath,
        KeyFile = context.KeyFile,
        RecoveryKey = recoveryKey,
    };
}
