using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Repository;
using EdgeBackup.Simulator.Devices;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations;

public sealed class RepairRepositoryTests
{
    [Fact]
    public async Task A_device_that_has_not_changed_gives_everything_back_the_item_list_included()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var root = await bench.AddFolderAsync("kiosk");
        for (var index = 0; index < 5; index++)
        {
            File.WriteAllBytes(Path.Combine(root, $"data{index}"), Repository.Bench.RandomBytes(index, 100_000));
        }

        bench.Clock.Ahead = TimeSpan.FromHours(2);
        await bench.AutomaticAsync("kiosk");
        LosePacks(bench);
        Assert.False((await bench.Context.Repository.VerifyAsync(new VerifyOptions(ReadData: true), null, default)).Healthy);

        var alone = await RepairAsync(bench, new RepairRepositoryOptions());
        Assert.False(alone.Healthy);
        Assert.Empty(bench.Objects("packs/"));
        var report = await RepairAsync(bench, new RepairRepositoryOptions { FromDevice = true });
        Assert.True(report.Healthy, string.Join('\n', report.Gone));
        Assert.All(report.Mended, mended => Assert.Equal((RepairMethod.Device, "kiosk"), (mended.Method, mended.Device)));
        Assert.True((await bench.Context.Repository.VerifyAsync(new VerifyOptions(ReadData: true), null, default)).Healthy);
        Assert.Single(await bench.ListAsync());
        Assert.Single(await bench.EventsAsync("Repaired"));
    }

    [Fact]
    public async Task Of_a_device_that_has_changed_only_what_is_the_same_comes_back()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var root = await bench.AddFolderAsync("kiosk", setting: new string('a', 400_000));
        await bench.AutomaticAsync("kiosk");
        var list = bench.Objects("packs/").Single();

        // Another backup with the same items keeps the list whole.
        File.WriteAllBytes(Path.Combine(root, "big"), Repository.Bench.RandomBytes(1, 900_000));
        var backup = await bench.AutomaticAsync("kiosk");
        var pack = bench.Objects("packs/").Single(name => name != list);
        var file = bench.Path("repository", pack);
        var bytes = File.ReadAllBytes(file);
        bytes.AsSpan(44, 700_000).Clear();
        File.WriteAllBytes(file, bytes);

        // Which chunks stood in the cleared part depends on which was compressed first.
        var alone = await RepairAsync(bench, new RepairRepositoryOptions());
        Assert.Contains(alone.Mended, mended => mended.Method == RepairMethod.Salvaged);
        Assert.All(alone.Gone, gone => Assert.Equal(("kiosk", backup.Backup.Id, "big"), (gone.Device, gone.Backup, gone.Path)));
        var lost = alone.Gone.Select(gone => gone.Object).ToList();
        Assert.True(lost.Count > 2);
        var changed = File.ReadAllBytes(Path.Combine(root, "big"));
        changed.AsSpan(0, 10).Clear();
        File.WriteAllBytes(Path.Combine(root, "big"), changed);
        var report = await RepairAsync(bench, new RepairRepositoryOptions { FromDevice = true });
        var first = await FirstChunkAsync(bench, backup.Backup, "big");
        Assert.Equal(lost.Where(chunk => chunk.EndsWith(first, StringComparison.Ordinal)), report.Gone.Select(gone => gone.Object));
    }

    [Fact]
    public async Task A_device_with_a_running_transaction_is_not_read()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var device = await bench.AddSimulatedAsync("site");
        await bench.AutomaticAsync("site");
        LosePacks(bench);
        device.ChargePoints[0].StartTransaction(1);
        var report = await RepairAsync(bench, new RepairRepositoryOptions { FromDevice = true });
        Assert.False(report.Healthy);
        Assert.Empty(bench.Objects("packs/"));
        Assert.Contains(bench.Observer.Warnings, warning => warning.Contains("site", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Whatif_asks_no_device_and_writes_nothing()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddSimulatedAsync("site");
        await bench.AutomaticAsync("site");
        LosePacks(bench);
        bench.SwitchOff("site");
        var before = bench.Objects();
        var report = await RepairAsync(bench, new RepairRepositoryOptions { FromDevice = true, WhatIf = true });
        Assert.False(report.Healthy);
        Assert.Equal(before, bench.Objects());
    }

    private static async Task<string> FirstChunkAsync(OperationsBench bench, CatalogBackup backup, string path)
    {
        var record = await bench.Context.Repository.ReadBackupAsync(backup.ObjectName, default);
        await foreach (var saved in bench.Context.Repository.ReadItemsAsync(record, default))
        {
            if (saved.Item.Path == path)
            {
                return saved.Chunks[0].ToString();
            }
        }

        throw new InvalidOperationException($"The backup has no item '{path}'.");
    }

    private static Task<RepairReport> RepairAsync(OperationsBench bench, RepairRepositoryOptions options) =>
        new RepairRepository(bench.Context, bench.Observer).RunAsync(options, default);

    private static void LosePacks(OperationsBench bench)
    {
        foreach (var pack in bench.Objects("packs/"))
        {
            File.Delete(bench.Path("repository", pack));
        }
    }
}
