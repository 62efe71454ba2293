using EdgeBackup.Core.Repository.Stores;
using Xunit;

namespace EdgeBackup.Core.Tests.Repository;

/// <summary>What every <see cref="IObjectStore"/> must do.</summary>
public abstract class StoreConformance
{
    protected abstract IObjectStore Store { get; }

    [Fact]
    public async Task An_object_comes_back_as_it_was_put()
    {
        var content = Bench.RandomBytes(1, 100_000);
        Assert.True(await Store.PutAsync("packs/aa/one", content, default));
        Assert.Equal(content, await Store.GetAsync("packs/aa/one", default));
    }

    [Fact]
    public async Task An_object_is_never_overwritten_by_put()
    {
        Assert.True(await Store.PutAsync("a/b", new byte[] { 1 }, default));
        Assert.False(await Store.PutAsync("a/b", new byte[] { 2 }, default));
        await Store.PutManyAsync([("a/b", new byte[] { 3 }), ("a/c", new byte[] { 4 })], default);
        Assert.Equal([1], await Store.GetAsync("a/b", default));
        Assert.Equal([4], await Store.GetAsync("a/c", default));
    }

    [Fact]
    public async Task Overwrite_makes_and_replaces()
    {
        await Store.OverwriteAsync("leases/a", new byte[] { 1 }, default);
        var buffer = new byte[4];
        Assert.Equal(1, await Store.ReadAsync("leases/a", 0, buffer, default));
        await Store.OverwriteAsync("leases/a", new byte[] { 2, 3 }, default);
        Assert.Equal(2, await Store.ReadAsync("leases/a", 0, buffer, default));
        Assert.Equal([2, 3], await Store.GetAsync("leases/a", default));
    }

    [Fact]
    public async Task A_damaged_object_is_replaced_for_readers_too()
    {
        await Store.PutAsync("packs/aa/one", Bench.RandomBytes(1, 5000), default);
        var buffer = new byte[100];
        Assert.Equal(100, await Store.ReadAsync("packs/aa/one", 4900, buffer, default));
        var mended = Bench.RandomBytes(2, 6000);
        await Store.ReplaceAsync("packs/aa/one", mended, default);
        Assert.Equal(mended, await Store.GetAsync("packs/aa/one", default));
        Assert.Equal(100, await Store.ReadAsync("packs/aa/one", 5900, buffer, default));
        Assert.Equal(mended[5900..], buffer);
        await Store.ReplaceAsync("packs/bb/two", mended, default);
        Assert.Equal(mended, await Store.GetAsync("packs/bb/two", default));
    }

    [Fact]
    public async Task Ranges_are_read_up_to_the_end()
    {
        await Store.PutAsync("a/b", Bench.RandomBytes(2, 1000), default);
        var expected = Bench.RandomBytes(2, 1000);
        var buffer = new byte[100];
        Assert.Equal(100, await Store.ReadAsync("a/b", 500, buffer, default));
        Assert.Equal(expected[500..600], buffer);
        Assert.Equal(10, await Store.ReadAsync("a/b", 990, buffer, default));
        Assert.Equal(expected[990..], buffer[..10]);
        Assert.Equal(0, await Store.ReadAsync("a/b", 1000, buffer, default));
        Assert.Equal(0, await Store.ReadAsync("a/b", 2000, buffer, default));
    }

    [Fact]
    public async Task What_is_not_there_is_told_from_what_is_empty()
    {
        await Store.PutAsync("a/empty", ReadOnlyMemory<byte>.Empty, default);
        Assert.Empty((await Store.GetAsync("a/empty", default))!);
        Assert.Equal(0, await Store.ReadAsync("a/empty", 0, new byte[1], default));
        Assert.Null(await Store.GetAsync("a/none", default));
        Assert.Null(await Store.GetAsync("none/none", default));
        Assert.Equal(-1, await Store.ReadAsync("a/none", 0, new byte[1], default));
        Assert.False(await Store.DeleteAsync("a/none", default));
    }

