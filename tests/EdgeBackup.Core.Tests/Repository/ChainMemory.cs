using EdgeBackup.Core.Repository;

namespace EdgeBackup.Core.Tests.Repository;

/// <summary>What one client remembers.</summary>
internal sealed class ChainMemory : IChainMemory
{
    private readonly Dictionary<string, ChainPosition> known = [];

    public ChainPosition? Read(string repositoryId) => known.GetValueOrDefault(repositoryId);

    public void Write(string repositoryId, ChainPosition position) => known[repositoryId] = position;

    public Task<EdgeRepository> OpenAsync(MemoryObjectStore store) =>
        EdgeRepository.OpenAsync(store, Bench.Key, Bench.Environment with { Memory = this }, default);
}
