using System.Management.Automation;
using EdgeBackup.PowerShell.Abstractions;
using EdgeBackup.PowerShell.Session;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Shows the open repositories.</summary>
[Cmdlet(VerbsCommon.Get, "EdgeRepository")]
[OutputType(typeof(RepositoryInfo))]
public sealed class GetEdgeRepositoryCommand : EdgeRepositoryCommand
{
    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        var session = RepositorySession.Current;
        var asked = RepositoryPath;
        Run(
            async (writer, cancellationToken) =>
            {
                // Without anything open, the embedded one is what the next command would use.
                string?[] paths = asked is not null ? [asked] : session.OpenPaths is { Count: > 0 } open ? [.. open] : [null];
                foreach (var path in paths)
                {
                    await using var borrowed = await session.BorrowAsync(path, cancellationToken).ConfigureAwait(false);
                    if (borrowed.Context.TakeNotice() is { } notice)
                    {
                        writer.Warning(notice);
                    }

                    await writer.WriteObjectAsync(RepositoryOutput.From(path ?? session.DefaultPath, borrowed.Context)).ConfigureAwait(false);
                }
            },
            asked);
    }
}
