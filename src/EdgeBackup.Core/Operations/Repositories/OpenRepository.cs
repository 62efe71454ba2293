using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Platform;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Repository.Stores;
using Microsoft.Data.Sqlite;

namespace EdgeBackup.Core.Operations.Repositories;

/// <summary>Opens a repository: <c>Connect-EdgeRepository</c>, and every command that names one or finds the embedded one.</summary>
public sealed class OpenRepository
{
    private readonly RepositoryLocations locations;
    private readonly RepositoryEnvironment environment;
    private readonly IConnectionFactory connections;
    private readonly string author;

    public OpenRepository(RepositoryLocations locations, RepositoryEnvironment environment, IConnectionFactory connections, string author)
    {
        this.locations = locations;
        this.environment = environment.Memory is null ? environment with { Memory = new ChainMemoryFile(locations, environment.Platform) } : environment;
        this.connections = connections;
        this.author = author;
    }

    /// <summary>Opens a repository.</summary>
    /// <param name="path">An absolute folder; null for the embedded repository.</param>
    /// <param name="key">One of its keys, or nothing for the key file that belongs to it.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="EdgeBackupException">RepositoryNotFound, RepositoryKeyWrong, RepositoryDamaged, RepositoryFormatUnsupported.</exception>
    public async Task<RepositoryContext> RunAsync(string? path, RepositoryKeyOptions key, CancellationToken cancellationToken)
    {
        var folder = path ?? locations.EmbeddedRepository;
        var store = new FileObjectStore(folder, environment.Platform);
        var header = Directory.Exists(folder) ? await EdgeRepository.PeekAsync(store, cancellationToken).ConfigureAwait(false) : null;
        if (header is null)
        {
            throw new EdgeBackupException(
                ErrorIds.RepositoryNotFound,
                path is null
                    ? "No repository is connected, and this user has no embedded one. Make one with: Initialize-EdgeRepository"
                    : $"There is no repository at '{folder}'. Check the path, or make one with: Initialize-EdgeRepository -Path '{folder}'",
                folder);
        }

        var keyFile = key.KeyFile;
        if (key.Passphrase is null && key.RecoveryKey is null && keyFile is null)
        {
            keyFile = FindKeyFile(locations, header.Id)
                ?? throw new EdgeBackupException(
                    ErrorIds.RepositoryKeyWrong,
                    $"The repository at '{folder}' is locked, and this user has no key file for it. Give one of its keys: Connect-EdgeRepository -Path '{folder}' with -Passphrase, -KeyFile or -RecoveryKey.",
                    folder);
        }

        RepositorySecret secret = key.Passphrase is not null ? new PassphraseSecret(key.Passphrase)
            : key.RecoveryKey is not null ? new RecoveryKeySecret(key.RecoveryKey)
            : KeyFile.Read(keyFile!, environment.Platform);
        var repository = await EdgeRepository.OpenAsync(store, secret, environment, cancellationToken).ConfigureAwait(false);
        try
        {
            if (key.KeyFile is not null)
            {
                RememberKeyFile(locations, environment.Platform, repository.Id, key.KeyFile);
            }

            var catalog = OpenCatalog(locations, repository);
            return new RepositoryContext(repository, catalog, connections, author)
            {
                KeyFile = secret is KeyFileSecret ? keyFile : null,
                TypesFolder = locations.Types,
                NotificationsFolder = locations.Notifications(repository.Id),
                IsEmbedded = string.Equals(folder, locations.EmbeddedRepository, StringComparison.Ordinal),
            };
        }
        catch
        {
            await repository.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>The catalog in its place; where that cannot be written, one of this process alone: it is only a cache.</summary>
    internal static BackupCatalog OpenCatalog(RepositoryLocations locations, EdgeRepository repository)
    {
        try
        {
            return BackupCatalog.Open(locations.Catalog(repository.Id), repository);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or SqliteException)
        {
            var folder = Directory.CreateTempSubdirectory("edgebackup-").FullName;
            return BackupCatalog.Open(Path.Combine(folder, repository.Id + ".db"), repository);
        }
    }

    /// <summary>Notes where a repository's key file is, so that a later process finds it.</summary>
    internal static void RememberKeyFile(RepositoryLocations locations, IPlatform platform, string repositoryId, string keyFile)
    {
        var pointer = locations.KeyFilePointer(repositoryId);
        if (keyFile == locations.DefaultKeyFile(repositoryId))
        {
            // Found where it is, once nothing points elsewhere.
            if (File.Exists(pointer))
            {
                File.Delete(pointer);
            }

            return;
        }

        if (File.Exists(pointer) && File.ReadAllText(pointer) == keyFile)
        {
            return;
        }

        var folder = Path.GetDirectoryName(pointer)!;
        if (!Directory.Exists(folder))
        {
            Directory.CreateDirectory(folder);
            platform.RestrictToUser(folder);
        }

        var temporary = pointer + "." + Guid.NewGuid().ToString("N");
        File.WriteAllText(temporary, keyFile);
        File.Move(temporary, pointer, overwrite: true);
    }

    /// <summary>The key file that was used last, or else the one that was made with the repository; null for none.</summary>
    internal static string? FindKeyFile(RepositoryLocations locations, string repositoryId)
    {
        var pointer = locations.KeyFilePointer(repositoryId);
        if (File.Exists(pointer) && File.ReadAllText(pointer) is { Length: > 0 } elsewhere && File.Exists(elsewhere))
        {
            return elsewhere;
        }

        var own = locations.DefaultKeyFile(repositoryId);
        return File.Exists(own) ? own : null;
    }
}
