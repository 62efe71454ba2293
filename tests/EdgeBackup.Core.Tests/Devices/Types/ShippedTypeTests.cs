using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Types;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Tests.Reader;
using Xunit;

namespace EdgeBackup.Core.Tests.Devices.Types;

public sealed class ShippedTypeTests
{
    [Fact]
    public void The_types_that_are_promised_are_shipped() => Assert.Equal(
        ["bacnet-device", "bms-server", "edge-controller", "evcc", "folder", "home-assistant", "ignition", "linux", "openwrt", "pfsense"],
        DeviceTypeCatalog.BuiltIn.Entries.Select(entry => entry.Type.Id));

    [Fact]
    public void Each_is_in_a_file_of_its_name_and_says_where_its_rules_come_from()
    {
        var folder = Path.Combine(SourceTree.Root, "src", "EdgeBackup.Core", "Devices", "Types", "Shipped");
        foreach (var entry in DeviceTypeCatalog.BuiltIn.Entries)
        {
            Assert.Equal(File.ReadAllBytes(Path.Combine(folder, entry.Type.Id + ".json")), entry.Json.ToArray());
            Assert.NotNull(entry.Type.Description);
            Assert.Equal(DeviceTypeSource.BuiltIn, entry.Source);
            if (entry.Type.Identity != new IdentityRules())
            {
                Assert.NotEmpty(entry.Type.Sources);
            }
        }
    }

    [Theory]
    [InlineData("openwrt", "etc/dropbear/dropbear_rsa_host_key", ItemKind.Identity)]
    [InlineData("openwrt", "etc/dropbear/authorized_keys", ItemKind.Configuration)]
    [InlineData("openwrt", "etc/config/network", ItemKind.Configuration)]
    [InlineData("evcc", "etc/evcc.yaml", ItemKind.Configuration)]
    [InlineData("ignition", "data/edgebackup/gateway.gwbk", ItemKind.Configuration)]
    [InlineData("evcc", "var/lib/evcc/evcc.db-shm", null)]
    [InlineData("home-assistant", "home-assistant_v2.db", ItemKind.History)]
    [InlineData("home-assistant", "zigbee.db", ItemKind.Configuration)]
    [InlineData("home-assistant", "custom_components/x/__pycache__/y.pyc", null)]
    [InlineData("home-assistant", "custom_components/x/manifest.json", ItemKind.Configuration)]
    [InlineData("home-assistant", "home-assistant.log.1", null)]
    [InlineData("home-assistant", "backups/a.tar", null)]
    [InlineData("home-assistant", ".storage/core.uuid", ItemKind.Identity)]
    [InlineData("pfsense", "cf/conf/config.xml", ItemKind.Configuration)]
    [InlineData("linux", "etc/machine-id", ItemKind.Identity)]
    [InlineData("linux", "ssh/ssh_host_ed25519_key.pub", ItemKind.Identity)]
    [InlineData("linux", "ssh/sshd_config", ItemKind.Configuration)]
    public void Its_items_are_what_they_should_be(string type, string path, ItemKind? kind) =>
        Assert.Equal(kind, new ItemRuleSet(DeviceTypeCatalog.BuiltIn.Get(type)!.Type.Items).Apply(new Item { Path = path })?.Kind);

    [Theory]
    [InlineData("linux", null, null)]
    [InlineData("linux", "/", null)]
    [InlineData("linux", "/etc/", "/etc")]
    [InlineData("openwrt", "", "/")]
    [InlineData("openwrt", "/mnt/root", "/mnt/root")]
    [InlineData("home-assistant", "/", "/config")]
    public void The_root_is_the_address_else_the_types(string type, string? address, string? root) =>
        Assert.Equal(root, DeviceTypeCatalog.BuiltIn.Get(type)!.Type.FindRoot(address));

    [Fact]
    public void A_controllers_minimum_version_cannot_be_talked_down_by_a_file_in_the_folder()
    {
        var own = new DeviceTypeEntry(new DeviceType { Id = "edge-controller", Title = "mine", Connections = [ConnectionKind.Http] }, DeviceTypeSource.Folder, "x", default);
        Assert.Equal("1.24.5", DeviceTypeCatalog.With([own], []).Get("edge-controller")!.Type.MinimumVersion!.Text);
    }
}
