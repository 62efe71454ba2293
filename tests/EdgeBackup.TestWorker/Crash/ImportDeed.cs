using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Transfer;

namespace EdgeBackup.TestWorker.Crash;

internal static class ImportDeed
{
    public static async Task RunAsync(CrashWork work)
    {
        foreach (var file in Directory.GetFiles(work.Site.Exports))
        {
            var imported = (await new ImportBackup(work.Context, SilentObserver.Instance).RunAsync(file, default)).Backup;
            Worker.Say($"SAVED {imported.Device} {imported.Id} {Path.GetFileNameWithoutExtension(file)}");
            await work.Context.Repository.DeleteBackupsAsync([imported.ObjectName], default);
            Worker.Say($"GONE {imported.Device} {imported.Id}");
        }
    }
}
