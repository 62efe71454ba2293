using System.Management.Automation;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.PowerShell.Abstractions;
using EdgeBackup.PowerShell.Session;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Removes keys, so that they open a repository no longer.</summary>
[Cmdlet(VerbsCommon.Remove, "EdgeRepositoryKey", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(void))]
public sealed class RemoveEdgeRepositoryKeyCommand : EdgeRepositoryCommand
{
    /// <summary>Ids of keys.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string[] Id { get; set; } = [];

    /// <summary>Why; it stands in the events.</summary>
    [Parameter]
    public string? Reason { get; set; }

    private protected override string? Why => Reason;

    /// <inheritdoc/>
    protected override void EndProcessing() => RunInRepository(async (context, pipeline, cancellationToken) =>
    {
        var (locations, _, _, _) = RepositorySession.Surroundings();
        var change = new ChangeKeys(context, locations, pipeline.Observer);
        var (keys, errors) = await change.FindAsync(Id, cancellationToken).ConfigureAwait(false);
        foreach (var error in errors)
        {
            await pipeline.WriteErrorAsync(error).ConfigureAwait(false);
        }

        if (keys.Count == 0 || errors.Count > 0)
        {
            // Of several ids with one that is wrong, nobody knows what was meant.
            return;
        }

        var warning = await change.CheckRemovalAsync(keys, cancellationToken).ConfigureAwait(false);
        var action = $"Remove the {(keys.Count == 1 ? "key" : "keys")} {string.Join(", ", keys.Select(key => $"{key.Id} ({key.Kind})"))}";
        if (await ConfirmAsync(pipeline, context.Location, warning is null ? action : $"{action}. {warning}").ConfigureAwait(false))
        {
            await change.RemoveAsync(keys).ConfigureAwait(false);
        }
    });
}
