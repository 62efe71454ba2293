using System.Globalization;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Restore;

namespace EdgeBackup.TestWorker.Crash;

internal static class RestoreDeeds
{
    public static async Task ToFolderAsync(CrashWork work)
    {
        var destination = Path.Combine(work.Site.Output, work.Generation.ToString(CultureInfo.InvariantCulture));
        Worker.Say($"RESTORING {destination}");
        var newest = await new FindBackups(work.Context).RequireNewestAsync("north", default);
        await new RestoreToFolder(work.Context, SilentObserver.Instance).RunAsync(new RestoreToFolderOptions { Backup = newest.Id, Destination = destination }, default);
        Worker.Say($"RESTORED {destination}");
    }

    /// <summary><c>device backup</c>: restores a backup onto its device, once; <c>RESTORED backup</c>.</summary>
    public static async Task OnceAsync(string folder, string[] arguments)
    {
        await using var context = await new CrashSite(folder).OpenAsync();
        await new RestoreBackup(context, SilentObserver.Instance).RunAsync(new RestoreOptions { Device = arguments[0], Backup = arguments[1] }, default);
        Worker.Say($"RESTORED {arguments[1]}");
    }

    public static async Task ToDeviceAsync(CrashWork work)
    {
        Worker.Say($"WRITING {work.Generation}");
        DeviceContent.Write(work.Site.Device("north"), "north", work.Generation);
        Worker.Say($"RESTORING {work.Generation}");
        await new RestoreBackup(work.Context, SilentObserver.Instance).RunAsync(new RestoreOptions { Backup = "origin" }, default);
        Worker.Say($"RESTORED {work.Generation}");
    }
}
