using System.Globalization;
using System.Security.Cryptography;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Repository.Stores;
using EdgeBackup.Core.Tests.Reader;
using EdgeBackup.Core.Tests.Repository;
using Xunit;

namespace EdgeBackup.Core.Tests.Golden;

/// <summary>A repository of every format version there was stays readable, by the engine and by the reader.</summary>
public sealed class GoldenTests
{
    [Theory]
    [InlineData(1, "key file")]
    [InlineData(1, "passphrase")]
    [InlineData(1, "recovery key")]
    [InlineData(2, "key file")]
    [InlineData(2, "passphrase")]
    [InlineData(2, "recovery key")]
    public async Task The_engine_reads_the_golden_repository_with_each_of_its_keys(int version, string kind)
    {
        using var copy = new TemporaryFolder();
        CopyGolden(version, copy.Path);
        await AssertAsExpectedAsync(version, copy.Path, kind);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Nothing_in_the_golden_repository_is_damaged_and_it_is_written_on_in_its_own_format(int version)
    {
        using var copy = new TemporaryFolder();
        CopyGolden(version, copy.Path);
        using var store = new FileObjectStore(copy.Combine("repository"), Bench.Environment.Platform);
        await using var repository = await EdgeRepository.OpenAsync(store, Secret(copy.Path, "key file"), Bench.Environment, default);
        var report = await repository.VerifyAsync(new VerifyOptions(ReadData: true), progress: null, default);
        Assert.Empty(report.Damage);
        Assert.Empty(report.Notes);
        Assert.Equal(version, repository.FormatVersion);

        await Bench.BackUpAsync(repository, "later", new Dictionary<string, byte[]> { ["a"] = Bench.RandomBytes(1, 50_000) });
        Assert.Empty((await repository.VerifyAsync(new VerifyOptions(ReadData: true), progress: null, default)).Damage);
        Assert.Equal(version > 1, Directory.Exists(copy.Combine("repository", "chain")));
        foreach (var pack in Directory.GetFiles(copy.Combine("repository", "packs"), "*", SearchOption.AllDirectories))
        {
            Assert.Equal(version, (await File.ReadAllBytesAsync(pack))[8]);
        }
    }

    [Fact]
    public async Task A_removed_key_opens_nothing_and_an_expired_backup_does_not_come_back()
    {
        using var copy = new TemporaryFolder();
        CopyGolden(2, copy.Path);
        using var store = new FileObjectStore(copy.Combine("repository"), Bench.Environment.Platform);
        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => EdgeRepository.OpenAsync(store, new PassphraseSecret(GoldenRepository.RemovedPassphrase), Bench.Environment, default));
        Assert.Equal(ErrorIds.RepositoryKeyWrong, error.ErrorId);

        await using var repository = await EdgeRepository.OpenAsync(store, Secret(copy.Path, "key file"), Bench.Environment, default);
        Assert.DoesNotContain(await Bench.ListAsync(repository.ListBackupsAsync(device: null, default)), name => name.EndsWith(GoldenRepository.ExpiredId, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_grown_log_of_version_2_is_its_old_chunks_and_a_short_tail()
    {
        using var copy = new TemporaryFolder();
        CopyGolden(2, copy.Path);
        using var store = new FileObjectStore(copy.Combine("repository"), Bench.Environment.Platform);
        await using var repository = await EdgeRepository.OpenAsync(store, Secret(copy.Path, "key file"), Bench.Environment, default);
        var forms = new List<SavedItem>();
        foreach (var name in (await Bench.ListAsync(repository.ListBackupsAsync("site-3", default))).Order(StringComparer.Ordinal))
        {
            await foreach (var item in repository.ReadItemsAsync(await repository.ReadBackupAsync(name, default), default))
            {
                forms.Add(item);
            }
        }

        Assert.Equal([GoldenRepository.GrownPath, GoldenRepository.GrownPath], forms.Select(form => form.Item.Path));
        Assert.Equal(forms[0].Chunks, forms[1].Chunks.SkipLast(1));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_repository_that_is_made_the_same_way_today_says_the_same(int version)
    {
        using var fresh = new TemporaryFolder();
        await GoldenRepository.MakeAsync(fresh.Path, version);
        await AssertAsExpectedAsync(version, fresh.Path, "key file");
    }

    [ReaderTheory]
    [InlineData(1, "--key-file", "edge.key")]
    [InlineData(1, "--passphrase-file", "passphrase")]
    [InlineData(1, "--recovery-key", "-")]
    [InlineData(2, "--key-file", "edge.key")]
    [InlineData(2, "--passphrase-file", "passphrase")]
    [InlineData(2, "--recovery-key", "-")]
    public async Task The_reader_reads_the_golden_repository_with_each_of_its_keys(int version, string option, string file)
    {
        // The committed folder itself: the reader writes nothing there.
        string[] key = [option, file == "-" ? file : Golden(version, file)];
        var input = await File.ReadAllTextAsync(Golden(version, "recovery-key"));
        var list = (await PythonReader.RunWithInputAsync(input, ["list", "--repository", Golden(version, "repository"), .. key])).Succeeded();
        Assert.Equal(await File.ReadAllLinesAsync(Golden(version, "expected-backups.tsv")), list.Lines.Skip(1));
        using var output = new TemporaryFolder();
        foreach (var items in (await File.ReadAllLinesAsync(Golden(version, "expected-items.tsv"))).Select(line => line.Split('\t')).GroupBy(fields => fields[0]))
        {
            var destination = output.Combine(items.Key);
            (await PythonReader.RunWithInputAsync(input, ["extract", "--repository", Golden(version, "repository"), .. key, items.Key, destination])).Succeeded();
            foreach (var fields in items)
            {
                AssertExtracted(Path.Combine(destination, fields[1]), fields);
            }
        }
    }

    private static void AssertExtracted(string path, string[] fields)
    {
        FileSystemInfo info = fields[2] == nameof(ItemType.Directory) ? new DirectoryInfo(path) : new FileInfo(path);
        Assert.True(info.Exists || info.LinkTarget is not null, path);
        Assert.Equal(fields[10], info.LinkTarget ?? "");
        if (fields[2] == nameof(ItemType.File))
        {
            Assert.Equal(fields[4], Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path))));
        }

        if (fields[5].Length > 0)
        {
            Assert.Equal(fields[5], info.LastWriteTimeUtc.ToString("O", CultureInfo.InvariantCulture));
        }

        if (fields[8].Length > 0 && !OperatingSystem.IsWindows())
        {
            Assert.Equal((UnixFileMode)Convert.ToInt32(fields[8], 8), info.UnixFileMode);
        }
    }

    private static async Task AssertAsExpectedAsync(int version, string folder, string kind)
    {
        var (backups, items) = await DescribeAsync(folder, kind);
        Assert.Equal(await File.ReadAllLinesAsync(Golden(version, "expected-backups.tsv")), backups);
        Assert.Equal(await File.ReadAllLinesAsync(Golden(version, "expected-items.tsv")), items);
    }

    private static async Task<(List<string> Backups, List<string> Items)> DescribeAsync(string folder, string kind)
    {
        using var store = new FileObjectStore(Path.Combine(folder, "repository"), Bench.Environment.Platform);
        await using var repository = await EdgeRepository.OpenAsync(store, Secret(folder, kind), Bench.Environment, default);
        var records = new List<BackupRecord>();
        foreach (var name in await Bench.ListAsync(repository.ListBackupsAsync(device: null, default)))
        {
            records.Add(await repository.ReadBackupAsync(name, default));
        }

        var items = new List<string>();
        records = [.. records.OrderBy(record => record.Id, StringComparer.Ordinal)];
        foreach (var record in records)
        {
            await foreach (var saved in repository.ReadItemsAsync(record, default))
            {
                var digest = saved.Item.Type == ItemType.File ? Convert.ToHexStringLower(SHA256.HashData(await Bench.ReadItemAsync(repository, record, saved))) : null;
                items.Add(GoldenRepository.Describe(record, saved, digest));
            }
        }

        return ([.. records.Select(GoldenRepository.Describe)], items);
    }

    private static RepositorySecret Secret(string folder, string kind) => kind switch
    {
        "key file" => KeyFile.Read(Path.Combine(folder, "edge.key"), Bench.Environment.Platform),
        "passphrase" => new PassphraseSecret(File.ReadAllText(Path.Combine(folder, "passphrase")).TrimEnd('\n')),
        _ => new RecoveryKeySecret(File.ReadAllText(Path.Combine(folder, "recovery-key"))),
    };

    /// <summary>The engine writes leases, so it works on a copy.</summary>
    private static void CopyGolden(int version, string folder)
    {
        foreach (var file in Directory.GetFiles(Golden(version, ""), "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(folder, Path.GetRelativePath(Golden(version, ""), file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }

    private static string Golden(int version, string name) => Path.Combine(SourceTree.Root, "tests", "EdgeBackup.Core.Tests", "Golden", $"format-{version}", name);
}
