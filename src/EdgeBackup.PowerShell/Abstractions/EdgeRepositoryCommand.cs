using System.Management.Automation;

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
}
