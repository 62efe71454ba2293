using System.Management.Automation;
using EdgeBackup.PowerShell.Abstractions;
using EdgeBackup.PowerShell.Sessions;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Closes a repository and forgets its key.</summary>
[Cmdlet(VerbsCommunications.Disconnect, "EdgeRepository")]
public sealed class DisconnectEdgeRepositoryCommand : EdgeRepositoryCommand
{
    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        var path = RepositoryPath;
        Run(async (writer, cancellationToken) =>
        {
            if (!await RepositorySession.Current.DisconnectAsync(path, cancellationToken).ConfigureAwait(false))
            {
                writer.Verbose("It was not open.");
            }
        });
    }
}
