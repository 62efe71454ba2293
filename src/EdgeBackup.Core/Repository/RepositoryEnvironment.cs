using EdgeBackup.Core.Platform;

namespace EdgeBackup.Core.Repository;

/// <summary>What the engine takes from its surroundings; replaced in tests.</summary>
/// <param name="Clock">Times in records and leases, and every wait.</param>
/// <param name="Random">Keys, salts and the random part of names.</param>
/// <param name="Platform">What differs between operating systems.</param>
public sealed record RepositoryEnvironment(TimeProvider Clock, IRandomSource Random, IPlatform Platform)
{
    /// <summary>Remembers the newest state of each repository that was seen; null: a store that was taken back is not noticed.</summary>
    public IChainMemory? Memory { get; init; }

    /// <summary>The system's clock, generator and platform.</summary>
    public static RepositoryEnvironment Default() => new(TimeProvider.System, new SystemRandom(), SystemPlatform.Create());
}
