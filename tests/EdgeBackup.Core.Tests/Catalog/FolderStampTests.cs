using System.Runtime.CompilerServices;
using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Repository.Stores;
using EdgeBackup.Core.Tests.Repository;
using Xunit;

namespace EdgeBackup.Core.Tests.Catalog;

/// <summary>A folder in which nothing happened is not listed again; whatever happened is seen at once (R5).</summary>
public sealed class FolderStampTests
{
    /// <summary>A little longer than a folder needs until it is vouched for.</summary>
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(2.2);

    [Fact]
    public async Task A_folder_is_vouched_for_once_it_has_rested_and_each_change_gives_it_another_stamp()
    {
        using var folder = new TemporaryFolder();
        using var store = new FileObjectStore(folder.Combine("r"), Bench.Environment.Platform);
        Assert.Empty(await store.ListFoldersAsync("backups/", default));
        await store.PutAsync("backups/a/1", "x"u8.ToArray(), default);
        await store.PutAsync("backups/b/1", "x"u8.ToArray(), default);
        if (!FolderStamps.AreToldIn(folder.Path))
        {
            // This file system is not believed, and so all of it is listed always.
            Assert.All(await store.ListFoldersAsync("backups/", default), found => Assert.Null(found.Stamp));
            return;
        }

        AssertIsVouchedForOnlyOnceItHasRested(folder.Combine("r", "backups", "a"));
        await Task.Delay(Settled);
        var rested = await StampsAsync(store);
        Assert.Equal(["backups/a/", "backups/b/"], rested.Keys.Order());
        Assert.DoesNotContain(null, rested.Values);
        await store.PutAsync("backups/a/2", "x"u8.ToArray(), default);
        await store.DeleteAsync("backups/b/1", default);
        AssertIsVouchedForOnlyOnceItHasRested(folder.Combine("r", "backups", "a"));
        AssertIsVouchedForOnlyOnceItHasRested(folder.Combine("r", "backups", "b"));

        // A program may set a folder's modification time; that hides nothing.
        foreach (var path in Directory.EnumerateDirectories(folder.Combine("r", "backups")))
        {
            Directory.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddDays(-1));
        }

        await Task.Delay(Settled);
        foreach (var (name, stamp) in await StampsAsync(store))
        {
            Assert.NotNull(stamp);
            Assert.NotEqual(rested[name], stamp);
        }

        Assert.Equal(["backups/a/1", "backups/a/2"], (await store.ListNamesAsync("backups/a/", default)).Order());
        Assert.Empty(await store.ListNamesAsync("backups/b/", default));
        Assert.Empty(await store.ListNamesAsync("backups/c/", default));
    }

    [Fact]
    public async Task Only_folders_in_which_something_happened_are_listed_again_and_nothing_is_missed()
    {
        using var folder = new TemporaryFolder();
        using var files = new FileObjectStore(folder.Combine("r"), Bench.Environment.Platform);
        await using var other = await Bench.CreateAsync(files);
        var first = await BackUpAsync(other, "a");
        await BackUpAsync(other, "b");
        await BackUpAsync(other, "c");
        await Task.Delay(Settled);

        var counting = new CountingStore(files);
        await using var repository = await Bench.OpenAsync(counting);
        using var catalog = BackupCatalog.Open(folder.Combine("catalog.db"), repository);
        Assert.Equal(3, await CountAsync(catalog));
        Assert.Equal(3, counting.Listed.Count);
        counting.Listed.Clear();
        Assert.Equal(3, await CountAsync(catalog));
        Assert.Equal(FolderStamps.AreToldIn(folder.Path) ? 0 : 3, counting.Listed.Count);

        // Another process writes, and the very next question knows.
        counting.Listed.Clear();
        await BackUpAsync(other, "b");
        Assert.Equal(4, await CountAsync(catalog));
        await BackUpAsync(other, "b");
        Assert.Equal(5, await CountAsync(catalog));
        Assert.Contains($"backups/{repository.SubjectFolder("b")}/", counting.Listed);
        if (FolderStamps.AreToldIn(folder.Path))
        {
            Assert.Single(counting.Listed.Distinct());
        }

        await other.DeleteBackupsAsync([other.BackupObjectName("a", first.Id)], default);
        Assert.Equal(4, await CountAsync(catalog));
        Directory.Delete(folder.Combine("r", "backups", repository.SubjectFolder("c")), recursive: true);
        Assert.Equal(3, await CountAsync(catalog));
    }

    [Fact]
    public async Task A_record_that_cannot_be_read_is_told_of_each_time()
    {
        using var folder = new TemporaryFolder();
        using var store = new FileObjectStore(folder.Combine("r"), Bench.Environment.Platform);
        await using var repository = await Bench.CreateAsync(store);
        await BackUpAsync(repository, "a");
        var damaged = $"backups/{repository.SubjectFolder("b")}/{new string('0', 24)}";
        await store.PutAsync(damaged, "no record"u8.ToArray(), default);
        await Task.Delay(Settled);
        using var catalog = BackupCatalog.Open(folder.Combine("catalog.db"), repository);
        for (var time = 0; time < 3; time++)
        {
            var problem = Assert.Single(await catalog.RefreshBackupsAsync(devices: null, default));
            Assert.Equal((ErrorIds.BackupDamaged, damaged), (problem.ErrorId, problem.Target));
        }
    }

    /// <summary>Asked as of given times, whatever time it takes to ask.</summary>
    private static void AssertIsVouchedForOnlyOnceItHasRested(string path)
    {
        var stamps = new FolderStamps(Bench.Environment.Platform);
        var changed = Bench.Environment.Platform.Stat(path)!.Changed!.Value.UtcDateTime;
        Assert.True(DateTime.UtcNow - changed < TimeSpan.FromMinutes(5));
        Assert.Null(stamps.Read(path, changed));
        Assert.Null(stamps.Read(path, changed + TimeSpan.FromSeconds(1.9)));
        Assert.NotNull(stamps.Read(path, changed + TimeSpan.FromSeconds(2.1)));
    }

    private static Task<BackupRecord> BackUpAsync(EdgeRepository repository, string device) =>
        Bench.BackUpAsync(repository, device, new Dictionary<string, byte[]> { ["f"] = Bench.Text(1, 100) });

    private static async Task<Dictionary<string, string?>> StampsAsync(FileObjectStore store) =>
        (await store.ListFoldersAsync("backups/", default)).ToDictionary(found => found.Name, found => found.Stamp);

    private static async Task<int> CountAsync(BackupCatalog catalog)
    {
        Assert.Empty(await catalog.RefreshBackupsAsync(devices: null, default));
        var count = 0;
        await foreach (var summary in catalog.SummarizeBackupsAsync(default))
        {
            count += summary.Count;
        }

        return count;
    }

    /// <summary>Notes which folders are listed.</summary>
    private sealed class CountingStore(FileObjectStore files) : ForwardingStore(files), IFolderStore
    {
        private readonly FileObjectStore folders = files;

        public List<string> Listed { get; } = [];

        public override async IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            Assert.NotEqual("backups/", prefix);
            await foreach (var entry in base.ListAsync(prefix, cancellationToken))
            {
                yield return entry;
            }
        }

        public Task<IReadOnlyList<FolderInfo>> ListFoldersAsync(string prefix, CancellationToken cancellationToken) => folders.ListFoldersAsync(prefix, cancellationToken);

        public Task<IReadOnlyList<string>> ListNamesAsync(string folder, CancellationToken cancellationToken)
        {
            Listed.Add(folder);
            return folders.ListNamesAsync(folder, cancellationToken);
        }
    }
}
