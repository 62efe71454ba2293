using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository;
using Xunit;

namespace EdgeBackup.Core.Tests.Repository.Recovery;

/// <summary>A repository of two backups, in a pack each, and what repair tests do to it and look at.</summary>
internal static class RepairSite
{
    public static readonly VerifyOptions Deep = new(ReadData: true);
    public static readonly Dictionary<string, byte[]> First = Enumerable.Range(0, 6).ToDictionary(index => $"f{index}", index => Bench.RandomBytes(index, 30_000));
    public static readonly Dictionary<string, byte[]> Second = Enumerable.Range(0, 6).ToDictionary(index => $"g{index}", index => Bench.RandomBytes(100 + index, 30_000));

    public static async Task<(MemoryObjectStore Store, BackupRecord[] Records)> MakeAsync()
    {
        // The pack of the first backup comes first by its name, and each item is one chunk: random keys decide both.
        while (true)
        {
            var store = new MemoryObjectStore();
            await using var repository = await Bench.CreateAsync(store);
            var first = await Bench.BackUpAsync(repository, "one", First);
            var pack = Assert.Single(Packs(store));
            var second = await Bench.BackUpAsync(repository, "two", Second);
            if (Packs(store)[0] == pack && await IsUncutAsync(repository, first) && await IsUncutAsync(repository, second))
            {
                return (store, [first, second]);
            }
        }
    }

    public static async Task<bool> IsUncutAsync(EdgeRepository repository, BackupRecord record) =>
        await repository.ReadItemsAsync(record, default).AllAsync(item => item.Chunks.Count == 1);

    public static List<string> Packs(MemoryObjectStore store) => [.. store.Objects.Keys.Where(name => name.StartsWith("packs/", StringComparison.Ordinal))];

    public static void HurtItem(MemoryObjectStore store, int length) => store.Objects[Packs(store)[0]].AsSpan(144, length).Clear();

    public static async Task<SavedItem> ItemAsync(EdgeRepository repository, BackupRecord record, string path)
    {
        await foreach (var item in repository.ReadItemsAsync(record, default))
        {
            if (item.Item.Path == path)
            {
                return item;
            }
        }

        throw new InvalidOperationException(path);
    }

    public static void AssertSame(MemoryObjectStore expected, MemoryObjectStore actual, bool quarantine = false)
    {
        var found = Select(actual);
        Assert.Equal(Select(expected).Keys.Order(StringComparer.Ordinal), found.Keys.Order(StringComparer.Ordinal));
        Assert.All(Select(expected), entry => Assert.Equal(entry.Value, found[entry.Key]));

        Dictionary<string, byte[]> Select(MemoryObjectStore store) => store.Objects
            .Where(entry => !entry.Key.StartsWith("leases/", StringComparison.Ordinal) && (quarantine || !entry.Key.StartsWith("quarantine/", StringComparison.Ordinal)))
            .ToDictionary();
    }
}
