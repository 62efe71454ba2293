using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Repository.Stores;

namespace EdgeBackup.PowerShell.Sessions;

/// <summary>
/// The repositories that this process has open, and which of them commands without -Repository use. One for the process,
/// so that runspaces of one session (ForEach-Object -Parallel, thread jobs) share what was unlocked once.
/// </summary>
internal sealed class RepositorySession
{
    private readonly SemaphoreSlim gate = new(1, 1);
    private readonly Dictionary<string, RepositoryContext> open = new(OperatingSystem.IsWindows() ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal);
    private readonly RepositoryEnvironment environment = RepositoryEnvironment.Default();
    private string? connected;

    private RepositorySession()
    {
    }

    public static RepositorySession Current { get; } = new();

    /// <summary>Who acts, for records and events.</summary>
    private static string Author => $"{Environment.UserName}@{Environment.MachineName}";

    private ConnectionFactory Connections => new(environment.Platform, environment.Clock);

    /// <summary>The repository that a command means: the given one, else the connected one, else the embedded one.</summary>
    public async Task<RepositoryContext> GetAsync(string? path, CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var locations = RepositoryLocations.ForCurrentUser();
            var wanted = path ?? connected;
            var key = Normalize(wanted ?? locations.EmbeddedRepository);
            if (await FindOpenAsync(key, cancellationToken).ConfigureAwait(false) is { } context)
            {
                return context;
            }

            var opened = await new OpenRepository(locations, environment, Connections, Author).RunAsync(wanted is null ? null : key, new RepositoryKeyOptions(), cancellationToken).ConfigureAwait(false);
            open[key] = opened;
            return opened;
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>Makes a repository and connects the session to it.</summary>
    public async Task<InitializedRepository> InitializeAsync(string? path, RepositoryKeyOptions key, CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var locations = RepositoryLocations.ForCurrentUser();
            var folder = path is null ? null : Normalize(path);
            var made = await new InitializeRepository(locations, environment, Connections, Author).RunAsync(folder, key, cancellationToken).ConfigureAwait(false);
            await AdoptAsync(folder ?? Normalize(locations.EmbeddedRepository), made.Context).ConfigureAwait(false);
            return made;
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>Opens a repository and connects the session to it.</summary>
    public async Task<RepositoryContext> ConnectAsync(string? path, RepositoryKeyOptions key, CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var locations = RepositoryLocations.ForCurrentUser();
            var folder = path is null ? null : Normalize(path);
            var context = await new OpenRepository(locations, environment, Connections, Author).RunAsync(folder, key, cancellationToken).ConfigureAwait(false);
            await AdoptAsync(folder ?? Normalize(locations.EmbeddedRepository), context).ConfigureAwait(false);
            return context;
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>Closes a repository; the session is no longer connected to it.</summary>
    /// <param name="path">Null: the connected one.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <returns>False when it was not open.</returns>
    public async Task<bool> DisconnectAsync(string? path, CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var key = path is null ? connected ?? Normalize(RepositoryLocations.ForCurrentUser().EmbeddedRepository) : Normalize(path);
            if (key == connected)
            {
                connected = null;
            }

            if (!open.Remove(key, out var context))
            {
                return false;
            }

            await context.DisposeAsync().ConfigureAwait(false);
            return true;
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>The open repositories, the one that commands use by default first.</summary>
    public async Task<IReadOnlyList<(RepositoryContext Context, bool IsDefault)>> ListAsync(CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var chosen = connected ?? Normalize(RepositoryLocations.ForCurrentUser().EmbeddedRepository);
            return open.Select(pair => (pair.Value, IsDefault: pair.Key == chosen)).OrderByDescending(pair => pair.IsDefault).ToList();
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>Closes everything, when the module leaves the process.</summary>
    public async Task CloseAsync()
    {
        await gate.WaitAsync().ConfigureAwait(false);
        try
        {
            connected = null;
            foreach (var context in open.Values)
            {
                await context.DisposeAsync().ConfigureAwait(false);
            }

            open.Clear();
        }
        finally
        {
            gate.Release();
        }
    }

    private static string Normalize(string path) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));

    private async Task AdoptAsync(string key, RepositoryContext context)
    {
        if (open.Remove(key, out var old))
        {
            await old.DisposeAsync().ConfigureAwait(false);
        }

        open[key] = context;
        connected = key;
    }

    /// <summary>A folder may have been emptied and made anew since it was opened; then it is opened again.</summary>
    private async Task<RepositoryContext?> FindOpenAsync(string key, CancellationToken cancellationToken)
    {
        if (!open.TryGetValue(key, out var context))
        {
            return null;
        }

        var header = await EdgeRepository.PeekAsync(new FileObjectStore(key, environment.Platform), cancellationToken).ConfigureAwait(false);
        if (header?.Id == context.Repository.Id)
        {
            return context;
        }

        open.Remove(key);
        await context.DisposeAsync().ConfigureAwait(false);
        return null;
    }
}
