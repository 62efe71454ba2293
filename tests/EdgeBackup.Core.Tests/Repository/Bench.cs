using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Repository.Stores;

namespace EdgeBackup.Core.Tests.Repository;

/// <summary>Repositories and backups for tests.</summary>
internal static class Bench
{
    private static int backups;

    public static readonly KeyFileSecret Key = new([.. Enumerable.Range(1, 32).Select(value => (byte)value)]);

    public static RepositoryEnvironment Environment { get; } = RepositoryEnvironment.Default();

    public static async Task<EdgeRepository> CreateAsync(IObjectStore store) =>
        (await EdgeRepository.CreateAsync(store, [Key], Environment, default)).Repository;

    public static async Task<EdgeRepository> CreateAsync(IObjectStore store, TimeProvider clock) =>
        (await EdgeRepository.CreateAsync(store, [Key], Environment with { Clock = clock }, default)).Repository;

    public static Task<EdgeRepository> OpenAsync(IObjectStore store) => EdgeRepository.OpenAsync(store, Key, Environment, default);

    public static byte[] RandomBytes(int seed, int length)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    /// <summary>Bytes that compress.</summary>
    public static byte[] Text(int seed, int length)
    {
        var random = new Random(seed);
        var bytes = new byte[length];
        for (var index = 0; index < length; index++)
        {
            bytes[index] = (byte)('a' + random.Next(6));
        }

        return bytes;
    }

    public static BackupHeader Header(string device) => new()
    {
        Id = $"{DateTimeOffset.UtcNow.ToUnixTimeMilliseconds():x12}{Interlocked.Increment(ref backups):x12}",
        Device = device,
        DeviceType = "edge-controller",
        Kind = BackupKind.Automatic,
        Content = BackupContent.Configuration,
        Created = DateTimeOffset.UtcNow,
    };

    public static async Task<BackupRecord> BackUpAsync(WriteSession session, string device, IReadOnlyDictionary<string, byte[]> files)
    {
        await using var draft = session.BeginBackup();
        foreach (var (path, content) in files.OrderBy(file => file.Key, StringComparer.Ordinal))
        {
            var item = new Item { Path = path, Modified = DateTimeOffset.UnixEpoch.AddDays(1), Stamp = "1" };
            await draft.AddAsync(await session.StoreAsync(item, new MemoryStream(content), default), default);
        }

        return await draft.CommitAsync(Header(device), _ => true, default);
    }

    public static async Task<BackupRecord> BackUpAsync(EdgeRepository repository, string device, IReadOnlyDictionary<string, byte[]> files)
    {
        await using var session = await repository.BeginWriteAsync(default);
        return await BackUpAsync(session, device, files);
    }

    public static async Task<byte[]> ReadItemAsync(EdgeRepository repository, BackupRecord record, SavedItem item)
    {
        await using var stream = repository.OpenItem(record, item);
        var output = new MemoryStream();
        await stream.CopyToAsync(output);
        return output.ToArray();
    }

    public static async Task<Dictionary<string, byte[]>> ReadAllAsync(EdgeRepository repository, BackupRecord record)
    {
        var files = new Dictionary<string, byte[]>();
        await foreach (var item in repository.ReadItemsAsync(record, default))
        {
            files.Add(item.Item.Path, await ReadItemAsync(repository, record, item));
        }

        return files;
    }

    public static async Task<List<string>> ListAsync(IAsyncEnumerable<string> names)
    {
        var list = new List<string>();
        await foreach (var name in names)
        {
            list.Add(name);
        }

        return list;
    }
}

/// <summary>A folder that is gone afterwards.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("edgebackup-test-").FullName;

    public string Combine(params string[] parts) => System.IO.Path.Combine([Path, .. parts]);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
