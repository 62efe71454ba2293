using System.Globalization;
using System.Text;
using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Operations.Sync;
using EdgeBackup.Core.Operations.Transfer;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Tests.Repository;
using EdgeBackup.TestWorker.Crash;
using Xunit;

namespace EdgeBackup.Core.Tests.Durability.Crash;

/// <summary>
/// A real process is killed at random moments. Afterwards every acknowledged backup is intact, nothing half-made is
/// visible, and the next process works without repair.
/// </summary>
public sealed class KillTests
{
    private const int KillsOfASite = 8;

    [Theory]
    [InlineData("backup")]
    [InlineData("optimize")]
    [InlineData("folder")]
    [InlineData("device")]
    [InlineData("import")]
    [InlineData("records")]
    [InlineData("keys")]
    [InlineData("repair")]
    [InlineData("sync")]
    public async Task Whenever_a_process_is_killed_what_it_acknowledged_is_there_and_nothing_half_made(string deed)
    {
        var tally = new Tally { What = $"kills: {deed}" };
        using var report = Soak.ReportAtEnd(tally);
        var random = new Random(Soak.Seed);
        var kills = Soak.Count(everyBuild: 4, soak: 60);
        while (kills > 0)
        {
            using var folder = new TemporaryFolder();
            var site = new CrashSite(folder.Path);
            var known = await MakeAsync(site, deed);
            var generation = 100;
            for (var kill = 0; kill < KillsOfASite && kills > 0; kill++, kills--)
            {
                // Short lives hit the first operation of a process, longer ones the steady run.
                var life = TimeSpan.FromMilliseconds(random.Next(random.Next(2) == 0 ? 60 : 700));
                var lines = await Worker.RunAndKillAsync(deed, folder.Path, generation, life);
                tally.Trials++;
                tally.Kills++;
                try
                {
                    await CheckAsync(site, deed, lines, known, tally);
                }
                catch (Exception exception)
                {
                    tally.Lost++;
                    throw new Xunit.Sdk.XunitException($"seed {Soak.Seed}, {deed}, kill {tally.Kills} after {life.TotalMilliseconds} ms, told: {string.Join("; ", lines.TakeLast(6))}\n{exception}");
                }

                generation += 1000;
            }
        }
    }

    private static async Task<Dictionary<string, (string Device, int Generation)>> MakeAsync(CrashSite site, string deed)
    {
        Directory.CreateDirectory(site.Output);
        Directory.CreateDirectory(site.Exports);
        var made = await new InitializeRepository(site.Locations, site.Environment, site.Connections, CrashSite.Author)
            .RunAsync(site.Repository, new RepositoryKeyOptions { KeyFile = site.KeyFile }, default);
        await using var context = made.Context;
        if (deed == "sync")
        {
            var copy = await new InitializeRepository(site.Locations, site.Environment, site.Connections, CrashSite.Author)
                .RunAsync(site.Copy, new RepositoryKeyOptions { KeyFile = site.CopyKeyFile }, default);
            await copy.Context.DisposeAsync();
        }

        var known = new Dictionary<string, (string, int)>();
        foreach (var device in new[] { "north", "south", "old" })
        {
            DeviceContent.Write(site.Device(device), device, 1);
            await new RegisterDevice(context, SilentObserver.Instance).RunAsync(new RegisterDeviceOptions { Address = new DeviceAddress(ConnectionKind.Folder, site.Device(device)) }, default);
        }

        var origin = await TakeAsync(context, "north", "origin");
        known[origin.Id] = ("north", 1);
        for (var file = 2; deed == "import" && file < 8; file++)
        {
            DeviceContent.Write(site.Device("south"), "south", file);
            var backup = await TakeAsync(context, "south", $"export {file}");
            await new ExportBackup(context, SilentObserver.Instance).RunAsync(backup, Path.Combine(site.Exports, $"{file}.edgebackup"), default);
            await context.Repository.DeleteBackupsAsync([backup.ObjectName], default);
        }

        if (deed == "import")
        {
            await new OptimizeRepository(context, SilentObserver.Instance).RunAsync(whatIf: false, default);
        }

        return known;
    }

    private static async Task<CatalogBackup> TakeAsync(RepositoryContext context, string device, string name)
    {
        CatalogBackup? taken = null;
        await new TakeBackup(context, SilentObserver.Instance).RunAsync([device], new TakeBackupOptions { Kind = BackupKind.Manual, Name = name }, outcome =>
        {
            taken = outcome.Backup?.Backup ?? throw outcome.Error!;
            return Task.CompletedTask;
        }, default);
        return taken!;
    }

