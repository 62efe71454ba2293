using EdgeBackup.Core.Devices.Bacnet;
using Xunit;

namespace EdgeBackup.Core.Tests.Devices.Bacnet.Procedure;

public sealed class BacnetItemPathTests
{
    [Theory]
    [InlineData(1, 7u, BacnetFileAccess.Stream, 3, "files/001-7.stream")]
    [InlineData(12, 0u, BacnetFileAccess.Record, 999, "files/012-0.records")]
    [InlineData(12, 4194302u, BacnetFileAccess.Stream, 1000, "files/0012-4194302.stream")]
    public void A_path_tells_position_instance_and_access(int position, uint file, BacnetFileAccess access, int count, string path)
    {
        var place = new BacnetItemPath(position, file, access);

        Assert.Equal(path, place.ToPath(count));
        Assert.Equal(place, BacnetItemPath.TryParse(path));
    }

    [Fact]
    public void The_ordinal_order_of_paths_is_the_order_of_the_array()
    {
        var paths = Enumerable.Range(1, 1200).Select(position => new BacnetItemPath(position, (uint)(5000 - position), BacnetFileAccess.Stream).ToPath(1200)).ToList();

        Assert.Equal(paths, paths.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("")]
    [InlineData("files/1-7.stream")]
    [InlineData("files/000-7.stream")]
    [InlineData("files/001-07.stream")]
    [InlineData("files/001-4194303.stream")]
    [InlineData("files/001-7.bytes")]
    [InlineData("files/001-7.stream\n")]
    [InlineData("files/001--7.stream")]
    [InlineData("other/001-7.stream")]
    [InlineData("x/files/001-7.stream")]
    [InlineData("edge-device.json")]
    public void Anything_else_is_no_configuration_file(string path) => Assert.Null(BacnetItemPath.TryParse(path));
}
