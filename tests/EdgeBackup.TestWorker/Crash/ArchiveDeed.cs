using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Archives;
using EdgeBackup.Core.Platform;

namespace EdgeBackup.TestWorker.Crash;

/// <summary><c>step</c>: one archive run, in which the process kills itself in front of that step; <c>DONE steps</c> where it came to its end.</summary>
internal static class ArchiveDeed
{
    /// <summary>The device whose history is archived; it answers from the process of the test.</summary>
    public const string Device = "bms-1";

    public static async Task RunAsync(string folder, string[] arguments)
    {
        var platform = new DyingPlatform(SystemPlatform.Create());
        var site = new CrashSite(folder, platform);
        await using var context = await site.OpenAsync();
        platform.Arm(Worker.Number(arguments[0]));
        await new WriteArchive(context, SilentObserver.Instance).RunAsync(new WriteArchiveOptions { Device = Device, Parent = site.Archives }, default);
        Worker.Say($"DONE {platform.Calls}");
    }
}
