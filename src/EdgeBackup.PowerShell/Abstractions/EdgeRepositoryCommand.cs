using System.Management.Automation;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.PowerShell.Session;

namespace EdgeBackup.PowerShell.Abstractions;

/// <summary>Base of the cmdlets that work in a repository: -Repository, or else the session's, or else the embedded one.</summary>
public abstract class EdgeRepositoryCommand : EdgeCommand
{
    /// <summary>The repository's path, or an object from Get-EdgeRepository.</summary>
    [Parameter]
    [RepositoryPath]
    [ValidateNotNullOrEmpty]
    public string? Repository { get; set; }

    /// <summary>The absolute path that -Repository means; null where it is not given.</summary>
    private protected string? RepositoryPath => Repository is null ? null : ResolvePath(Repository);

    /// <summary>As <see cref="EdgeCommand.Run"/>, with the repository open.</summary>
    /// <param name="engine">Gets the repository, the writer and the token; does not close the repository.</param>
    /// <param name="target">What the user named, for an error that names nothing itself.</param>
    private protected void RunInRepository(Func<RepositoryContext, IPipelineWriter, CancellationToken, Task> engine, object? target = null) =>
        Run(InRepository(engine), target);

    /// <summary>As <see cref="EdgeCommand.RunEach"/>, with the repository open.</summary>
    /// <inheritdoc cref="RunInRepository"/>
    private protected void RunEachInRepository(Func<RepositoryContext, IPipelineWriter, CancellationToken, Task> engine, object? target) =>
        RunEach(InRepository(engine), target);

    /// <summary>
    /// The file-system path that the user means, which need not exist: relative to the session's location, drives and
    /// '~' of PowerShell resolved, wildcards taken literally.
    /// </summary>
    /// <exception cref="PSInvalidOperationException">The path is on a drive that is no file system.</exception>
    private protected string ResolvePath(string path)
    {
        var resolved = SessionState.Path.GetUnresolvedProviderPathFromPSPath(path, out var provider, out _);
        return provider.Name == "FileSystem"
            ? resolved
            : throw new PSInvalidOperationException($"'{path}' is on a {provider.Name} drive. Give a path in a file system.");
    }

    private Func<IPipelineWriter, CancellationToken, Task> InRepository(Func<RepositoryContext, IPipelineWriter, CancellationToken, Task> engine)
    {
        // Here, since only the pipeline's thread may ask the session for paths.
        var path = RepositoryPath;
        return async (writer, cancellationToken) =>
        {
            await using var borrowed = await RepositorySession.Current.BorrowAsync(path, cancellationToken).ConfigureAwait(false);
            await engine(borrowed.Context, writer, cancellationToken).ConfigureAwait(false);
        };
    }
}
