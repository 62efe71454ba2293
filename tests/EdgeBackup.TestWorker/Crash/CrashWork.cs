using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Repositories;

namespace EdgeBackup.TestWorker.Crash;

/// <summary>
/// <c>deed generation</c>: does it again and again, with one generation after the other, until the process is killed, and
/// tells each thing in a line before it begins or after it is acknowledged; <c>READY</c> first.
/// </summary>
internal sealed class CrashWork
{
    private CrashWork(CrashSite site, RepositoryContext context, int generation)
    {
        Site = site;
        Context = context;
        Generation = generation;
    }

    public CrashSite Site { get; }

    public RepositoryContext Context { get; }

    /// <summary>Of what devices hold, and of what else is made anew each time.</summary>
    public int Generation { get; private set; }

    public static async Task RunAsync(string folder, string[] arguments)
    {
        Func<CrashWork, Task> deed = arguments[0] switch
        {
            "backup" => work => work.BackUpAsync("north", "south"),
            "optimize" => OptimizeDeed.RunAsync,
            "folder" => RestoreDeeds.ToFolderAsync,
            "device" => RestoreDeeds.ToDeviceAsync,
            "import" => ImportDeed.RunAsync,
            "records" => RecordsDeed.RunAsync,
            "keys" => KeysDeed.RunAsync,
            "repair" => RepairDeed.RunAsync,
            "sync" => SyncDeed.RunAsync,
            _ => throw new ArgumentException($"Nobody knows how to '{arguments[0]}'."),
        };
        var site = new CrashSite(folder);
        await using var context = await site.OpenAsync();
        Worker.Say("READY");
        for (var work = new CrashWork(site, context, Worker.Number(arguments[1])); ; work.Generation++)
        {
            await deed(work);
        }
    }

    /// <summary>Gives devices their next content and saves them; <c>SAVED device id generation</c> for each.</summary>
    public async Task BackUpAsync(params string[] devices)
    {
        foreach (var device in devices)
        {
            DeviceContent.Write(Site.Device(device), device, Generation);
        }

        await new TakeBackup(Context, SilentObserver.Instance).RunAsync(devices, new TakeBackupOptions { Kind = BackupKind.Automatic }, outcome =>
        {
            if (outcome.Error is not null)
            {
                throw outcome.Error;
            }

            Worker.Say($"SAVED {outcome.Device} {outcome.Backup!.Backup.Id} {Generation}");
            return Task.CompletedTask;
        }, default);
    }
}
