using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Sync;

namespace EdgeBackup.TestWorker.Crash;

internal static class SyncDeed
{
    public static async Task RunAsync(CrashWork work)
    {
        await work.BackUpAsync("north", "south");
        await using var copy = await work.Site.OpenCopyAsync();
        Worker.Say("SYNCING");
        var outcome = await new SyncRepository(work.Context, copy, SilentObserver.Instance).RunAsync(new SyncOptions(), default);
        Worker.Say($"SYNCED {outcome.Copied} {outcome.Failed.Count} {outcome.Behind}");
    }
}
