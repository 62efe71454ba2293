using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Repository.Stores;

namespace EdgeBackup.Core.Operations.Repositories;

/// <summary>A new repository and the key that is shown once.</summary>
/// <param name="Context">Open; to be disposed by the caller.</param>
/// <param name="RecoveryKey">Opens the repository when every other key is lost; it is stored nowhere.</param>
public sealed record InitializedRepository(RepositoryContext Context, string RecoveryKey)
{
    /// <summary>Never shows the recovery key.</summary>
    public override string ToString() => $"repository at {Context.Location}";
}

/// <summary>Makes a repository: <c>Initialize-EdgeRepository</c>.</summary>
public sealed class InitializeRepository
{
    private readonly RepositoryLocations locations;
    private readonly RepositoryEnvironment environment;
    private readonly IConnectionFactory connections;
    private readonly string author;

    public InitializeRepository(RepositoryLocations locations, RepositoryEnvironment environment, IConnectionFactory connections, string author)
    {
        this.locations = locations;
        this.environment = environment.Memory is null ? environment with { Memory = new ChainMemoryFile(locations, environment.Platform) } : environment;
        this.connections = connections;
        this.author = author;
    }

    /// <summary>Makes a repository with the usual settings and opens it.</summary>
    /// <param name="path">As for the longer form.</param>
    /// <param name="key">As for the longer form.</param>
    /// <param name="cancellationToken">As for the longer form.</param>
    public Task<InitializedRepository> RunAsync(string? path, RepositoryKeyOptions key, CancellationToken cancellationToken) =>
        RunAsync(path, key, new RepositorySettings(), cancellationToken);

    /// <summary>Makes a repository and opens it.</summary>
    /// <param name="path">An absolute folder, new or empty; null for the embedded repository.</param>
    /// <param name="key">A passphrase, a key file (made where it does not exist), both, or nothing for a key file of its own.</param>
    /// <param name="settings">What stays as it is for the repository's whole life.</param>
    /// <param name="cancellationToken">Stops; a repository that is not finished cannot be opened and may be made again.</param>
    /// <exception cref="EdgeBackupException">RepositoryExists, DestinationNotEmpty, RepositoryKeyWrong (an empty passphrase), RepositoryNotWritable.</exception>
    public async Task<InitializedRepository> RunAsync(string? path, RepositoryKeyOptions key, RepositorySettings settings, CancellationToken cancellationToken)
    {
        var folder = path ?? locations.EmbeddedRepository;
        CheckFolder(folder);
        if (key.Passphrase is { Length: 0 })
        {
            throw new EdgeBackupException(ErrorIds.RepositoryKeyWrong, "The passphrase is empty. Give one that others cannot guess, or leave -Passphrase out to use a key file.", folder);
        }

        var store = new FileObjectStore(folder, environment.Platform);
        var secrets = new List<RepositorySecret>();
        string? keyFile = key.KeyFile;
        string? pendingKeyFile = null;
        if (key.Passphrase is not null)
        {
            secrets.Add(new PassphraseSecret(key.Passphrase));
        }

        if (keyFile is not null)
        {
            secrets.Add(File.Exists(keyFile) ? KeyFile.Read(keyFile, environment.Platform) : KeyFile.Create(keyFile, environment.Random, environment.Platform));
        }
        else if (secrets.Count == 0)
        {
            // The file's name is the repository's id, which is not known yet.
            pendingKeyFile = locations.DefaultKeyFile("new-" + Guid.NewGuid().ToString("N"));
            secrets.Add(KeyFile.Create(pendingKeyFile, environment.Random, environment.Platform));
        }

        CreatedRepository created;
        try
        {
            created = await EdgeRepository.CreateAsync(store, secrets, settings, environment, cancellationToken).ConfigureAwait(false);
        }
        catch when (pendingKeyFile is not null && !File.Exists(Path.Combine(folder, "repository.json")))
        {
            // Only while it opens nothing.
            File.Delete(pendingKeyFile);
            throw;
        }

        if (pendingKeyFile is not null)
        {
            keyFile = locations.DefaultKeyFile(created.Repository.Id);
            File.Move(pendingKeyFile, keyFile);
        }
        else if (keyFile is not null)
        {
            OpenRepository.RememberKeyFile(locations, environment.Platform, created.Repository.Id, keyFile);
        }

        var catalog = OpenRepository.OpenCatalog(locations, created.Repository);
        var context = new RepositoryContext(created.Repository, catalog, connections, author) { KeyFile = keyFile, TypesFolder = locations.Types, NotificationsFolder = locations.Notifications(created.Repository.Id), IsEmbedded = path is null };
        return new InitializedRepository(context, created.RecoveryKey);
    }

    private static void CheckFolder(string folder)
    {
        if (File.Exists(folder))
        {
            throw new EdgeBackupException(ErrorIds.DestinationNotEmpty, $"'{folder}' is a file. Give a folder that is new or empty.", folder);
        }

        if (File.Exists(Path.Combine(folder, "repository.json")))
        {
            throw new EdgeBackupException(ErrorIds.RepositoryExists, $"There is a repository at '{folder}' already. Open it with Connect-EdgeRepository, or give another folder.", folder);
        }

        // What a killed Initialize left behind is no obstacle: without repository.json nothing in it can hold a backup.
        var strangers = Directory.Exists(folder)
            ? Directory.EnumerateFileSystemEntries(folder).Select(Path.GetFileName).Where(name => name is not ("keys" or "chain" or "tmp" or "leases")).Take(3).ToList()
            : [];
        if (strangers.Count > 0)
        {
            throw new EdgeBackupException(
                ErrorIds.DestinationNotEmpty,
                $"The folder '{folder}' is not empty: it holds {string.Join(", ", strangers.Select(name => $"'{name}'"))}. A repository needs a folder of its own.",
                folder);
        }
    }
}
