using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Operations.Restore;
using EdgeBackup.Core.Operations.Transfer;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations;

public sealed class TransferTests
{
    [Fact]
    public async Task A_backup_goes_into_another_repository_by_one_file_and_is_the_same_there()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var (file, backup) = await ExportAsync(bench);
        var other = await bench.CreateAnotherAsync("b");
        var imported = await new ImportBackup(other, bench.Observer).RunAsync(file, default);
        Assert.Equal((backup.Id, backup.Device, backup.Name, backup.Created, backup.ItemCount), (imported.Backup.Id, imported.Backup.Device, imported.Backup.Name, imported.Backup.Created, imported.Backup.ItemCount));

        var mine = await bench.Context.Repository.ReadBackupAsync(backup.ObjectName, default);
        var theirs = await other.Repository.ReadBackupAsync(imported.Backup.ObjectName, default);
        Assert.Equal(mine.StateDigest, theirs.StateDigest);
        Assert.Empty(await other.Repository.VerifyBackupAsync(theirs, default));
        Assert.Equal(backup.Id, Assert.Single(await bench.ListAsync(new FindBackupsOptions { Devices = ["k"] }, context: other)).Backup.Id);

        // Once more gives the same one; the device need not be registered to be written out.
        Assert.Equal(backup.Id, (await new ImportBackup(other, bench.Observer).RunAsync(file, default)).Backup.Id);
        Assert.Single(await bench.ListAsync(context: other));
        await new RestoreToFolder(other, bench.Observer).RunAsync(new RestoreToFolderOptions { Backup = backup.Id, Destination = bench.Path("out") }, default);
        Assert.Equal("a=1\n", await File.ReadAllTextAsync(bench.Path("out", "setting.ini")));
        Assert.Equal(new byte[5000], await File.ReadAllBytesAsync(bench.Path("out", "sub", "zeros.bin")));
        Assert.True(File.Exists(bench.Path("out", "empty")));
    }

    [Fact]
    public async Task The_same_backup_gives_the_same_file_and_no_file_is_overwritten()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var (file, backup) = await ExportAsync(bench);
        await new ExportBackup(bench.Context, bench.Observer).RunAsync(backup, bench.Path("again.edgebackup"), default);
        Assert.Equal(await File.ReadAllBytesAsync(file), await File.ReadAllBytesAsync(bench.Path("again.edgebackup")));
        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => new ExportBackup(bench.Context, bench.Observer).RunAsync(backup, file, default));
        Assert.Equal(ErrorIds.DestinationNotEmpty, error.ErrorId);
    }

    [Fact]
    public async Task A_file_that_was_altered_anywhere_is_refused_or_gives_the_same_backup_and_never_another()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var (file, backup) = await ExportAsync(bench);
        var digest = (await bench.Context.Repository.ReadBackupAsync(backup.ObjectName, default)).StateDigest;
        var other = await bench.CreateAnotherAsync("b");
        var whole = await File.ReadAllBytesAsync(file);
        var altered = bench.Path("altered.edgebackup");
        var refused = 0;
        for (var at = 0; at < whole.Length; at += 1 + (whole.Length / 150))
        {
            var bytes = whole.ToArray();
            bytes[at] ^= 0x20;
            await File.WriteAllBytesAsync(altered, bytes);
            var before = await CountAsync(other);
            try
            {
                var imported = await new ImportBackup(other, bench.Observer).RunAsync(altered, default);
                var record = await other.Repository.ReadBackupAsync(imported.Backup.ObjectName, default);
                Assert.Equal(digest, record.StateDigest);
                await other.Repository.DeleteBackupsAsync([imported.Backup.ObjectName], default);
            }
            catch (EdgeBackupException exception)
            {
                Assert.Contains(exception.ErrorId, new[] { ErrorIds.BackupDamaged, ErrorIds.ItemPathInvalid, ErrorIds.RepositoryFormatUnsupported, ErrorIds.BackupNameInvalid });
                Assert.Equal(before, await CountAsync(other));
                refused++;
            }
        }

        Assert.True(refused > 50);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(200)]
    [InlineData(-1)]
    public async Task A_cut_file_is_refused(int length)
    {
        await using var bench = await OperationsBench.CreateAsync();
        var (file, _) = await ExportAsync(bench);
        var bytes = await File.ReadAllBytesAsync(file);
        await File.WriteAllBytesAsync(file, bytes[..(length < 0 ? bytes.Length + length : length)]);
        await RefusedAsync(await bench.CreateAnotherAsync("b"), file, ErrorIds.BackupDamaged);
    }

    [Theory]
    [InlineData("../escape")]
    [InlineData("/etc/passwd")]
    [InlineData("C:/Windows/x")]
    [InlineData("a/../../b")]
    [InlineData("..\\up")]
    [InlineData("a//b")]
    [InlineData("nul\u0000byte")]
    public async Task A_hostile_path_is_refused_though_all_digests_fit(string path)
    {
        await using var bench = await OperationsBench.CreateAsync();
        var (file, _) = await ExportAsync(bench);
        Forge(file, header => { }, item => (string?)item["item"]!["path"] == "setting.ini" ? path : null);
        await RefusedAsync(await bench.CreateAnotherAsync("b"), file, ErrorIds.ItemPathInvalid);
    }

    [Fact]
    public async Task A_header_that_contradicts_itself_is_refused()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var other = await bench.CreateAnotherAsync("b");
        var (file, _) = await ExportAsync(bench);
        var whole = await File.ReadAllBytesAsync(file);
        await TryAsync(header => header["formatVersion"] = 2, ErrorIds.RepositoryFormatUnsupported);
        await TryAsync(header => header["format"] = "zip", ErrorIds.BackupDamaged);
        await TryAsync(header => header["backup"]!["id"] = "../../keys/x", ErrorIds.BackupDamaged);
        await TryAsync(header => header["backup"]!["name"] = "bell\u0007", ErrorIds.BackupNameInvalid);
        await TryAsync(header => header["backup"]!["name"] = null, ErrorIds.BackupDamaged);
        await TryAsync(header => header["backup"]!["kind"] = "Automatic", ErrorIds.BackupDamaged);
        await TryAsync(header => header["backup"]!["kind"] = 17, ErrorIds.BackupDamaged);
        await TryAsync(header => header["backup"]!["device"] = " ", ErrorIds.BackupDamaged);
        await TryAsync(header => header["backup"]!["deviceType"] = "No Word", ErrorIds.BackupDamaged);
        await TryAsync(header => header["backup"]!["deviceName"] = "red \u001b[31m", ErrorIds.BackupDamaged);
        await TryAsync(header => header["backup"]!["author"] = "x\r\ny", ErrorIds.BackupDamaged);
        await TryAsync(header => header["backup"]!["notSaved"] = null, ErrorIds.BackupDamaged);
        await TryAsync(header => header["stateDigest"] = new string('0', 64), ErrorIds.BackupDamaged);
        await TryAsync(header => header["items"] = 99, ErrorIds.BackupDamaged);
        await TryAsync(header => header["backup"] = null, ErrorIds.BackupDamaged);

        async Task TryAsync(Action<JsonObject> change, string errorId)
        {
            await File.WriteAllBytesAsync(file, whole);
            Forge(file, change, _ => null);
            await RefusedAsync(other, file, errorId);
        }
    }

    [Fact]
    public async Task A_backup_from_the_future_is_refused_since_it_would_be_the_newest_for_as_long()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var other = await bench.CreateAnotherAsync("b");
        var (file, _) = await ExportAsync(bench);
        var whole = await File.ReadAllBytesAsync(file);
        var now = bench.Clock.GetUtcNow();
        Forge(file, header => header["backup"]!["created"] = now.AddDays(3).ToString("O"), _ => null);
        await RefusedAsync(other, file, ErrorIds.BackupDamaged);

        // Clocks differ a little between machines.
        await File.WriteAllBytesAsync(file, whole);
        Forge(file, header => header["backup"]!["created"] = now.AddHours(5).ToString("O"), _ => null);
        await new ImportBackup(other, bench.Observer).RunAsync(file, default);
    }

    [Fact]
    public async Task A_link_in_a_hostile_file_leads_no_restore_out_of_its_destination()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var outside = bench.Path("outside");
        Directory.CreateDirectory(outside);
        var root = await bench.AddFolderAsync("k");
        Directory.CreateDirectory(Path.Combine(root, "sub"));
        await File.WriteAllTextAsync(Path.Combine(root, "sub", "x"), "hostile");
        File.CreateSymbolicLink(Path.Combine(root, "link"), outside);
        var backup = (await bench.AutomaticAsync("k")).Backup;
        var file = (await new ExportBackup(bench.Context, bench.Observer).RunAsync(backup, bench.Path("k.edgebackup"), default)).Path;

        // 'link' leads out, and 'link/x' is a file: no device can have both.
        var other = await bench.CreateAnotherAsync("b");
        Forge(file, header => { }, item => (string?)item["item"]!["path"] == "setting.ini" ? "link/x" : null, fixState: true);
        var imported = await new ImportBackup(other, bench.Observer).RunAsync(file, default);
        var options = new RestoreToFolderOptions { Backup = imported.Backup.Id, Destination = bench.Path("out") };
        await Assert.ThrowsAsync<EdgeBackupException>(() => new RestoreToFolder(other, bench.Observer).RunAsync(options, default));
        Assert.False(Directory.Exists(options.Destination));
        Assert.Empty(Directory.EnumerateFileSystemEntries(outside));
    }

    [Fact]
    public async Task A_name_that_is_in_use_and_a_file_that_is_not_there_are_refused()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var (file, backup) = await ExportAsync(bench);
        await bench.Context.Repository.DeleteBackupsAsync([backup.ObjectName], default);
        await bench.ManualAsync("k", "NAMED");
        await RefusedAsync(bench.Context, file, ErrorIds.BackupNameInUse);
        await RefusedAsync(bench.Context, file + "x", ErrorIds.BackupNotFound);
    }

    private static async Task<(string File, Core.Catalog.CatalogBackup Backup)> ExportAsync(OperationsBench bench)
    {
        var root = await bench.AddFolderAsync("k");
        Directory.CreateDirectory(Path.Combine(root, "sub"));
        await File.WriteAllBytesAsync(Path.Combine(root, "sub", "zeros.bin"), new byte[5000]);
        await File.WriteAllBytesAsync(Path.Combine(root, "empty"), []);
        var backup = (await bench.ManualAsync("k", "named")).Backup;
        var exported = await new ExportBackup(bench.Context, bench.Observer).RunAsync(backup, bench.Path("k.edgebackup"), default);
        Assert.Equal(new FileInfo(exported.Path).Length, exported.Length);
        return (exported.Path, backup);
    }

    /// <summary>Alters a file as somebody would who knows the format: the digest of the item list and the seal fit again.</summary>
    private static void Forge(string file, Action<JsonObject> changeHeader, Func<JsonNode, string?> newPath, bool fixState = false)
    {
        ForgeEntries(file, changeHeader, newPath, fixState);

        // As docs/format.md says of the archive's comment: sha256= and 64 digits, its length of two bytes before it.
        var bytes = File.ReadAllBytes(file);
        var covered = bytes.AsSpan(0, bytes.Length - 73);
        Encoding.ASCII.GetBytes(Convert.ToHexStringLower(SHA256.HashData(covered)), bytes.AsSpan(bytes.Length - 64));
        File.WriteAllBytes(file, bytes);
    }

    private static void ForgeEntries(string file, Action<JsonObject> changeHeader, Func<JsonNode, string?> newPath, bool fixState)
    {
        using var archive = ZipFile.Open(file, ZipArchiveMode.Update);
        var lines = Read(archive, "items.jsonl").Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!).ToList();
        foreach (var line in lines)
        {
            if (newPath(line) is { } path)
            {
                line["item"]!["path"] = path;
            }
        }

        var items = string.Concat(lines.OrderBy(line => (string)line["item"]!["path"]!, StringComparer.Ordinal).Select(line => line.ToJsonString() + "\n"));
        var header = JsonNode.Parse(Read(archive, "backup.json"))!.AsObject();
        header["itemsDigest"] = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(items)));
        if (fixState)
        {
            header["stateDigest"] = StateDigest(lines.OrderBy(line => (string)line["item"]!["path"]!, StringComparer.Ordinal));
        }

        changeHeader(header);
        Write(archive, "items.jsonl", items);
        Write(archive, "backup.json", header.ToJsonString());
    }

    /// <summary>As docs/format.md says under "State digest".</summary>
    private static string StateDigest(IEnumerable<JsonNode> lines)
    {
        using var bytes = new MemoryStream();
        foreach (var line in lines)
        {
            var item = line["item"]!;
            var type = (string?)item["type"] switch { "Directory" => "d", "SymbolicLink" => "l", _ => "f" };
            var kind = (string?)item["kind"] switch { "History" => "h", "Identity" => "i", _ => "c" };
            foreach (var field in (string[])[(string)item["path"]!, type, kind, "c", item["unixMode"]?.ToString() ?? "", (string?)item["linkTarget"] ?? "", (string?)line["digest"] ?? ""])
            {
                var text = Encoding.UTF8.GetBytes(field);
                bytes.Write(BitConverter.GetBytes(text.Length));
                bytes.Write(text);
            }
        }

        return Convert.ToHexStringLower(SHA256.HashData(bytes.ToArray()));
    }

    private static string Read(ZipArchive archive, string name)
    {
        using var reader = new StreamReader(archive.GetEntry(name)!.Open());
        return reader.ReadToEnd();
    }

    private static void Write(ZipArchive archive, string name, string content)
    {
        archive.GetEntry(name)!.Delete();
        using var writer = new StreamWriter(archive.CreateEntry(name).Open());
        writer.Write(content);
    }

    private static async Task RefusedAsync(RepositoryContext context, string file, string errorId)
    {
        var before = await CountAsync(context);
        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => new ImportBackup(context, SilentObserver.Instance).RunAsync(file, default));
        Assert.Equal(errorId, error.ErrorId);
        Assert.Equal(before, await CountAsync(context));
    }

    private static async Task<int> CountAsync(RepositoryContext context) =>
        await context.Repository.ListBackupsAsync(device: null, default).CountAsync();
}
