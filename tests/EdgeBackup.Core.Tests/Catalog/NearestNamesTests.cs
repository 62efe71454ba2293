using EdgeBackup.Core.Catalog;
using Xunit;

namespace EdgeBackup.Core.Tests.Catalog;

public sealed class NearestNamesTests
{
    [Theory]
    [InlineData("edge-01", "edge-001")]
    [InlineData("EDGE-001", "edge-001")]
    [InlineData("egde-001", "edge-001")]
    [InlineData("bms", "bms-main")]
    public void What_is_near_is_found(string wanted, string nearest) =>
        Assert.Equal(nearest, NearestNames.Find(wanted, ["edge-001", "bms-main", "kiosk"])[0]);

    [Fact]
    public void At_most_three_are_named_nearest_first_and_each_once() =>
        Assert.Equal(["edge-1", "edge-10", "edge-2"], NearestNames.Find("edge-1", ["edge-3", "edge-2", "edge-10", "edge-1", "edge-1"]));

    [Fact]
    public void What_is_far_is_not_suggested()
    {
        Assert.Empty(NearestNames.Find("harbour", ["edge-001", "kiosk"]));
        Assert.Equal("", NearestNames.Suggest("harbour", ["edge-001"]));
        Assert.Equal(" Did you mean 'edge-001'?", NearestNames.Suggest("edge-0001", ["edge-001", "kiosk"]));
    }
}
