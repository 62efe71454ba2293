using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.PowerShell.Abstractions;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Writes a backup as it stands now.</summary>
internal static class BackupOutput
{
    public static async Task WriteAsync(RepositoryContext context, OperationPipeline pipeline, string id, CancellationToken cancellationToken)
    {
        await foreach (var backup in new FindBackups(context).RunAsync(new FindBackupsOptions { Ids = [id] }, pipeline.WriteErrorAsync, cancellationToken).ConfigureAwait(false))
        {
            await pipeline.WriteAsync(backup.ToOutput()).ConfigureAwait(false);
        }
    }
}
