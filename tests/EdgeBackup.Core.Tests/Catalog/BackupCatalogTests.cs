using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Platform;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Tests.Operations;
using EdgeBackup.Core.Tests.Repository;
using Microsoft.Data.Sqlite;
using Xunit;

namespace EdgeBackup.Core.Tests.Catalog;

/// <summary>The catalog is a cache: whatever becomes of its file, the answers are those of the repository.</summary>
public sealed class BackupCatalogTests
{
    [Fact]
    public async Task A_missing_catalog_is_built_by_reading_the_repository()
    {
        await using var bench = await PrepareAsync();
        var expected = await AnswersAsync(bench);
        await bench.Context.DisposeAsync();
        Delete(bench.CatalogPath);
        await bench.ReopenAsync();
        Assert.Equal(expected, await AnswersAsync(bench));
        Assert.True(File.Exists(bench.CatalogPath));
    }

    [Fact]
    public async Task A_catalog_that_is_deleted_while_it_is_open_is_built_again()
    {
        await using var bench = await PrepareAsync();
        var expected = await AnswersAsync(bench);
        if (OperatingSystem.IsWindows())
        {
            return; // An open file cannot be deleted there.
        }

        Delete(bench.CatalogPath);
        Assert.Equal(expected, await AnswersAsync(bench));
        Delete(bench.CatalogPath);
        await bench.AutomaticAsync("a");
        Assert.Equal(4, (await bench.IdsAsync("a")).Count);
        Assert.True((await bench.ListAsync()).Exists(listed => listed.Backup.Protected));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(4096)]
    [InlineData(100_000)]
    public async Task Garbage_in_place_of_the_catalog_is_replaced(int length)
    {
        await using var bench = await PrepareAsync();
        var expected = await AnswersAsync(bench);
        await bench.Context.DisposeAsync();
        Delete(bench.CatalogPath);
        await File.WriteAllBytesAsync(bench.CatalogPath, Bench.RandomBytes(length, length));
        await bench.ReopenAsync();
        Assert.Equal(expected, await AnswersAsync(bench));
    }

    [Fact]
    public async Task A_catalog_of_another_version_or_repository_is_replaced()
    {
        await using var bench = await PrepareAsync();
        var expected = await AnswersAsync(bench);
        foreach (var change in (string[])[
            "PRAGMA user_version = 99;",
            "UPDATE meta SET value = '00000000000000000000000000000000' WHERE key = 'repository';",
            "DELETE FROM meta;",
            "DROP TABLE backups;",
            "ALTER TABLE devices RENAME COLUMN site TO place;"])
        {
            await bench.Context.DisposeAsync();
            Execute(bench.CatalogPath, change);
            await bench.ReopenAsync();
            Assert.Equal(expected, await AnswersAsync(bench));
        }
    }

    [Fact]
    public async Task Every_page_of_the_catalog_may_be_spoilt()
    {
        await using var bench = await PrepareAsync();
        var expected = await AnswersAsync(bench);
        await bench.Context.DisposeAsync();
        var whole = await File.ReadAllBytesAsync(bench.CatalogPath);
        for (var page = 0; page < whole.Length; page += 4096)
        {
            var spoilt = whole.ToArray();
            Bench.RandomBytes(page, Math.Min(4096, whole.Length - page)).CopyTo(spoilt, page);
            Delete(bench.CatalogPath);
            await File.WriteAllBytesAsync(bench.CatalogPath, spoilt);
            await bench.ReopenAsync();
            Assert.Equal(expected, await AnswersAsync(bench));
            await bench.Context.DisposeAsync();
        }

        await bench.ReopenAsync();
    }

    [Fact]
    public async Task A_file_that_is_spoilt_while_a_query_streams_costs_no_row_and_doubles_none()
    {
        using var folder = new TemporaryFolder();
        await using var repository = await Bench.CreateAsync(new MemoryObjectStore());
        var path = folder.Combine("catalog.db");
        using var catalog = BackupCatalog.Open(path, repository);
        var expected = new List<string>();
        await using (var session = await repository.BeginWriteAsync(default))
        {
            for (var number = 0; number < 60; number++)
            {
                // Each row has pages of its own, so that most of them are read after the damage.
                var draft = session.BeginBackup();
                var header = Bench.Header("d") with { NotSaved = [.. Enumerable.Range(0, 60).Select(item => new NotSavedItem($"{number}/{item}", new string('x', 200)))] };
                expected.Add((await draft.CommitAsync(header, isChanged: _ => true, default)).Id);
                await draft.DisposeAsync();
            }
        }

        await catalog.RefreshBackupsAsync(devices: null, default);
        var read = new List<string>();
        await foreach (var backup in catalog.QueryBackupsAsync(new BackupQuery { Devices = ["d"] }, default))
        {
            read.Add(backup.Id);
            Assert.Equal(60, backup.NotSaved.Count);
            if (read.Count == 5)
            {
                Spoil(path);
                Spoil(path + "-wal");
            }
        }

        Assert.Equal(60, read.Distinct().Count());
        Assert.Equal(60, read.Count);
        Assert.Equal(expected.Order(StringComparer.Ordinal), read.Order(StringComparer.Ordinal));
        Assert.Equal(60, await catalog.CountBackupsAsync("d", default));
    }

