using System.Globalization;
using System.Security.Cryptography;
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
    [InlineData("key file")]
    [InlineData("passphrase")]
    [InlineData("recovery key")]
    public async Task The_engine_reads_the_golden_repository_with_each_of_its_keys(string kind)
    {
        using var copy = new TemporaryFolder();
        CopyGolden(copy.Path);
        await AssertAsExpectedAsync(copy.Path, kind);
    }

    [Fact]
    public async Task Nothing_in_the_golden_repository_is_damaged()
    {
        using var copy = new TemporaryFolder();
        CopyGolden(copy.Path);
        using var store = new FileObjectStore(copy.Combine("repository"), Bench.Environment.Platform);
        await using var repository = await EdgeRepository.OpenAsync(store, Secret(copy.Path, "key file"), Bench.Environment, default);
        var report = await repository.VerifyAsync(new VerifyOptions(ReadData: true), progress: null, default);
        Assert.Empty(report.Damage);
    }

    [Fact]
    public async Task A_repository_that_is_made_the_same_way_today_says_the_same()
    {
        using var fresh = new TemporaryFolder();
        await GoldenRepository.MakeAsync(fresh.Path);
        await AssertAsExpectedAsync(fresh.Path, "key file");
    }

    [ReaderTheory]
    [InlineData("--key-file", "edge.key")]
    [InlineData("--passphrase-file", "passphrase")]
    [InlineData("--recovery-key", "-")]
    public async Task The_reader_reads_the_golden_repository_with_each_of_its_keys(string option, string file)
    {
        // The committed folder itself: the reader writes nothing there.
        string[] key = [option, file == "-" ? file : Golden(file)];
        var input = await File.ReadAllTextAsync(Golden("recovery-key"));
        var list = (await PythonReader.RunWithInputAsync(input, ["list", "--repository", Golden("repository"), .. key])).Succeeded();
        Assert.Equal(await File.ReadAllLinesAsync(Golden("expected-backups.tsv")), list.Lines.Skip(1));
        using var output = new TemporaryFolder();
        foreach (var items in (await File.ReadAllLinesAsync(Golden("expected-items.tsv"))).Select(line => line.Split('\t')).GroupBy(fields => fields[0]))
        {
            var destination = output.Combine(items.Key);
            (await PythonReader.RunWithInputAsync(input, ["extract", "--repository", Golden("repository"), .. key, items.Key, destination])).Succeeded();
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

    private static async Task AssertAsExpectedAsync(string folder, string kind)
    {
        var (backups, items) = await DescribeAsync(folder, kind);
        Assert.Equal(await File.ReadAllLinesAsync(Golden("expected-backups.tsv")), backups);
        Assert.Equal(await File.ReadAllLinesAsync(Golden("expected-items.tsv")), items);
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
    private static void CopyGolden(string folder)
    {
        foreach (var file in Directory.GetFiles(Golden(""), "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(folder, Path.GetRelativePath(Golden(""), file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }

    private static string Golden(string name) => Path.Combine(SourceTree.Root, "tests", "EdgeBackup.Core.Tests", "Golden", "format-1", name);
}