    [Fact]
    public async Task Listing_gives_names_and_lengths_below_a_prefix()
    {
        await Store.PutAsync("a/b/c", new byte[3], default);
        await Store.PutAsync("a/d", new byte[4], default);
        await Store.PutAsync("ab/e", new byte[5], default);
        await Store.PutAsync("top.json", new byte[6], default);
        var found = new List<ObjectInfo>();
        await foreach (var entry in Store.ListAsync("a/", default))
        {
            found.Add(entry);
        }

        Assert.Equal([new ObjectInfo("a/b/c", 3), new ObjectInfo("a/d", 4)], found.OrderBy(entry => entry.Name, StringComparer.Ordinal));
        await foreach (var entry in Store.ListAsync("none/", default))
        {
            Assert.Fail(entry.Name);
        }
    }

    [Fact]
    public async Task A_deleted_object_is_gone_for_readers_too()
    {
        await Store.PutAsync("a/b", new byte[3], default);
        Assert.Equal(3, await Store.ReadAsync("a/b", 0, new byte[3], default));
        Assert.True(await Store.DeleteAsync("a/b", default));
        Assert.Equal(-1, await Store.ReadAsync("a/b", 0, new byte[3], default));
        Assert.True(await Store.PutAsync("a/b", new byte[1], default));
        Assert.Equal(1, await Store.ReadAsync("a/b", 0, new byte[3], default));
    }

    [Theory]
    [InlineData("")]
    [InlineData("/a")]
    [InlineData("a/")]
    [InlineData("a//b")]
    [InlineData("../a")]
    [InlineData("a/../b")]
    [InlineData("a/.hidden")]
    [InlineData("A")]
    [InlineData("a\\b")]
    [InlineData("a:b")]
    [InlineData("a\0")]
    public async Task Names_that_break_the_rule_are_refused(string name)
    {
        await Assert.ThrowsAsync<ArgumentException>(async () => await Store.PutAsync(name, new byte[1], default));
        await Assert.ThrowsAsync<ArgumentException>(async () => await Store.GetAsync(name, default));
        await Assert.ThrowsAsync<ArgumentException>(async () => await Store.DeleteAsync(name, default));
    }

    [Fact]
    public async Task Of_many_that_put_one_name_at_once_one_wins()
    {
        var results = await Task.WhenAll(Enumerable.Range(0, 16).Select(index => Task.Run(() => Store.PutAsync("a/b", new[] { (byte)index }, default))));
        var winner = Array.FindIndex(results, result => result);
        Assert.Single(results, result => result);
        Assert.Equal(new[] { (byte)winner }, await Store.GetAsync("a/b", default));
    }
}

public sealed class MemoryStoreTests : StoreConformance
{
    protected override IObjectStore Store { get; } = new MemoryObjectStore();
}

