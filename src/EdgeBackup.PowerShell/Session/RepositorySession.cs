using System.Diagnostics.CodeAnalysis;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Repository;

namespace EdgeBackup.PowerShell.Session;

/// <summary>
/// The repositories that this process has open. Shared by all runspaces, so that a repository that was unlocked once
/// serves ForEach-Object -Parallel too. A command borrows one; it is closed when it has been let go of and nobody
/// borrows it any more.
/// </summary>
[SuppressMessage("Reliability", "CA1001", Justification = "It lives as long as the process, and the semaphore holds nothing of the system's.")]
internal sealed class RepositorySession
{
    /// <summary>One for all repositories, also for one that is opened twice: what runs on a device is known to all of them.</summary>
    private static readonly ConnectionFactory Connections = NewConnections();

    private readonly SemaphoreSlim gate = new(1);
    private readonly Dictionary<string, OpenEntry> entries = new(OperatingSystem.IsLinux() ? StringComparer.Ordinal : StringComparer.OrdinalIgnoreCase);
    private string? defaultPath;

    /// <summary>The process's session.</summary>
    public static RepositorySession Current { get; } = new();

    /// <summary>The path that commands without -Repository use: the one connected last, or else the embedded one.</summary>
    public string DefaultPath => defaultPath ?? RepositoryLocations.ForCurrentUser().EmbeddedRepository;

    /// <summary>Whether somebody chose the repository that commands without -Repository use.</summary>
    public bool IsConnected => defaultPath is not null;

    /// <summary>The paths of the open repositories, in order.</summary>
    public IReadOnlyList<string> OpenPaths
    {
        get
        {
            lock (entries)
            {
                return [.. entries.Keys.Order(StringComparer.Ordinal)];
            }
        }
    }

    /// <summary>What an operation that makes or opens repositories needs from its surroundings.</summary>
    public static (RepositoryLocations Locations, RepositoryEnvironment Environment, IConnectionFactory Connections, string Author) Surroundings()
    {
        var environment = RepositoryEnvironment.Default();
        return (
            RepositoryLocations.ForCurrentUser(),
            environment,
            Connections,
            $"{Environment.UserName}@{Environment.MachineName}");
    }

    private static ConnectionFactory NewConnections()
    {
        var environment = RepositoryEnvironment.Default();
        return new ConnectionFactory(environment.Platform, environment.Clock);
    }

    /// <summary>Borrows a repository; opens it with its key file when it is not open. Dispose gives it back.</summary>
    /// <param name="path">Absolute; null for the session's.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="Core.Errors.EdgeBackupException">As <see cref="OpenRepository"/>.</exception>
    public async Task<BorrowedRepository> BorrowAsync(string? path, CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var location = path ?? DefaultPath;
            if (Find(location) is { } known)
            {
                if (await IsStillThereAsync(known.Context, cancellationToken).ConfigureAwait(false))
                {
                    return known.Borrow();
                }

                // Somebody took the folder away, or made another repository in its place.
                await ForgetAsync(location, keepDefault: true).ConfigureAwait(false);
            }

            var (locations, environment, connections, author) = Surroundings();
            var isEmbedded = path is null && defaultPath is null;
            var context = await new OpenRepository(locations, environment, connections, author)
                .RunAsync(isEmbedded ? null : location, new RepositoryKeyOptions(), cancellationToken).ConfigureAwait(false);
            return Remember(location, context).Borrow();
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>Takes over a repository that a command has made or opened, and makes it the session's.</summary>
    /// <param name="path">Absolute.</param>
    /// <param name="context">Closed by the session from now on.</param>
    public async Task ConnectAsync(string path, RepositoryContext context)
    {
        await gate.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            await ForgetAsync(path, keepDefault: true).ConfigureAwait(false);
            Remember(path, context);
            defaultPath = path;
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>Lets go of a repository.</summary>
    /// <param name="path">Absolute.</param>
    /// <returns>False when it was not open.</returns>
    public async Task<bool> DisconnectAsync(string path)
    {
        await gate.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            return await ForgetAsync(path, keepDefault: false).ConfigureAwait(false);
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>Lets go of everything: the module is removed.</summary>
    public async Task CloseAsync()
    {
        foreach (var path in OpenPaths)
        {
            await DisconnectAsync(path).ConfigureAwait(false);
        }

        defaultPath = null;
    }

    private static async Task<bool> IsStillThereAsync(RepositoryContext context, CancellationToken cancellationToken) =>
        await EdgeRepository.PeekAsync(context.Repository.Store, cancellationToken).ConfigureAwait(false) is { } header
        && header.Id == context.Repository.Id;

    private OpenEntry? Find(string path)
    {
        lock (entries)
        {
            return entries.GetValueOrDefault(path);
        }
    }

    private OpenEntry Remember(string path, RepositoryContext context)
    {
        var entry = new OpenEntry(context);
        lock (entries)
        {
            entries[path] = entry;
        }

        return entry;
    }

    private async Task<bool> ForgetAsync(string path, bool keepDefault)
    {
        OpenEntry? entry;
        lock (entries)
        {
            entries.Remove(path, out entry);
        }

        if (!keepDefault && defaultPath is not null && entries.Comparer.Equals(defaultPath, path))
        {
            defaultPath = null;
        }

        if (entry is not null)
        {
            await entry.LetGoAsync().ConfigureAwait(false);
        }

        return entry is not null;
    }
}
