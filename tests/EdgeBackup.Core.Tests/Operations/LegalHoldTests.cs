using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Records;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations;

/// <summary>A legal hold holds, whoever else says what.</summary>
public sealed class LegalHoldTests
{
    [Fact]
    public async Task A_hold_on_a_site_or_a_tag_holds_though_a_more_specific_policy_was_let_go_once()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await SetAsync(bench, PolicyScope.Device, "k", hold: true);
        await SetAsync(bench, PolicyScope.Device, "k", hold: false);
        await SetAsync(bench, PolicyScope.Tag, "zebra", hold: false);
        Assert.Equal((false, "device k"), await HoldAsync(bench));
        await SetAsync(bench, PolicyScope.Site, "north", hold: true);
        Assert.Equal((true, "site North"), await HoldAsync(bench));
        await SetAsync(bench, PolicyScope.Tag, "case", hold: true);
        Assert.Equal((true, "tag case"), await HoldAsync(bench));
        await SetAsync(bench, PolicyScope.Tag, "case", hold: false);
        await SetAsync(bench, PolicyScope.Site, "north", hold: false);
        Assert.Equal((false, "device k"), await HoldAsync(bench));
    }

    [Fact]
    public async Task A_hold_on_a_tag_outlasts_the_registration_of_the_device()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("k");
        var change = new ChangeDevice(bench.Context, bench.Observer);
        await change.SetAsync("k", new ChangeDeviceOptions { Tags = ["case"] }, default);
        await SetAsync(bench, PolicyScope.Tag, "case", hold: true);
        var backup = await bench.AutomaticAsync("k");
        await change.UnregisterAsync("k", default);
        bench.Advance(TimeSpan.FromDays(4000));
        Assert.Empty((await bench.OptimizeAsync()).Expired);
        Assert.Equal([backup.Backup.Id], await bench.IdsAsync("k"));
        Assert.Null((await bench.ListAsync()).Single().Expires);

        await SetAsync(bench, PolicyScope.Tag, "case", hold: false);
        Assert.Single((await bench.OptimizeAsync()).Expired);
    }

    [Fact]
    public async Task Taking_the_tag_away_that_holds_a_device_is_warned_of()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("k");
        var change = new ChangeDevice(bench.Context, bench.Observer);
        await change.SetAsync("k", new ChangeDeviceOptions { Tags = ["case", "other"] }, default);
        await SetAsync(bench, PolicyScope.Tag, "case", hold: true);
        await change.SetAsync("k", new ChangeDeviceOptions { Tags = ["case"] }, default);
        Assert.Empty(bench.Observer.Warnings);
        await change.SetAsync("k", new ChangeDeviceOptions { Tags = [] }, default);
        Assert.Contains("legal hold that the policy for tag case puts on it", Assert.Single(bench.Observer.Warnings), StringComparison.Ordinal);
    }

    private static async Task<(bool Hold, string Source)> HoldAsync(OperationsBench bench)
    {
        var policy = (await PolicyBook.LoadAsync(bench.Context.Repository, default)).For("k", "kiosk", ["case", "zebra"], "North");
        return (policy.LegalHold, policy.Sources[nameof(PolicyValues.LegalHold)]);
    }

    private static Task SetAsync(OperationsBench bench, PolicyScope scope, string key, bool hold) =>
        PolicyBook.SetAsync(bench.Context.Repository, new PolicyEntry { Scope = scope, Key = key, Values = new PolicyValues { LegalHold = hold }, Time = bench.Clock.GetUtcNow(), Author = "tester@bench" }, default);
}
