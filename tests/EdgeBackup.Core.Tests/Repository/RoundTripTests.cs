using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Repository.Stores;
using Xunit;

namespace EdgeBackup.Core.Tests.Repository;

public sealed class RoundTripTests
{
    [Fact]
    public async Task Files_of_every_size_come_back_as_they_were()
    {
        using var folder = new TemporaryFolder();
        using var store = new FileObjectStore(folder.Combine("repository"), Bench.Environment.Platform);
        var files = new Dictionary<string, byte[]>();
        foreach (var size in new[] { 0, 1, 47, 16 * 1024 - 1, 16 * 1024, 16 * 1024 + 1, 64 * 1024, 256 * 1024, 256 * 1024 + 1, 3_000_000 })
        {
            files[$"random/{size}"] = Bench.RandomBytes(size, size);
            files[$"text/{size}"] = Bench.Text(size, size);
            files[$"zero/{size}"] = new byte[size];
        }

        BackupRecord record;
        await using (var repository = await Bench.CreateAsync(store))
        {
            record = await Bench.BackUpAsync(repository, "device", files);
        }

        await using var again = await Bench.OpenAsync(store);
        var name = Assert.Single(await Bench.ListAsync(again.ListBackupsAsync("device", default)));
        Assert.Equal(again.BackupObjectName("device", record.Id), name);
        var read = await again.ReadBackupAsync(name, default);
        Assert.Equal(files.Count, read.ItemCount);
        Assert.Equal(files.Values.Sum(content => (long)content.Length), read.Length);
        var found = await Bench.ReadAllAsync(again, read);
        Assert.Equal(files.Keys.Order(StringComparer.Ordinal), found.Keys);
        Assert.All(files, file => Assert.Equal(file.Value, found[file.Key]));
    }

    [Fact]
    public async Task All_that_an_item_says_comes_back()
    {
        var store = new MemoryObjectStore();
        await using var repository = await Bench.CreateAsync(store);
        var time = new DateTimeOffset(2026, 2, 3, 4, 5, 6, TimeSpan.Zero).AddTicks(1234567);
        await using var session = await repository.BeginWriteAsync(default);
        var draft = session.BeginBackup();
        SavedItem[] items =
        [
            session.Store(new Item { Path = "a", Type = ItemType.Directory, IsContainer = true, UnixMode = 0x1ED, Modified = time }),
            await session.StoreAsync(
                new Item { Path = "a/ü \"x\"\u2028", Modified = time, Kind = ItemKind.Identity, Retain = RetainLevel.Warm, UnixMode = 0x1A4, ReadOnly = true, Stamp = "\"tag\"" },
                new MemoryStream([1, 2, 3]),
                default),
            session.Store(new Item { Path = "b", Type = ItemType.SymbolicLink, LinkTarget = "a/../c" }),
            await session.StoreAsync(new Item { Path = "c", Kind = ItemKind.History, Length = 99 }, new MemoryStream(Bench.RandomBytes(1, 700_000)), default),
        ];
        foreach (var item in items)
        {
            await draft.AddAsync(item, default);
        }

        string? digest = null;
        var header = Bench.Header("device") with
        {
            DeviceName = "Name",
            Version = "1.24.5",
            Name = "before the works",
            Kind = BackupKind.Manual,
            Content = BackupContent.All,
            NotSaved = [new NotSavedItem("n", "it is gone")],
            Author = "me@here",
        };
        var record = await draft.CommitAsync(
            header,
            state =>
            {
                digest = state;
                return false;
            },
            default);

        var read = await repository.ReadBackupAsync(repository.BackupObjectName("device", record.Id), default);
        Assert.Equal(digest, read.StateDigest);
        Assert.False(read.Changed);
        Assert.Equal(3, read.ItemCount);
        Assert.Equal(700_003, read.Length);
        foreach (var property in typeof(BackupHeader).GetProperties().Where(property => property.Name is not ("Changed" or "NotSaved")))
        {
            Assert.Equal(property.GetValue(header), property.GetValue(read));
        }

        Assert.Equal(header.NotSaved, read.NotSaved);
        var found = new List<SavedItem>();
        await foreach (var item in repository.ReadItemsAsync(read, default))
        {
            found.Add(item);
        }

        Assert.Equal(items.Select(item => item.Item), found.Select(item => item.Item));
        Assert.Equal(items.Select(item => item.Digest), found.Select(item => item.Digest));
        Assert.Equal(items.SelectMany(item => item.Chunks), found.SelectMany(item => item.Chunks));
    }

    [Fact]
    public async Task An_unchanged_backup_adds_less_than_two_kilobytes()
    {
        var store = new MemoryObjectStore();
        await using var repository = await Bench.CreateAsync(store);
        var files = Enumerable.Range(0, 60).ToDictionary(index => $"file{index:d2}", index => Bench.Text(index, 58_000));
        await Bench.BackUpAsync(repository, "device", files);
        var before = store.Objects.Values.Sum(content => content.Length);
        await Bench.BackUpAsync(repository, "device", files);
        Assert.InRange(store.Objects.Values.Sum(content => content.Length) - before, 1, 2000);
    }

