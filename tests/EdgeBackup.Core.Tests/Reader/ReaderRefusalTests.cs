using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Tests.Repository;
using Xunit;

namespace EdgeBackup.Core.Tests.Reader;

/// <summary>The reader says in one line what is wrong, and never calls half a backup whole.</summary>
public sealed class ReaderRefusalTests
{
    [ReaderFact]
    public async Task A_wrong_key_is_told_from_a_damaged_one()
    {
        using var bench = await ReaderBench.CreateAsync();
        await bench.BackUpAsync([ReaderBench.TextFile("a", "a")]);
        string[] list = ["list", "--repository", bench.Root];

        await File.WriteAllTextAsync(bench.PassphraseFile[1], "another");
        Assert.Contains("wrong key: the passphrase opens no key object", (await PythonReader.RunAsync([.. list, .. bench.PassphraseFile])).OnlyError(), StringComparison.Ordinal);

        var mistyped = (bench.RecoveryKey[1][0] == 'A' ? 'B' : 'A') + bench.RecoveryKey[1][1..];
        Assert.Contains("typing error", (await PythonReader.RunAsync([.. list, "--recovery-key", mistyped])).OnlyError(), StringComparison.Ordinal);

        foreach (var key in bench.Objects("keys").Where(key => File.ReadAllText(key).Contains("\"kind\":\"passphrase\"", StringComparison.Ordinal)))
        {
            File.Delete(key);
        }

        Assert.Contains("has no passphrase; it has: key-file, recovery", (await PythonReader.RunAsync([.. list, .. bench.PassphraseFile])).OnlyError(), StringComparison.Ordinal);

        foreach (var key in bench.Objects("keys"))
        {
            ReaderBench.Flip(key, 100);
        }

        var error = (await bench.ListAsync()).OnlyError();
        Assert.Contains("damaged: keys/", error, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong key", error, StringComparison.Ordinal);
    }

    [ReaderFact]
    public async Task A_header_that_was_altered_or_is_of_a_later_format_is_refused()
    {
        using var bench = await ReaderBench.CreateAsync();
        var record = await bench.BackUpAsync([ReaderBench.TextFile("a", "a")]);
        var file = Path.Combine(bench.Root, "repository.json");
        var header = await File.ReadAllTextAsync(file);

        await File.WriteAllTextAsync(file, header.Replace("65536", "65537", StringComparison.Ordinal));
        Assert.Contains("repository.json", (await bench.ListAsync()).OnlyError(), StringComparison.Ordinal);
        Assert.StartsWith(record.Id, (await bench.ListAsync("--without-header")).Succeeded().Lines[1], StringComparison.Ordinal);

        await File.WriteAllTextAsync(file, header.Replace("\"formatVersion\":2", "\"formatVersion\":3", StringComparison.Ordinal));
        Assert.Contains("format version 3", (await bench.ListAsync()).OnlyError(), StringComparison.Ordinal);

        File.Delete(file);
        Assert.Contains("is no repository", (await bench.ListAsync()).OnlyError(), StringComparison.Ordinal);
    }

    [ReaderFact]
    public async Task An_unknown_backup_and_a_destination_in_use_are_refused()
    {
        using var bench = await ReaderBench.CreateAsync();
        var record = await bench.BackUpAsync([ReaderBench.TextFile("a", "a")]);
        Assert.Contains("no backup 0123", (await bench.ExtractAsync("0123")).OnlyError(), StringComparison.Ordinal);
        Assert.Contains("no backup ../../keys", (await bench.ExtractAsync("../../keys")).OnlyError(), StringComparison.Ordinal);
        Assert.False(Directory.Exists(bench.Destination));

        Directory.CreateDirectory(bench.Destination);
        var mine = Path.Combine(bench.Destination, "a");
        await File.WriteAllTextAsync(mine, "mine");
        Assert.Contains("is not empty", (await bench.ExtractAsync(record.Id)).OnlyError(), StringComparison.Ordinal);
        Assert.Equal("mine", await File.ReadAllTextAsync(mine));
        File.Delete(mine);
        (await bench.ExtractAsync(record.Id)).Succeeded();
    }

    [ReaderFact]
    public async Task A_hostile_path_is_refused_before_anything_is_written()
    {
        using var bench = await ReaderBench.CreateAsync();
        foreach (var path in new[] { "../up", "a/../../up", "a\\..\\..\\up", "/etc/up", "\\up", "C:/up", "a//up", "./up", "a/", "a\0up" })
        {
            var record = await bench.BackUpAsync([ReaderBench.TextFile("0", "harmless"), ReaderBench.TextFile(path, "hostile")]);
            var error = (await bench.ExtractAsync(record.Id)).OnlyError();
            Assert.Contains("hostile path \"" + path.Replace("\0", "\\x00", StringComparison.Ordinal) + "\"", error, StringComparison.Ordinal);
            Assert.False(Directory.Exists(bench.Destination));
            Assert.False(File.Exists(bench.Combine("up")));
        }
    }

    [ReaderFact]
    public async Task Nothing_is_written_through_a_link_of_the_backup()
    {
        using var bench = await ReaderBench.CreateAsync();
        Directory.CreateDirectory(bench.Combine("outside"));
        var record = await bench.BackUpAsync(
        [
            (new Item { Path = "a", Type = ItemType.SymbolicLink, LinkTarget = "../outside" }, null),
            ReaderBench.TextFile("a/file", "hostile"),
            (new Item { Path = "a/folder", Type = ItemType.Directory }, null),
            ReaderBench.TextFile("b", "good"),
        ]);
        Assert.Contains("a/file", (await bench.ExtractAsync(record.Id)).OnlyError(), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(bench.Combine("outside")));
        Assert.Equal("good", await File.ReadAllTextAsync(Path.Combine(bench.Destination, "b")));
    }

    [ReaderFact]
    public async Task A_damaged_chunk_costs_its_item_alone_and_is_named()
    {
        using var bench = await ReaderBench.CreateAsync();
        (Item Item, byte[]? Content)[] items =
        [
            (new Item { Path = "a" }, Bench.RandomBytes(1, 10_000)),
            (new Item { Path = "b" }, Bench.RandomBytes(2, 1_000_000)),
            (new Item { Path = "c" }, Bench.RandomBytes(3, 10_000)),
        ];
        var record = await bench.BackUpAsync(items);
        var pack = Assert.Single(bench.Objects("packs"));
        ReaderBench.Flip(pack, 500_000);

        var result = await bench.ExtractAsync(record.Id);
        var error = result.OnlyError();
        Assert.Contains("\"b\"", error, StringComparison.Ordinal);
        Assert.Contains(Path.GetFileName(pack), error, StringComparison.Ordinal);
        Assert.StartsWith("not extracted\tb\t", result.Lines[0], StringComparison.Ordinal);
        bench.AssertExtracted([items[0], items[2]]);
    }

    [ReaderFact]
    public async Task A_chunk_is_taken_from_another_pack_where_one_copy_is_damaged()
    {
        using var bench = await ReaderBench.CreateAsync();
        (Item, byte[]?)[] items = [(new Item { Path = "a" }, Bench.RandomBytes(1, 10_000))];

        // Neither session sees what the other one writes, so both write all of it.
        await using var one = await bench.Repository.BeginWriteAsync(default);
        await using var again = await EdgeRepository.OpenAsync(bench.Store, new RecoveryKeySecret(bench.RecoveryKey[1]), Bench.Environment, default);
        await using var other = await again.BeginWriteAsync(default);
        var record = await ReaderBench.BackUpAsync(one, items);
        await ReaderBench.BackUpAsync(other, items);
        var packs = bench.Objects("packs");
        Assert.Equal(2, packs.Length);
        foreach (var pack in packs)
        {
            var intact = await File.ReadAllBytesAsync(pack);
            ReaderBench.Flip(pack, 100);
            (await bench.ExtractAsync(record.Id)).Succeeded();
            bench.AssertExtracted(items);
            Directory.Delete(bench.Destination, recursive: true);
            await File.WriteAllBytesAsync(pack, intact);
        }
    }

    [ReaderFact]
    public async Task Damaged_index_objects_are_noted_and_packs_under_each_others_name_still_read()
    {
        using var bench = await ReaderBench.CreateAsync();
        (Item, byte[]?)[] items = [(new Item { Path = "a" }, Bench.RandomBytes(1, 10_000)), (new Item { Path = "b" }, Bench.RandomBytes(2, 10_000))];
        await bench.BackUpAsync([items[0]]);
        var record = await bench.BackUpAsync(items);
        var packs = bench.Objects("packs");
        Assert.Equal(2, packs.Length);
        File.Move(packs[0], bench.Combine("swap"));
        File.Move(packs[1], packs[0]);
        File.Move(bench.Combine("swap"), packs[1]);
        (await bench.ExtractAsync(record.Id)).Succeeded();
        bench.AssertExtracted(items);

        Directory.Delete(bench.Destination, recursive: true);
        foreach (var index in bench.Objects("index"))
        {
            ReaderBench.Flip(index, new FileInfo(index).Length - 1);
        }

        var result = await bench.ExtractAsync(record.Id);
        Assert.Equal(0, result.ExitCode);
        Assert.Equal(2, result.Error.Split("is passed over: its seal does not open").Length - 1);
        bench.AssertExtracted(items);
    }

    [ReaderTheory]
    [InlineData("gone")]
    [InlineData("cut")]
    public async Task A_pack_that_is_gone_or_cut_is_named(string how)
    {
        using var bench = await ReaderBench.CreateAsync();
        var record = await bench.BackUpAsync([ReaderBench.TextFile("a", "a")]);
        var pack = Assert.Single(bench.Objects("packs"));
        if (how == "gone")
        {
            File.Delete(pack);
        }
        else
        {
            using var stream = File.OpenWrite(pack);
            stream.SetLength(60);
        }

        var error = (await bench.ExtractAsync(record.Id)).OnlyError();
        Assert.Contains(Path.GetFileName(pack), error, StringComparison.Ordinal);
        Assert.Contains("item list", error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(bench.Destination));
    }

    [ReaderFact]
    public async Task A_damaged_record_is_named_and_the_others_are_listed()
    {
        using var bench = await ReaderBench.CreateAsync();
        var good = await bench.BackUpAsync([ReaderBench.TextFile("a", "a")]);
        var bad = await bench.BackUpAsync([ReaderBench.TextFile("a", "a")]);
        ReaderBench.Flip(Assert.Single(bench.Objects("backups"), name => name.EndsWith(bad.Id, StringComparison.Ordinal)), 60);
        var list = await bench.ListAsync();
        Assert.Contains(bad.Id, list.OnlyError(), StringComparison.Ordinal);
        Assert.Equal(2, list.Lines.Length);
        Assert.StartsWith(good.Id, list.Lines[1], StringComparison.Ordinal);
        Assert.Contains("is damaged", (await bench.ExtractAsync(bad.Id)).OnlyError(), StringComparison.Ordinal);
        (await bench.ExtractAsync(good.Id)).Succeeded();
    }
}
