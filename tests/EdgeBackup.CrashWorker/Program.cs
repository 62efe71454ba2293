using System.Globalization;
using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Operations.Restore;
using EdgeBackup.Core.Operations.Sync;
using EdgeBackup.Core.Operations.Transfer;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Repository;
using EdgeBackup.CrashWorker;

// Arguments: what to do, the folder of the site, the first generation. Does it again and again until it is killed, and
// tells each thing in a line before it begins or after it is acknowledged.
var (deed, site, generation) = (args[0], new CrashSite(args[1]), int.Parse(args[2], CultureInfo.InvariantCulture));
await using var output = new StreamWriter(Console.OpenStandardOutput()) { AutoFlush = true };
await using var context = await site.OpenAsync();
Tell("READY");
for (; ; generation++)
{
    switch (deed)
    {
        case "backup":
            await BackUpAsync("north", "south");
            break;
        case "optimize":
            // Old ones last: each backup is followed by retention, and by a clock that stands before the newest none expires.
            await BackUpAsync("north", "south");
            site.Clock.Ahead = TimeSpan.FromDays(-300);
            await BackUpAsync("old");
            site.Clock.Ahead = TimeSpan.Zero;
            Tell("OPTIMIZING");
            await new OptimizeRepository(context, SilentObserver.Instance).RunAsync(whatIf: false, default);
            Tell("OPTIMIZED");
            break;
        case "folder":
            var destination = Path.Combine(site.Output, generation.ToString(CultureInfo.InvariantCulture));
            Tell($"RESTORING {destination}");
            await new RestoreToFolder(context, SilentObserver.Instance).RunAsync(new RestoreToFolderOptions { Backup = await NewestAsync("north"), Destination = destination }, default);
            Tell($"RESTORED {destination}");
            break;
        case "device":
            Tell($"WRITING {generation}");
            DeviceContent.Write(site.Device("north"), "north", generation);
            Tell($"RESTORING {generation}");
            await new RestoreBackup(context, SilentObserver.Instance).RunAsync(new RestoreOptions { Backup = "origin" }, default);
            Tell($"RESTORED {generation}");
            break;
        case "import":
            foreach (var file in Directory.GetFiles(site.Exports))
            {
                var imported = (await new ImportBackup(context, SilentObserver.Instance).RunAsync(file, default)).Backup;
                Tell($"SAVED {imported.Device} {imported.Id} {Path.GetFileNameWithoutExtension(file)}");
                await context.Repository.DeleteBackupsAsync([imported.ObjectName], default);
                Tell($"GONE {imported.Device} {imported.Id}");
            }

            break;
        case "records":
            var entry = new PolicyEntry { Scope = PolicyScope.All, Values = new PolicyValues { ManualLimit = 1 + generation }, Time = site.Clock.GetUtcNow(), Author = CrashSite.Author };
            await PolicyBook.SetAsync(context.Repository, entry, default);
            Tell($"POLICY {generation}");
            await new ChangeDevice(context, SilentObserver.Instance).SetAsync("north", new ChangeDeviceOptions { Name = $"name {generation}" }, default);
            Tell($"NAME {generation}");
            break;
        case "keys":
            var added = await context.Repository.Keyring.AddAsync(CrashSite.Secret(generation), default);
            Tell($"KEY {generation}");
            if (generation % 3 > 0)
            {
                Tell($"UNKEYING {generation}");
                await context.Repository.Keyring.RemoveAsync([added.Id], default);
                Tell($"UNKEYED {generation}");
            }

            break;
        case "repair":
            await BackUpAsync("north");
            BreakPack();
            Tell("MENDING");
            var report = await context.Repository.RepairAsync(new RepairOptions(), progress: null, default);
            Tell($"MENDED {report.Healthy}");
            break;
        case "sync":
            await BackUpAsync("north", "south");
            await using (var copy = await site.OpenCopyAsync())
            {
                Tell("SYNCING");
                var outcome = await new SyncRepository(context, copy, SilentObserver.Instance).RunAsync(new SyncOptions(), default);
                Tell($"SYNCED {outcome.Copied} {outcome.Failed.Count} {outcome.Behind}");
            }

            break;
        default:
            throw new ArgumentException($"Nobody knows how to '{deed}'.");
    }
}

async Task BackUpAsync(params string[] devices)
{
    foreach (var device in devices)
    {
        DeviceContent.Write(site.Device(device), device, generation);
    }

    await new TakeBackup(context, SilentObserver.Instance).RunAsync(devices, new TakeBackupOptions { Kind = BackupKind.Automatic }, outcome =>
    {
        if (outcome.Error is not null)
        {
            throw outcome.Error;
        }

        Tell($"SAVED {outcome.Device} {outcome.Backup!.Backup.Id} {generation}");
        return Task.CompletedTask;
    }, default);
}

// One byte in the middle of the newest pack, as a disk would lose it.
void BreakPack()
{
    var pack = new DirectoryInfo(Path.Combine(site.Repository, "packs")).EnumerateFiles("*", SearchOption.AllDirectories).MaxBy(file => file.LastWriteTimeUtc)!;
    using var file = pack.Open(FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
    file.Position = file.Length / 2;
    var value = file.ReadByte();
    file.Position--;
    file.WriteByte((byte)~value);
}

async Task<string> NewestAsync(string device)
{
    CatalogBackup newest = await new FindBackups(context).RequireNewestAsync(device, default);
    return newest.Id;
}

void Tell(string line)
{
    lock (output)
    {
        output.WriteLine(line);
    }
}
