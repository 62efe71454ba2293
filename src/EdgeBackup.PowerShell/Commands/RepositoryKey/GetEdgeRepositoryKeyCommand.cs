using System.Management.Automation;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.PowerShell.Abstractions;
using EdgeBackup.PowerShell.Session;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Lists the keys that open a repository.</summary>
[Cmdlet(VerbsCommon.Get, "EdgeRepositoryKey")]
[OutputType(typeof(RepositoryKeyInfo))]
public sealed class GetEdgeRepositoryKeyCommand : EdgeRepositoryCommand
{
    /// <summary>Ids of keys.</summary>
    [Parameter(Position = 0)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string[]? Id { get; set; }

    /// <inheritdoc/>
    protected override void EndProcessing() => RunInRepository(async (context, pipeline, cancellationToken) =>
    {
        var (locations, _, _, _) = RepositorySession.Surroundings();
        var (keys, errors) = await new ChangeKeys(context, locations, pipeline.Observer).FindAsync(Id, cancellationToken).ConfigureAwait(false);
        foreach (var key in keys)
        {
            await pipeline.WriteAsync(RepositoryKeyOutput.From(context, key)).ConfigureAwait(false);
        }

        foreach (var error in errors)
        {
            await pipeline.WriteErrorAsync(error).ConfigureAwait(false);
        }
    });
}
