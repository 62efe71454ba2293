using System.Management.Automation;
using EdgeBackup.Core.Operations.Archives;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Proves that archives are what was written, and that none is missing.</summary>
[Cmdlet(VerbsDiagnostic.Test, "EdgeArchive")]
[OutputType(typeof(ArchiveTest))]
public sealed class TestEdgeArchiveCommand : ArchiveCommand
{
    /// <summary>The fingerprint that the key of every archive must have.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Fingerprint { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        RunForPaths(
            async (context, path, pipeline, cancellationToken) =>
            {
                await foreach (var outcome in new TestArchives(context, pipeline.Observer, Fingerprint).RunAsync(path, cancellationToken).ConfigureAwait(false))
                {
                    if (outcome is { IsOwnKey: false, Damage.Count: 0 })
                    {
                        pipeline.Observer.Warning($"'{outcome.Path}' is as it was signed, and another repository than the one at hand signed it. Ask whoever runs that for the fingerprint of its key, and compare it: {outcome.Archive!.Fingerprint}");
                    }

                    await pipeline.WriteAsync(outcome.ToOutput()).ConfigureAwait(false);
                }
            },
            usesSession: true);
    }
}
