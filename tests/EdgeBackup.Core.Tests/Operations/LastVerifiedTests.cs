using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Repository.Packs;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations;

/// <summary>When a device's backups were last read back and found whole.</summary>
public sealed class LastVerifiedTests
{
    [Fact]
    public async Task Reading_every_byte_verifies_the_devices_whose_newest_backup_is_whole_and_no_other()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var broken = await bench.AddFolderAsync("broken", "broken=1\n");
        var mended = await bench.AddFolderAsync("mended", "mended=1\n");
        await bench.AddFolderAsync("empty");
        var packs = await NewPackAsync(bench, "mended");
        await NewPackAsync(bench, "broken");
        bench.Advance(TimeSpan.FromHours(1));
        await File.WriteAllTextAsync(Path.Combine(broken, "setting.ini"), "broken=2\n");
        await File.WriteAllTextAsync(Path.Combine(mended, "setting.ini"), "mended=2\n");

        // Nothing of the newest backup may be in the old pack.
        await File.WriteAllTextAsync(Path.Combine(mended, "edge-device.json"), """{"id":"mended","type":"kiosk","version":"1.1"}""");
        packs.AddRange(await NewPackAsync(bench, "broken"));
        await NewPackAsync(bench, "mended");

        await new VerifyRepository(bench.Context, bench.Observer).RunAsync(readData: false, default);
        Assert.Null(await VerifiedAsync(bench, "mended"));

        // Of one device the old backup is damaged, of the other the newest.
        foreach (var pack in packs)
        {
            var path = Path.Combine(bench.RepositoryFolder, pack);
            await File.WriteAllBytesAsync(path, new byte[new FileInfo(path).Length]);
        }

        var report = await new VerifyRepository(bench.Context, bench.Observer).RunAsync(readData: true, default);
        Assert.False(report.Healthy);
        Assert.Equal(["mended"], report.VerifiedDevices);
        Assert.Equal(bench.Clock.GetUtcNow(), (await VerifiedAsync(bench, "mended"))!.Value, TimeSpan.FromMinutes(30));
        Assert.Null(await VerifiedAsync(bench, "broken"));
        Assert.Null(await VerifiedAsync(bench, "empty"));
    }

    [Fact]
    public async Task A_repository_that_cannot_be_written_is_verified_without_a_note()
    {
        await using var bench = await OperationsBench.CreateAsync();
        foreach (var id in (string[])["a", "b", "c"])
        {
            await bench.AddFolderAsync(id);
            await bench.ManualAsync(id, "by hand");
        }

        bench.Block("attempts");
        var report = await new VerifyRepository(bench.Context, bench.Observer).RunAsync(readData: true, default);
        Assert.Equal(["a", "b", "c"], report.VerifiedDevices);
        Assert.Empty(bench.Observer.Warnings);
        Assert.Contains(bench.Observer.Lines, line => line.Contains("last verified could not be written down", StringComparison.Ordinal));
        bench.Unblock("attempts");
        Assert.Null(await VerifiedAsync(bench, "a"));
    }

    private static async Task<List<string>> NewPackAsync(OperationsBench bench, string device)
    {
        var before = bench.Objects(PackFormat.Folder);
        await bench.ManualAsync(device, $"{device} {before.Count}");
        return [.. bench.Objects(PackFormat.Folder).Except(before)];
    }

    private static async Task<DateTimeOffset?> VerifiedAsync(OperationsBench bench, string device) =>
        (await bench.DeviceAsync(device)).Device.Attempts?.State.LastVerified;
}
