using System.Text.Json;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Platform;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Tests.Repository;
using Xunit;

namespace EdgeBackup.Core.Tests.Reader;

/// <summary>What the engine wrote is listed and extracted by a program that shares nothing with it but docs/format.md.</summary>
public sealed class ReaderTests
{
    private static readonly DateTimeOffset Time = new DateTimeOffset(2026, 2, 3, 4, 5, 6, TimeSpan.Zero).AddTicks(1234567);

    [ReaderFact]
    public async Task Every_kind_of_item_comes_back_with_its_bytes_its_time_and_its_mode()
    {
        using var bench = await ReaderBench.CreateAsync();
        (Item, byte[]?)[] items =
        [
            (new Item { Path = "closed", Type = ItemType.Directory, IsContainer = true, UnixMode = Octal("500"), Modified = Time }, null),
            (new Item { Path = "closed/in", UnixMode = Octal("400"), Modified = Time.AddYears(-100) }, [1, 2, 3]),
            (new Item { Path = "closed/shut", Type = ItemType.Directory, UnixMode = 0, Modified = Time.AddDays(1) }, null),
            (new Item { Path = "closed-not" }, "x"u8.ToArray()),
            (new Item { Path = "empty", Modified = Time.AddTicks(1), UnixMode = Octal("640") }, []),
            (new Item { Path = "history", Kind = ItemKind.History, Retain = RetainLevel.Warm, Stamp = "\"tag\"" }, Bench.Text(1, 5_000)),
            (new Item { Path = "ident ü \"x\"\u2028\\:😀", Kind = ItemKind.Identity, ReadOnly = true }, Bench.RandomBytes(2, 47)),
            (new Item { Path = "link", Type = ItemType.SymbolicLink, LinkTarget = "/etc/../ü", Modified = Time }, null),
            (new Item { Path = "much/random" }, Bench.RandomBytes(3, 3_000_000)),
            (new Item { Path = "much/text" }, Bench.Text(4, 2_000_000)),
            (new Item { Path = "much/zero" }, new byte[700_000]),
            (new Item { Path = "sticky", Type = ItemType.Directory, UnixMode = Octal("1777") }, null),
        ];
        var record = await bench.BackUpAsync(items);
        var result = (await bench.ExtractAsync(record.Id)).Succeeded();
        Assert.Equal($"extracted\t{record.ItemCount} items\t{record.Length} bytes", Assert.Single(result.Lines));
        bench.AssertExtracted([.. items, (new Item { Path = "much", Type = ItemType.Directory }, null)]);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.None, File.GetUnixFileMode(Path.Combine(bench.Destination, items[6].Item1.Path)) & UnixFileMode.UserWrite);
        }
    }

    [ReaderFact]
    public async Task Set_id_bits_are_dropped_since_they_would_mean_another_user()
    {
        using var bench = await ReaderBench.CreateAsync();
        var record = await bench.BackUpAsync([(new Item { Path = "tool", UnixMode = Octal("6755") }, [1])]);
        (await bench.ExtractAsync(record.Id)).Succeeded();
        bench.AssertExtracted([(new Item { Path = "tool", UnixMode = Octal("755") }, [1])]);
    }

    [ReaderFact]
    public async Task Each_kind_of_key_opens_the_same_list()
    {
        using var bench = await ReaderBench.CreateAsync();
        var created = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.FromHours(-2)).AddMilliseconds(67);
        var first = await bench.BackUpAsync(
            [ReaderBench.TextFile("a", "abc"), ReaderBench.TextFile("b", "")],
            header => header with { Id = new string('0', 24), Name = "before\tthe\n\u001b[31mworks", Kind = BackupKind.Manual, Content = BackupContent.All, Created = created });
        var second = await bench.BackUpAsync([ReaderBench.TextFile("a", "abcd")], header => header with { Kind = BackupKind.Safety, Created = created });
        string[] expected =
        [
            "id\tdevice\tname\tkind\tcontent\tcreated\titems\tbytes",
            $"{first.Id}\tdevice\tbefore\\tthe\\n\\x1b[31mworks\tManual\tAll\t2026-01-02T05:04:05.067Z\t2\t3",
            $"{second.Id}\tdevice\t\tSafety\tConfiguration\t2026-01-02T05:04:05.067Z\t1\t4",
        ];
        string[] list = ["list", "--repository", bench.Root];
        Assert.Equal(expected, (await PythonReader.RunAsync([.. list, .. bench.KeyFile])).Succeeded().Lines);
        Assert.Equal(expected, (await PythonReader.RunAsync([.. list, .. bench.PassphraseFile])).Succeeded().Lines);
        Assert.Equal(expected, (await PythonReader.RunAsync([.. list, .. bench.RecoveryKey])).Succeeded().Lines);
        var asTyped = bench.RecoveryKey[1].Replace('-', ' ').Replace('0', 'o').Replace('1', 'L') + "\n";
        Assert.Equal(expected, (await PythonReader.RunWithInputAsync(asTyped, [.. list, "--recovery-key", "-"])).Succeeded().Lines);
    }

    [ReaderFact]
    public async Task The_list_as_JSON_says_what_the_record_says()
    {
        using var bench = await ReaderBench.CreateAsync();
        Assert.Equal("[]", (await bench.ListAsync("--json")).Succeeded().Output.Trim());
        var records = new List<BackupRecord>();
        for (var index = 0; index < 3; index++)
        {
            records.Add(await bench.BackUpAsync([ReaderBench.TextFile("a", "a")], header => header with { Name = "n\t\"ü\"", Kind = BackupKind.Manual, DeviceName = "Site" }));
        }

        using var json = JsonDocument.Parse((await bench.ListAsync("--json")).Succeeded().Output);
        Assert.Equal(records.Select(record => record.Id), json.RootElement.EnumerateArray().Select(row => row.GetProperty("id").GetString()));
        var last = json.RootElement[2];
        Assert.Equal("n\t\"ü\"", last.GetProperty("name").GetString());
        Assert.Equal("Site", last.GetProperty("deviceName").GetString());
        Assert.Equal(1, last.GetProperty("items").GetInt32());
        Assert.Equal(1, last.GetProperty("bytes").GetInt64());
    }

    [ReaderFact]
    public async Task Items_in_several_packs_come_back_with_and_without_an_index()
    {
        using var bench = await ReaderBench.CreateAsync();
        var old = (new Item { Path = "a" }, Bench.RandomBytes(1, 400_000));
        await bench.BackUpAsync([old]);
        (Item, byte[]?)[] items = [old, (new Item { Path = "b" }, Bench.RandomBytes(2, 20_000_000)), (new Item { Path = "c" }, Bench.Text(3, 400_000))];
        var record = await bench.BackUpAsync(items);
        Assert.True(bench.Objects("packs").Length >= 3);
        (await bench.ExtractAsync(record.Id)).Succeeded();
        bench.AssertExtracted(items);

        Directory.Delete(bench.Destination, recursive: true);
        Directory.Delete(Path.Combine(bench.Root, "index"), recursive: true);
        (await bench.ExtractAsync(record.Id)).Succeeded();
        bench.AssertExtracted(items);
    }

    [ReaderFact]
    public async Task A_list_so_long_that_its_chunks_are_a_list_themselves_is_read()
    {
        using var bench = await ReaderBench.CreateAsync();

        // Long stamps make a long list of few items.
        var items = Enumerable.Range(0, 600)
            .Select(number => (new Item { Path = $"{number:d6}", Stamp = Convert.ToHexString(Bench.RandomBytes(number, 6_000)) }, (byte[]?)[(byte)number]))
            .ToArray();
        var record = await bench.BackUpAsync(items);
        Assert.True(record.Manifest.Depth > 0);
        (await bench.ExtractAsync(record.Id)).Succeeded();
        bench.AssertExtracted(items);
    }

    [ReaderFact]
    public async Task Key_objects_of_a_creation_that_was_killed_are_passed_over()
    {
        using var bench = await ReaderBench.CreateAsync();
        var record = await bench.BackUpAsync([ReaderBench.TextFile("a", "a")]);

        // The same secret and another master key, under names that come first.
        var killed = new MemoryObjectStore();
        var secret = KeyFile.Read(bench.KeyFile[1], Bench.Environment.Platform);
        var created = await EdgeRepository.CreateAsync(killed, [secret], Bench.Environment with { Random = new LowKeyIds() }, default);
        await created.Repository.DisposeAsync();
        foreach (var (name, content) in killed.Objects.Where(entry => entry.Key.StartsWith("keys/", StringComparison.Ordinal)))
        {
            await File.WriteAllBytesAsync(Path.Combine(bench.Root, name), content);
        }

        Assert.StartsWith("0000", Path.GetFileName(bench.Objects("keys").Order(StringComparer.Ordinal).First()), StringComparison.Ordinal);
        Assert.StartsWith(record.Id, (await bench.ListAsync()).Succeeded().Lines[1], StringComparison.Ordinal);
        File.Delete(Path.Combine(bench.Root, "repository.json"));
        Assert.StartsWith(record.Id, (await bench.ListAsync("--without-header")).Succeeded().Lines[1], StringComparison.Ordinal);
    }

    private static int Octal(string mode) => Convert.ToInt32(mode, 8);

    /// <summary>Ids of key objects (the only 8 bytes that are drawn) count from zero.</summary>
    private sealed class LowKeyIds : IRandomSource
    {
        private byte next;

        public void Fill(Span<byte> buffer)
        {
            Bench.Environment.Random.Fill(buffer);
            if (buffer.Length == 8)
            {
                buffer.Clear();
                buffer[7] = next++;
            }
        }
    }
}
