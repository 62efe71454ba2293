using EdgeBackup.Core.Repository;

namespace EdgeBackup.TestWorker.Crash;

internal static class RepairDeed
{
    public static async Task RunAsync(CrashWork work)
    {
        await work.BackUpAsync("north");
        BreakPack(work.Site);
        Worker.Say("MENDING");
        var report = await work.Context.Repository.RepairAsync(new RepairOptions(), progress: null, default);
        Worker.Say($"MENDED {report.Healthy}");
    }

    /// <summary>One byte in the middle of the newest pack, as a disk would lose it.</summary>
    private static void BreakPack(CrashSite site)
    {
        var pack = new DirectoryInfo(Path.Combine(site.Repository, "packs")).EnumerateFiles("*", SearchOption.AllDirectories).MaxBy(file => file.LastWriteTimeUtc)!;
        using var file = pack.Open(FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        file.Position = file.Length / 2;
        var value = file.ReadByte();
        file.Position--;
        file.WriteByte((byte)~value);
    }
}
