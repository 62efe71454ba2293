using System.Management.Automation;
using EdgeBackup.PowerShell.Abstractions;
using EdgeBackup.PowerShell.Sessions;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Shows the repository that commands use, and those that are open.</summary>
[Cmdlet(VerbsCommon.Get, "EdgeRepository")]
[OutputType(typeof(RepositoryInfo))]
public sealed class GetEdgeRepositoryCommand : EdgeRepositoryCommand
{
    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        var path = RepositoryPath;
        RunInRepository(async (context, pipeline, cancellationToken) =>
        {
            foreach (var (known, isDefault) in await RepositorySession.Current.ListAsync(cancellationToken).ConfigureAwait(false))
            {
                if (path is null || ReferenceEquals(known, context))
                {
                    await pipeline.WriteAsync(await RepositoryModel.MakeAsync(known, isDefault, recoveryKey: null, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
                }
            }
        });
    }
}
