using System.Management.Automation;
using EdgeBackup.PowerShell.Abstractions;
using EdgeBackup.PowerShell.Session;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Closes a repository and forgets its key.</summary>
[Cmdlet(VerbsCommunications.Disconnect, "EdgeRepository")]
[OutputType(typeof(void))]
public sealed class DisconnectEdgeRepositoryCommand : EdgeRepositoryCommand
{
    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        var path = RepositoryPath ?? RepositorySession.Current.DefaultPath;
        Run(
            async (writer, _) =>
            {
                var closed = await RepositorySession.Current.DisconnectAsync(path).ConfigureAwait(false);
                writer.Verbose(closed ? $"Closed the repository at '{path}'." : $"The repository at '{path}' was not open.");
            },
            path);
    }
}
