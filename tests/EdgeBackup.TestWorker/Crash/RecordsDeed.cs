using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Records;

namespace EdgeBackup.TestWorker.Crash;

internal static class RecordsDeed
{
    public static async Task RunAsync(CrashWork work)
    {
        var entry = new PolicyEntry
        {
            Scope = PolicyScope.All,
            Values = new PolicyValues { ManualLimit = 1 + work.Generation },
            Time = work.Site.Clock.GetUtcNow(),
            Author = CrashSite.Author,
        };
        await PolicyBook.SetAsync(work.Context.Repository, entry, default);
        Worker.Say($"POLICY {work.Generation}");
        await new ChangeDevice(work.Context, SilentObserver.Instance).SetAsync("north", new ChangeDeviceOptions { Name = $"name {work.Generation}" }, default);
        Worker.Say($"NAME {work.Generation}");
    }
}