    [Fact]
    public async Task What_another_process_wrote_or_deleted_is_seen_at_the_next_question()
    {
        await using var bench = await PrepareAsync();
        Assert.Equal(3, (await bench.IdsAsync("a")).Count);
        var other = await bench.OpenAsync("somebody-else");
        var theirs = (await bench.BackUpAsync(["a"], context: other)).Single().Backup!.Backup;
        Assert.Equal(theirs.Id, (await bench.IdsAsync("a"))[0]);
        Assert.Equal(theirs.Created, (await bench.DeviceAsync("a")).Device.LastBackup);

        await other.Repository.DeleteBackupsAsync([theirs.ObjectName], default);
        Assert.Equal(3, (await bench.IdsAsync("a")).Count);
        Assert.NotEqual(theirs.Created, (await bench.DeviceAsync("a")).Device.LastBackup);

        await new ChangeDevice(other, bench.Observer).SetAsync("a", new ChangeDeviceOptions { Name = "Renamed" }, default);
        Assert.Equal("Renamed", (await bench.DeviceAsync("a")).Device.Name);
        await new ChangeDevice(other, bench.Observer).UnregisterAsync("a", default);
        Assert.Equal(3, (await bench.IdsAsync("a")).Count);
        await Assert.ThrowsAsync<Core.Errors.EdgeBackupException>(() => bench.DeviceAsync("a"));
    }

    [Fact]
    public async Task Two_contexts_share_a_catalog_while_both_write_and_read()
    {
        await using var bench = await PrepareAsync();
        var other = await bench.OpenAsync();
        await Task.WhenAll(
            Task.Run(() => WorkAsync(bench.Context, "a")),
            Task.Run(() => WorkAsync(other, "b")));
        foreach (var context in (Core.Operations.Repositories.RepositoryContext[])[bench.Context, other])
        {
            Assert.Equal(13, (await bench.ListAsync(new FindBackupsOptions { Devices = ["a"] }, context: context)).Count);
            Assert.Equal(10, (await bench.ListAsync(new FindBackupsOptions { Devices = ["b"] }, context: context)).Count);
        }

        async Task WorkAsync(Core.Operations.Repositories.RepositoryContext context, string device)
        {
            for (var round = 0; round < 10; round++)
            {
                Assert.All(await bench.BackUpAsync([device], context: context), outcome => Assert.Null(outcome.Error));
                await bench.ListAsync(context: context);
            }
        }
    }

    [Fact]
    public async Task A_context_whose_catalog_another_one_made_anew_goes_on_with_the_new_one()
    {
        await using var bench = await PrepareAsync();
        if (OperatingSystem.IsWindows())
        {
            return; // An open file cannot be replaced there.
        }

        Delete(bench.CatalogPath);
        var other = await bench.OpenAsync();
        await bench.ListAsync(context: other);
        await bench.AutomaticAsync("a");
        await bench.AutomaticAsync("b");
        Assert.Equal(4, (await bench.IdsAsync("a")).Count);
        Assert.Single(await bench.IdsAsync("b"));
        Assert.Equal(5, (await bench.ListAsync(context: other)).Count);
    }

    /// <summary>Two devices, one of them replaced the other's predecessor; three backups, one protected; an event.</summary>
    private static async Task<OperationsBench> PrepareAsync()
    {
        var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("a", tags: ["north"]);
        await bench.AddFolderAsync("b");
        await bench.AutomaticAsync("a");
        var named = await bench.ManualAsync("a", "named");
        await bench.AutomaticAsync("a");
        await new ProtectBackup(bench.Context, SilentObserver.Instance).ProtectAsync(named.Backup, "audit", default);
        await bench.Context.Events.AppendAsync(Records.EdgeEventCategory.Backup, "Refused", "busy", "b", default, kind: BackupKind.Automatic);
        return bench;
    }

    /// <summary>What users are told, as text.</summary>
    private static async Task<List<string>> AnswersAsync(OperationsBench bench)
    {
        var backups = (await bench.ListAsync()).Select(listed => $"{listed.Backup.Id} {listed.Backup.Device} {listed.Backup.Name} {listed.Backup.Kind} {listed.Backup.Protected} {listed.Backup.ProtectedReason} {listed.Backup.ItemCount} {listed.Backup.Length} {listed.Backup.Changed}");
        var devices = await new FindDevices(bench.Context).RunAsync(new FindDevicesOptions(), error => throw error, default)
            .Select(listed => $"{listed.Device.Id} {listed.Device.LastBackup:O} {listed.BackupState} {string.Join(",", listed.Device.Tags)} {listed.Device.PostponedSince:O}").ToListAsync();
        var events = (await bench.EventsAsync("Refused")).Select(found => $"{found.Time:O} {found.Device} {found.Message}");
        return [.. backups, .. devices, .. events];
    }

    private static void Delete(string path)
    {
        foreach (var suffix in (string[])["", "-wal", "-shm"])
        {
            File.Delete(path + suffix);
        }
    }

    private static void Spoil(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        for (var at = 0L; at < file.Length; at += 4096)
        {
            file.Position = at;
            file.Write(Bench.RandomBytes((int)at, (int)Math.Min(4096, file.Length - at)));
        }
    }

    private static void Execute(string path, string text)
    {
        using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString());
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = text;
        command.ExecuteNonQuery();
    }
}