    [Fact]
    public async Task A_long_item_list_is_stored_in_levels()
    {
        var store = new MemoryObjectStore();
        await using var repository = await Bench.CreateAsync(store);
        await using var session = await repository.BeginWriteAsync(default);
        await using var draft = session.BeginBackup();
        for (var index = 0; index < 60_000; index++)
        {
            await draft.AddAsync(session.Store(new Item { Path = $"folder{index:d6}/{Convert.ToHexString(Bench.RandomBytes(index, 40))}", Type = ItemType.Directory }), default);
        }

        var record = await draft.CommitAsync(Bench.Header("device"), _ => true, default);
        Assert.True(record.Manifest.Depth >= 1);
        var count = 0;
        await foreach (var item in repository.ReadItemsAsync(record, default))
        {
            Assert.StartsWith($"folder{count++:d6}/", item.Item.Path, StringComparison.Ordinal);
        }

        Assert.Equal(60_000, count);
    }

    [Fact]
    public async Task Items_out_of_order_are_refused()
    {
        await using var repository = await Bench.CreateAsync(new MemoryObjectStore());
        await using var session = await repository.BeginWriteAsync(default);
        await using var draft = session.BeginBackup();
        await draft.AddAsync(session.Store(new Item { Path = "b", Type = ItemType.Directory }), default);
        await Assert.ThrowsAsync<ArgumentException>(async () => await draft.AddAsync(session.Store(new Item { Path = "a", Type = ItemType.Directory }), default));
        await Assert.ThrowsAsync<ArgumentException>(async () => await draft.AddAsync(session.Store(new Item { Path = "b", Type = ItemType.Directory }), default));
    }

    [Theory]
    [InlineData("")]
    [InlineData("../up")]
    [InlineData("a/../../up")]
    [InlineData("a\\..\\up")]
    [InlineData("/etc/up")]
    [InlineData("C:/up")]
    [InlineData("a//up")]
    [InlineData("a\0up")]
    public async Task A_hostile_path_gets_into_no_backup(string path)
    {
        await using var repository = await Bench.CreateAsync(new MemoryObjectStore());
        await using var session = await repository.BeginWriteAsync(default);
        await using var draft = session.BeginBackup();
        var item = await session.StoreAsync(new Item { Path = path }, new MemoryStream([1]), default);
        var error = await Assert.ThrowsAsync<EdgeBackupException>(async () => await draft.AddAsync(item, default));
        Assert.Equal(ErrorIds.ItemPathInvalid, error.ErrorId);

        // The draft goes on without it.
        await draft.AddAsync(session.Store(new Item { Path = "a", Type = ItemType.Directory }), default);
        Assert.Equal(1, (await draft.CommitAsync(Bench.Header("d"), _ => true, default)).ItemCount);
    }

    [Fact]
    public async Task An_item_whose_chunks_are_nowhere_is_refused()
    {
        await using var repository = await Bench.CreateAsync(new MemoryObjectStore());
        await using var session = await repository.BeginWriteAsync(default);
        await using var draft = session.BeginBackup();
        var item = new SavedItem { Item = new Item { Path = "a", Length = 5 }, Digest = new string('0', 64), Chunks = [new ChunkId(1, 2, 3, 4)] };
        Assert.False(await session.CanReuseAsync(item));
        var error = await Assert.ThrowsAsync<EdgeBackupException>(async () => await draft.AddAsync(item, default));
        Assert.Equal(ErrorIds.CaptureFailed, error.ErrorId);
    }

    [Fact]
    public async Task A_stream_that_breaks_leaves_nothing_and_the_item_can_be_stored_again()
    {
        await using var repository = await Bench.CreateAsync(new MemoryObjectStore());
        await using var session = await repository.BeginWriteAsync(default);
        await using var draft = session.BeginBackup();
        var content = Bench.RandomBytes(7, 2_000_000);
        await Assert.ThrowsAsync<TimeoutException>(() => session.StoreAsync(new Item { Path = "a" }, new BreakingStream(content, 1_500_000), default));
        await draft.AddAsync(await session.StoreAsync(new Item { Path = "a" }, new MemoryStream(content), default), default);
        var record = await draft.CommitAsync(Bench.Header("device"), _ => true, default);
        Assert.Equal(content, (await Bench.ReadAllAsync(repository, record))["a"]);
    }

    private sealed class BreakingStream(byte[] content, int breakAt) : MemoryStream(content)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            Position >= breakAt ? throw new TimeoutException() : base.ReadAsync(buffer, cancellationToken);
    }
}
