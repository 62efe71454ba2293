using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Bacnet;
using Xunit;

namespace EdgeBackup.Core.Tests.Devices.Bacnet;

public sealed class BacnetDeviceAddressTests
{
    [Theory]
    [InlineData("bacnet://10.1.2.3/1234", "bacnet://10.1.2.3/1234")]
    [InlineData("BACNET://Ahu.Example:47808/0/", "bacnet://ahu.example/0")]
    [InlineData("bacnet://10.1.2.3:47809/4194302", "bacnet://10.1.2.3:47809/4194302")]
    [InlineData("bacnet://router/7?mac=0C&network=5", "bacnet://router/7?network=5&mac=0c")]
    [InlineData("bacnet://10.1.2.3/7?bbmd=10.9.0.1", "bacnet://10.1.2.3/7?bbmd=10.9.0.1:47808")]
    public void An_address_has_one_form(string text, string normal)
    {
        var address = DeviceAddress.Parse(text, "/");
        Assert.Equal(ConnectionKind.Bacnet, address.Kind);
        Assert.Equal(normal, address.Text);
        Assert.Equal(normal, BacnetDeviceAddress.Parse(normal).ToString());
    }

    [Theory]
    [InlineData("bacnet://10.1.2.3", "instance")]
    [InlineData("bacnet://10.1.2.3/4194303", "instance")]
    [InlineData("bacnet://10.1.2.3/-1", "instance")]
    [InlineData("bacnet://10.1.2.3/1/2", "instance")]
    [InlineData("bacnet://user:secret@10.1.2.3/1", "-Credential")]
    [InlineData("bacnet://[::1]/1", "IPv6")]
    [InlineData("bacnet://10.1.2.3/1?network=5", "belong together")]
    [InlineData("bacnet://10.1.2.3/1?network=0&mac=01", "1 to 65534")]
    [InlineData("bacnet://10.1.2.3/1?network=5&network=6&mac=01", "1 to 65534")]
    [InlineData("bacnet://10.1.2.3/1?network=5&mac=1", "hexadecimal")]
    [InlineData("bacnet://10.1.2.3/1?network=5&mac=", "hexadecimal")]
    [InlineData("bacnet://10.1.2.3/1?bbmd=a/b", "bbmd")]
    [InlineData("bacnet://10.1.2.3/1?port=1", "'port=1'")]
    public void What_is_no_address_is_refused_with_the_reason(string text, string reason)
    {
        var exception = Assert.Throws<ArgumentException>(() => DeviceAddress.Parse(text, "/"));
        Assert.Contains(reason, exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(":secret@", reason, StringComparison.Ordinal);
    }
}
