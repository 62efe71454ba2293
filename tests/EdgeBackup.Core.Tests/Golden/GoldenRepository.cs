using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Repository.Stores;
using EdgeBackup.Core.Tests.Repository;

namespace EdgeBackup.Core.Tests.Golden;

/// <summary>
/// The contents of the golden repositories. <see cref="MakeAsync"/> made each of them, once, with the engine of its time;
/// what it makes for a version never changes again, since a new version of the format gets a folder of its own.
/// </summary>
internal static class GoldenRepository
{
    public const string Passphrase = "golden – test data only";

    /// <summary>Of a key that was added and removed: it opens nothing.</summary>
    public const string RemovedPassphrase = "golden – removed";

    /// <summary>The item that grew between two backups of version 2.</summary>
    public const string GrownPath = "logs/grown.csv";

    /// <summary>A backup of version 2 that retention took.</summary>
    public const string ExpiredId = "019c00000000000000000005";

    private static readonly DateTimeOffset Time = new DateTimeOffset(2026, 3, 29, 0, 59, 59, TimeSpan.Zero).AddTicks(9_876_543);

    /// <summary>Makes the repository and, beside it, its keys.</summary>
    /// <param name="folder">An empty one.</param>
    /// <param name="version">Of the format whose contents are wanted; the engine writes them in the format of today.</param>
    public static async Task MakeAsync(string folder, int version)
    {
        using var store = new FileObjectStore(Path.Combine(folder, "repository"), Bench.Environment.Platform);
        var key = KeyFile.Create(Path.Combine(folder, "edge.key"), Bench.Environment.Random, Bench.Environment.Platform);
        var created = await EdgeRepository.CreateAsync(store, [key, new PassphraseSecret(Passphrase)], Bench.Environment, default);
        await File.WriteAllTextAsync(Path.Combine(folder, "passphrase"), Passphrase + "\n");
        await File.WriteAllTextAsync(Path.Combine(folder, "recovery-key"), created.RecoveryKey + "\n");
        await using var repository = created.Repository;
        var items = Items();
        await BackUpAsync(repository, Header("019c00000000000000000001", "site-1") with { Kind = BackupKind.Manual, Name = "before the works", Content = BackupContent.All, DeviceName = "Site 1", Version = "1.24.5", NotSaved = [new NotSavedItem("ram/x", "it is kept nowhere")], Author = "tester@example" }, items);
        await BackUpAsync(repository, Header("019c00000000000000000002", "gebäude/2") with { DeviceType = "folder" }, [.. items.Where(entry => entry.Content is not null)]);

        // In a pack of its own, and with chunks of the first one's.
        items.Add((new Item { Path = "new.txt", Modified = Time }, "new\n"u8.ToArray()));
        await BackUpAsync(repository, Header("019c00000000000000000003", "site-1") with { Kind = BackupKind.Safety, Version = "1.24.6" }, items);
        if (version > 1)
        {
            await AddVersion2Async(repository);
        }
    }

    /// <summary>A log that grows, a backup that expires, a key that is removed, a record that is no backup.</summary>
    private static async Task AddVersion2Async(EdgeRepository repository)
    {
        var item = new Item { Path = GrownPath, Kind = ItemKind.History, Modified = Time };
        var log = Enumerable.Range(0, 1_000).SelectMany(block => SHA256.HashData(BitConverter.GetBytes(block))).ToArray();
        await BackUpAsync(repository, Header("019c00000000000000000004", "site-3") with { Content = BackupContent.All }, [(item, log)]);
        var key = await repository.Keyring.AddAsync(new PassphraseSecret(RemovedPassphrase), default);
        await repository.Keyring.RemoveAsync([key.Id], default);
        await BackUpAsync(repository, Header(ExpiredId, "site-3"), [(new Item { Path = "old" }, "old\n"u8.ToArray())]);
        await repository.AppendAsync(RecordArea.Devices, "site-3", "{}"u8.ToArray(), default);
        await repository.DeleteBackupsAsync([repository.BackupObjectName("site-3", ExpiredId)], default);
        var previous = await repository.ReadBackupAsync(repository.BackupObjectName("site-3", "019c00000000000000000004"), default);
        await BackUpAsync(repository, Header("019c00000000000000000006", "site-3") with { Content = BackupContent.All }, [(item, [.. log, .. "a new line\n"u8])], previous);
    }