public sealed class FileStoreTests : StoreConformance, IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly FileObjectStore store;

    public FileStoreTests() => store = new FileObjectStore(folder.Combine("parent", "repository"), Bench.Environment.Platform);

    protected override IObjectStore Store => store;

    [Fact]
    public async Task Folders_and_files_are_for_their_user_alone()
    {
        await store.PutAsync("a/b", new byte[1], default);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(folder.Combine("parent", "repository", "a", "b")));
            Assert.Equal(
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute,
                File.GetUnixFileMode(folder.Combine("parent", "repository")));
        }
    }

    [Fact]
    public async Task Temporary_files_of_dead_processes_are_removed_and_those_of_the_living_stay()
    {
        await store.PutAsync("a/b", new byte[1], default);
        var self = ProcessIdentity.Current();
        var temporary = folder.Combine("parent", "repository", "tmp");
        var scope = ProcessIdentity.Shorten(self.Scope);
        File.WriteAllText(Path.Combine(temporary, $"{scope}.{self.Pid}.{ProcessIdentity.Shorten(self.Start)}.a.1"), "alive");
        File.WriteAllText(Path.Combine(temporary, $"{scope}.{self.Pid}.00000000.a.1"), "an earlier process of this number");
        File.WriteAllText(Path.Combine(temporary, $"{scope}.99999999.00000000.a.1"), "dead");
        File.WriteAllText(Path.Combine(temporary, "00000000.1.00000000.a.1"), "another machine");
        Assert.Equal(2, await store.RemoveLeftoversAsync(default));
        Assert.Equal(2, Directory.GetFiles(temporary).Length);
    }

    [Fact]
    public async Task Of_many_objects_only_that_which_cannot_be_written_is_reported()
    {
        // A file where a folder is needed.
        await store.PutAsync("a/file", new byte[1], default);
        var faults = await store.PutManyAsync([("a/one", new byte[1]), ("a/file/two", new byte[1]), ("b/three", new byte[1])], default);
        Assert.Null(faults[0]);
        Assert.NotNull(faults[1]);
        Assert.Null(faults[2]);
        Assert.NotNull(await store.GetAsync("a/one", default));
        Assert.NotNull(await store.GetAsync("b/three", default));
    }

    [Fact]
    public async Task A_file_that_another_process_put_in_the_place_of_one_that_was_read_is_read()
    {
        await store.PutAsync("a/b", "good"u8.ToArray(), default);
        var buffer = new byte[4];
        Assert.Equal(4, await store.ReadAsync("a/b", 0, buffer, default));
        var path = Path.Combine(store.Location, "a", "b");
        var other = path + ".other";
        File.WriteAllText(other, "evil");
        File.SetLastWriteTimeUtc(other, File.GetLastWriteTimeUtc(path));
        File.Move(other, path, overwrite: true);
        Assert.Equal(4, await store.ReadAsync("a/b", 0, buffer, default));
        Assert.Equal("evil"u8.ToArray(), buffer);
    }

    [Fact]
    public async Task Every_object_gets_its_name_by_the_platforms_durable_rename()
    {
        var platform = new BusyPlatform();
        using var durable = new FileObjectStore(folder.Combine("durable"), platform);
        await durable.PutAsync("a/b", new byte[1], default);
        await durable.PutManyAsync([("a/c", new byte[1]), ("a/d", new byte[1])], default);
        await durable.OverwriteAsync("a/b", new byte[2], default);
        await durable.ReplaceAsync("a/c", new byte[2], default);
        Assert.Equal(5, platform.Renames);
        Assert.Equal(2, (await durable.GetAsync("a/b", default))!.Length);
    }

    [Fact]
    public async Task At_the_root_of_a_volume_names_are_whole()
    {
        var parent = Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), $"edgebackup-root-{Guid.NewGuid():n}"));
        try
        {
            File.WriteAllText(Path.Combine(parent.FullName, "file"), "four");
            var root = Path.GetPathRoot(parent.FullName)!;
            var prefix = Path.GetRelativePath(root, parent.FullName).Replace(Path.DirectorySeparatorChar, '/') + "/";
            if (!ObjectName.IsValid(prefix[..^1]))
            {
                // The temp folder's own path has letters that no object name has.
                return;
            }

            using var atRoot = new FileObjectStore(root, Bench.Environment.Platform);
            var found = new List<ObjectInfo>();
            await foreach (var entry in atRoot.ListAsync(prefix, default))
            {
                found.Add(entry);
            }

            Assert.Equal(new ObjectInfo(prefix + "file", 4), Assert.Single(found));
        }
        finally
        {
            parent.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task A_rename_that_somebody_holds_up_is_tried_again()
    {
        var platform = new BusyPlatform();
        using var busy = new FileObjectStore(folder.Combine("busy"), platform);
        foreach (var write in new Func<Task>[]
        {
            () => busy.PutAsync("a/b", new byte[1], default),
            async () => Assert.All(await busy.PutManyAsync([("a/c", new byte[1])], default), Assert.Null),
            () => busy.OverwriteAsync("a/b", new byte[2], default),
        })
        {
            platform.RenamesToFail = 2;
            await write();
        }

        Assert.Equal(9, platform.Renames);
        platform.RenamesToFail = int.MaxValue;
        await Assert.ThrowsAsync<IOException>(() => busy.PutAsync("a/d", new byte[1], default));
        Assert.Empty(Directory.GetFiles(folder.Combine("busy", "tmp")));
    }

    [Theory]
    [InlineData(28, "full")]
    [InlineData(122, "full")]
    [InlineData(30, "read-only")]
    public void A_disk_that_cannot_be_written_is_told_apart(int error, string word)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        var fault = StoreFault.Translate(new IOException("failed", error), "/r")!;
        Assert.Equal(Core.Errors.ErrorIds.RepositoryNotWritable, fault.ErrorId);
        Assert.Contains(word, fault.Message, StringComparison.Ordinal);
        Assert.Contains("Nothing saved before was lost", fault.Message, StringComparison.Ordinal);
        Assert.Null(StoreFault.Translate(new IOException("failed", 5), "/r"));
    }

    public void Dispose()
    {
        store.Dispose();
        folder.Dispose();
    }
}
