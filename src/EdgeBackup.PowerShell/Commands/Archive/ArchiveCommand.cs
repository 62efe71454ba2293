using System.Management.Automation;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.PowerShell.Abstractions;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Base of the cmdlets that read archives by -Path. They need no repository: an auditor has none.</summary>
public abstract class ArchiveCommand : EdgeRepositoryCommand
{
    /// <summary>Folders of archives, or folders of several; wildcards allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("FullName")]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Path { get; set; } = [];

    /// <summary>Runs an operation for each path; what fails is that path's error.</summary>
    /// <param name="operation">Gets the repository, or null, and an absolute path.</param>
    /// <param name="usesSession">Whether the session's repository serves where -Repository is not given, if it can be opened.</param>
    private protected void RunForPaths(Func<RepositoryContext?, string, OperationPipeline, CancellationToken, Task> operation, bool usesSession)
    {
        foreach (var path in Path.SelectMany(ExpandFiles))
        {
            Run((context, pipeline, cancellationToken) => operation(context, path, pipeline, cancellationToken), usesSession, path);
        }
    }

    /// <summary>Runs an operation.</summary>
    /// <param name="operation">Gets the repository, or null.</param>
    /// <param name="usesSession">As for <see cref="RunForPaths"/>.</param>
    /// <param name="target">What the user named.</param>
    private protected void Run(Func<RepositoryContext?, OperationPipeline, CancellationToken, Task> operation, bool usesSession, object? target)
    {
        var repository = RepositoryPath;
        RunEach(
            async (writer, cancellationToken) =>
            {
                var pipeline = new OperationPipeline(writer);
                var borrowed = repository is null && !usesSession ? null : await BorrowIfAnyAsync(repository, "There is no repository at hand to hold the archives against.", pipeline, cancellationToken).ConfigureAwait(false);
                try
                {
                    await operation(borrowed?.Context, pipeline, cancellationToken).ConfigureAwait(false);
                }
                finally
                {
                    if (borrowed is not null)
                    {
                        await borrowed.DisposeAsync().ConfigureAwait(false);
                    }
                }
            },
            target);
    }
}