    /// <summary>A backup as one line: what docs/reader lists of it.</summary>
    public static string Describe(BackupRecord record) => string.Join(
        '\t',
        record.Id,
        record.Device,
        record.Name,
        record.Kind,
        record.Content,
        record.Created.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture),
        record.ItemCount,
        record.Length);

    /// <summary>An item as one line: all that the format says of it, but its chunks.</summary>
    public static string Describe(BackupRecord record, SavedItem saved, string? digestOfContent)
    {
        var item = saved.Item;
        return string.Join(
            '\t',
            record.Id,
            item.Path,
            item.Type,
            item.Length,
            digestOfContent,
            item.Modified?.UtcDateTime.ToString("O", CultureInfo.InvariantCulture),
            item.Kind,
            item.Retain,
            item.UnixMode is { } mode ? Convert.ToString(mode, 8) : "",
            item.ReadOnly,
            item.LinkTarget,
            item.Stamp,
            item.IsContainer);
    }

    private static List<(Item Item, byte[]? Content)> Items() =>
    [
        (new Item { Path = "edge-device.json", Kind = ItemKind.Identity, Modified = Time, ReadOnly = true }, "{\"id\":\"site-1\"}\n"u8.ToArray()),
        (new Item { Path = "empty", Modified = Time.AddYears(-70), UnixMode = 0x1A0 }, []),
        (new Item { Path = "etc", Type = ItemType.Directory, IsContainer = true, UnixMode = 0x1ED, Modified = Time }, null),
        (new Item { Path = "etc-not/ü \"quoted\" 😀.txt", Stamp = "\"etag\"" }, "ü\n"u8.ToArray()),
        (new Item { Path = "etc/latest", Type = ItemType.SymbolicLink, LinkTarget = "../logs/trend.csv" }, null),
        (new Item { Path = "etc/nothing", Type = ItemType.Directory, UnixMode = 0x1C0, Modified = Time }, null),
        (new Item { Path = "etc/random", Modified = Time, UnixMode = 0x180 }, Enumerable.Range(0, 16).SelectMany(block => SHA256.HashData([(byte)block])).ToArray()),
        (new Item { Path = "etc/set-point", Retain = RetainLevel.Warm }, "21.5"u8.ToArray()),
        (new Item { Path = "logs/trend.csv", Kind = ItemKind.History, Modified = Time }, Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("2026-01-01T00:00:00Z,21.5,ok\n", 20_000)))),
    ];

    private static BackupHeader Header(string id, string device) => new()
    {
        Id = id,
        Device = device,
        DeviceType = "edge-controller",
        Kind = BackupKind.Automatic,
        Content = BackupContent.Configuration,
        Created = Time,
    };

    private static async Task BackUpAsync(EdgeRepository repository, BackupHeader header, List<(Item Item, byte[]? Content)> items, BackupRecord? before = null)
    {
        var previous = new Dictionary<string, SavedItem>();
        if (before is not null)
        {
            await foreach (var saved in repository.ReadItemsAsync(before, default))
            {
                previous.Add(saved.Item.Path, saved);
            }
        }

        await using var session = await repository.BeginWriteAsync(default);
        await using var draft = session.BeginBackup();
        foreach (var (item, content) in items.OrderBy(entry => entry.Item.Path, StringComparer.Ordinal))
        {
            await draft.AddAsync(
                content is null ? session.Store(item) : await session.StoreAsync(item, new MemoryStream(content), previous.GetValueOrDefault(item.Path), default),
                default);
        }

        await draft.CommitAsync(header, _ => true, default);
    }
}
