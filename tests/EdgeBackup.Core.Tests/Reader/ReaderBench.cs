using System.Security.Cryptography;
using System.Text;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Repository.Stores;
using EdgeBackup.Core.Tests.Repository;
using Xunit;

namespace EdgeBackup.Core.Tests.Reader;

/// <summary>A repository in a folder with one key of each kind, and the arguments by which the reader opens it.</summary>
internal sealed class ReaderBench : IDisposable
{
    public const string Passphrase = " grün & blau\t";

    private readonly TemporaryFolder folder = new();

    public string Root => folder.Combine("repository");

    public string Destination => folder.Combine("destination");

    public string[] KeyFile => ["--key-file", folder.Combine("edge.key")];

    public string[] PassphraseFile => ["--passphrase-file", folder.Combine("passphrase")];

    public string[] RecoveryKey { get; private set; } = [];

    public FileObjectStore Store { get; private set; } = null!;

    public EdgeRepository Repository { get; private set; } = null!;

    public static async Task<ReaderBench> CreateAsync()
    {
        var bench = new ReaderBench();
        bench.Store = new FileObjectStore(bench.Root, Bench.Environment.Platform);
        var key = Core.Repository.KeyFile.Create(bench.KeyFile[1], Bench.Environment.Random, Bench.Environment.Platform);
        await File.WriteAllTextAsync(bench.PassphraseFile[1], Passphrase + "\n");
        var created = await EdgeRepository.CreateAsync(bench.Store, [key, new PassphraseSecret(Passphrase)], Bench.Environment, default);
        bench.Repository = created.Repository;
        bench.RecoveryKey = ["--recovery-key", created.RecoveryKey];
        return bench;
    }

    /// <summary>Another place under the same temporary folder.</summary>
    public string Combine(string name) => folder.Combine(name);

    public Task<ReaderResult> ListAsync(params string[] more) => PythonReader.RunAsync(["list", "--repository", Root, .. KeyFile, .. more]);

    public Task<ReaderResult> ExtractAsync(string backup, params string[] more) =>
        PythonReader.RunAsync(["extract", "--repository", Root, .. KeyFile, .. more, backup, Destination]);

    /// <summary>Takes a backup of items; files with their bytes, other items with null.</summary>
    public async Task<BackupRecord> BackUpAsync(IEnumerable<(Item Item, byte[]? Content)> items, Func<BackupHeader, BackupHeader>? change = null)
    {
        await using var session = await Repository.BeginWriteAsync(default);
        return await BackUpAsync(session, items, change);
    }

    public static async Task<BackupRecord> BackUpAsync(
        WriteSession session, IEnumerable<(Item Item, byte[]? Content)> items, Func<BackupHeader, BackupHeader>? change = null)
    {
        await using var draft = session.BeginBackup(allowHostilePaths: true);
        foreach (var (item, content) in items.OrderBy(entry => entry.Item.Path, StringComparer.Ordinal))
        {
            await draft.AddAsync(content is null ? session.Store(item) : await session.StoreAsync(item, new MemoryStream(content), default), default);
        }

        var header = Bench.Header("device");
        return await draft.CommitAsync(change is null ? header : change(header), _ => true, default);
    }

    public static (Item Item, byte[]? Content) TextFile(string path, string text) => (new Item { Path = path }, Encoding.UTF8.GetBytes(text));

    /// <summary>The files below a folder of the repository.</summary>
    public string[] Objects(string below) => Directory.GetFiles(Path.Combine(Root, below), "*", SearchOption.AllDirectories);

    /// <summary>Changes one byte.</summary>
    public static void Flip(string file, long offset)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.ReadWrite);
        stream.Position = offset;
        var value = stream.ReadByte();
        stream.Position = offset;
        stream.WriteByte((byte)(value ^ 1));
    }

    /// <summary>Looks at all that stands below the destination: nothing is missing, nothing is there besides.</summary>
    public void AssertExtracted(IReadOnlyCollection<(Item Item, byte[]? Content)> items)
    {
        var found = Directory.GetFileSystemEntries(Destination, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 });
        Assert.Equal(
            items.Select(entry => entry.Item.Path).Order(StringComparer.Ordinal),
            found.Select(path => Path.GetRelativePath(Destination, path)).Order(StringComparer.Ordinal));
        foreach (var (item, content) in items)
        {
            var path = Path.Combine(Destination, item.Path);
            FileSystemInfo info = item.Type == ItemType.Directory ? new DirectoryInfo(path) : new FileInfo(path);
            Assert.Equal(item.LinkTarget, info.LinkTarget);
            if (content is not null)
            {
                Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(content)), Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path))));
            }

            if (item.UnixMode is { } mode && item.Type != ItemType.SymbolicLink && !OperatingSystem.IsWindows())
            {
                Assert.Equal((UnixFileMode)mode, info.UnixFileMode);
            }

            if (item.Modified is { } modified)
            {
                Assert.Equal(modified.UtcDateTime, info.LastWriteTimeUtc);
            }
        }
    }

    public void Dispose()
    {
        Repository.DisposeAsync().AsTask().GetAwaiter().GetResult();
        Store.Dispose();
        folder.Dispose();
    }
}