    private static async Task CheckAsync(CrashSite site, string deed, List<string> lines, Dictionary<string, (string Device, int Generation)> known, Tally tally)
    {
        foreach (var line in lines.Select(line => line.Split(' ')))
        {
            switch (line[0])
            {
                case "SAVED" when line[1] != "old":
                    known[line[2]] = (line[1], int.Parse(line[3], CultureInfo.InvariantCulture));
                    break;
                case "GONE":
                    known.Remove(line[2]);
                    break;
                default:
                    break;
            }
        }

        if (deed == "import" && lines.Count > 0 && lines[^1].StartsWith("SAVED ", StringComparison.Ordinal))
        {
            // It was being deleted when the end came: it may be there or not.
            known.Remove(lines[^1].Split(' ')[2]);
        }

        await using var context = await site.OpenAsync();
        Assert.DoesNotContain("MENDED False", lines);
        if (deed == "repair")
        {
            // The worker itself has broken a pack, and may not have lived to mend it.
            Assert.True((await context.Repository.RepairAsync(new RepairOptions(), progress: null, default)).Healthy);
        }

        var report = await context.Repository.VerifyAsync(new VerifyOptions(ReadData: true), progress: null, default);
        Assert.Empty(report.Damage);
        var visible = new HashSet<string>();
        await foreach (var backup in new FindBackups(context).RunAsync(new FindBackupsOptions(), error => throw error, default))
        {
            // Whatever is visible is whole, acknowledged or not.
            await CheckBackupAsync(context.Repository, backup.Backup, known.GetValueOrDefault(backup.Backup.Id).Generation);
            visible.Add(backup.Backup.Id);
            tally.Checked++;
        }

        Assert.True(visible.IsSupersetOf(known.Keys), $"not there: {string.Join(", ", known.Keys.Except(visible))}");
        CheckOutput(site, lines);
        CheckDevice(site, deed, lines);
        await CheckRecordsAsync(context, lines);
        await CheckKeysAsync(context, lines);
        if (deed == "sync")
        {
            await CheckCopyAsync(site, context, lines);
        }

        await TakeNextAsync(context, site, known);
    }

    private static async Task CheckBackupAsync(EdgeRepository repository, CatalogBackup backup, int generation)
    {
        var record = await repository.ReadBackupAsync(backup.ObjectName, default);
        var files = new Dictionary<string, byte[]>();
        await foreach (var item in repository.ReadItemsAsync(record, default))
        {
            if (item.Item.Type == ItemType.File)
            {
                files[item.Item.Path] = await Bench.ReadItemAsync(repository, record, item);
            }
        }

        var told = int.Parse(Encoding.ASCII.GetString(files[DeviceContent.GenerationPath]), CultureInfo.InvariantCulture);
        Assert.True(generation == 0 || generation == told, $"{backup.Id} holds generation {told} instead of {generation}");
        Assert.True(IsSame(DeviceContent.Make(backup.Device, told), files), $"{backup.Id} is not generation {told}");
    }

    /// <summary>A folder is restored whole or is not there.</summary>
    private static void CheckOutput(CrashSite site, List<string> lines)
    {
        foreach (var folder in Directory.EnumerateDirectories(site.Output).Where(folder => Path.GetFileName(folder)[0] != '.'))
        {
            var files = ReadFolder(folder);
            Assert.True(
                int.TryParse(Encoding.ASCII.GetString(files.GetValueOrDefault(DeviceContent.GenerationPath, [])), CultureInfo.InvariantCulture, out var told) && IsSame(DeviceContent.Make("north", told), files),
                $"{folder} is half restored");
        }

        foreach (var line in lines.Where(line => line.StartsWith("RESTORED /", StringComparison.Ordinal)))
        {
            Assert.True(Directory.Exists(line["RESTORED ".Length..]), line);
        }

        Directory.Delete(site.Output, recursive: true);
        Directory.CreateDirectory(site.Output);
    }

    /// <summary>A device holds all of what it held before or all of what was restored.</summary>
    private static void CheckDevice(CrashSite site, string deed, List<string> lines)
    {
        if (deed != "device" || lines.Count == 0 || lines[^1].StartsWith("WRITING ", StringComparison.Ordinal))
        {
            // The worker itself was changing it.
            return;
        }

        var last = lines[^1].Split(' ');
        var files = ReadFolder(site.Device("north"));
        var isRestored = IsSame(DeviceContent.Make("north", 1), files);
        Assert.True(
            isRestored || (last[0] == "RESTORING" && IsSame(DeviceContent.Make("north", int.Parse(last[1], CultureInfo.InvariantCulture)), files)),
            "the device is neither as it was nor as the backup is");
    }

