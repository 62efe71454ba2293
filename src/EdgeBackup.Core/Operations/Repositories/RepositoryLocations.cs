using EdgeBackup.Core.Errors;

namespace EdgeBackup.Core.Operations.Repositories;

/// <summary>Where this user's files are: the embedded repository, key files and catalogs, below one data folder.</summary>
public sealed class RepositoryLocations
{
    private readonly string root;

    /// <param name="dataFolder">The folder for a user's application data, absolute.</param>
    public RepositoryLocations(string dataFolder) => root = Path.Combine(dataFolder, "EdgeBackup");

    /// <summary>The data folder: everything below it is EdgeBackup's.</summary>
    public string Root => root;

    /// <summary>The repository that is used where nothing else is set up.</summary>
    public string EmbeddedRepository => Path.Combine(root, "repository");

    /// <summary>The locations of the current user.</summary>
    /// <exception cref="EdgeBackupException">RepositoryNotFound: the user has no data folder.</exception>
    public static RepositoryLocations ForCurrentUser()
    {
        var folder = Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify);
        return string.IsNullOrEmpty(folder)
            ? throw new EdgeBackupException(
                ErrorIds.RepositoryNotFound,
                "This user has no folder for application data, so the key files and the embedded repository have no place. Set HOME (or XDG_DATA_HOME) for the account that runs EdgeBackup.")
            : new RepositoryLocations(folder);
    }

    /// <summary>The key file that is made for a repository when no other key is asked for.</summary>
    public string DefaultKeyFile(string repositoryId) => Path.Combine(root, "keys", repositoryId + ".key");

    /// <summary>Remembers a key file elsewhere that opens a repository.</summary>
    public string KeyFilePointer(string repositoryId) => Path.Combine(root, "keys", repositoryId + ".location");

    /// <summary>Remembers the newest state of a repository that was seen; no cache, since nothing can bring it back.</summary>
    public string ChainMemory(string repositoryId) => Path.Combine(root, "seen", repositoryId + ".chain");

    /// <summary>The folder of the user's own device types.</summary>
    public string Types => Path.Combine(root, "types");

    /// <summary>Where messages about a repository wait until they are sent.</summary>
    public string Notifications(string repositoryId) => Path.Combine(root, "notifications", repositoryId);

    /// <summary>The catalog of a repository.</summary>
    public string Catalog(string repositoryId) => Path.Combine(root, "catalog", repositoryId + ".db");
}
