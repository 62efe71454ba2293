namespace EdgeBackup.TestWorker.Crash;

internal static class KeysDeed
{
    public static async Task RunAsync(CrashWork work)
    {
        var keyring = work.Context.Repository.Keyring;
        var added = await keyring.AddAsync(CrashSite.Secret(work.Generation), default);
        Worker.Say($"KEY {work.Generation}");
        if (work.Generation % 3 > 0)
        {
            Worker.Say($"UNKEYING {work.Generation}");
            await keyring.RemoveAsync([added.Id], default);
            Worker.Say($"UNKEYED {work.Generation}");
        }
    }
}
