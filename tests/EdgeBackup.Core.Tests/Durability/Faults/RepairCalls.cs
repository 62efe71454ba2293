using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Tests.Repository;
using EdgeBackup.Core.Tests.Repository.Recovery;
using Xunit;

namespace EdgeBackup.Core.Tests.Durability.Faults;

/// <summary>Runs what a repair does for each kind of damage.</summary>
internal static class RepairCalls
{
    /// <returns>The lines of source that called the store.</returns>
    public static async Task<IReadOnlyCollection<string>> RunAsync()
    {
        var reached = new HashSet<string>();
        var memory = new MemoryObjectStore();
        await using (var repository = await Bench.CreateAsync(memory))
        {
            for (var index = 0; index < 3; index++)
            {
                await Bench.BackUpAsync(repository, "d", new Dictionary<string, byte[]> { [$"f{index}"] = Bench.RandomBytes(index, 60_000) });
            }
        }

        // Two packs that stand in each other's places, one that stands twice, and an index object that is damaged.
        var packs = memory.Objects.Keys.Where(name => name.StartsWith("packs/", StringComparison.Ordinal)).ToList();
        (memory.Objects[packs[0]], memory.Objects[packs[1]]) = (memory.Objects[packs[1]], memory.Objects[packs[0]]);
        memory.Objects[$"packs/ab/ab{new string('0', 62)}"] = memory.Objects[packs[2]];
        memory.Objects.First(entry => entry.Key.StartsWith("index/", StringComparison.Ordinal)).Value[60] ^= 1;
        Assert.True((await RepairAsync(new FaultyStore(memory) { NotesCallers = true }, reached)).Healthy);

        // A sector that cannot be read.
        var broken = new BrokenSectorStore(memory, packs[0], sector: 1, sectors: 1);
        Assert.True((await RepairAsync(new FaultyStore(broken) { NotesCallers = true }, reached)).Healthy);

        // A pack that is gone, and of which not even quarantine has a copy.
        foreach (var name in memory.Objects.Keys.Where(name => name == packs[2] || name.StartsWith("quarantine/", StringComparison.Ordinal)).ToList())
        {
            memory.Objects.Remove(name);
        }

        Assert.False((await RepairAsync(new FaultyStore(memory) { NotesCallers = true }, reached)).Healthy);
        return reached;
    }

    private static async Task<RepairReport> RepairAsync(FaultyStore store, HashSet<string> reached)
    {
        await using var repository = await Bench.OpenAsync(store);
        var report = await repository.RepairAsync(new RepairOptions(), progress: null, default);
        reached.UnionWith(store.Callers);
        return report;
    }
}
