using EdgeBackup.Core.Operations;

namespace EdgeBackup.TestWorker.Crash;

internal static class OptimizeDeed
{
    public static async Task RunAsync(CrashWork work)
    {
        // Old ones last: each backup is followed by retention, and by a clock that stands before the newest none expires.
        await work.BackUpAsync("north", "south");
        work.Site.Clock.Ahead = TimeSpan.FromDays(-300);
        await work.BackUpAsync("old");
        work.Site.Clock.Ahead = TimeSpan.Zero;
        Worker.Say("OPTIMIZING");
        await new OptimizeRepository(work.Context, SilentObserver.Instance).RunAsync(whatIf: false, default);
        Worker.Say("OPTIMIZED");
    }
}