    private static async Task CheckRecordsAsync(RepositoryContext context, List<string> lines)
    {
        if (lines.LastOrDefault(line => line.StartsWith("POLICY ", StringComparison.Ordinal)) is { } policy)
        {
            var limit = (await PolicyBook.LoadAsync(context.Repository, default)).For("north", "kiosk", [], site: null).ManualLimit;
            Assert.InRange(limit - 1 - int.Parse(policy["POLICY ".Length..], CultureInfo.InvariantCulture), 0, 1);
        }

        if (lines.LastOrDefault(line => line.StartsWith("NAME ", StringComparison.Ordinal)) is { } name)
        {
            var now = (await context.Devices.GetAsync("north", default)).Registration!.Name!;
            Assert.InRange(int.Parse(now["name ".Length..], CultureInfo.InvariantCulture) - int.Parse(name["NAME ".Length..], CultureInfo.InvariantCulture), 0, 1);
        }
    }

    /// <summary>A key that was added opens, one that was removed does not, and one in between does the one or the other.</summary>
    private static async Task CheckKeysAsync(RepositoryContext context, List<string> lines)
    {
        foreach (var line in lines.Where(line => line.StartsWith("KEY ", StringComparison.Ordinal)))
        {
            var number = line["KEY ".Length..];
            var error = await Record.ExceptionAsync(() => context.Repository.Keyring.ProveAsync(CrashSite.Secret(int.Parse(number, CultureInfo.InvariantCulture)), default));
            if (lines.Contains($"UNKEYED {number}"))
            {
                Assert.Equal(ErrorIds.RepositoryKeyWrong, Assert.IsType<EdgeBackupException>(error).ErrorId);
            }
            else if (!lines.Contains($"UNKEYING {number}"))
            {
                Assert.Null(error);
            }
        }
    }

    /// <summary>What is in the copy is whole, and the next run completes it.</summary>
    private static async Task CheckCopyAsync(CrashSite site, RepositoryContext context, List<string> lines)
    {
        Assert.All(lines.Where(line => line.StartsWith("SYNCED ", StringComparison.Ordinal)), line => Assert.EndsWith(" 0 0", line, StringComparison.Ordinal));
        await using var copy = await site.OpenCopyAsync();
        Assert.Empty((await copy.Repository.VerifyAsync(new VerifyOptions(ReadData: true), progress: null, default)).Damage);
        var outcome = await new SyncRepository(context, copy, SilentObserver.Instance).RunAsync(new SyncOptions(), default);
        Assert.Equal((0, 0), (outcome.Failed.Count, outcome.Behind));
        var wanted = await new FindBackups(context).RunAsync(new FindBackupsOptions(), error => throw error, default).Select(backup => backup.Backup.Id).ToListAsync();
        var there = new HashSet<string>();
        await foreach (var backup in new FindBackups(copy).RunAsync(new FindBackupsOptions(), error => throw error, default))
        {
            await CheckBackupAsync(copy.Repository, backup.Backup, generation: 0);
            there.Add(backup.Backup.Id);
        }

        Assert.Subset(there, wanted.ToHashSet());
    }

    /// <summary>The next run works without repair.</summary>
    private static async Task TakeNextAsync(RepositoryContext context, CrashSite site, Dictionary<string, (string Device, int Generation)> known)
    {
        var generation = 50_000 + known.Count;
        DeviceContent.Write(site.Device("south"), "south", generation);
        await new TakeBackup(context, SilentObserver.Instance).RunAsync(["south"], new TakeBackupOptions { Kind = BackupKind.Automatic }, outcome =>
        {
            known[outcome.Backup?.Backup.Id ?? throw outcome.Error!] = ("south", generation);
            return Task.CompletedTask;
        }, default);
    }

    private static Dictionary<string, byte[]> ReadFolder(string folder) =>
        Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).ToDictionary(file => Path.GetRelativePath(folder, file).Replace('\\', '/'), File.ReadAllBytes);

    private static bool IsSame(SortedDictionary<string, byte[]> expected, Dictionary<string, byte[]> files) =>
        expected.Count == files.Count && expected.All(file => files.TryGetValue(file.Key, out var content) && content.AsSpan().SequenceEqual(file.Value));
}
