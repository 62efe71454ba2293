using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Platform;
using EdgeBackup.Core.Repository;

namespace EdgeBackup.TestWorker.Crash;

/// <summary>Where everything is, below one folder.</summary>
/// <param name="root">The folder.</param>
/// <param name="platform">Null for the system's own.</param>
public sealed class CrashSite(string root, IPlatform? platform = null)
{
    public const string Author = "worker@crash";

    public CrashClock Clock { get; } = new();

    public string Repository => Path.Combine(root, "repository");

    public string Copy => Path.Combine(root, "copy");

    public string CopyKeyFile => Path.Combine(root, "copy.key");

    public string KeyFile => Path.Combine(root, "key");

    public string Output => Path.Combine(root, "output");

    public string Exports => Path.Combine(root, "exports");

    public string Archives => Path.Combine(root, "archives");

    public string Device(string id) => Path.Combine(root, "devices", id);

    public RepositoryLocations Locations => new(Path.Combine(root, "user"));

    public RepositoryEnvironment Environment => new(Clock, new SystemRandom(), platform ?? SystemPlatform.Create());

    public IConnectionFactory Connections => new ConnectionFactory(SystemPlatform.Create(), Clock);

    /// <summary>A key that comes and goes.</summary>
    public static KeyFileSecret Secret(int generation)
    {
        var bytes = new byte[32];
        new Random(generation).NextBytes(bytes);
        return new KeyFileSecret(bytes);
    }

    public Task<RepositoryContext> OpenCopyAsync() =>
        new OpenRepository(Locations, Environment, Connections, Author).RunAsync(Copy, new RepositoryKeyOptions { KeyFile = CopyKeyFile }, default);

    public Task<RepositoryContext> OpenAsync() =>
        new OpenRepository(Locations, Environment, Connections, Author).RunAsync(Repository, new RepositoryKeyOptions { KeyFile = KeyFile }, default);
}

/// <summary>The system's clock, put back where a backup is to be old.</summary>
public sealed class CrashClock : TimeProvider
{
    public TimeSpan Ahead { get; set; }

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Ahead;
}
